import { randomUUID } from 'node:crypto'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type Verb, write } from '../postgres/write.ts'
import { forgetAfterDaysByDefault } from './forget.ts'

/** One batch empties at most so many records. */
const recordsABatch = 500

/**
 * The sweep that empties records which were merged into another: for as long as returned loans are remembered a merge
 * that was a mistake can be told apart again; after that the second copy of a name and an address is nobody's need.
 * The card stays, and leads on. Doing it twice does no harm.
 */
export async function forgetMerged(
  db: Database,
  now: Date,
  { instance = 'sweep' }: { readonly instance?: string } = {},
): Promise<{ readonly patrons: number }> {
  let patrons = 0
  for (;;) {
    const by = { actor: 'system:forget', key: randomUUID(), occurredAt: now, instance }
    if ((await due(db, now)) === 0) return { patrons }
    const told = await write(db, by, emptyRecords, { now: now.toISOString() })
    if (told.outcome === 'done') patrons += told.answer.patrons
    // Locked, or lost on the way: the next round goes on.
    if (told.outcome !== 'done' || told.answer.patrons < recordsABatch) return { patrons }
  }
}

const emptyRecords: Verb<{ readonly now: string }, { readonly patrons: number }, never> = {
  action: 'forget-merged',
  fanOut: { patron: recordsABatch, because: 'A batch of records is emptied.' },
  about: () => ({}),
  work: async (tx, { now }) => {
    const emptied = await tx.rows(sql`
      update patron
      set given_name = '', family_name = '', email = '', phone = '', address = '', note = '',
          blocked_because = null, blocked_at = null
      where id in (
        select id from patron where ${isDue(now)} order by id limit ${recordsABatch} for no key update skip locked
      )
      returning 1
    `)
    return { patrons: emptied.length }
  },
}

async function due(db: Database, now: Date): Promise<number> {
  return (await db.rows(sql`select from patron where ${isDue(now.toISOString())} limit 1`)).length
}

function isDue(now: string) {
  return sql`
    merged_into is not null
    and deleted_at < ${now}::timestamptz - make_interval(days => coalesce((select forget_after_days from library), ${forgetAfterDaysByDefault}::integer))
    and (given_name || family_name || email || phone || address || note <> '' or blocked_because is not null)
  `
}

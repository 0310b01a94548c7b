import { randomUUID } from 'node:crypto'
import { forgetAfterDaysByDefault } from '../patrons/forget.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type Verb, write } from '../postgres/write.ts'

const batchMax = 500

/**
 * The sweep that forgets whom a notice was for, and what it said, as long after it ended as a returned loan is remembered;
 * unless the patron keeps a history. That it was sent stays, and counts.
 */
export async function forgetNotices(
  db: Database,
  now: Date,
  { instance }: { readonly instance: string },
): Promise<{ readonly notices: number }> {
  let notices = 0
  for (;;) {
    const by = { actor: 'system:forget', key: randomUUID(), occurredAt: now, instance }
    if ((await db.rows(sql`select from notice where ${isOver(now)} limit 1`)).length === 0) return { notices }
    const told = await write(db, by, forgetBatch, { now: now.toISOString() })
    if (told.outcome === 'done') notices += told.answer.notices
    if (told.outcome !== 'done' || told.answer.notices < batchMax) return { notices }
  }
}

const forgetBatch: Verb<{ readonly now: string }, { readonly notices: number }, never> = {
  action: 'forget-notices',
  fanOut: { notice: batchMax, because: 'What is old is forgotten by the batch.' },
  about: () => ({}),
  work: async (tx, { now }) => {
    const forgotten = await tx.rows(sql`
      update notice
      set patron_id = null, facts = '{}'
      where id in (
        select id from notice where ${isOver(new Date(now))} order by ended_at limit ${batchMax}
        for update skip locked
      )
      returning 1
    `)
    return { notices: forgotten.length }
  },
}

function isOver(now: Date) {
  return sql`
    notice.patron_id is not null and notice.state in ('sent', 'void')
    and notice.ended_at < ${now}::timestamptz - make_interval(
      days => greatest(1, coalesce((select forget_after_days from library), ${forgetAfterDaysByDefault}::integer))
    )
    and not exists (select from patron where patron.id = notice.patron_id and patron.keeps_history)
  `
}

import { type Acted, guarded } from '@bibby/guard/guarded.ts'
import { countWords, noteWords, type WordCounts } from '../catalogue/title-words.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { bringBack, moveHolds } from './merged-holds.ts'
import { hangingOn, inTheWay, pairOf, pairsStanding, titlesMeant } from './titles-meant.ts'

/** Which title goes, into which one that stays, and why. */
export type MergeTitles = { readonly from: number; readonly into: number; readonly because: string }

/**
 * Makes two records of one title one. Its copies, with their loans, and those who wait go to the title that stays; the other
 * one is out of the catalogue, and its address leads there. Undoing brings both back.
 */
export const mergeTitles = guarded<Tx, MergeTitles>({
  name: 'merge-titles',
  phrase: () => ({ verb: 'MERGE', noun: 'TITLE' }),
  // One pair of titles, and what stands in the way of it.
  ceiling: { rows: 100, percent: 100 },
  find: async (tx, given, { atMost }) => {
    const { pair, missing } = await titlesMeant(tx, given)
    const obstacles = pair ? await inTheWay(tx, given, atMost - 1) : missing
    const targets = [...(pair ? [pair] : []), ...obstacles]
    const [all] = await tx.rows<{ total: number }>(sql`
      select case
          when reltuples > ${estimatedFrom} then reltuples::integer
          else (select count(*)::integer from title where deleted_at is null)
        end as total
      from pg_class
      where oid = 'title'::regclass
    `)
    const total = Math.max(all?.total ?? 0, targets.length)
    return { targets, total, ...(pair ? { shown: [pair.label, ...(await hangingOn(tx, given))] } : {}) }
  },
  hold: async (tx, ids) => {
    const titles = ids.flatMap((id) => Object.values(pairOf(id)))
    // Copies before holds before titles, as everywhere. Whoever adds a copy to one of them or waits for it waits for this.
    await tx.rows(sql`select id from copy where title_id = any(${titles}::bigint[]) order by id for update`)
    await tx.rows(sql`
      select id from hold where title_id = any(${titles}::bigint[]) and closed_at is null order by id for update
    `)
    await tx.rows(sql`select id from title where id = any(${titles}::bigint[]) order by id for update`)
    return pairsStanding(tx, ids)
  },
  dependents: 'none',
  act: async (tx, ids) => {
    const acted: Acted[] = []
    for (const id of ids) {
      const before = await merge(tx, pairOf(id))
      const [now] = await pairsStanding(tx, [id])
      acted.push({ id, versionAfter: now?.version ?? '', before })
    }
    return acted
  },
  undo: {
    days: 30,
    restore: async (tx, rows) => {
      for (const { id, before } of rows) await part(tx, pairOf(id), before as unknown as Before)
    },
  },
  batchRows: 1,
  pace: 'at-once',
  health: 'not-asked',
  people: { needed: 1, confirmMinutes: 60 },
})

/** Of how many titles it is one is told to the title up to here; more are not counted for that. */
const estimatedFrom = 100_000

type Pair = { readonly from: number; readonly into: number }

/** What it takes to have both titles again. */
type Before = {
  readonly version: number
  readonly intoVersion: number
  readonly loans: number
  readonly copies: readonly { readonly id: number; readonly version: number }[]
  readonly holds: Awaited<ReturnType<typeof moveHolds>>
  readonly recordMoved: boolean
}

async function merge(tx: Tx, { from, into }: Pair): Promise<Before> {
  const copies = await tx.rows<{ id: number; version: number }>(sql`
    update copy
    set title_id = ${into}, version = version + 1
    where title_id = ${from}
    returning id, version - 1 as version
  `)
  const holds = await moveHolds(tx, { from, into })
  // A record that stays alone goes along; of two each stays with its title, and that of the other comes back with it.
  const moved = await tx.rows(sql`
    update title_record
    set title_id = ${into}
    where title_id = ${from} and not exists (select from title_record as kept where kept.title_id = ${into})
    returning title_id
  `)
  const [gone] = await tx.rows<{ version: number; loans: number; words: string[] }>(sql`
    update title
    set deleted_at = clock_timestamp(), merged_into = ${into}, version = version + 1
    where id = ${from} and deleted_at is null
    returning version - 1 as version, loans_count as loans, tsvector_to_array(words) as words
  `)
  const [kept] = await tx.rows<{ version: number }>(sql`
    update title
    set loans_count = loans_count + ${gone?.loans ?? 0}, version = version + 1
    where id = ${into} and deleted_at is null
    returning version - 1 as version
  `)
  if (!gone || !kept) throw new Error(`Titles ${from} and ${into} were held and are gone.`)
  await count(tx, gone.words, -1)
  return {
    version: gone.version,
    intoVersion: kept.version,
    loans: gone.loans,
    copies,
    holds,
    recordMoved: moved.length > 0,
  }
}

/** Copies that were edited and holds that were closed since keep that; each goes back to its title. */
async function part(tx: Tx, { from, into }: Pair, before: Before): Promise<void> {
  const [back] = await tx.rows<{ words: string[] }>(sql`
    update title
    set deleted_at = null, merged_into = null, version = ${before.version}
    where id = ${from}
    returning tsvector_to_array(words) as words
  `)
  await tx.rows(sql`
    update title
    set loans_count = greatest(0, loans_count - ${before.loans}),
      version = case when version = ${before.intoVersion}::integer + 1 then ${before.intoVersion} else version + 1 end
    where id = ${into}
  `)
  await tx.rows(sql`
    update copy
    set title_id = ${from}, version = case when copy.version = was.version + 1 then was.version else copy.version + 1 end
    from json_to_recordset(${JSON.stringify(before.copies)}::json) as was (id bigint, version integer)
    where copy.id = was.id and copy.title_id = ${into}
  `)
  await bringBack(tx, { from, into }, before.holds)
  if (before.recordMoved)
    await tx.rows(sql`update title_record set title_id = ${from} where title_id = ${into}`)
  await count(tx, back?.words ?? [], 1)
}

/** The vocabulary knows how many titles have each word. */
async function count(tx: Tx, words: readonly string[], by: 1 | -1): Promise<void> {
  const counts: WordCounts = new Map()
  noteWords(counts, words, by)
  await countWords(tx, counts)
}

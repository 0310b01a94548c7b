import type { Tx } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import { putOffSortingIn, sortIn } from '../sort-in.ts'
import { insertTitles, newTitleIds, type TitleToStore, updateTitles } from '../stored-title.ts'
import { countWords, noteWords, type WordCounts } from '../title-words.ts'
import type { IncomingReject } from './incoming.ts'
import { makeCopies, titleImage } from './make-copies.ts'
import type { Plan, Planned } from './plan.ts'

/** Under which import a plan is stored, and when. */
export type Storing = {
  readonly changeSetId: number
  readonly at: Date
  /** Codes, for copies whose row names none. */
  readonly branch?: string | undefined
  readonly itemType?: string | undefined
  /** Whether what was put off is sorted into the indexes of search now; else a batch to come, or the end, does. */
  readonly sortsIn: boolean
}

/** A planned title that has its identity. */
type Stored = TitleToStore & { readonly planned: Planned }

/**
 * Writes what was planned: a handful of statements, however many records there are. The caller holds the locks of
 * the titles that change. Says how many copies could not be made, and how many records that change no title made one
 * that an import before could not.
 */
export async function storePlan(
  tx: Tx,
  plan: Plan,
  storing: Storing,
): Promise<{ copiesNotMade: number; copiesMadeAfterAll: number }> {
  const { at } = storing
  const counts: WordCounts = new Map()
  const ids = await newTitleIds(tx, plan.created.length)
  const created = plan.created.map((planned, index) => stored(planned, ids[index]))
  const changed = plan.changed.map((planned) => stored(planned, planned.titleId))
  const both = [...created, ...changed]
  const fresh = both.map(({ titleId, planned }) => ({ titleId, copies: planned.copies }))
  await keepBefore(tx, changed, { ...storing, counts })
  // All are sent before the first is answered: the database goes through them while the next batch is read. Their
  // order counts: the words of the titles are in `counts` once the statements with the titles are made.
  const written = [
    putOffSortingIn(tx),
    updateTitles(tx, changed, { at, counts }),
    insertTitles(tx, created, { at, counts }),
    noteCreated(tx, created, storing),
    keepRecords(tx, both),
    setAside(tx, plan.rejected, storing),
    countWords(tx, counts),
    storing.sortsIn && sortIn(tx),
  ]
  const copies = makeCopies(tx, { fresh, again: plan.unchanged }, storing)
  await inOneGo([...written, copies])
  const { notMade, madeAfterAll } = await copies
  return { copiesNotMade: notMade, copiesMadeAfterAll: madeAfterAll }
}

/** The first failure is that of all, for after it the transaction takes nothing more; and none goes unheard. */
async function inOneGo(sent: readonly (Promise<unknown> | false)[]): Promise<void> {
  for (const end of await Promise.allSettled(sent)) if (end.status === 'rejected') throw end.reason
}

function stored(planned: Planned, titleId: number | undefined): Stored {
  if (titleId === undefined) throw new Error('A planned title was given no identity.')
  return { titleId, version: planned.version, fields: planned.fields, text: planned.text, planned }
}

/** Keeps each title and record as they were before this import first touched them, and takes its words off. */
async function keepBefore(
  tx: Tx,
  changed: readonly Stored[],
  { changeSetId, counts }: Storing & { counts: WordCounts },
): Promise<void> {
  if (changed.length === 0) return
  const ids = changed.map(({ titleId }) => titleId)
  const rows = await tx.rows<{ words: string[] }>(sql`
    select tsvector_to_array(words) as words from title where id = any(${ids}::bigint[])
  `)
  for (const { words } of rows) noteWords(counts, words, -1)
  await tx.rows(sql`
    insert into change (change_set_id, title_id, kind, record_number, before, before_raw, version_after)
    select ${changeSetId}, title.id, 'updated', given.record_number,
      ${titleImage}, title_record.raw, given.version
    from unnest(
      ${ids}::bigint[], ${changed.map(({ planned }) => planned.recordNumber)}::bigint[],
      ${changed.map(({ version }) => version)}::integer[]
    ) as given (title_id, record_number, version)
    join title on title.id = given.title_id
    left join title_record on title_record.title_id = title.id
    on conflict (change_set_id, title_id) do update
    set record_number = excluded.record_number,
      -- Edited while the import ran: the old number stays, so that undoing finds the edit and leaves it.
      version_after = case when change.version_after = excluded.version_after - 1 then excluded.version_after
        else change.version_after end
  `)
}

async function noteCreated(tx: Tx, created: readonly Stored[], { changeSetId }: Storing): Promise<void> {
  if (created.length === 0) return
  await tx.rows(sql`
    insert into change (change_set_id, title_id, kind, record_number, version_after)
    select ${changeSetId}, title_id, 'created', record_number, version
    from unnest(
      ${created.map(({ titleId }) => titleId)}::bigint[],
      ${created.map(({ planned }) => planned.recordNumber)}::bigint[],
      ${created.map(({ version }) => version)}::integer[]
    ) as given (title_id, record_number, version)
  `)
}

/** All bytes travel as one value and are cut up there: in a list each would be written out in figures and read again. */
async function keepRecords(tx: Tx, titles: readonly Stored[]): Promise<void> {
  if (titles.length === 0) return
  const lengths = titles.map(({ planned }) => planned.raw.length)
  const ends = lengths.map(sumSoFar())
  const bytes = Buffer.concat([
    ...titles.map(({ planned }) => planned.raw),
    ...titles.flatMap(({ planned }) => [planned.rawSha256, planned.fieldsSha256]),
  ])
  await tx.rows(sql`
    insert into title_record (title_id, format, encoding, raw, raw_sha256, fields_sha256)
    select title_id, format, encoding, substring(sent.bytes from raw_end - raw_length + 1 for raw_length),
      substring(sent.bytes from sent.records + place::integer * 64 - 63 for 32),
      substring(sent.bytes from sent.records + place::integer * 64 - 31 for 32)
    from (select ${bytes}::bytea as bytes, ${ends.at(-1)}::integer as records) as sent,
      unnest(
        ${titles.map(({ titleId }) => titleId)}::bigint[],
        ${titles.map(({ planned }) => planned.format)}::text[],
        ${titles.map(({ planned }) => planned.encoding)}::text[],
        ${ends}::integer[],
        ${lengths}::integer[]
      ) with ordinality as given (title_id, format, encoding, raw_end, raw_length, place)
    on conflict (title_id) do update
    set format = excluded.format, encoding = excluded.encoding, raw = excluded.raw,
      raw_sha256 = excluded.raw_sha256, fields_sha256 = excluded.fields_sha256
  `)
}

function sumSoFar(): (length: number) => number {
  let sum = 0
  return (length) => {
    sum += length
    return sum
  }
}

async function setAside(
  tx: Tx,
  rejected: readonly IncomingReject[],
  { changeSetId }: Storing,
): Promise<void> {
  if (rejected.length === 0) return
  await tx.rows(sql`
    insert into reject (change_set_id, record_number, position_bytes, code, reason, raw)
    select ${changeSetId}, *
    from unnest(
      ${rejected.map(({ number }) => number)}::bigint[],
      ${rejected.map(({ position }) => position)}::bigint[],
      ${rejected.map(({ code }) => code)}::text[],
      ${rejected.map(({ reason }) => reason)}::text[],
      ${rejected.map(({ raw }) => bytesOf(raw))}::bytea[]
    )
  `)
}

function bytesOf(raw: Uint8Array): Buffer {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
}

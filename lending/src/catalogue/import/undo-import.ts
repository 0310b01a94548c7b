import { askedBy, nobody } from '../../postgres/asker.ts'
import type { Database, Tx } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import { type By, type KeyReused, type PlainObject, type Verb, write } from '../../postgres/write.ts'
import { countWords, noteWords, type WordCounts } from '../title-words.ts'
import { lockImport } from './import-lock.ts'

/** Which import, and which of its titles; all of them when none are named. */
export type UndoImportAsk = { readonly changeSetId: number; readonly titleIds?: readonly number[] }

/** What was undone, and what was not, with the reason. */
export type ImportUndone = {
  readonly changeSetId: number
  /** How many titles are as they were before. */
  readonly undone: number
  /** At most `refusedShownMax` of them. */
  readonly refused: readonly UndoRefusal[]
  readonly refusedCount: number
  readonly state: string
}

/** A title that was left as it is. */
export type UndoRefusal = { readonly titleId: number; readonly because: UndoRefusedBecause }

/** What forbids taking a title back. */
export type UndoRefusedBecause = 'edited-since' | 'has-copies' | 'has-loans' | 'has-holds' | 'deleted-since'

/** Why nothing was undone. */
export type UndoImportRefused =
  | { readonly refused: 'import-unknown' }
  | { readonly refused: 'import-running' }
  | { readonly refused: 'undo-unknown'; readonly key: string }
  | KeyReused

/** How many refusals an answer lists. */
export const refusedShownMax = 1_000
/** How many titles one transaction undoes. */
const batchTitlesMax = 500
const triesMax = 5

/**
 * Takes an import back, in batches: titles that it made are gone with their records, titles that it changed are as
 * they were before. A title that somebody edited since, or that has copies, loans or holds, stays and is named.
 * Undoing again finds nothing more to do. The same key goes on where a lost connection ended it.
 */
export function undoImport(
  library: { readonly db: Database },
  ask: UndoImportAsk,
  by: By,
): Promise<ImportUndone | UndoImportRefused> {
  // It goes on when whoever asked for it has left; and it writes, so it has no connection of those that come last.
  return askedBy(nobody('unasked'), () => undoInBatches(library, ask, by))
}

async function undoInBatches(
  library: { readonly db: Database },
  ask: UndoImportAsk,
  by: By,
): Promise<ImportUndone | UndoImportRefused> {
  const { changeSetId } = ask
  await using lock = await lockImport(library.db, changeSetId)
  if (!lock.isOurs) return { refused: 'import-running' }
  let after = 0
  let undone = 0
  let refusedCount = 0
  let refused: readonly UndoRefusal[] = []
  for (let batch = 1; ; batch++) {
    const asked = { changeSetId, after, ...(ask.titleIds ? { titleIds: ask.titleIds } : {}) }
    const outcome = await settled(library.db, { ...by, key: `${by.key}/${batch}` }, asked)
    if (outcome.outcome === 'unknown') return { refused: 'undo-unknown', key: by.key }
    if (outcome.outcome === 'refused') return outcome.refusal
    const { answer } = outcome
    undone += answer.undone
    refusedCount += answer.refused.length
    refused = [...refused, ...answer.refused].slice(0, refusedShownMax)
    if (answer.last === null) return { changeSetId, undone, refused, refusedCount, state: answer.state }
    after = answer.last
  }
}

async function settled(db: Database, by: By, asked: UndoBatchAsk) {
  for (let attempt = 1; ; attempt++) {
    const outcome = await write(db, by, undoBatch, asked)
    if (outcome.outcome !== 'unknown' || attempt === triesMax) return outcome
  }
}

type UndoBatchAsk = UndoImportAsk & { readonly after: number }

type BatchUndone = {
  readonly changeSetId: number
  readonly undone: number
  readonly refused: readonly UndoRefusal[]
  /** The last title looked at; null when there are no more. */
  readonly last: number | null
  readonly state: string
}

const undoBatch: Verb<UndoBatchAsk, BatchUndone & PlainObject, { readonly refused: 'import-unknown' }> = {
  action: 'undo-import',
  fanOut: {
    title: 4 * batchTitlesMax,
    copy: 400 * batchTitlesMax,
    because: 'A batch of titles is taken back with the copies that came with them.',
  },
  about: ({ changeSetId }) => ({ changeSetId }),
  work: async (tx, { changeSetId, after, titleIds }, { occurredAt: at }) => {
    const [set] = await tx.rows<{ state: string }>(sql`
      select state from change_set where id = ${changeSetId} and kind = 'import' for no key update
    `)
    if (!set) return { refused: 'import-unknown' }
    const changes = await changesToUndo(tx, { changeSetId, after, titleIds })
    const refused: UndoRefusal[] = changes.flatMap(({ title_id: titleId, because }) =>
      because === null ? [] : { titleId, because },
    )
    const free = changes.filter(({ because }) => because === null)
    await takeBack(tx, free, { changeSetId, at })
    const state = await stateAfter(tx, changeSetId, at)
    const last = changes.length < batchTitlesMax ? null : (changes.at(-1)?.title_id ?? null)
    return { changeSetId, undone: free.length, refused, last, state }
  },
}

type Change = {
  title_id: number
  kind: 'created' | 'updated'
  words: string[] | null
  because: UndoRefusedBecause | null
}

/** The next titles of the import, locked, each with what forbids taking it back. */
async function changesToUndo(
  tx: Tx,
  {
    changeSetId,
    after,
    titleIds,
  }: { changeSetId: number; after: number; titleIds: readonly number[] | undefined },
): Promise<readonly Change[]> {
  await tx.rows(sql`
    select title.id
    from title
    join (
      select title_id
      from change
      where change_set_id = ${changeSetId} and undone_at is null and title_id > ${after}
        and ${titleIds ? sql`title_id = any(${titleIds}::bigint[])` : sql`true`}
      order by title_id
      limit ${batchTitlesMax}
    ) as next on next.title_id = title.id
    order by title.id
    for update of title
  `)
  return tx.rows<Change>(sql`
    select change.title_id, change.kind, tsvector_to_array(title.words) as words,
      case
        when title.id is null or title.deleted_at is not null then 'deleted-since'
        when title.version <> change.version_after then 'edited-since'
        when exists (select from loan where loan.copy_id = any (change.copies_made)) then 'has-loans'
        when exists (select from hold where hold.copy_id = any (change.copies_made)) then 'has-holds'
        when exists (select from copy where copy.id = any (change.copies_made) and copy.version > 1)
          then 'edited-since'
        when change.kind = 'updated' then null
        when exists (select from copy join loan on loan.copy_id = copy.id where copy.title_id = title.id)
          then 'has-loans'
        when exists (select from hold where hold.title_id = title.id) then 'has-holds'
        when exists (
          select from copy where copy.title_id = title.id and copy.id <> all (change.copies_made)
        ) then 'has-copies'
      end as because
    from change
    left join title on title.id = change.title_id
    where change.change_set_id = ${changeSetId} and change.undone_at is null and change.title_id > ${after}
      and ${titleIds ? sql`change.title_id = any(${titleIds}::bigint[])` : sql`true`}
    order by change.title_id
    limit ${batchTitlesMax}
  `)
}

async function takeBack(
  tx: Tx,
  changes: readonly Change[],
  { changeSetId, at }: { changeSetId: number; at: Date },
): Promise<void> {
  if (changes.length === 0) return
  const counts: WordCounts = new Map()
  for (const { words } of changes) noteWords(counts, words ?? [], -1)
  const idsOf = (kind: Change['kind']) =>
    changes.filter((change) => change.kind === kind).map(({ title_id }) => title_id)
  const created = idsOf('created')
  const updated = idsOf('updated')
  await tx.rows(sql`
    delete from copy
    using change
    where change.change_set_id = ${changeSetId} and change.title_id = any(${[...created, ...updated]}::bigint[])
      and copy.id = any (change.copies_made)
  `)
  if (updated.length > 0) await restore(tx, updated, { changeSetId, counts })
  if (created.length > 0) await tx.rows(sql`delete from title where id = any(${created}::bigint[])`)
  await countWords(tx, counts)
  await tx.rows(sql`
    update change set undone_at = ${at}
    where change_set_id = ${changeSetId} and title_id = any(${[...created, ...updated]}::bigint[])
  `)
}

/**
 * Puts titles and records back to their images; loans counted since stay counted. The version grows: whoever read
 * the title while the import stood must not write over what stands now. The changes below it are told, so that they
 * can be undone in their turn.
 */
async function restore(
  tx: Tx,
  titleIds: readonly number[],
  { changeSetId, counts }: { changeSetId: number; counts: WordCounts },
): Promise<void> {
  const restored = await tx.rows<{ words: string[] }>(sql`
    update title
    set control_source = was.control_source, control_number = was.control_number, title = was.title,
      subtitle = was.subtitle, authors = was.authors, publisher = was.publisher,
      published_year = was.published_year, language = was.language, material = was.material, isbns = was.isbns,
      subjects = was.subjects, series = was.series, summary = was.summary, words = was.words,
      folded = was.folded,
      version = title.version + 1, updated_at = was.updated_at
    from change
    cross join lateral jsonb_populate_record(null::title, change.before) as was
    where change.change_set_id = ${changeSetId} and change.title_id = any(${titleIds}::bigint[])
      and title.id = change.title_id
    returning tsvector_to_array(title.words) as words
  `)
  for (const { words } of restored) noteWords(counts, words, 1)
  await tx.rows(sql`
    update change as below
    set version_after = title.version
    from change as undone
    join title on title.id = undone.title_id
    where undone.change_set_id = ${changeSetId} and undone.title_id = any(${titleIds}::bigint[])
      and below.title_id = undone.title_id and below.change_set_id <> undone.change_set_id
      and below.undone_at is null and below.version_after = (undone.before ->> 'version')::integer
  `)
  await tx.rows(sql`
    delete from title_record
    using change
    where change.change_set_id = ${changeSetId} and change.title_id = any(${titleIds}::bigint[])
      and title_record.title_id = change.title_id and change.before_raw is null
  `)
  await tx.rows(sql`
    update title_record
    set format = was.format, encoding = was.encoding, raw = change.before_raw, raw_sha256 = was.raw_sha256,
      fields_sha256 = was.fields_sha256
    from change
    cross join lateral jsonb_populate_record(null::title_record, change.before -> 'record') as was
    where change.change_set_id = ${changeSetId} and change.title_id = any(${titleIds}::bigint[])
      and title_record.title_id = change.title_id and change.before_raw is not null
  `)
}

/** Settles what the import is now called. */
async function stateAfter(tx: Tx, changeSetId: number, at: Date): Promise<string> {
  const [set] = await tx.rows<{ state: string }>(sql`
    update change_set
    set state = case
        when not exists (select from change where change_set_id = ${changeSetId} and undone_at is null)
          then 'undone'
        when exists (select from change where change_set_id = ${changeSetId} and undone_at is not null)
          then 'partly-undone'
        else state
      end,
      undone_at = coalesce(undone_at, ${at})
    where id = ${changeSetId}
    returning state
  `)
  return set?.state ?? ''
}

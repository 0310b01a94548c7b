import type { Tx } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import type { Material, TitleFields } from './title-fields.ts'
import { countWords, noteWords, type WordCounts } from './title-words.ts'
import { tsvectorText, wordsAndFolded } from './tokens.ts'

/** A row of `title` without what search keeps there. */
export type StoredTitle = {
  readonly id: number
  readonly control_source: string
  readonly control_number: string | null
  readonly title: string
  readonly subtitle: string
  readonly authors: readonly string[]
  readonly publisher: string
  readonly published_year: number | null
  readonly language: string
  readonly material: Material
  readonly isbns: readonly string[]
  readonly subjects: readonly string[]
  readonly series: readonly string[]
  readonly summary: string
  readonly version: number
  readonly deleted_at: Date | null
}

/** The columns of `StoredTitle`, of a table called `title` in the query. */
export const titleColumns: Sql = sql`
  title.id, title.control_source, title.control_number, title.title, title.subtitle, title.authors, title.publisher,
  title.published_year, title.language, title.material, title.isbns, title.subjects, title.series, title.summary,
  title.version, title.deleted_at
`

/** The fields of a stored title. Its other titles are in the record, so here they are none. */
export function fieldsOf(row: StoredTitle): TitleFields {
  return {
    controlSource: row.control_source,
    controlNumber: row.control_number,
    title: row.title,
    subtitle: row.subtitle,
    authors: row.authors,
    publisher: row.publisher,
    publishedYear: row.published_year,
    language: row.language,
    material: row.material,
    isbns: row.isbns,
    subjects: row.subjects,
    series: row.series,
    summary: row.summary,
    otherTitles: [],
  }
}

/** A title to be written: its identity, its fields and the version that it shall have. */
export type TitleToStore = {
  readonly titleId: number
  readonly version: number
  readonly fields: TitleFields
  /** What search keeps of the fields, where it was made already. */
  readonly text?: SearchText | undefined
}

/** What search keeps of a title. */
export type SearchText = {
  readonly words: readonly string[]
  /** The words as a literal of the column. */
  readonly vector: string
  readonly folded: string
}

/** Makes what search keeps of a title with these fields; most of the work that a title is. */
export function searchText(fields: TitleFields): SearchText {
  const { words, folded } = wordsAndFolded(fields)
  return { words, vector: tsvectorText(words), folded }
}

/** Takes identities for that many new titles. */
export async function newTitleIds(tx: Tx, count: number): Promise<readonly number[]> {
  if (count === 0) return []
  const rows = await tx.rows<{ id: number }>(sql`
    select nextval('title_id_seq') as id from generate_series(1, ${count}::integer)
  `)
  return rows.map(({ id }) => id)
}

/** Adds titles in one statement, with what search needs; `counts` learns of their words. */
export async function insertTitles(
  tx: Tx,
  titles: readonly TitleToStore[],
  { at, counts }: { at: Date; counts: WordCounts },
): Promise<void> {
  if (titles.length === 0) return
  await tx.rows(sql`
    insert into title (
      id, version, control_source, control_number, title, subtitle, authors, publisher, published_year, language,
      material, isbns, subjects, series, summary, words, folded, created_at, updated_at
    )
    overriding system value
    select
      id, version, control_source, control_number, title, subtitle, authors, publisher, published_year, language,
      material, isbns, subjects, series, summary, words::tsvector, folded, ${at}::timestamptz, ${at}::timestamptz
    from ${recordset(titles, counts)}
  `)
}

/** Writes over titles in one statement; the caller holds their locks and has taken their words off `counts`. */
export async function updateTitles(
  tx: Tx,
  titles: readonly TitleToStore[],
  { at, counts }: { at: Date; counts: WordCounts },
): Promise<void> {
  if (titles.length === 0) return
  await tx.rows(sql`
    update title
    set version = given.version, control_source = given.control_source, control_number = given.control_number,
      title = given.title, subtitle = given.subtitle, authors = given.authors, publisher = given.publisher,
      published_year = given.published_year, language = given.language, material = given.material,
      isbns = given.isbns, subjects = given.subjects, series = given.series, summary = given.summary,
      words = given.words::tsvector, folded = given.folded, updated_at = ${at}::timestamptz
    from ${recordset(titles, counts)}
    where title.id = given.id
  `)
}

/** Adds or replaces one title with its words: what the verbs on a single title use. */
export async function storeOne(
  tx: Tx,
  title: TitleToStore,
  { at, wordsBefore }: { at: Date; wordsBefore: readonly string[] | undefined },
): Promise<void> {
  const counts: WordCounts = new Map()
  if (wordsBefore) {
    noteWords(counts, wordsBefore, -1)
    await updateTitles(tx, [title], { at, counts })
  } else {
    await insertTitles(tx, [title], { at, counts })
  }
  await countWords(tx, counts)
}

/** The titles as rows: one parameter, however many there are. */
function recordset(titles: readonly TitleToStore[], counts: WordCounts): Sql {
  const rows = titles.map(({ titleId, version, fields, text }) => {
    const { words, vector, folded } = text ?? searchText(fields)
    noteWords(counts, words, 1)
    return {
      id: titleId,
      version,
      control_source: fields.controlSource,
      control_number: fields.controlNumber,
      title: fields.title,
      subtitle: fields.subtitle,
      authors: fields.authors,
      publisher: fields.publisher,
      published_year: fields.publishedYear,
      language: fields.language,
      material: fields.material,
      isbns: fields.isbns,
      subjects: fields.subjects,
      series: fields.series,
      summary: fields.summary,
      words: vector,
      folded,
    }
  })
  return sql`
    json_to_recordset(${JSON.stringify(rows)}::json) as given (
      id bigint, version integer, control_source text, control_number text, title text, subtitle text,
      authors text[], publisher text, published_year integer, language text, material text, isbns text[],
      subjects text[], series text[], summary text, words text, folded text
    )
  `
}

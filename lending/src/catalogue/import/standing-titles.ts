import type { Rows } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import { fieldsOf, type StoredTitle, titleColumns } from '../stored-title.ts'
import type { Identity } from './identity.ts'
import { identityKey, type Standing } from './plan.ts'

/** As which import the titles are looked at: itself, where it is one already, its file, and what it makes of the file. */
export type SeenFrom = {
  readonly changeSetId?: number
  readonly fileSha256: Buffer
  /** The options as they are kept: the same file read otherwise is another matter. */
  readonly options: string
}

type Row = StoredTitle & {
  raw_sha256: Buffer | null
  fields_sha256: Buffer | null
  last_set: number | null
  last_record: number | null
  is_same_file: boolean | null
}

/**
 * The titles that stand under these numbers, by `identityKey`, with the import that last wrote each. With `lock`
 * they are held until the transaction ends, in one order by everybody.
 */
export async function standingTitles(
  tx: { rows: Rows },
  identities: readonly Identity[],
  { seenFrom, lock }: { seenFrom: SeenFrom | undefined; lock: boolean },
): Promise<ReadonlyMap<string, Standing>> {
  if (identities.length === 0) return new Map()
  const sources = identities.map(({ controlSource }) => controlSource)
  const numbers = identities.map(({ controlNumber }) => controlNumber)
  const rows = await tx.rows<Row>(sql`
    select ${titleColumns}, title_record.raw_sha256, title_record.fields_sha256, last.change_set_id as last_set,
      last.record_number as last_record, last.is_same_file
    from (
      select distinct source, number
      from unnest(${sources}::text[], ${numbers}::text[]) as named (source, number)
    ) as named
    join title on title.control_source = named.source and title.control_number = named.number
      and title.deleted_at is null
    left join title_record on title_record.title_id = title.id
    left join lateral (
      select change.change_set_id, change.record_number,
        change_set.file_sha256 = ${seenFrom?.fileSha256 ?? null}::bytea
          and change_set.options = ${seenFrom?.options ?? null}::jsonb as is_same_file
      from change
      join change_set on change_set.id = change.change_set_id
      where change.title_id = title.id and change.undone_at is null and change_set.kind = 'import'
      order by change.change_set_id desc
      limit 1
    ) as last on true
    order by title.id
    ${lock ? sql`for no key update of title` : sql``}
  `)
  return new Map(rows.map((row) => [keyOf(row), standingOf(row, seenFrom)] as const))
}

function keyOf(row: Row): string {
  return identityKey({ controlSource: row.control_source, controlNumber: row.control_number ?? '' })
}

function standingOf(row: Row, seenFrom: SeenFrom | undefined): Standing {
  const isOwn = row.last_set !== null && row.last_set === seenFrom?.changeSetId
  return {
    titleId: row.id,
    version: row.version,
    fields: fieldsOf(row),
    rawSha256: row.raw_sha256,
    fieldsSha256: row.fields_sha256,
    from: isOwn ? 'this-import' : row.is_same_file === true ? 'this-file-before' : 'elsewhere',
    recordNumber: row.last_record ?? 0,
  }
}

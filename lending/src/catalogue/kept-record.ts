import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { csvRows } from './import/csv-rows.ts'
import { rowReader } from './import/csv-title.ts'
import type { ImportSetup } from './import/import-setup.ts'
import { formatOf } from './marc/format-of.ts'
import { readIso2709 } from './marc/iso2709.ts'
import { readMarcxml } from './marc/marcxml.ts'
import { marcEncodings } from './marc/record.ts'
import { titleOf } from './marc/title-of.ts'

/**
 * The other titles that the record of a title names (MARC 880 and 246, or a second column of a table). No column keeps them, so an edit reads
 * them from the record again, or search would forget them.
 */
export async function otherTitlesOf(db: { rows: Rows }, titleId: number): Promise<readonly string[]> {
  const [kept] = await db.rows<Kept>(sql`
    select title_record.format, title_record.encoding, title_record.raw, last.options as setup
    from title_record
    left join lateral (
      select change_set.options
      from change
      join change_set on change_set.id = change.change_set_id
      where change.title_id = title_record.title_id and change.undone_at is null and change_set.kind = 'import'
      order by change_set.id desc
      limit 1
    ) as last on true
    where title_record.title_id = ${titleId}
  `)
  if (!kept) return []
  if (kept.format === 'csv') return otherTitlesOfRow(kept)
  const read = kept.format === 'marcxml' ? readMarcxml : readIso2709
  const encoding = marcEncodings.find((known) => known === kept.encoding)
  for await (const found of read(one(kept.raw), encoding ? { encoding } : {})) {
    if (!found.ok) return []
    const fields = titleOf(found.record, formatOf(found.record))
    return 'refused' in fields ? [] : fields.otherTitles
  }
  return []
}

type Kept = { format: string; encoding: string; raw: Buffer; setup: ImportSetup | null }

/** A row says what it says only under the header and by the mapping of its import. */
async function otherTitlesOfRow({ raw, setup }: Kept): Promise<readonly string[]> {
  if (!setup?.csv) return []
  const { shape, mapping, header } = setup.csv
  for await (const row of csvRows(one(raw), { shape, from: { position: 0, number: 0 } })) {
    return row.ok ? rowReader(mapping, header)(row.cells).fields.otherTitles : []
  }
  return []
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { formatOf } from './marc/format-of.ts'
import { readIso2709 } from './marc/iso2709.ts'
import { readMarcxml } from './marc/marcxml.ts'
import { marcEncodings } from './marc/record.ts'
import { titleOf } from './marc/title-of.ts'

/**
 * The other titles that the record of a title names (MARC 880 and 246). No column keeps them, so an edit reads
 * them from the record again, or search would forget them.
 */
export async function otherTitlesOf(db: { rows: Rows }, titleId: number): Promise<readonly string[]> {
  const [kept] = await db.rows<{ format: string; encoding: string; raw: Buffer }>(sql`
    select format, encoding, raw from title_record where title_id = ${titleId} and format <> 'csv'
  `)
  if (!kept) return []
  const read = kept.format === 'marcxml' ? readMarcxml : readIso2709
  const encoding = marcEncodings.find((known) => known === kept.encoding)
  for await (const found of read(one(kept.raw), encoding ? { encoding } : {})) {
    if (!found.ok) return []
    const fields = titleOf(found.record, formatOf(found.record))
    return 'refused' in fields ? [] : fields.otherTitles
  }
  return []
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

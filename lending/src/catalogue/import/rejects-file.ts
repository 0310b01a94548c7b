import type { Rows } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import { changeSet } from './change-set.ts'

/** How many rejects one read takes; a reject may hold megabytes. */
const rowsPerRead = 50

const marcxmlStart =
  '<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="http://www.loc.gov/MARC21/slim">\n'
const marcxmlEnd = '</collection>\n'

/**
 * The records that are still set aside, byte for byte, as a file of the same format: mend it and import it. For
 * CSV the header stands first, and text that came in another encoding is in UTF-8.
 */
export async function* rejectsFile(db: { rows: Rows }, changeSetId: number): AsyncGenerator<Uint8Array> {
  const set = await changeSet(db, changeSetId)
  if (!set) return
  const { format, csv } = set.setup
  const rowEnd = csv?.shape.rowEnd === '\r' ? '\r' : '\n'
  if (format === 'marcxml') yield Buffer.from(marcxmlStart)
  if (csv) yield Buffer.from(csv.headerText + rowEnd)
  for await (const raw of rawRejects(db, changeSetId)) {
    yield raw
    if (csv) yield Buffer.from(rowEnd)
    if (format === 'marcxml') yield Buffer.from('\n')
  }
  if (format === 'marcxml') yield Buffer.from(marcxmlEnd)
}

async function* rawRejects(db: { rows: Rows }, changeSetId: number): AsyncGenerator<Buffer> {
  let after = 0
  for (;;) {
    const rows = await db.rows<{ record_number: number; raw: Buffer }>(sql`
      select record_number, raw
      from reject
      where change_set_id = ${changeSetId} and record_number > ${after} and mended_at is null
      order by record_number
      limit ${rowsPerRead}
    `)
    for (const { raw } of rows) yield raw
    const last = rows.at(-1)
    if (!last || rows.length < rowsPerRead) return
    after = last.record_number
  }
}

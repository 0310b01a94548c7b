// Runs one import and says a line after each batch, for a test that kills it in the middle.

import { withoutPatterns } from '../../../../test/library-fixtures.ts'
import { openPool } from '../../../postgres/pool.ts'
import { runImportHere } from '../run-import.ts'

const [host = '', database = '', user = '', changeSetId = ''] = process.argv.slice(2)
await using db = openPool({
  connection: { host, port: 5432, database, user },
  name: 'killed',
  connectionsMax: 2,
  statementLimitMs: 60_000,
})
await runImportHere(
  {
    db,
    instance: 'killed',
    patterns: withoutPatterns(db).patterns,
    clock: () => new Date('2026-03-01T10:00:00Z'),
    onProgress: ({ read }) => process.stdout.write(`${read}\n`),
  },
  Number(changeSetId),
)

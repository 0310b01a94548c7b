// Links the journal and writes the head, in a process of its own that a test can kill.
import { openAuditKeeper } from '../src/journal/keep-audit.ts'
import { openPool } from '../src/postgres/pool.ts'

const [host = '', user = '', database = '', dataFolder = ''] = process.argv.slice(2)
await using db = openPool({
  connection: { host, port: 5432, user, database },
  name: 'audit',
  connectionsMax: 1,
  statementLimitMs: 60_000,
})
await using keeper = openAuditKeeper(
  { db, dataFolder, instance: 'child', clock: () => new Date() },
  { head: () => undefined, warn: () => undefined },
)
await keeper.link()
process.stdout.write('linked\n')
await keeper.writeHead()
process.stdout.write('written\n')

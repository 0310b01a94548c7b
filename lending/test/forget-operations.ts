// Forgets the operations that are over, in a process of its own that a test can kill.
import { openOperations } from '../src/operations/operations.ts'
import { sendNothing } from '../src/operations/send-code.ts'
import { openPool, type PoolOptions } from '../src/postgres/pool.ts'

const [connection = '', dataFolder = ''] = process.argv.slice(2)
await using db = openPool({
  connection: JSON.parse(connection) as PoolOptions['connection'],
  name: 'forgets',
  connectionsMax: 2,
  statementLimitMs: 60_000,
})
await using operations = openOperations({
  db,
  instance: 'child',
  clock: () => new Date(),
  dataFolder,
  sendDirect: sendNothing,
  secondPerson: false,
})
await operations.guard.forget({ by: 'system:sweeps' })

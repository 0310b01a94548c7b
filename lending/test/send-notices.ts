import { keepSending } from '../src/notices/sender.ts'
import type { PoolOptions } from '../src/postgres/pool.ts'
import { senderFor } from './notice-fixtures.ts'

// A process of its own that sends notices until it is killed: `send-notices.ts CONNECTION URL START`.
const [connection = '', url = '', start = ''] = process.argv.slice(2)
const began = performance.now()
const clock = () => new Date(Date.parse(start) + performance.now() - began)
const database = { connection: JSON.parse(connection) as Exclude<PoolOptions['connection'], string> }
keepSending(senderFor(database, { url, clock }))
// The sender's waits keep no process alive by themselves.
setInterval(() => undefined, 60_000)

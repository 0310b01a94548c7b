// A status page that lives with what it watches: its incidents are rows of the library’s database, and it is read through the
// library’s balancer.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { openPool } from '@bibby/lending/postgres/pool.ts'
import { sql } from '@bibby/lending/postgres/sql.ts'

const { values } = parseArgs({
  options: { host: { type: 'string', default: '' }, user: { type: 'string', default: '' } },
})
const db = openPool({
  connection: { host: values.host, port: 5432, user: values.user, database: 'bibby' },
  name: 'status-inside',
  connectionsMax: 2,
  statementLimitMs: 2_000,
})

// Whoever started it is gone.
process.once('disconnect', () => process.exit())

const server = createServer(async (request, reply) => {
  try {
    if (request.method === 'POST')
      await db.rows(sql`insert into status_incident (title) values (${request.url})`)
    const incidents = await db.rows<{ title: string }>(
      sql`select title from status_incident order by at desc`,
    )
    reply.end(['All is well.', ...incidents.map(({ title }) => decodeURIComponent(title))].join('\n'))
  } catch {
    reply.writeHead(500).end()
  }
})
await db.rows(
  sql`create table if not exists status_incident (title text not null, at timestamptz not null default now())`,
)
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))

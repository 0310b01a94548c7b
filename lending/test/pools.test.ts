import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { anAsker, askedBy, leave, nobody, type PoolName } from '../src/postgres/asker.ts'
import type { Database } from '../src/postgres/pool.ts'
import { searchSessions } from '../src/postgres/pools.ts'
import { sql } from '../src/postgres/sql.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'

type Headers = Readonly<Record<string, string>>

async function signedIn(at: OpenLibrary): Promise<Headers> {
  const reply = await fetch(`${at.address}/api/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'staff', account: await at.staff('manager'), password: pagePassword }),
  })
  const { token } = (await reply.json()) as { token: string }
  return { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
}

/** Which pools have made a connection. */
const opened = ({ library }: OpenLibrary) =>
  Object.entries(library.pools).flatMap(([pool, { counts }]) => (counts().open > 0 ? [pool] : []))

/** Sends a write whose body comes when the request has long been let in, and gives its status. */
async function bitByBit(at: OpenLibrary, path: string, headers: Headers, body: object): Promise<number> {
  const asked = request(`${at.address}${path}`, { method: 'POST', headers })
  asked.flushHeaders()
  await fetch(`${at.address}/actuator/health`)
  asked.end(JSON.stringify(body))
  const [reply] = (await once(asked, 'response')) as [IncomingMessage]
  await text(reply)
  return reply.statusCode ?? 0
}

test('each class of requests has connections of its own, and takes no others', async () => {
  await using at = await anOpenLibrary()
  const get = async (path: string, headers: Headers = {}) =>
    (await fetch(`${at.address}${path}`, { headers })).status
  assert.deepEqual(opened(at), [])
  assert.equal(await get('/actuator/health'), 200)
  assert.deepEqual(opened(at), ['watch'])
  const headers = await signedIn(at)
  assert.equal(await get('/api/v1/me', headers), 200)
  assert.deepEqual(opened(at), ['watch', 'people'])
  assert.equal(await get('/search?query=emma'), 200)
  assert.deepEqual(opened(at), ['watch', 'people', 'catalogue', 'search'])
  assert.equal(await get('/api/v1/loans/overdue', headers), 200)
  assert.deepEqual(opened(at), ['watch', 'people', 'catalogue', 'reports', 'search'])
  const back = { barcode: at.barcode, branch: at.branchCode }
  assert.equal(await bitByBit(at, '/api/v1/returns', headers, back), 200)
  assert.deepEqual(opened(at), ['watch', 'desk', 'people', 'catalogue', 'reports', 'search'])
  await at.library.db.rows(sql`select 1`)
  assert.deepEqual(opened(at), ['watch', 'desk', 'people', 'catalogue', 'reports', 'unasked', 'search'])
})

/** More than any pool has connections. */
const many = 20
const lesser: readonly PoolName[] = ['people', 'catalogue', 'reports', 'unasked']

/** Keeps every connection of the lesser classes busy with statements that last, until it is disposed of. */
async function allHeld(at: OpenLibrary): Promise<Disposable & { readonly oneEnded: Promise<string> }> {
  const long = sql`select pg_sleep(600) as a_long_step`
  const askers = Array.from({ length: many }, () => lesser.map((pool) => anAsker(pool))).flat()
  const held = askers.map((asker) => askedBy(asker, () => at.library.db.rows(long)))
  // These end after half a second, and the next ones begin.
  const searches = askers.map((asker) => askedBy(asker, () => at.library.searchDb.rows(long)))
  for (const each of searches) each.catch(() => undefined)
  const pools = ['search', ...lesser] as const
  for (let areHeld = false; !areHeld; ) {
    const [row] = await at.db.rows<{ busy: number }>(sql`
      select count(distinct application_name) as busy from pg_stat_activity
      where datname = current_database() and query like '%a_long_step%' and pid <> pg_backend_pid()
    `)
    const counts = pools.map((pool) => at.library.pools[pool].counts())
    areHeld = row?.busy === pools.length && counts.every(({ idle, waiting }) => idle === 0 && waiting > 0)
  }
  return {
    oneEnded: Promise.race(held.map((each) => each.then(String, String))),
    [Symbol.dispose]: () => {
      for (const asker of askers) leave(asker)
    },
  }
}

test('after a pause all that desks and searches had, and two for people, are still open', async (t) => {
  await using at = await anOpenLibrary()
  const pools = ['watch', 'desk', ...lesser] as const
  const busy = ({ rows }: Pick<Database, 'rows'>) =>
    Promise.all(Array.from({ length: many }, () => rows(sql`select pg_sleep(0.05)`)))
  t.mock.timers.enable({ apis: ['setTimeout'] })
  await Promise.all([
    ...pools.map((pool) => askedBy(anAsker(pool), () => busy(at.library.db))),
    busy(at.library.searchDb),
  ])
  t.mock.timers.tick(60_000)
  t.mock.timers.reset()
  const open = Object.entries(at.library.pools).map(([pool, { counts }]) => [pool, counts().open])
  assert.deepEqual(Object.fromEntries(open), {
    watch: 0,
    desk: 12,
    people: 2,
    catalogue: 2,
    reports: 0,
    unasked: 0,
    search: searchSessions,
  })
})

test('while all connections of every lesser class are busy, desks lend and take back, health and halting answer', async () => {
  await using at = await anOpenLibrary()
  const headers = await signedIn(at)
  const post = async (path: string, body: object) => {
    const reply = await fetch(`${at.address}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    return reply.status
  }
  // Known to this process: a session is looked up by the class that asks first.
  const back = { barcode: at.barcode, branch: at.branchCode }
  await post('/api/v1/returns', back)
  using held = await allHeld(at)
  const answers = (async () => [
    await post('/api/v1/loans', { ...back, card: at.card }),
    await post('/api/v1/returns', back),
    (await fetch(`${at.address}/actuator/health`)).status,
    (await fetch(`${at.address}/api/v1/halt`, { headers })).status,
  ])()
  assert.deepEqual(await Promise.race([answers, held.oneEnded]), [201, 200, 200, 200])
})

test('who finds no free connection in time is told that too much is asked, not that the database is gone', async () => {
  await using at = await anOpenLibrary()
  const done = Promise.withResolvers<void>()
  const hold = () => askedBy(nobody('watch'), () => at.library.db.withConnection(() => done.promise))
  const held = [hold(), hold()]
  const late = askedBy(nobody('watch'), () => at.library.db.rows(sql`select 1`))
  await assert.rejects(late, { code: 'BIBBY_CONNECTIONS_BUSY' }).finally(done.resolve)
  await Promise.all(held)
  assert.equal((await fetch(`${at.address}/actuator/health`)).status, 200)
})

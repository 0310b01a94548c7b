import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { buildServer } from '../src/http/server.ts'
import { openLibrary } from '../src/library.ts'
import { openPool } from '../src/postgres/pool.ts'
import { sql } from '../src/postgres/sql.ts'
import type { SignedIn } from '../src/staff/session.ts'
import { aSmallLibrary, type SmallLibrary } from './library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

type Served = AsyncDisposable &
  SmallLibrary & { readonly db: ScratchDatabase; readonly address: string; readonly running: () => number }

/** A served library whose statements have no limit that these tests would live to see. */
async function served({ handlerMs = 600_000, longHandlerMs = 600_000 } = {}): Promise<Served> {
  const db = await scratchDatabase()
  const small = await aSmallLibrary(db)
  const dataFolder = await mkdtemp(join(tmpdir(), 'bibby-ends-'))
  const opened = openLibrary({ connection: db.connection, dataFolder, instance: 'test' })
  const patient = openPool({
    connection: db.connection,
    name: 'patient',
    connectionsMax: 3,
    statementLimitMs: 600_000,
  })
  const actor: SignedIn = {
    kind: 'staff',
    staffId: 1,
    login: 'a',
    name: 'A',
    role: 'operator',
    branchId: small.branchId,
    branchCode: small.branchCode,
    actor: 'staff:1',
  }
  const app = await buildServer(
    { ...opened, db: patient },
    { logLevel: 'silent', actor, limits: { handlerMs, longHandlerMs } },
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    ...small,
    db,
    address: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    running: () => patient.counts().open - patient.counts().idle,
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await patient[Symbol.asyncDispose]()
      await opened[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

/** Settles when so many statements of the server wait for a lock. */
async function untilWaiting({ db }: Served, count: number): Promise<void> {
  for (;;) {
    const [row] = await db.rows<{ waiting: number }>(sql`
      select count(*) as waiting from pg_stat_activity
      where datname = current_database() and application_name in ('patient', 'bibby-files') and wait_event_type = 'Lock'
    `)
    if (row?.waiting === count) return
  }
}

/** Settles when no connection of the server is at work: what it does by itself every few seconds is short. */
async function untilIdle({ running }: Served): Promise<void> {
  while (running() > 0) await new Promise(setImmediate)
}

test('what only reads is stopped in the database when its client hangs up', async () => {
  await using at = await served()
  await at.db.transaction(async (holder) => {
    await holder.rows(sql`lock table copy in access exclusive mode`)
    const hangUp = new AbortController()
    const asked = fetch(`${at.address}/api/v1/copies/${at.barcode}`, { signal: hangUp.signal })
    await untilWaiting(at, 1)
    hangUp.abort()
    await assert.rejects(asked, { name: 'AbortError' })
    await untilWaiting(at, 0)
  })
  const after = await fetch(`${at.address}/api/v1/copies/${at.barcode}`)
  assert.equal(after.status, 200)
  await untilIdle(at)
})

const json = { 'content-type': 'application/json' }
const taking = (at: Served) => JSON.stringify({ barcode: at.barcode, branch: at.branchCode })

const takeBack = (at: Served, signal: AbortSignal | null = null) =>
  fetch(`${at.address}/api/v1/returns`, { method: 'POST', headers: json, body: taking(at), signal })

/** The same; its body comes when the request has long been let in. */
async function takeBackBitByBit(at: Served): Promise<{ status: number | undefined; code: string }> {
  const asked = request(`${at.address}/api/v1/returns`, { method: 'POST', headers: json })
  asked.flushHeaders()
  await fetch(`${at.address}/actuator/health`)
  asked.end(taking(at))
  const [reply] = (await once(asked, 'response')) as [IncomingMessage]
  const { code } = JSON.parse(await text(reply)) as { code: string }
  return { status: reply.statusCode, code }
}

test('past its deadline a request is answered, and nothing of it runs on in the database or is written', async () => {
  await using at = await served({ handlerMs: 1_000 })
  await at.db.transaction(async (holder) => {
    await holder.rows(sql`lock table copy in access exclusive mode`)
    const read = fetch(`${at.address}/api/v1/copies/${at.barcode}`)
    const write = takeBackBitByBit(at)
    await untilWaiting(at, 2)
    assert.equal((await read).status, 503)
    assert.deepEqual(await write, { status: 504, code: 'commit-unknown' })
    await untilWaiting(at, 0)
  })
  assert.deepEqual(await at.db.rows(sql`select from journal where action = 'take-back'`), [])
  assert.equal((await takeBack(at)).status, 200)
  await untilIdle(at)
})

test('a file that is read under a limit of its own ends there too, in the database as for its client', async () => {
  // Enough for a thread to begin on a busy machine.
  await using at = await served({ longHandlerMs: 8_000 })
  await at.db.transaction(async (holder) => {
    await holder.rows(sql`lock table title in access exclusive mode`)
    const file = fetch(`${at.address}/api/v1/export?format=iso2709`)
    await untilWaiting(at, 1)
    assert.equal((await file).status, 503)
    await untilWaiting(at, 0)
  })
  const after = await fetch(`${at.address}/api/v1/export?format=iso2709`)
  assert.equal(after.status, 200)
  assert.ok((await after.bytes()).length > 0)
  await untilIdle(at)
})

test('a write whose client hangs up is done all the same', async () => {
  await using at = await served()
  await at.db.transaction(async (holder) => {
    await holder.rows(sql`lock table copy in access exclusive mode`)
    const hangUp = new AbortController()
    const asked = takeBack(at, hangUp.signal)
    await untilWaiting(at, 1)
    hangUp.abort()
    await assert.rejects(asked, { name: 'AbortError' })
    // By now it has heard of it.
    assert.equal((await fetch(`${at.address}/actuator/health/liveness`)).status, 200)
    await untilWaiting(at, 1)
  })
  for (;;) {
    const rows = await at.db.rows(sql`select from journal where action = 'take-back'`)
    if (rows.length === 1) break
  }
})

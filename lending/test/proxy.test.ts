import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { type AddressInfo, connect as connectPlainly } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setImmediate as aTurn } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import type { App } from '../src/http/app.ts'
import { buildServer } from '../src/http/server.ts'
import { openPool } from '../src/postgres/pool.ts'
import { sql } from '../src/postgres/sql.ts'
import { type Haproxy, noHaproxy, startHaproxy } from './haproxy.ts'
import { anOpenLibrary, type OpenLibrary } from './open-library.ts'

type BehindProxy = AsyncDisposable &
  OpenLibrary & {
    readonly proxy: Haproxy
    readonly app: App
    /** What the server has logged so far. */
    readonly logged: () => string
  }

/** What reads for long is ended by who asked for it, or not at all. */
const patient = { name: 'patient', connectionsMax: 4, statementLimitMs: 3_600_000 } as const

/** A library whose Bibby trusts the proxy before it. */
async function aLibraryBehindAProxy(): Promise<BehindProxy> {
  const at = await anOpenLibrary()
  const db = openPool({ connection: at.db.connection, ...patient })
  const lines: string[] = []
  const logTo = { write: (line: string) => void lines.push(line) }
  const app = await buildServer({ ...at.library, db }, { logTo, trustProxy: '127.0.0.1' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const proxy = await startHaproxy(`127.0.0.1:${port}`)
  return {
    ...at,
    app,
    proxy,
    logged: () => lines.join(''),
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]()
      await app.close()
      await db[Symbol.asyncDispose]()
      await at[Symbol.asyncDispose]()
    },
  }
}

/** Machines of the loopback network, as HAProxy sees where they come from. */
const [bot, stranger] = ['127.0.0.2', '127.0.0.3']

type Asked = { readonly from: string; readonly headers?: Readonly<Record<string, string>> }

async function ask(
  { proxy: { port, ca } }: BehindProxy,
  path: string,
  { from, headers = {}, body }: Asked & { readonly body?: object },
): Promise<{ readonly reply: IncomingMessage; readonly body: string }> {
  const agent = new Agent({ ca, servername: 'localhost' })
  const sent = request({
    ...{ agent, host: '127.0.0.1', port, path, localAddress: from, method: body ? 'POST' : 'GET' },
    headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
  })
  sent.end(body && JSON.stringify(body))
  const [reply] = (await once(sent, 'response')) as [IncomingMessage]
  const answer = { reply, body: await text(reply) }
  agent.destroy()
  return answer
}

const search = (at: BehindProxy, asked: Asked) =>
  ask(at, '/api/v1/books/search', { ...asked, body: { query: 'emma' } })

/** A search whose body never comes: it holds a place of its class. */
function heldSearch({ proxy: { port, ca } }: BehindProxy, from: string): TLSSocket {
  const way = connectPlainly({ port, host: '127.0.0.1', localAddress: from })
  const socket = connect({ socket: way, ca, servername: 'localhost' })
  socket.on('error', () => undefined)
  const head = 'POST /api/v1/books/search HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
  socket.write(`${head}content-length: 20\r\n\r\n`)
  return socket
}

/** Settles when visitors hold so many places. */
async function untilHeld(at: BehindProxy, count: number): Promise<void> {
  for (;;) {
    const { running, waiting } = at.app.traffic().visitors
    if (running + waiting === count) return
    await ask(at, '/actuator/health/liveness', { from: stranger })
  }
}

/** Whether a search beside the sixteen is let in to wait, or else its answer. */
async function becameOf(
  at: BehindProxy,
  asked: ReturnType<typeof search>,
): Promise<number | 'let in' | undefined> {
  let answer: number | undefined
  void asked.then(({ reply }) => {
    answer = reply.statusCode
  })
  while (answer === undefined) {
    const { running, waiting } = at.app.traffic().visitors
    if (running + waiting > 16) return 'let in'
    await aTurn()
  }
  return answer
}

test('behind a proxy each machine has a share of its own, and a forged address has none', {
  skip: noHaproxy,
}, async () => {
  await using at = await aLibraryBehindAProxy()
  const held = Array.from({ length: 16 }, () => heldSearch(at, bot))
  await untilHeld(at, 16)

  const refused = await search(at, { from: bot })
  assert.equal(refused.reply.statusCode, 503)
  assert.match(refused.reply.headers['retry-after'] ?? '', /^[1-9]\d?$/)
  assert.equal(JSON.parse(refused.body).code, 'overloaded')
  for (const forged of ['203.0.113.9', '127.0.0.1', '127.0.0.3, 127.0.0.1', '::1', 'unknown']) {
    const headers = { 'x-forwarded-for': forged, forwarded: `for=${forged}` }
    assert.equal(await becameOf(at, search(at, { from: bot, headers })), 503, forged)
  }
  const other = search(at, { from: stranger })
  assert.equal(await becameOf(at, other), 'let in')
  for (const socket of held) socket.destroy()
  assert.equal((await other).reply.statusCode, 200)
})

test('a stranger behind a proxy is not the machine itself, whatever they say', {
  skip: noHaproxy,
}, async () => {
  await using at = await aLibraryBehindAProxy()
  for (const forged of ['127.0.0.1', '::1', '203.0.113.9']) {
    const told = await ask(at, '/metrics', { from: stranger, headers: { 'x-forwarded-for': forged } })
    assert.notEqual(told.reply.statusCode, 200, forged)
  }
  const page = await ask(at, '/sign-in', { from: stranger, headers: { 'x-forwarded-proto': 'http' } })
  const cookies = page.reply.headers['set-cookie'] ?? []
  assert.ok(cookies.length > 0)
  for (const cookie of cookies) assert.match(cookie, /; Secure/i, 'it came by TLS')
})

test('who hangs up at the proxy takes what they asked of the database with them', {
  skip: noHaproxy,
}, async () => {
  await using at = await aLibraryBehindAProxy()
  const reading = async (count: number) => {
    for (;;) {
      const [row] = await at.db.rows<{ running: number }>(sql`
        select count(*) as running from pg_stat_activity
        where datname = current_database() and application_name = ${patient.name} and state = 'active'
      `)
      if (row?.running === count) return
    }
  }
  await at.db.transaction(async (tx) => {
    await tx.rows(sql`lock table title in access exclusive mode`)
    const { port, ca } = at.proxy
    const socket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost' })
    socket.write(`GET /titles/${at.titleId} HTTP/1.1\r\nhost: x\r\n\r\n`)
    await reading(1)
    socket.destroy()
    await reading(0)
  })
  assert.doesNotMatch(at.logged(), /"status":503/, 'it ended by itself, at its deadline')
})

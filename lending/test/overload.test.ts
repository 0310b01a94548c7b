import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, IncomingMessage, request, ServerResponse } from 'node:http'
import { connect, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { ServerOptions } from '../src/http/server.ts'
import { trafficBounds } from '../src/http/traffic.ts'
import { patient } from './api-fixtures.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'
import { aVisitor } from './visitor.ts'

/** A request whose body never comes: it holds a turn of its class, or a place among those who wait. */
async function heldSearch(at: OpenLibrary, headers = ''): Promise<Socket> {
  const { port, hostname } = new URL(at.address)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  const head = `POST /api/v1/books/search HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`
  socket.write(`${head}${headers}content-length: 20\r\n\r\n`)
  return socket
}

/** Settles when so many searches are begun or wait. */
async function untilHeld(
  at: OpenLibrary,
  count: number,
  traffic: 'search' | 'visitors' = 'visitors',
): Promise<void> {
  for (;;) {
    const { running, waiting } = at.app.traffic()[traffic]
    if (running + waiting >= count) return
    await fetch(`${at.address}/actuator/health/liveness`)
  }
}

async function tokenOf(at: OpenLibrary, login: string): Promise<string> {
  const reply = await fetch(`${at.address}/api/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'staff', account: login, password: pagePassword }),
  })
  return ((await reply.json()) as { token: string }).token
}

const search = (at: OpenLibrary, headers: Record<string, string> = {}) =>
  fetch(`${at.address}/api/v1/books/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: 'emma' }),
  })

/** One is begun, and whoever comes meanwhile is refused: the same on a fast machine and a slow one. */
const oneAtOnce = { runningMax: 1, waitingMax: 0, startsATurn: 1, waitMs: 60_000 }

/** Visitors as they are, but for the time that they may wait: nobody is refused for a slow machine. */
const patientVisitors = { ...trafficBounds.visitors, waitMs: 60_000, standingWaitMs: 60_000 }

/** A library where somebody signed in searches and does not end: the next one's search is refused. */
async function aBusyLibrary(limits: ServerOptions['limits'] = {}) {
  const at = await anOpenLibrary({ limits, bounds: { search: oneAtOnce } })
  const authorization = `Bearer ${await tokenOf(at, await at.staff('desk'))}`
  await fetch(`${at.address}/api/v1/me`, { headers: { authorization } })
  const held = await heldSearch(at, `authorization: ${authorization}\r\n`)
  await untilHeld(at, 1, 'search')
  return {
    at,
    authorization,
    [Symbol.asyncDispose]: async () => {
      held.destroy()
      await at[Symbol.asyncDispose]()
    },
  }
}

test('while bots at the address of the branch hold all that visitors have, its desk, health and its own searches are answered', async () => {
  await using at = await anOpenLibrary({ bounds: { ...patient, visitors: patientVisitors } })
  const token = await tokenOf(at, await at.staff('desk'))
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  await fetch(`${at.address}/api/v1/me`, { headers })
  const held = await Promise.all(Array.from({ length: 30 }, () => heldSearch(at)))
  await untilHeld(at, 16)
  // All thirty have come: the share is what is left when the others were refused.
  for (let came = 0; came < 30; ) {
    await fetch(`${at.address}/actuator/health/liveness`)
    const seen = at.app.traffic().visitors
    came = seen.running + seen.waiting + held.filter((socket) => socket.bytesRead > 0).length
  }
  const { running, waiting } = at.app.traffic().visitors
  assert.equal(running, trafficBounds.visitors.runningMax)
  assert.equal(running + waiting, 16, 'one address takes its share and no more')

  const refused = await search(at)
  assert.equal(refused.status, 503)
  assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d?$/)
  assert.equal(((await refused.json()) as { code: string }).code, 'overloaded')
  const madeUp = await search(at, { authorization: `Bearer ${'x'.repeat(43)}` })
  assert.equal(madeUp.status, 503, 'a token that nobody has makes no one of the house')
  const page = await aVisitor(at.app).open('/search?query=emma')
  assert.equal(page.status, 503)
  assert.match(page.text, /Too much is asked at once\..*the desks go first/)

  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, each) => {
      if (each % 3 === 0) return (await fetch(`${at.address}/actuator/health`)).status
      if (each % 3 === 1) return (await search(at, headers)).status
      const body = JSON.stringify({ barcode: at.barcode, branch: at.branchCode })
      return (await fetch(`${at.address}/api/v1/returns`, { method: 'POST', headers, body })).status
    }),
  )
  assert.deepEqual(new Set(answers), new Set([200]))

  for (const socket of held) socket.destroy()
  for (let status = 503; status !== 200; status = (await search(at)).status);
  assert.deepEqual({ ...at.app.traffic().visitors, refused: 0 }, { running: 0, waiting: 0, refused: 0 })
})

test('who is refused keeps their connection, unless a long body is left on it', async () => {
  await using at = await anOpenLibrary({ bounds: { visitors: patientVisitors } })
  const held = await Promise.all(Array.from({ length: 16 }, () => heldSearch(at)))
  await untilHeld(at, 16)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = async (path: string, body: string) => {
    const asked = request(`${at.address}${path}`, {
      method: 'POST',
      agent,
      headers: { 'content-length': body.length },
    })
    asked.end(body)
    const [reply] = (await once(asked, 'response')) as [IncomingMessage]
    await text(reply)
    return { status: reply.statusCode, connection: reply.headers.connection, isSame: asked.reusedSocket }
  }
  const path = '/api/v1/books/search'
  assert.deepEqual(await ask(path, '{"query":"emma"}'), {
    status: 503,
    connection: 'keep-alive',
    isSame: false,
  })
  const { isSame, connection } = await ask(path, '{"query":"emma"}')
  assert.deepEqual({ isSame, connection }, { isSame: true, connection: 'keep-alive' })
  assert.equal((await ask(path, ' '.repeat(100_000))).connection, 'close')
  agent.destroy()
  for (const socket of held) socket.destroy()
})

test('what is refused is counted by class from 0 on, and the figures stay small', async () => {
  await using at = await anOpenLibrary({ bounds: { visitors: patientVisitors } })
  const figures = async () => (await fetch(`${at.address}/metrics`)).text()
  const before = await figures()
  for (const traffic of Object.keys(trafficBounds)) {
    assert.ok(before.includes(`bibby_refused_overloaded_total{traffic="${traffic}"} 0`), traffic)
    assert.ok(before.includes(`bibby_request_seconds_count{traffic="${traffic}",class="5xx"} 0`), traffic)
  }
  assert.ok(before.includes('bibby_requests_total{route="/api/v1/me",method="GET",class="5xx"} 0'))
  // Some 450 bytes a route and 200 a verb; a histogram of each route would be seven times as much.
  assert.ok(Buffer.byteLength(before) < 128 * 1_024, `${Buffer.byteLength(before)} bytes`)

  const held = await Promise.all(Array.from({ length: 16 }, () => heldSearch(at)))
  await untilHeld(at, 16)
  await search(at)
  assert.match(await figures(), /bibby_admission\{traffic="visitors",state="running"\} 4/)
  for (const socket of held) socket.destroy()
})

test('who is refused before Fastify looks hears the same as whom Fastify refuses, and is counted the same', async () => {
  await using busy = await aBusyLibrary()
  const { at, authorization } = busy
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization, 'content-type': 'application/json', 'x-request-id': 'this-one' }
    const reply = await fetch(`${at.address}${path}`, { headers, ...init })
    const { date, connection, 'keep-alive': _, ...rest } = Object.fromEntries(reply.headers)
    assert.ok(date)
    return { status: reply.status, headers: rest, body: await reply.json(), connection }
  }
  // An address with a parameter is left to Fastify.
  const byFastify = await ask('/api/v1/books/1')
  assert.equal(byFastify.status, 503)
  const post = { method: 'POST', body: JSON.stringify({ query: 'emma' }) }
  assert.deepEqual(await ask('/api/v1/books/search?from=door', post), byFastify)
  const long = await ask('/api/v1/books/search', {
    ...post,
    body: JSON.stringify({ query: ' '.repeat(100_000) }),
  })
  assert.deepEqual([byFastify.connection, long.connection], ['keep-alive', 'close'])
  assert.equal(at.app.traffic().search.refused, 3)
  const figures = await (await fetch(`${at.address}/metrics`)).text()
  assert.ok(
    figures.includes('bibby_requests_total{route="/api/v1/books/search",method="POST",class="5xx"} 2'),
  )
  assert.ok(
    figures.includes('bibby_request_seconds_count{traffic="search",class="5xx"} 1'),
    'the door takes no time',
  )
})

test('a limit that is reached at the door is reached behind it, and hears the same', async () => {
  // The search that is held is the first of the ten.
  await using busy = await aBusyLibrary({ staffPerMinute: 10 })
  const { at, authorization } = busy
  for (let n = 1; n < 10; n++) assert.equal((await search(at, { authorization })).status, 503, `${n}`)
  const ask = async (path: string, init: RequestInit = {}) => {
    const reply = await fetch(`${at.address}${path}`, { headers: { authorization }, ...init })
    const { retryAfterSeconds, ...told } = (await reply.json()) as Record<string, unknown>
    const seconds = Number(reply.headers.get('retry-after'))
    assert.equal(retryAfterSeconds, seconds)
    assert.ok(seconds > 0 && seconds <= 60, `${seconds}`)
    assert.equal(reply.headers.get('x-ratelimit-limit'), null)
    return { status: reply.status, ...told, instance: '' }
  }
  const atTheDoor = await ask('/api/v1/books/search', { method: 'POST', body: '{"query":"emma"}' })
  assert.equal(atTheDoor.status, 429)
  assert.deepEqual(await ask('/api/v1/books/1'), atTheDoor)
  assert.equal(at.app.traffic().search.refused, 9, 'who has asked too much is not refused by the class')
  const figures = await (await fetch(`${at.address}/metrics`)).text()
  assert.ok(figures.includes('bibby_request_seconds_count{traffic="search",class="4xx"} 1'))
})

test('who is refused has asked all the same: their limit is reached by that, whatever they ask for, and is not another’s behind the same proxy', async () => {
  await using at = await anOpenLibrary({
    limits: { anonymousPerMinute: 5, signInsPerMinute: 3 },
    bounds: { visitors: oneAtOnce },
    trustProxy: 'loopback',
  })
  const bot = { 'x-forwarded-for': '192.0.2.1' }
  const held = await heldSearch(at, 'x-forwarded-for: 192.0.2.1\r\n')
  await untilHeld(at, 1)
  for (let n = 1; n < 5; n++) assert.equal((await search(at, bot)).status, 503, `${n}`)
  assert.equal((await search(at, bot)).status, 429, 'at the door')
  const status = async (path: string, headers: Record<string, string>) =>
    (await fetch(`${at.address}${path}`, { headers })).status
  for (const path of ['/api/v1/branches', '/api/v1/books/1', '/search?query=emma'])
    assert.equal(await status(path, bot), 429, path)
  const other = { 'x-forwarded-for': '192.0.2.2' }
  assert.equal((await search(at, other)).status, 503)
  assert.equal(await status('/api/v1/branches', other), 200)

  // A desk beside the bot: its sign-in has a limit of its own, and its token is not counted with those who have none.
  const login = await at.staff('desk')
  const signInBesideTheBot = async () =>
    fetch(`${at.address}/api/v1/sessions`, {
      method: 'POST',
      headers: { ...bot, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'staff', account: login, password: pagePassword }),
    })
  const signedIn = await signInBesideTheBot()
  assert.ok(signedIn.ok, `${signedIn.status}`)
  const { token } = (await signedIn.json()) as { token: string }
  assert.equal(await status('/api/v1/me', { ...bot, authorization: `Bearer ${token}` }), 200)
  held.destroy()
})

test('a page refused for too many requests asks the database nothing', async () => {
  let asked = 0
  await using at = await anOpenLibrary({
    limits: { anonymousPerMinute: 1 },
    through: (db) => ({
      ...db,
      rows: (statement) => {
        asked += 1
        return db.rows(statement)
      },
    }),
  })
  const page = () => fetch(`${at.address}/search?query=emma`, { headers: { accept: 'text/html' } })
  assert.equal((await page()).status, 200)
  asked = 0
  const refused = await page()
  assert.equal(refused.status, 429)
  const text = await refused.text()
  assert.match(text, /<h1>Too much was asked/)
  const [, stylesheet = ''] = /<link rel="stylesheet" href="([^"]+)"/.exec(text) ?? []
  assert.equal((await fetch(`${at.address}${stylesheet}`)).status, 200, 'it is seen as it should be')
  assert.equal(asked, 0)
})

test('a client that has gone before it was looked at has no address, and is counted like any other', async () => {
  await using at = await anOpenLibrary({ bounds: { visitors: oneAtOnce } })
  const held = await heldSearch(at)
  await untilHeld(at, 1)
  const refuse = () => {
    const request = new IncomingMessage(new Socket())
    Object.assign(request, { method: 'POST', url: '/api/v1/books/search' })
    const response = new ServerResponse(request)
    at.app.server.emit('request', request, response)
    return response.statusCode
  }
  assert.equal(refuse(), 503)
  assert.equal(refuse(), 503)
  held.destroy()
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { trafficBounds } from '../src/http/traffic.ts'
import { anOpenLibrary, aVisitor, type OpenLibrary, pagePassword } from './browser.ts'

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

/** Searches of somebody signed in, as many as may be begun or wait: the next one is refused. */
async function aFullSearch(at: OpenLibrary) {
  const authorization = `Bearer ${await tokenOf(at, await at.staff('desk'))}`
  await fetch(`${at.address}/api/v1/me`, { headers: { authorization } })
  const { runningMax, waitingMax } = trafficBounds.search
  const held = await Promise.all(
    Array.from({ length: runningMax + waitingMax }, () =>
      heldSearch(at, `authorization: ${authorization}\r\n`),
    ),
  )
  await untilHeld(at, held.length, 'search')
  return { authorization, held }
}

test('while bots at the address of the branch hold all that visitors have, its desk, health and its own searches are answered', async () => {
  await using at = await anOpenLibrary()
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
  await using at = await anOpenLibrary()
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
  await using at = await anOpenLibrary()
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
  await using at = await anOpenLibrary()
  const { authorization, held } = await aFullSearch(at)
  const ask = async (body: string) => {
    const reply = await fetch(`${at.address}/api/v1/books/search?from=door`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', 'x-request-id': 'this-one' },
      body,
    })
    const { date, connection, 'keep-alive': _, ...headers } = Object.fromEntries(reply.headers)
    assert.ok(date)
    return { status: reply.status, headers, body: await reply.json(), connection }
  }
  // A long body is left to Fastify.
  const { connection, ...byFastify } = await ask(JSON.stringify({ query: ' '.repeat(100_000) }))
  assert.equal(byFastify.status, 503)
  assert.equal(connection, 'close')
  const { connection: kept, ...atTheDoor } = await ask(JSON.stringify({ query: 'emma' }))
  assert.equal(kept, 'keep-alive')
  assert.deepEqual(atTheDoor, byFastify)
  assert.equal(at.app.traffic().search.refused, 2)
  const figures = await (await fetch(`${at.address}/metrics`)).text()
  assert.ok(
    figures.includes('bibby_requests_total{route="/api/v1/books/search",method="POST",class="5xx"} 2'),
  )
  assert.ok(
    figures.includes('bibby_request_seconds_count{traffic="search",class="5xx"} 1'),
    'the door takes no time',
  )
  for (const socket of held) socket.destroy()
})

test('who is refused has asked all the same: their limit is reached by that, whatever they ask for, and is not another’s behind the same proxy', async () => {
  await using at = await anOpenLibrary({ limits: { anonymousPerMinute: 30 }, trustProxy: 'loopback' })
  const { runningMax, waitingMax } = trafficBounds.visitors
  const inAll = runningMax + waitingMax
  const held = await Promise.all(
    Array.from({ length: inAll }, (_, nth) =>
      heldSearch(at, `x-forwarded-for: 192.0.2.${Math.floor(nth / 16)}\r\n`),
    ),
  )
  await untilHeld(at, inAll)
  const from = (address: string) => ({ 'x-forwarded-for': address })
  const bot = '192.0.2.0'
  for (let spent = 16; spent < 30; spent++)
    assert.equal((await search(at, from(bot))).status, 503, `${spent}`)
  assert.equal((await search(at, from(bot))).status, 429, 'at the door')
  for (const path of ['/api/v1/branches', '/api/v1/books/1', '/search?query=emma'])
    assert.equal((await fetch(`${at.address}${path}`, { headers: from(bot) })).status, 429, path)
  assert.equal((await search(at, from('192.0.2.99'))).status, 503)
  assert.equal((await fetch(`${at.address}/api/v1/branches`, { headers: from('192.0.2.99') })).status, 200)
  for (const socket of held) socket.destroy()
})

test('pages refused by the share of a network spend of its limit too', async () => {
  await using at = await anOpenLibrary({ limits: { anonymousPerMinute: 20 } })
  const held = await Promise.all(Array.from({ length: 16 }, () => heldSearch(at)))
  await untilHeld(at, 16)
  const page = async () => (await fetch(`${at.address}/search?query=emma`)).status
  for (let spent = 16; spent < 20; spent++) assert.equal(await page(), 503, `${spent}`)
  assert.equal(await page(), 429)
  for (const socket of held) socket.destroy()
})

test('a limit that is reached at the door is reached behind it', async () => {
  await using at = await anOpenLibrary({ limits: { staffPerMinute: 140 } })
  const { authorization, held } = await aFullSearch(at)
  const left = 140 - held.length
  for (let n = 0; n < left; n++) assert.equal((await search(at, { authorization })).status, 503, `${n}`)
  assert.equal(at.app.traffic().search.refused, left)
  const atTheDoor = await search(at, { authorization })
  assert.equal(atTheDoor.status, 429)
  assert.equal(
    at.app.traffic().search.refused,
    left,
    'who has asked too much is not counted as refused by the class',
  )
  assert.match(atTheDoor.headers.get('retry-after') ?? '', /^[1-5]?\d$|^60$/)
  const { retryAfterSeconds, ...told } = (await atTheDoor.json()) as Record<string, unknown>
  assert.equal(retryAfterSeconds, Number(atTheDoor.headers.get('retry-after')))
  // An address with a parameter is not known at the door.
  const behind = await fetch(`${at.address}/api/v1/books/1`, { headers: { authorization } })
  assert.equal(behind.status, 429)
  const { retryAfterSeconds: _, ...toldBehind } = (await behind.json()) as Record<string, unknown>
  assert.deepEqual({ ...told, instance: '' }, { ...toldBehind, instance: '' })
  for (const socket of held) socket.destroy()
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { patient } from '../../test/patient.ts'
import { scratch } from '../../test/scratch.ts'
import type { Probe } from '../config/config.ts'
import { ask } from './ask.ts'
import { isNetworkWell, probeOnce } from './probe.ts'
import { keepAsking } from './rounds.ts'

const desk = { token: undefined, password: 'a password' }
function http(url: string, more: object = {}): Probe {
  using at = scratch({
    components: [{ id: 'a', name: 'A', probes: [{ kind: 'http', id: 'p', url, timeoutMs: 1_000, ...more }] }],
  })
  const probe = at.config.components[0]?.probes[0]
  assert.ok(probe)
  return probe
}

test('an answer is judged by its status, its text and its time', async () => {
  await using server = await patient()
  const asked = async (more: object = {}) => probeOnce(http(server.url, more), desk)
  assert.equal((await asked()).outcome, 'ok')
  assert.equal((await asked({ contains: 'well' })).outcome, 'ok')
  assert.match((await asked({ contains: 'ill' })).detail, /lacks what it must contain/)
  assert.match((await asked({ statuses: [204] })).detail, /status 200/)
  server.be((_, response) => void response.writeHead(500).end())
  assert.deepEqual(await asked().then(({ outcome, detail }) => [outcome, detail]), [
    'failed',
    'It answers with status 500.',
  ])
})

test('no answer, half an answer, too long an answer and none in time are failures', async () => {
  await using server = await patient()
  const asked = async (timeoutMs = 1_000) => probeOnce(http(server.url, { timeoutMs }), desk)
  server.be(() => undefined)
  assert.match((await asked(100)).detail, /no answer within 100 ms/)
  server.be((_, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half', () => response.destroy())
  })
  assert.match((await asked()).detail, /broke off|gives no answer/)
  server.be((_, response) => void response.end('x'.repeat(5 * 1024 * 1024)))
  assert.match((await asked(5_000)).detail, /longer than/)
  await server[Symbol.asyncDispose]()
  assert.match((await asked()).detail, /ECONNREFUSED/)
})

test('redirects are followed as far as is allowed, and never to another host', async () => {
  await using server = await patient()
  const to = (location: string) =>
    server.be((request, response) => {
      if (request.url === '/there') response.end('well')
      else response.writeHead(302, { location }).end()
    })
  to('/there')
  assert.equal((await probeOnce(http(server.url), desk)).detail, 'It answers with status 302.')
  assert.equal((await probeOnce(http(server.url, { redirectsMost: 1 }), desk)).outcome, 'ok')
  to('/again')
  assert.match((await probeOnce(http(server.url, { redirectsMost: 2 }), desk)).detail, /more than 2 times/)
  to('http://other.example/')
  assert.match((await probeOnce(http(server.url, { redirectsMost: 2 }), desk)).detail, /another host/)
})

test('a port that takes connections is well, and one without TLS has no certificate', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).end('no tls\n')).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const common = { id: 'p', everyMs: null, timeoutMs: 1_000, host: '127.0.0.1', port }
  assert.equal((await probeOnce({ ...common, kind: 'tcp', slowMs: 1_000 }, desk)).outcome, 'ok')
  assert.match(
    (await probeOnce({ ...common, kind: 'tls', warnDays: 14 }, desk)).detail,
    /certificate is not believed/,
  )
  server.close()
  assert.match((await probeOnce({ ...common, kind: 'tcp', slowMs: 1_000 }, desk)).detail, /ECONNREFUSED/)
})

test('our network is well when enough anchors answer', async () => {
  await using server = await patient()
  const anchor = { kind: 'http', url: server.url, timeoutMs: 500 } as const
  const dead = { kind: 'tcp', host: '127.0.0.1', port: 9, timeoutMs: 500 } as const
  assert.equal(await isNetworkWell({ anchors: [], needed: 1 }), true)
  assert.equal(await isNetworkWell({ anchors: [anchor, dead], needed: 1 }), true)
  assert.equal(await isNetworkWell({ anchors: [anchor, dead], needed: 2 }), false)
})

/** Does it after so many turns of the event loop. */
function turns(count: number, work: () => void): void {
  setImmediate(() => (count === 0 ? work() : turns(count - 1, work)))
}

test('no more are asked at once than is allowed, and all are asked', async () => {
  await using server = await patient()
  let most = 0
  const held: ServerResponse[] = []
  // Nobody is answered before three wait, and a while after: who may come, comes.
  server.be((_, response) => {
    held.push(response)
    most = Math.max(most, held.length)
    if (held.length === 3) turns(50, () => held.splice(0).map((each) => each.end('well')))
  })
  const components = Array.from({ length: 12 }, (_, index) => ({
    id: `c${index}`,
    name: 'C',
    probes: [{ kind: 'http', id: 'p', url: server.url, timeoutMs: 1_000 }],
  }))
  using at = scratch({ atOnceMax: 3, components })
  const stop = new AbortController()
  const told = new Set<string>()
  await keepAsking(
    at.config,
    ({ component }) => {
      told.add(component)
      if (told.size === 12) stop.abort()
    },
    stop.signal,
  )
  assert.equal(told.size, 12)
  assert.equal(most, 3)
})

test('a canary signs in once, asks what is unknown again under the same key, and tells codes and nothing else', async () => {
  await using server = await patient()
  let unknown = 1
  server.be((request, response) => {
    const answer = (status: number, body: object) => void response.writeHead(status).end(JSON.stringify(body))
    if (request.url?.endsWith('/sessions')) answer(201, { token: 'T' })
    else if (unknown-- > 0) answer(504, { code: 'commit-unknown' })
    else if (request.url?.endsWith('/loans')) answer(201, {})
    else answer(200, {})
  })
  const loan = {
    kind: 'loan',
    id: 'p',
    timeoutMs: 2_000,
    url: server.url,
    account: 'desk',
    password: { env: 'P' },
    card: '1',
    barcode: '2',
  }
  using at = scratch({ components: [{ id: 'a', name: 'A', probes: [loan] }] })
  const probe = at.config.components[0]?.probes[0]
  assert.ok(probe)
  const kept = { ...desk }
  assert.equal((await probeOnce(probe, kept)).outcome, 'ok')
  const [, first, again, back] = server.requests
  assert.equal(first?.headers['idempotency-key'], again?.headers['idempotency-key'])
  assert.notEqual(again?.headers['idempotency-key'], back?.headers['idempotency-key'])
  await probeOnce(probe, kept)
  assert.equal(server.requests.filter(({ path }) => path.endsWith('/sessions')).length, 1)
  server.be(
    (_, response) => void response.writeHead(503).end(JSON.stringify({ code: '<script>', detail: 'secret' })),
  )
  assert.equal((await probeOnce(probe, kept)).detail, 'A canary loan fails at lending: status 503.')
})

test('a question has a deadline for all of it', async () => {
  await using server = await patient()
  server.be((_, response) => void response.write('slow'))
  await assert.rejects(ask(server.url, { timeoutMs: 100 }), /no answer within 100 ms/)
})

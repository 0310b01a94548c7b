import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { apiAccess } from '../src/http/access.ts'
import { sql } from '../src/postgres/sql.ts'
import { aServedLibrary, bearing, patient, type ServedLibrary } from './api-fixtures.ts'

type Schema = {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  const?: unknown
  enum?: unknown[]
  format?: string
  pattern?: string
  minimum?: number
}
type Operation = {
  parameters?: { name: string; in: string; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}
type Route = { method: string; path: string; operation: Operation }

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

/** Values that a field never expects; none of them may be more than a 4xx. */
const odd: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  '',
  ' ',
  'x'.repeat(70_000),
  'a\u0000b',
  'a\u001bb',
  '\ud800',
  '\u202e\u2028',
  '%_\\.*',
  "'; drop table loan; --",
  '9007199254740993',
  'NaN',
  'Infinity',
  '0x10',
  '2026-02-30',
  '99999-01-01',
  'infinity',
  '😀'.repeat(200),
  [],
  [[]],
  Array.from({ length: 1_000 }, () => 'x'),
  {},
  { toString: 'x', constructor: { prototype: {} } },
]

/** Bodies that are no JSON object of ours at all. */
const oddBodies: readonly { payload: string | Buffer; type?: string; headers?: object }[] = [
  { payload: '' },
  { payload: '{' },
  { payload: 'null' },
  { payload: '[]' },
  { payload: '"x"' },
  { payload: '123' },
  { payload: '{"__proto__": {"x": 1}}' },
  { payload: '{"constructor": {"prototype": {"x": 1}}}' },
  { payload: deep(100_000) },
  { payload: `{"x":${deep(50_000)}}` },
  { payload: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]) },
  { payload: Buffer.from('7b227822003a317d', 'hex') },
  { payload: `{"x":"${'y'.repeat(1_100_000)}"}` },
  { payload: '{}', type: 'text/plain' },
  { payload: 'a=b&c=%00', type: 'application/x-www-form-urlencoded' },
  { payload: '--x\r\n\r\n', type: 'multipart/form-data' },
  { payload: '--x\r\ncontent-disposition: form-data\r\n', type: 'multipart/form-data; boundary=x' },
  { payload: '{}', type: 'application/json; charset=utf-7' },
  { payload: '{}', type: `application/${'x'.repeat(5_000)}` },
  { payload: Buffer.from('1f8b08000000', 'hex'), headers: { 'content-encoding': 'gzip' } },
  { payload: '{}', headers: { 'idempotency-key': 'ü' } },
  { payload: '{}', headers: { 'idempotency-key': 'x'.repeat(201) } },
  { payload: '{}', headers: { 'x-request-id': '\u001b[31m'.repeat(50) } },
]

async function routesOf(at: ServedLibrary): Promise<Route[]> {
  const document = (await at.app.inject('/api/openapi.json')).json()
  return Object.keys(apiAccess).map((key) => {
    const [method = '', url = ''] = key.split(' ')
    const described = url.replaceAll(/:(\w+)/g, '{$1}')
    const operation = document.paths[described]?.[method.toLowerCase()]
    assert.ok(operation, `${key} is not described`)
    return { method, path: described, operation }
  })
}

function example(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf?.[0]) return example(schema.anyOf[0])
  if (schema.type === 'object') {
    const required = Object.entries(schema.properties ?? {}).filter(([name]) =>
      schema.required?.includes(name),
    )
    return Object.fromEntries(required.map(([name, part]) => [name, example(part)]))
  }
  if (schema.type === 'array') return []
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 1
  if (schema.type === 'boolean') return true
  if (schema.format === 'day') return '2026-03-09'
  return 'x'
}

function bodySchema({ operation }: Route): Schema | undefined {
  return operation.requestBody?.content['application/json']?.schema
}

function addressOf({ path, operation }: Route, over: Record<string, string> = {}): string {
  const parameters = operation.parameters ?? []
  const value = (name: string, schema: Schema) => over[name] ?? encodeURIComponent(String(example(schema)))
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const found = parameters.find((each) => each.in === 'path' && each.name === name)
    return value(name, found?.schema ?? {})
  })
  const query = parameters
    .filter((each) => each.in === 'query' && (each.name in over || example(each.schema) !== 'x'))
    .map((each) => `${each.name}=${value(each.name, each.schema)}`)
  return query.length > 0 ? `${filled}?${query.join('&')}` : filled
}

function assertCivil(answer: LightMyRequestResponse, what: string): void {
  assert.ok(answer.statusCode < 500, `${what}: ${answer.statusCode} ${answer.body.slice(0, 300)}`)
  if (answer.statusCode < 400) return
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/, what)
  const told = answer.json()
  assert.equal(told.status, answer.statusCode, what)
  for (const part of ['type', 'title', 'code', 'detail', 'next', 'instance']) {
    assert.equal(typeof told[part], 'string', `${what}: ${part}`)
  }
}

/** Signing out would end the fuzzing; it is fuzzed without a token. */
const isSignOut = ({ method, path }: Route) => method === 'DELETE' && path === '/api/v1/sessions'

async function fuzzed(at: ServedLibrary): Promise<(request: InjectOptions, what: string) => Promise<void>> {
  const headers = bearing(await at.tokenOf('operator'))
  return async (request, what) => {
    const answer = await at.app.inject({ ...request, headers: { ...headers, ...request.headers } })
    assertCivil(answer, `${request.method} ${String(request.url).slice(0, 200)} ${what.slice(0, 200)}`)
    if (request.method === 'GET' || answer.statusCode >= 400) return
    // Else all that follow would only hear that writing is halted.
    await at.db.rows(sql`
      update fence set mode = 'normal', halted_verbs = '{}' where mode <> 'normal' or halted_verbs <> '{}'
    `)
  }
}

test('no body, however broken, is more than the sender’s mistake', { timeout: 300_000 }, async () => {
  await using at = await aServedLibrary({ bounds: patient, limits: { signInsPerMinute: 1_000_000 } })
  const ask = await fuzzed(at)
  for (const route of (await routesOf(at)).filter((each) => !isSignOut(each))) {
    if (route.method === 'GET') continue
    const base = { method: route.method as 'POST', url: addressOf(route) }
    for (const { payload, type = 'application/json', headers } of oddBodies) {
      await ask({ ...base, payload, headers: { 'content-type': type, ...headers } }, String(payload))
    }
    const schema = bodySchema(route)
    const whole = (schema ? example(schema) : {}) as Record<string, unknown>
    for (const name of [...Object.keys(schema?.properties ?? {}), 'unheardOf']) {
      for (const value of odd)
        await ask({ ...base, payload: { ...whole, [name]: value } }, `${name}=${JSON.stringify(value)}`)
    }
  }
})

test('no address, however broken, is more than the sender’s mistake', { timeout: 300_000 }, async () => {
  await using at = await aServedLibrary({ bounds: patient, limits: { signInsPerMinute: 1_000_000 } })
  const ask = await fuzzed(at)
  const parts = ['%00', '%', '%zz', '%ff%fe', '..%2f..', '%F0%9F%98%80', '-1', '0', '1e9', '9'.repeat(30)]
  for (const route of (await routesOf(at)).filter((each) => !isSignOut(each))) {
    const base = { method: route.method as 'POST', ...(route.method === 'GET' ? {} : { payload: {} }) }
    for (const { name } of route.operation.parameters ?? []) {
      for (const part of [...parts, '', 'x'.repeat(3_000), '%27%3B--', 'NaN', '2026-02-30', '1.5', 'null']) {
        await ask({ ...base, url: addressOf(route, { [name]: part }) }, `${name}=${part}`)
      }
    }
    const address = addressOf(route)
    const mark = address.includes('?') ? '&' : '?'
    for (const query of [
      'x=1',
      'x',
      '%00=%00',
      '__proto__[x]=1',
      'limit=1&limit=2',
      `q=${'y'.repeat(5_000)}`,
    ]) {
      await ask({ ...base, url: `${address}${mark}${query}` }, query)
    }
    for (const method of ['TRACE', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const) {
      if (method === 'DELETE' && route.path === '/api/v1/sessions') continue
      await ask({ method: method as 'PUT', url: address, payload: {} }, 'by another method')
    }
  }
})

test('any JSON at all is answered by every route', { timeout: 300_000 }, async () => {
  await using at = await aServedLibrary({ bounds: patient, limits: { signInsPerMinute: 1_000_000 } })
  const ask = await fuzzed(at)
  const routes = (await routesOf(at)).filter((each) => each.method !== 'GET' && !isSignOut(each))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...routes), fc.jsonValue({ maxDepth: 4 }), async (route, value) => {
      const names = Object.keys(bodySchema(route)?.properties ?? {})
      const spread = typeof value === 'object' && value !== null ? Object.values(value) : [value]
      const named = Object.fromEntries(names.map((name, index) => [name, spread[index % spread.length]]))
      const payload = JSON.stringify(names.length > 0 ? named : value)
      const headers = { 'content-type': 'application/json' }
      await ask({ method: route.method as 'POST', url: addressOf(route), payload, headers }, payload)
    }),
    { numRuns: 400 },
  )
})

test('bytes that are no HTTP, and requests that never end, are answered and let go', async () => {
  await using at = await aServedLibrary({
    limits: { headersMs: 500, handlerMs: 1_000, idleConnectionMs: 4_000 },
  })
  const { port } = new URL(await at.app.listen({ port: 0, host: '127.0.0.1' }))
  const status = (bytes: string) => raw(port, bytes).then((text) => text.slice(9, 12))
  assert.equal(await status('\u0000\u0001\u0002\r\n\r\n'), '400')
  assert.equal(await status('GET /\u0000 HTTP/1.1\r\nhost: x\r\n\r\n'), '400')
  assert.equal(await status(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`), '431')
  assert.equal(
    await status('GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'),
    '400',
  )
  assert.equal(
    await status('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n'),
    '400',
  )
  const slow =
    'POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{'
  assert.equal(await status(slow), '408')
  assert.match(await raw(port, slow), /application\/problem\+json/)
})

/** Sends bytes and gives what came back until the server closed the connection. */
function raw(port: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes, 'latin1'))
    socket.setEncoding('utf8')
    socket.on('data', (part) => {
      text += part
      if (/^HTTP\/1\.1 \d{3}[\s\S]*connection: close[\s\S]*\r\n\r\n/i.test(text)) socket.end()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

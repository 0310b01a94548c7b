import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { temporaryHome } from './bibby-process.ts'

test('a PostgreSQL older than 15 is refused in a sentence', async () => {
  await using old = await mockServer('140011')
  await using home = await temporaryHome()
  const { code, stderr } = await home.start({ BIBBY_DATABASE_URL: old.url }).ended
  assert.equal(code, 1, stderr)
  assert.match(
    stderr,
    /^The database of BIBBY_DATABASE_URL is PostgreSQL 14; Bibby needs 15 or newer\. \(BIBBY_DATABASE_UNSUITABLE\)\n$/,
  )
  await using young = await mockServer('150000')
  const other = await home.start({ BIBBY_DATABASE_URL: young.url }).ended
  assert.doesNotMatch(other.stderr, /Bibby needs 15/, 'the first that will do')
})

/**
 * A mock, the only one of a database here, for what the machine cannot have: it speaks the start of PostgreSQL's
 * protocol, says which version it is to the one question that is asked at the start, and hangs up on every other.
 */
async function mockServer(version: string): Promise<AsyncDisposable & { readonly url: string }> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    let asked = 0
    socket.once('data', () => {
      socket.write(Buffer.concat([message('R', int32(0)), message('Z', Buffer.from('I'))]))
      socket.on('data', (bytes) => {
        if (!bytes.includes('server_version_num') || asked++ > 0) socket.destroy()
        else socket.write(answer(version))
      })
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `postgresql://clerk@127.0.0.1:${port}/library`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}

const typeOf = { int: 23, text: 25, bool: 16, texts: 1009 }

/** Parsed, bound, described, one row, complete, ready. Source: PostgreSQL, Message Formats. */
function answer(version: string): Buffer {
  const columns: readonly (readonly [string, number, string])[] = [
    ['version', typeOf.int, version],
    ['encoding', typeOf.text, 'UTF8'],
    ['standby', typeOf.bool, 'f'],
    ['may_create', typeOf.bool, 't'],
    ['absent', typeOf.texts, '{}'],
    ['forbidden', typeOf.texts, '{}'],
  ]
  const described = columns.map(([name, type]) =>
    Buffer.concat([
      Buffer.from(`${name}\0`),
      int32(0),
      int16(0),
      int32(type),
      int16(-1),
      int32(-1),
      int16(0),
    ]),
  )
  const values = columns.map(([, , value]) => Buffer.concat([int32(value.length), Buffer.from(value)]))
  return Buffer.concat([
    message('1', Buffer.alloc(0)),
    message('2', Buffer.alloc(0)),
    message('T', Buffer.concat([int16(columns.length), ...described])),
    message('D', Buffer.concat([int16(columns.length), ...values])),
    message('C', Buffer.from('SELECT 1\0')),
    message('Z', Buffer.from('I')),
  ])
}

function message(kind: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(kind), int32(body.length + 4), body])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

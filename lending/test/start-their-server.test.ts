import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type EmbeddedServer, initialise, startServer } from '../src/postgres/embedded.ts'
import { serverIdentity } from '../src/postgres/unprivileged.ts'
import { signIn, temporaryHome } from './bibby-process.ts'

const programs = '/usr/lib/postgresql/15/bin'
const skip = !existsSync(join(programs, 'initdb')) && `no PostgreSQL 15 in ${programs}`

/** The machine's own PostgreSQL 15 in a folder of its own; `url` names a database on it as the superuser. */
async function theirServer(): Promise<AsyncDisposable & { url: (database: string) => string; sql: Sql }> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-their-'))
  const identity = await serverIdentity()
  if (identity) await chown(folder, identity.uid, identity.gid)
  let server: EmbeddedServer | undefined
  try {
    await initialise(join(folder, 'data'), programs, identity)
    await mkdir(join(folder, 'socket'))
    if (identity) await chown(join(folder, 'socket'), identity.uid, identity.gid)
    const settings = { fsync: 'off', unix_socket_permissions: '0777' }
    const rest = identity ? { identity } : {}
    server = await startServer({
      folder: join(folder, 'data'),
      socketFolder: join(folder, 'socket'),
      programs,
      settings,
      ...rest,
    })
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  const host = encodeURIComponent(server.socketFolder)
  const url = (database: string, user = 'bibby') => `postgresql://${user}@${host}/${database}`
  const { stop } = server
  return {
    url,
    sql: (database, text) =>
      execFileSync(
        join(programs, 'psql'),
        ['-h', join(folder, 'socket'), '-U', 'bibby', '-XAtqc', text, database],
        {
          encoding: 'utf8',
        },
      ).trim(),
    [Symbol.asyncDispose]: async () => {
      await stop('immediate')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
type Sql = (database: string, text: string) => string

test('two Bibbys share a PostgreSQL 15 of the operator’s own; one founds the library, both serve it', {
  skip,
}, async () => {
  await using server = await theirServer()
  server.sql('postgres', 'create database library')
  await using one = await temporaryHome('one')
  await using other = await temporaryHome('other')
  const env = { BIBBY_DATABASE_URL: server.url('library') }
  const both = [one.start(env), other.start(env)]
  const addresses = await Promise.all(both.map(({ ready }) => ready))
  for (const address of addresses) assert.equal((await fetch(`${address}actuator/health`)).status, 200)
  assert.equal(server.sql('library', 'select count(*) from library'), '1')
  assert.equal(server.sql('library', 'select count(*) from staff'), '1')
  const tokens = await Promise.allSettled(
    [one, other].map(({ data }) => signIn(addresses[0] ?? '', data, 'operator')),
  )
  assert.equal(
    tokens.filter(({ status }) => status === 'fulfilled').length,
    1,
    'only the founder made up a password',
  )
  for (const bibby of both) {
    bibby.kill('SIGTERM')
    assert.equal((await bibby.ended).code, 0)
  }
  assert.equal(server.sql('library', 'select count(*) from library'), '1', 'their server is left running')
})

test('a database that cannot carry a library is refused in a sentence that shows nothing of its address', {
  skip,
}, async () => {
  await using server = await theirServer()
  server.sql('postgres', "create database latin encoding 'LATIN1' locale 'C' template template0")
  server.sql('postgres', 'create role clerk login')
  server.sql('postgres', 'create database closed')
  server.sql('postgres', 'create database shut; ')
  server.sql('closed', 'create extension pg_trgm; create extension fuzzystrmatch')
  const cases: [string, RegExp][] = [
    [server.url('nowhere'), /does not exist on that PostgreSQL.*BIBBY_DATABASE_REFUSED/],
    [server.url('latin'), /is encoded in LATIN1.*BIBBY_DATABASE_UNSUITABLE/],
    [
      server.url('closed').replace('bibby@', 'clerk@'),
      /does not let its user make tables.*BIBBY_DATABASE_UNSUITABLE/,
    ],
    [
      server.url('shut').replace('bibby@', 'clerk@'),
      /make the extensions pg_trgm and fuzzystrmatch.*BIBBY_DATABASE_UNSUITABLE/,
    ],
    [
      'postgresql://clerk:hunter2@127.0.0.1:1/library',
      /does not answer \(ECONNREFUSED\).*BIBBY_DATABASE_REFUSED/,
    ],
    [
      'postgresql://clerk:hunter2@no-such-host.invalid/library',
      /does not answer \((?:ENOTFOUND|EAI_AGAIN)\).*BIBBY_DATABASE_REFUSED/,
    ],
  ]
  await using home = await temporaryHome()
  for (const [url, said] of cases) {
    const { code, stderr } = await home.start({ BIBBY_DATABASE_URL: url }).ended
    assert.equal(code, 1, stderr)
    assert.match(stderr, said)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
    assert.doesNotMatch(stderr, /hunter2|clerk|invalid|bibby-their/)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signIn, temporaryHome } from './bibby-process.ts'
import { noTheirServer as skip, theirServer } from './their-server.ts'

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

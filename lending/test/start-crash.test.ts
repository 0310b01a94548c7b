import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chown, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { runningPostmaster, untilGone } from '../src/postgres/postmaster.ts'
import { type Home, signIn, temporaryHome } from './bibby-process.ts'

const kills = 10
const desks = 4
const acknowledgedMax = 25

test('Bibby is killed ten times while desks write, with and without its database: every acknowledged write is there', async (t) => {
  await using home = await temporaryHome()
  const acknowledged: string[] = []
  for (let kill = 1; kill <= kills; kill++) {
    const bibby = home.start()
    const address = await bibby.ready
    await assertAllThere(home, acknowledged)
    const token = await signIn(address, home.data, 'operator')
    const target = acknowledged.length + randomInt(acknowledgedMax)
    const server = await home.serverPid()
    const dead = new AbortController()
    const register = async () => {
      while (!dead.signal.aborted) {
        const card = await registerPatron(address, token)
        if (card) acknowledged.push(card)
        if (acknowledged.length < target || dead.signal.aborted) continue
        dead.abort()
        // Every second time the database is shot first; the others find it alive and take it over.
        if (kill % 2 === 0 && server) process.kill(server, 'SIGKILL')
        bibby.kill('SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: desks }, register))
    const { signal } = await bibby.ended
    assert.equal(signal, 'SIGKILL')
    if (kill % 2 === 1) assert.equal(await home.serverPid(), server, 'the database outlives its Bibby')
  }
  const scratch = join(home.data, 'backup-scratch-999999999')
  await mkdir(scratch)
  const last = home.start()
  await last.ready
  await assertAllThere(home, acknowledged)
  last.kill('SIGINT')
  assert.equal((await last.ended).code, 0)
  assert.equal(await home.serverPid(), undefined)
  await assert.rejects(stat(scratch), { code: 'ENOENT' }, 'what a killed backup left goes, too')
  t.diagnostic(`${acknowledged.length} acknowledged writes over ${kills} kills`)
})

/** The card, once the desk was told that the patron is registered. */
async function registerPatron(address: string, token: string): Promise<string | undefined> {
  try {
    const reply = await fetch(`${address}api/v1/patrons`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'idempotency-key': randomUUID(),
      },
      body: JSON.stringify({ category: 'adult', branch: 'main', givenName: 'Ada', familyName: 'Lovelace' }),
    })
    const text = await reply.text()
    assert.ok(reply.ok, text)
    return (JSON.parse(text) as { card: string }).card
  } catch (error) {
    if (error instanceof assert.AssertionError && !/"status":5/.test(error.message)) throw error
    return undefined
  }
}

async function assertAllThere(home: Home, acknowledged: readonly string[]): Promise<void> {
  const db = await home.connect()
  const { rows } = await db.query<{ missing: string }>(
    'select card as missing from unnest($1::text[]) as card where card not in (select card from patron)',
    [acknowledged],
  )
  await db.end()
  assert.deepEqual(rows, [])
}

test('a first start that is killed while it makes the database is made good by the next', async () => {
  await using home = await temporaryHome()
  const first = home.start()
  await first.said('Making the database')
  first.kill('SIGKILL')
  await first.ended
  const second = home.start()
  await second.ready
  assert.deepEqual(
    (await readdir(home.data)).filter((name) => name.includes('.new-')),
    [],
  )
})

test('a first start that is killed while it loads the sample goes on, and loads nothing twice', async () => {
  await using home = await temporaryHome()
  for (const word of ['title 1 of', 'title 81 of', 'title 241 of']) {
    const bibby = home.start({ BIBBY_SAMPLE: 'yes' })
    await bibby.said(word)
    bibby.kill('SIGKILL')
    await bibby.ended
  }
  const last = home.start({ BIBBY_SAMPLE: 'yes' })
  await signIn(await last.ready, home.data, 'manager')
  const db = await home.connect()
  const { rows } = await db.query(`
    select count(*)::int as titles, count(distinct control_number)::int as different,
      (select count(*)::int from staff) as staff, (select count(*)::int from patron) as patrons from title
  `)
  await db.end()
  const titles = (await readFile(new URL('../src/sample/titles.tsv', import.meta.url), 'utf8'))
    .trim()
    .split('\n')
  assert.deepEqual(rows, [{ titles: titles.length - 1, different: titles.length - 1, staff: 4, patrons: 25 }])
})

test('lock files of a crash whose process number now belongs to another program do not keep the doors shut', async () => {
  await using home = await temporaryHome()
  const first = home.start()
  await first.ready
  const server = await home.serverPid()
  assert.ok(server)
  const files = [
    join(home.data, 'postgres', 'postmaster.pid'),
    join(home.data, 'socket', '.s.PGSQL.5432.lock'),
  ]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  first.kill('SIGKILL')
  process.kill(server, 'SIGKILL')
  await Promise.all([first.ended, untilGone(server, 10_000)])
  const { uid, gid } = await stat(join(home.data, 'postgres'))
  // A program of the same user, which waits for its input: PostgreSQL takes it for a server of its own.
  const other = spawn('/bin/cat', {
    ...(process.getuid?.() === 0 ? { uid, gid } : {}),
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  try {
    for (const [index, file] of files.entries()) {
      await writeFile(file, (texts[index] ?? '').replace(String(server), String(other.pid)))
      await chown(file, uid, gid)
    }
    const second = home.start()
    await second.ready
    assert.notEqual(await home.serverPid(), server)
  } finally {
    other.stdin.end()
  }
})

test('when the database dies under a running Bibby it is started again, and writes go on', async () => {
  await using home = await temporaryHome()
  const bibby = home.start()
  const address = await bibby.ready
  const token = await signIn(address, home.data, 'operator')
  const server = await home.serverPid()
  assert.ok(server && (await registerPatron(address, token)))
  process.kill(server, 'SIGKILL')
  await bibby.said('The database is back')
  assert.notEqual(await home.serverPid(), server)
  assert.equal((await fetch(`${address}actuator/health`)).status, 200)
  assert.ok(await registerPatron(address, token))
  // And it is still the only one.
  assert.equal((await home.start().ended).code, 3)
  bibby.kill('SIGINT')
  assert.equal((await bibby.ended).code, 0)
  assert.equal(await home.serverPid(), undefined)
})

test('a second Ctrl-C hurries, and loses nothing', async () => {
  await using home = await temporaryHome()
  const bibby = home.start()
  const address = await bibby.ready
  const card = await registerPatron(address, await signIn(address, home.data, 'operator'))
  assert.ok(card)
  // Half a request that never ends: closing in order would wait ten seconds for it.
  const stuck = fetch(`${address}api/v1/books/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    duplex: 'half',
    body: new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('{"qu')) }),
  }).catch(() => undefined)
  await fetch(`${address}actuator/health/liveness`)
  bibby.kill('SIGINT')
  await bibby.said('Closing')
  // npm hands on what the terminal sent as well: within half a second that is the same Ctrl-C, so this one is later.
  await once(AbortSignal.timeout(700), 'abort')
  bibby.kill('SIGINT')
  assert.equal((await bibby.ended).code, 0)
  await stuck
  assert.equal(await runningPostmaster(join(home.data, 'postgres')), undefined)
  const next = home.start()
  await next.ready
  await assertAllThere(home, [card])
})

test('a database that cannot be started again is tried so often, and then Bibby ends and says where to look', async () => {
  await using home = await temporaryHome()
  const bibby = home.start()
  await bibby.ready
  const control = join(home.data, 'postgres', 'global', 'pg_control')
  await rename(control, `${control}.away`)
  process.kill((await home.serverPid()) ?? 0, 'SIGKILL')
  const { code, stderr } = await bibby.ended
  assert.equal(code, 1)
  assert.equal(stderr.match(/PostgreSQL did not start: /g)?.length, 6, stderr)
  assert.match(
    stderr,
    /The database ended 6 times in a row\. Look into postgres\.log [^\n]+\(BIBBY_POSTGRESQL_FAILED\)\n$/,
  )
  // Put back, it goes on where it was.
  await rename(`${control}.away`, control)
  const again = home.start()
  await again.ready
  again.kill('SIGTERM')
  assert.equal((await again.ended).code, 0)
})

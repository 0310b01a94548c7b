import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { runningPostmaster } from '../src/postgres/postmaster.ts'
import { signIn, temporaryHome } from './bibby-process.ts'

test('from nothing to a library: one start, the sample once, accounts that work and can be changed, closed in order', async () => {
  await using home = await temporaryHome()
  const first = home.start({ BIBBY_SAMPLE: 'yes' })
  const address = await first.ready
  assert.equal((await fetch(`${address}actuator/health/readiness`)).status, 200)
  for (const account of ['operator', 'desk', '29000000000015'])
    assert.ok(await signIn(address, home.data, account))
  const file = join(home.data, 'sign-in.txt')
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const kept = (await readFile(file, 'utf8'))
    .split('\n')
    .filter((line) => /^\w+ {2,20}\S+-\S+ {2}/.test(line))
  assert.equal(kept.length, 5)
  const headers = {
    authorization: `Bearer ${await signIn(address, home.data, 'operator')}`,
    'content-type': 'application/json',
  }
  const body = JSON.stringify({ password: 'not that of the file' })
  const changed = [
    await fetch(`${address}api/v1/staff/manager/password`, { method: 'POST', headers, body }),
    await fetch(`${address}api/v1/staff/cataloguer`, { method: 'DELETE', headers, body: '{}' }),
    await fetch(`${address}api/v1/patrons/29000000000015/password`, { method: 'POST', headers, body }),
  ]
  for (const { status } of changed) assert.equal(status, 200)
  const db = await home.connect()
  const counts = async () => (await db.query(countsOfSample)).rows[0]
  const loaded = await counts()
  assert.ok(loaded.titles >= 300 && loaded.copies >= 450 && loaded.patrons === 25, JSON.stringify(loaded))
  assert.ok(loaded.overdue >= 3 && loaded.waiting >= 3 && loaded.on_shelf >= 2 && loaded.in_transit >= 1)
  assert.ok(loaded.owed >= 1 && loaded.branches === 2)
  await db.end()
  first.kill('SIGINT')
  const { code, stdout, stderr } = await first.ended
  assert.deepEqual(
    { code, stderr, serverPid: await home.serverPid() },
    { code: 0, stderr: '', serverPid: undefined },
  )
  for (const line of kept) assert.ok(stdout.includes(line), line)

  const second = home.start({ BIBBY_SAMPLE: 'yes' })
  await second.ready
  const again = await home.connect()
  assert.deepEqual((await again.query(countsOfSample)).rows[0], loaded)
  await again.end()
  second.kill('SIGTERM')
  const ended = await second.ended
  assert.equal(ended.code, 0)
  assert.doesNotMatch(ended.stdout, /Loading|Making/)
  // What was changed or removed since is no way to sign in any more, so it is not told as one.
  const told = kept.filter((line) => ended.stdout.includes(line)).map((line) => line.split(' ')[0])
  assert.deepEqual(told, ['operator', 'desk'])
})

const countsOfSample = `
  select (select count(*)::int from title) as titles, (select count(*)::int from copy) as copies,
    (select count(*)::int from patron) as patrons, (select count(*)::int from branch) as branches,
    (select count(*)::int from journal) as journal,
    (select count(*)::int from loan where returned_at is null and due_at < now()) as overdue,
    (select count(*)::int from hold where state = 'waiting') as waiting,
    (select count(*)::int from hold where state = 'on-shelf') as on_shelf,
    (select count(*)::int from hold where state = 'in-transit') as in_transit,
    (select count(distinct patron_id)::int from fine_line) as owed`

test('a second start on the same data is told who has it, and harms nothing', {
  timeout: 120_000,
}, async () => {
  await using home = await temporaryHome()
  const first = home.start()
  const address = await first.ready
  for (const port of ['0', new URL(address).port]) {
    const { code, stderr } = await home.start({ BIBBY_PORT: port }).ended
    assert.equal(code, 3)
    assert.match(
      stderr,
      /^Bibby already runs on .*: process \d+, since 20.*, at http:.*\(BIBBY_ALREADY_RUNNING\)\n$/,
    )
    assert.ok(stderr.includes(`process ${first.pid},`) && stderr.includes(`at ${address}.`), stderr)
  }
  assert.equal((await fetch(`${address}actuator/health/readiness`)).status, 200)
})

test('of two first starts at once one serves and the other is told', { timeout: 120_000 }, async () => {
  await using home = await temporaryHome()
  const both = [home.start(), home.start()]
  const firstToEnd = await Promise.race(both.map(({ ended }) => ended))
  assert.equal(firstToEnd.code, 3, firstToEnd.stderr)
  assert.match(firstToEnd.stderr, /^Bibby already runs on [^\n]+\(BIBBY_ALREADY_RUNNING\)\n$/)
  const address = await Promise.any(both.map(({ ready }) => ready))
  assert.equal((await fetch(`${address}actuator/health/readiness`)).status, 200)
})

test('a taken port is said before anything is made', async () => {
  await using home = await temporaryHome()
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as { port: number }
  const { code, stderr } = await home.start({ BIBBY_PORT: String(port) }).ended
  other.close()
  assert.equal(code, 1)
  assert.equal(
    stderr,
    `Port ${port} on 127.0.0.1 is taken by another program. Stop it, or set BIBBY_PORT to another port (0 lets the system choose). (BIBBY_PORT_TAKEN)\n`,
  )
})

test('wrong settings are all told at once, by name and not by value', async () => {
  await using home = await temporaryHome()
  const { code, stderr } = await home.start({
    BIBBY_PROT: 'hunter2',
    BIBBY_HOST: '',
    BIBBY_SAMPLE: 'hunter3',
  }).ended
  assert.equal(code, 2)
  assert.match(stderr, /BIBBY_PROT\. Did you mean BIBBY_PORT\?/)
  assert.match(stderr, /BIBBY_HOST must be/)
  assert.match(stderr, /BIBBY_SAMPLE must be/)
  assert.doesNotMatch(stderr, /hunter/)
})

test('a request that is under way when Bibby is told to stop gets its answer; then nothing is left running', async () => {
  await using home = await temporaryHome()
  const bibby = home.start()
  const address = await bibby.ready
  const token = await signIn(address, home.data, 'operator')
  const { promise: restWanted, resolve: sendRest } = Promise.withResolvers<void>()
  const ask = JSON.stringify({ code: 'map', name: 'Map' })
  const reply = fetch(`${address}api/v1/item-types`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    duplex: 'half',
    body: new ReadableStream({
      start: async (controller) => {
        controller.enqueue(Buffer.from(ask.slice(0, 5)))
        await restWanted
        controller.enqueue(Buffer.from(ask.slice(5)))
        controller.close()
      },
    }),
  })
  // Answered after the half request was sent on its way, so the server has that one in hand.
  await fetch(`${address}actuator/health/liveness`)
  bibby.kill('SIGTERM')
  await bibby.said('Closing')
  sendRest()
  assert.equal((await reply).status, 201)
  assert.equal((await bibby.ended).code, 0)
  assert.equal(await home.serverPid(), undefined)
})

test('a path too long for a socket gets one elsewhere, and leaves nothing there', async () => {
  await using home = await temporaryHome(`${'long-'.repeat(30)}/data`)
  const bibby = home.start()
  const address = await bibby.ready
  assert.equal((await fetch(`${address}actuator/health/readiness`)).status, 200)
  const folder = (await runningPostmaster(join(home.data, 'postgres')))?.socketFolder ?? ''
  assert.match(folder, /^\/tmp\/bibby-[0-9a-f]{24}$/)
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
  bibby.kill('SIGTERM')
  assert.equal((await bibby.ended).code, 0)
  await assert.rejects(stat(folder), { code: 'ENOENT' })
})

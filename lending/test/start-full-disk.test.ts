import assert from 'node:assert/strict'
import { chown, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryHome } from './bibby-process.ts'
import { mounted, noSmallDisk, resized } from './small-disk.ts'
import { noTheirServer, theirServer } from './their-server.ts'

const full = /^The disk that holds \S+ is full[^\n]+\(BIBBY_DISK_FULL\)\n$/

test('a disk without room is said in a sentence before anything is made', { skip: noSmallDisk }, async () => {
  await using home = await temporaryHome()
  await using _ = await mounted(home.data, 'mode=755,size=8m')
  const { code, stderr } = await home.start().ended
  assert.equal(code, 1, stderr)
  assert.match(stderr, full)
})

// A new database takes 38 MB and its tables 6 more: these sizes are met while files, database and tables are made.
for (const size of ['24m', '39m', '42m']) {
  test(`a disk of ${size} that filled up on the way is said in a sentence, and the next start makes the library`, {
    skip: noSmallDisk,
    timeout: 60_000,
  }, async () => {
    await using home = await temporaryHome()
    await using _ = await mounted(home.data, 'mode=755,size=208m')
    // Room at the first look, and taken by somebody else by the time that it is needed.
    const bibby = home.start()
    await bibby.said('Making the database')
    resized(home.data, size)
    const { code, stderr } = await bibby.ended
    assert.equal(code, 1, stderr)
    assert.match(stderr, full)
    const left = (await readdir(home.data)).filter((name) => name.startsWith('postgres.new'))
    assert.deepEqual(left, [])
    resized(home.data, '408m')
    const again = home.start()
    await again.ready
    again.kill('SIGINT')
    assert.equal((await again.ended).code, 0)
  })
}

test('a full disk of the operator’s own PostgreSQL is said to be that one’s', {
  skip: noTheirServer || noSmallDisk,
  timeout: 60_000,
}, async () => {
  await using server = await theirServer()
  const around = await mkdtemp(join(tmpdir(), 'bibby-their-disk-'))
  try {
    const disk = join(around, 'small')
    await using _ = await mounted(disk, 'mode=700,size=9m')
    const { uid, gid } = await stat(server.folder)
    await chown(around, uid, gid)
    await chown(disk, uid, gid)
    server.sql('postgres', `create tablespace small location '${disk}'`)
    // The copy takes 7.5 MB, and the tables 3 more.
    server.sql('postgres', 'create database library tablespace small strategy file_copy')
    await using home = await temporaryHome()
    const { code, stderr } = await home.start({ BIBBY_DATABASE_URL: server.url('library') }).ended
    assert.equal(code, 1, stderr)
    assert.match(
      stderr,
      /^The disk of the PostgreSQL of BIBBY_DATABASE_URL is full[^\n]+\(BIBBY_DISK_FULL\)\n$/,
    )
  } finally {
    await rm(around, { recursive: true, force: true })
  }
})

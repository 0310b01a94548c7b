import assert from 'node:assert/strict'
import { chmod, chown, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { temporaryHome } from './bibby-process.ts'
import { mounted, noSmallDisk } from './small-disk.ts'

const isRoot = process.getuid?.() === 0

test('a folder with somebody else’s files is refused and left as it is', async () => {
  await using home = await temporaryHome()
  await mkdir(home.data)
  await writeFile(join(home.data, 'thesis.txt'), 'ten years')
  await chmod(home.data, 0o750)
  const before = await stat(home.data)
  const { code, stderr } = await home.start().ended
  assert.equal(code, 3)
  assert.match(stderr, /^\S+ is not empty and has no bibby\.json: [^\n]+\(BIBBY_DATA_NOT_OURS\)\n$/)
  assert.deepEqual(await readdir(home.data), ['thesis.txt'])
  const after = await stat(home.data)
  assert.deepEqual([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid])
})

const marker = { libraryId: '0192f3a0-0000-7000-8000-000000000000', format: 1, createdBy: '0.1.0' }

test('a folder of a newer Bibby, or one whose marker is broken, is refused', async () => {
  for (const [text, said] of [
    [
      JSON.stringify({ ...marker, format: 2, createdBy: '9.1.0' }),
      /newer Bibby \(9\.1\.0\).*BIBBY_DATA_NEWER/,
    ],
    ['{"format":', /not a marker that Bibby wrote.*BIBBY_DATA_NOT_OURS/],
  ] as const) {
    await using home = await temporaryHome()
    await mkdir(home.data)
    await writeFile(join(home.data, 'bibby.json'), text)
    const { code, stderr } = await home.start().ended
    assert.equal(code, 3)
    assert.match(stderr, said)
    assert.equal(stderr.trim().split('\n').length, 1)
  }
})

test('a cluster of another PostgreSQL is refused', async () => {
  await using home = await temporaryHome()
  await mkdir(join(home.data, 'postgres'), { recursive: true })
  await writeFile(join(home.data, 'bibby.json'), JSON.stringify(marker))
  await writeFile(join(home.data, 'postgres', 'PG_VERSION'), '17\n')
  const { code, stderr } = await home.start().ended
  assert.equal(code, 3)
  assert.match(
    stderr,
    /was made by PostgreSQL 17, and this Bibby brings PostgreSQL 18.*BIBBY_DATA_OTHER_POSTGRESQL/,
  )
})

test('what is no folder, or leads nowhere, is said in a sentence', async () => {
  for (const make of [
    (path: string) => writeFile(path, ''),
    (path: string) => symlink('/nowhere/at/all', path),
    (path: string) => symlink(path, path),
  ]) {
    await using home = await temporaryHome()
    await make(home.data)
    const { code, stderr } = await home.start().ended
    assert.equal(code, 1)
    assert.match(stderr, /^The data folder \S+ [^\n]+\(BIBBY_DATA_UNUSABLE\)\n$/)
  }
})

test('a path on which no folder can be made is said in a sentence, at once', async () => {
  await using home = await temporaryHome()
  await writeFile(join(dirname(home.data), 'file'), '')
  await symlink(home.data, home.data)
  const paths: readonly (readonly [string, RegExp])[] = [
    ['/dev/null/x', /is not a folder/],
    [join(dirname(home.data), 'file', 'x', 'y'), /is not a folder/],
    [join(home.data, 'x'), /is a link that leads nowhere/],
    [join(dirname(home.data), 'x'.repeat(300)), /has too long a name/],
    [`/${'x/'.repeat(2_500)}x`, /has too long a name/],
    // There is a folder, and the system says there is none to make another one in.
    ...(process.platform === 'linux'
      ? ([
          ['/proc/x', /cannot be made/],
          ['/proc/x/y', /cannot be made/],
        ] as const)
      : []),
  ]
  for (const [path, why] of paths) {
    const { code, stderr } = await home.start({ BIBBY_DATA: path }).ended
    assert.equal(code, 1)
    assert.match(stderr, /^The data folder \S+ [^\n]+\(BIBBY_DATA_UNUSABLE\)\n$/)
    assert.match(stderr, why)
  }
})

test('a folder below one that may not be entered is said in a sentence', {
  skip: !isRoot && 'needs a second user',
}, async () => {
  await using home = await temporaryHome()
  await mkdir(home.data, { mode: 0o700 })
  const { code, stderr } = await home.start(
    { BIBBY_DATA: join(home.data, 'x') },
    { uid: 65_534, gid: 65_534 },
  ).ended
  assert.equal(code, 1)
  assert.match(stderr, /^The data folder \S+ may not be written or entered[^\n]+\(BIBBY_DATA_UNUSABLE\)\n$/)
})

test('a folder on a read-only disk is said in a sentence', {
  skip: noSmallDisk,
}, async () => {
  await using home = await temporaryHome()
  await using _ = await mounted(home.data, 'ro,size=1m')
  const { code, stderr } = await home.start().ended
  assert.equal(code, 1)
  assert.match(stderr, /^The data folder \S+ is on a read-only disk[^\n]+\(BIBBY_DATA_UNUSABLE\)\n$/)
})

test('a folder that may not be written is said in a sentence', {
  skip: !isRoot && 'needs a second user',
}, async () => {
  await using home = await temporaryHome()
  await mkdir(home.data, { mode: 0o755 })
  const { code, stderr } = await home.start({}, { uid: 65_534, gid: 65_534 }).ended
  assert.equal(code, 1)
  assert.match(stderr, /^The data folder \S+ may not be written[^\n]+\(BIBBY_DATA_UNUSABLE\)\n$/)
})

test('root’s database runs as another user, who is given the database and nothing else', {
  skip: !isRoot && 'not root',
}, async () => {
  await using home = await temporaryHome()
  const bibby = home.start()
  await bibby.ready
  const owner = async (name: string) => (await stat(join(home.data, name))).uid
  assert.notEqual(await owner('postgres'), 0)
  for (const ours of ['', 'bibby.json', 'sign-in.txt', 'uploads', 'exports', 'running.json'])
    assert.equal(await owner(ours), 0, ours)
  const status = await readFile(`/proc/${await home.serverPid()}/status`, 'utf8')
  assert.doesNotMatch(status, /^Uid:\s+0\b/m)
  bibby.kill('SIGINT')
  await bibby.ended
  // The whole folder moved: it is still ours, and still runs.
  const moved = `${home.data}-moved`
  await rename(home.data, moved)
  const again = home.start({ BIBBY_DATA: moved })
  await again.ready
  again.kill('SIGINT')
  assert.equal((await again.ended).code, 0)
  await chown(join(moved, 'bibby.json'), 65_534, 65_534)
  const { code, stderr } = await home.start({ BIBBY_DATA: moved }).ended
  assert.equal(code, 3)
  assert.match(stderr, /belongs to another user \(number 65534\)/)
})

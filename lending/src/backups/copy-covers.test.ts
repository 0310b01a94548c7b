import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { copyCovers, coversName, proveCovers } from './copy-covers.ts'
import { toldLeftOut } from './left-out.ts'
import type { Manifest } from './manifest.ts'
import { restoreCovers } from './restore-run.ts'
import { untarFile } from './tar-file.ts'

const signal = new AbortController().signal

/** A data folder with these covers, and a place to copy and to unpack them. */
async function covers(texts: Readonly<Record<string, string>>) {
  const path = await mkdtemp(join(tmpdir(), 'bibby-covers-'))
  for (const name of ['covers/below', 'copy', 'out']) await mkdir(join(path, name), { recursive: true })
  for (const [name, text] of Object.entries(texts)) await writeFile(join(path, 'covers', name), text)
  return {
    path,
    copy: join(path, 'copy'),
    out: async (name: string) => readFile(join(path, 'out', name), 'utf8'),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

const provable = ({ count, sum, files }: Awaited<ReturnType<typeof copyCovers>>) => ({
  covers: count,
  coversSum: sum,
  files,
})

test('a cover that is written to or removed while it is copied is in the copy as it was at one time, or not at all', async () => {
  const long = 'x'.repeat(3_000)
  const names = ['below/stays', 'gone', 'grows', 'replaced', 'restless', 'shrinks']
  await using at = await covers(Object.fromEntries(names.map((name) => [name, long])))
  const reads = new Map<string, number>()
  async function* read(path: string) {
    const name = path.slice(join(at.path, 'covers').length + 1)
    const times = (reads.get(name) ?? 0) + 1
    reads.set(name, times)
    // Its digest was taken by the first read: what happens now happens between that and the copy.
    if (times === 2 && name === 'gone') await rm(path)
    if (times === 2 && name === 'shrinks') await truncate(path, 10)
    if (times === 2 && name === 'grows') await appendFile(path, 'y')
    if (times === 2 && name === 'replaced') await writeFile(path, 'z'.repeat(3_000))
    if (name === 'restless') await appendFile(path, 'y')
    yield await readFile(path)
  }
  const copied = await copyCovers(at.path, at.copy, { signal, read })
  assert.equal(copied.count, 4)
  assert.match(copied.leftOut?.first.join() ?? '', /^restless \(it was written to each time/)
  await proveCovers(at.copy, provable(copied))
  await untarFile(join(at.copy, coversName), join(at.path, 'out'))
  assert.deepEqual((await readdir(join(at.path, 'out'), { recursive: true })).toSorted(), [
    'below',
    'below/stays',
    'grows',
    'replaced',
    'shrinks',
  ])
  assert.equal(await at.out('below/stays'), long)
  assert.equal(await at.out('grows'), `${long}y`)
  assert.equal(await at.out('replaced'), 'z'.repeat(3_000))
  assert.equal(await at.out('shrinks'), 'x'.repeat(10))
})

test('covers that came out as something else than what lay there do not count', async () => {
  await using at = await covers({ one: 'a picture', two: 'another' })
  const good = await copyCovers(at.path, at.copy, { signal })
  const file = join(at.copy, coversName)
  const whole = await readFile(file)
  await writeFile(file, whole.toString('latin1').replace('a picture', '\0'.repeat(9)), 'latin1')
  await assert.rejects(proveCovers(at.copy, provable(good)), /as something else than what lay there/)
  await writeFile(file, whole)
  await proveCovers(at.copy, provable(good))
  await assert.rejects(proveCovers(at.copy, { ...provable(good), covers: 3 }), /3 covers, and holds 2/)
  await writeFile(file, whole.subarray(0, 600))
  await assert.rejects(proveCovers(at.copy, provable(good)), /is not whole/)
})

test('what is no plain file among the covers is not copied, and is told with its number and the first names', async () => {
  await using at = await covers({ plain: 'a picture', [`${'n'.repeat(120)}.jpg`]: 'a long name' })
  const folder = join(at.path, 'covers')
  await symlink('plain', join(folder, 'linked'))
  execFileSync('mkfifo', [join(folder, 'below/pipe')])
  await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff])]), 'no UTF-8')
  for (let n = 0; n < 3; n++) await symlink('nowhere', join(folder, `zz${n}`))
  const copied = await copyCovers(at.path, at.copy, { signal })
  assert.equal(copied.count, 1)
  await proveCovers(at.copy, provable(copied))
  assert.equal(copied.leftOut?.count, 7)
  assert.deepEqual(copied.leftOut?.first, [
    'below/pipe (neither a file nor a folder)',
    'linked (a link)',
    `${'n'.repeat(120)}.jpg (its name is too long)`,
    'zz0 (a link)',
    'zz1 (a link)',
  ])
  const told = copied.leftOut ? toldLeftOut(copied.leftOut) : ''
  assert.match(told, /: 7 things that can be no cover: below\/pipe .*, and 2 more\./)
})

test('covers that do not unpack leave nothing that would refuse the next try, and what lay there stays', async () => {
  await using at = await covers({ a: 'one', 'below/b': 'two', c: 'three' })
  const { files } = await copyCovers(at.path, at.copy, { signal })
  const [manifest, tar] = [{ files } as unknown as Manifest, join(at.copy, coversName)]
  const whole = await readFile(tar)
  await mkdir(join(at.path, 'out', 'covers'))
  await writeFile(join(at.path, 'out', 'covers', 'mine'), 'mine')
  await truncate(tar, whole.length - 1_600)
  await assert.rejects(restoreCovers(at.copy, manifest, join(at.path, 'out')))
  assert.deepEqual(await readdir(join(at.path, 'out', 'covers')), ['mine'])
  await writeFile(tar, whole)
  await restoreCovers(at.copy, manifest, join(at.path, 'out'))
  assert.deepEqual(await readdir(join(at.path, 'out', 'covers')), ['a', 'below', 'c', 'mine'])
})

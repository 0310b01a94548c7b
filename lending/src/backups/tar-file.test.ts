import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { entriesBelow, filesOfTar, type TarEntry, tarOf, untarFile } from './tar-file.ts'

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'bibby-tar-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

const bytesOf = async (entries: Iterable<TarEntry>) =>
  Buffer.concat(await Readable.from(tarOf(entries)).toArray())

test('what goes in comes out, and any tar reads it', async () => {
  await using at = await folder()
  const deep = 'd'.repeat(60)
  await mkdir(join(at.path, 'in', deep, deep), { recursive: true })
  await mkdir(join(at.path, 'out'))
  const texts = { 'a.txt': '', 'b.txt': 'x'.repeat(512), [`${deep}/${deep}/ü.txt`]: 'y'.repeat(1_500_000) }
  for (const [name, text] of Object.entries(texts)) await writeFile(join(at.path, 'in', name), text)
  const entries = []
  for await (const entry of entriesBelow(join(at.path, 'in'))) entries.push(entry)
  const tar = join(at.path, 'all.tar')
  await writeFile(tar, await bytesOf(entries))
  const told = await Readable.from(filesOfTar(tar)).toArray()
  assert.deepEqual(
    told.map(({ name, bytes }: { name: string; bytes: number }) => [name, bytes]),
    Object.entries(texts).map(([name, text]) => [name, text.length]),
  )
  assert.deepEqual(await untarFile(tar, join(at.path, 'out')), { files: 3 })
  for (const [name, text] of Object.entries(texts)) {
    assert.equal(await readFile(join(at.path, 'out', name), 'utf8'), text)
  }
  const listed = execFileSync('tar', ['tf', tar], { encoding: 'utf8' })
  assert.equal(listed.trim().split('\n').length, 5)
})

test('a file that shrank or went since it was looked at is filled up with zeros', async () => {
  await using at = await folder()
  await writeFile(join(at.path, 'short'), 'abc')
  const tar = join(at.path, 'all.tar')
  const entries = [
    { name: 'short', path: join(at.path, 'short'), bytes: 600 },
    { name: 'gone', path: join(at.path, 'none'), bytes: 5 },
  ]
  await writeFile(tar, await bytesOf(entries))
  await mkdir(join(at.path, 'out'))
  await untarFile(tar, join(at.path, 'out'))
  assert.equal((await readFile(join(at.path, 'out', 'short'), 'latin1')).length, 600)
  assert.deepEqual(await readFile(join(at.path, 'out', 'gone')), Buffer.alloc(5))
})

test('a name that leads elsewhere, an end too soon and a bit that changed are refused', async () => {
  await using at = await folder()
  await mkdir(join(at.path, 'out'))
  const tar = join(at.path, 'all.tar')
  const refused = async (bytes: Buffer, said: RegExp) => {
    await writeFile(tar, bytes)
    await assert.rejects(untarFile(tar, join(at.path, 'out')), said)
  }
  await refused(await bytesOf([{ name: '../out.txt', text: 'x' }]), /leads elsewhere/)
  await refused(await bytesOf([{ name: '/etc/x', text: 'x' }]), /leads elsewhere/)
  const whole = await bytesOf([{ name: 'x', text: 'x'.repeat(2_000) }])
  await refused(whole.subarray(0, 700), /ends within/)
  const changed = Buffer.from(whole)
  changed[0] = 0x79
  await refused(changed, /is damaged/)
})

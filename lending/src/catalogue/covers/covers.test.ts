import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import { isCoverKey, keyOfFile, keysOf, titleOfKey } from './cover-names.ts'
import { type Covers, openCovers } from './covers.ts'

const emma = '9780141439587'

test('a cover is named by an ISBN or by a title of ours, and nothing that is no such name is looked for', () => {
  assert.equal(keyOfFile(`${emma}.jpg`), emma)
  assert.equal(keyOfFile('0-14-143958-0.PNG'), emma)
  assert.equal(keyOfFile('title-2147483650.webp'), 'title-2147483650')
  for (const name of [
    `${emma}.gif`,
    emma,
    '9780141439588.jpg',
    'title-0.jpg',
    'title-1.jpg.jpg',
    '.title-1.jpg.new',
  ])
    assert.equal(keyOfFile(name), undefined, name)
  assert.deepEqual(keysOf({ titleId: 7, isbns: [emma] }), ['title-7', emma])
  assert.equal(titleOfKey('title-9007199254740993'), undefined)
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webPath()), (text) => {
      if (isCoverKey(text)) assert.match(text, /^(?:\d{13}|title-\d+)$/)
    }),
  )
})

test('a cover is made once a width, again when its folder was emptied, and another when its file is another', async () => {
  await using at = await someCovers()
  await at.put(`${emma}.jpg`, await picture({ width: 600, height: 900, kind: 'jpeg' }))
  const [cover] = await at.covers.of([{ titleId: 7, isbns: ['9780140449136', emma] }])
  assert.equal(cover?.key, emma)
  const small = await at.read(emma, 144)
  const { width, height, format } = await sharp(small).metadata()
  assert.deepEqual({ width, height, format }, { width: 144, height: 216, format: 'webp' })
  assert.equal((await sharp(await at.read(emma, 336)).metadata()).width, 336)
  const made = join(at.folder, 'covers-cache', emma)
  assert.equal((await readdir(made)).length, 2)

  await rm(join(at.folder, 'covers-cache'), { recursive: true })
  assert.deepEqual(await at.read(emma, 144), small)

  const other = join(at.folder, 'incoming')
  await writeFile(other, await picture({ width: 300, height: 300, kind: 'png' }))
  await at.covers.keep(7, other, 'png')
  const [owns] = await at.covers.of([{ titleId: 7, isbns: [emma] }])
  assert.equal(owns?.key, 'title-7')
  await writeFile(other, await picture({ width: 200, height: 300, kind: 'webp' }))
  await at.covers.keep(7, other, 'webp')
  assert.deepEqual((await readdir(join(at.folder, 'covers'))).toSorted(), [`${emma}.jpg`, 'title-7.webp'])
  const [replaced] = await at.covers.of([{ titleId: 7, isbns: [emma] }])
  assert.notEqual(replaced?.mark, owns?.mark)
  await at.read('title-7', 144)
  assert.equal((await readdir(join(at.folder, 'covers-cache', 'title-7'))).length, 1)
})

test('of covers brought for one title at once one stays, whole', async () => {
  await using at = await someCovers()
  const incoming = join(at.folder, 'incoming')
  await mkdir(incoming)
  const brought = await Promise.all(
    (['jpeg', 'png', 'webp', 'png', 'jpeg', 'webp'] as const).map(async (kind, index) => {
      const bytes = await picture({ width: 600 + index, height: 900, kind })
      const path = join(incoming, String(index))
      await writeFile(path, bytes)
      return { kind, bytes, path }
    }),
  )
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(brought.map(({ path, kind }) => at.covers.keep(7, path, kind)))
    const names = await readdir(join(at.folder, 'covers'))
    assert.equal(names.length, 1, String(names))
    const kept = await readFile(join(at.folder, 'covers', names[0] ?? ''))
    assert.ok(brought.some(({ bytes }) => bytes.equals(kept)))
  }
  const gone = join(incoming, 'gone')
  await assert.rejects(at.covers.keep(7, gone, 'png'), { code: 'ENOENT' })
  assert.equal((await readdir(join(at.folder, 'covers'))).length, 1)
})

test('what is no picture, claims to be huge or ends half way is no cover, and the next one is read', async () => {
  await using at = await someCovers()
  const jpeg = await picture({ width: 600, height: 900, kind: 'jpeg' })
  const bad = {
    'words.jpg': [Buffer.from('Call me Ishmael.'), 'cover-no-picture'],
    'drawing.png': [
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      'cover-no-picture',
    ],
    'empty.jpg': [Buffer.alloc(0), 'cover-no-picture'],
    'half.jpg': [jpeg.subarray(0, jpeg.length / 2), 'cover-no-picture'],
    'interlaced.png': [claiming(await heavy({ progressive: true, bits: 8 }), 4_000), 'cover-too-large'],
    'deep.png': [claiming(await heavy({ progressive: false, bits: 16 }), 4_000), 'cover-too-large'],
    'bomb.png': [claiming(await picture({ width: 9, height: 9, kind: 'png' }), 60_000), 'cover-too-large'],
  } as const
  for (const [name, [bytes, refused]] of Object.entries(bad)) {
    const path = join(at.folder, name)
    await writeFile(path, bytes)
    assert.deepEqual(await at.covers.check(path), { refused }, name)
  }
  await writeFile(join(at.folder, 'good'), jpeg)
  assert.deepEqual(await at.covers.check(join(at.folder, 'good')), { kind: 'jpeg' })

  await at.put(`${emma}.jpg`, Buffer.from('Call me Ishmael.'))
  const found = await at.covers.find(emma)
  assert.ok(found)
  assert.equal(await at.covers.picture(found, 144), 'unfit')
  assert.deepEqual(await at.covers.of([{ titleId: 7, isbns: [emma] }]), [undefined])
})

test('of more covers at once than may wait some are busy, none fails, and asked again they come', async () => {
  await using at = await someCovers()
  const one = await picture({ width: 16, height: 24, kind: 'png' })
  const keys = Array.from({ length: 100 }, (_, index) => `title-${index + 1}`)
  for (const key of keys) await at.put(`${key}.png`, one)
  const ask = () =>
    Promise.all(
      keys.map(async (key) => {
        const found = await at.covers.find(key)
        assert.ok(found)
        const came = await at.covers.picture(found, 144)
        return typeof came === 'string' ? came : 'made'
      }),
    )
  const first = await ask()
  assert.ok(first.includes('busy'), String(first))
  assert.ok(!first.includes('unfit'), String(first))
  assert.ok((await ask()).every((each) => each === 'made'))
})

test('a process that was killed is missed by nobody', async () => {
  await using at = await someCovers()
  await at.put(`${emma}.jpg`, await picture({ width: 60, height: 90, kind: 'jpeg' }))
  await at.read(emma, 144)
  const children = (await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')).trim().split(' ')
  for (const pid of children) process.kill(Number(pid), 'SIGKILL')
  assert.ok((await at.read(emma, 336)).length > 0)
})

async function someCovers() {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-covers-'))
  await mkdir(join(folder, 'covers'))
  const covers: Covers = openCovers({ dataFolder: folder })
  return {
    folder,
    covers,
    put: (name: string, bytes: Buffer) => writeFile(join(folder, 'covers', name), bytes),
    read: async (key: string, width: 144 | 336): Promise<Buffer> => {
      const found = await covers.find(key)
      assert.ok(found, key)
      const bytes = await covers.picture(found, width)
      assert.ok(typeof bytes !== 'string', String(bytes))
      return bytes
    },
    [Symbol.asyncDispose]: async () => {
      await covers[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

async function picture({
  width,
  height,
  kind,
}: {
  width: number
  height: number
  kind: 'jpeg' | 'png' | 'webp'
}) {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  return sharp({ create: { width, height, channels: 3, background: 'teal', noise } })
    .toFormat(kind)
    .toBuffer()
}

/** A PNG that costs more to read than others of its size. */
async function heavy({ progressive, bits }: { progressive: boolean; bits: 8 | 16 }) {
  const drawn = sharp({ create: { width: 9, height: 9, channels: 4, background: 'teal' } })
  return drawn
    .toColourspace(bits === 16 ? 'rgb16' : 'srgb')
    .png({ progressive })
    .toBuffer()
}

/** The same PNG, but for what its header says of its size. */
function claiming(png: Buffer, side: number): Buffer {
  const changed = Buffer.from(png)
  changed.writeUInt32BE(side, 16)
  changed.writeUInt32BE(side, 20)
  changed.writeUInt32BE(crc32(changed.subarray(12, 29)), 29)
  return changed
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOf, isEntryName, nameOf, shown } from './file-name.ts'
import { pointsIn } from './mounts.ts'

test('a name comes back byte for byte, also over JSON', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const name = JSON.parse(JSON.stringify(nameOf(Buffer.from(bytes)))) as string
      assert.deepEqual(bytesOf(name), Buffer.from(bytes))
    }),
  )
})

test('what is shown moves no cursor and fits on a line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const told = shown(nameOf(Buffer.from(text)))
      assert.match(told, /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u)
      assert.ok(told.length <= 201)
    }),
  )
  assert.equal(shown(nameOf(Buffer.from('a\nb\u202ec d.old'))), 'a\\nb\\u{202e}c d.old')
})

test('a name that leads anywhere is none', () => {
  for (const name of ['', '.', '..', '/', 'a/b', '../a', 'a\0b'])
    assert.ok(!isEntryName(name), JSON.stringify(name))
  for (const name of ['a', '...', '-rf', '*', ' ', '\n']) assert.ok(isEntryName(name), JSON.stringify(name))
})

test('mount points are read as the system writes them', () => {
  const line = (point: string) => `36 35 98:0 /mnt1 ${point} rw,noatime master:1 - ext3 /dev/root rw`
  assert.deepEqual(pointsIn([line('/'), line('/mnt/my\\040disk'), line('/a\\134b'), ''].join('\n')), [
    '/',
    '/mnt/my disk',
    '/a\\b',
  ])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MarcRecord } from './record.ts'
import { marc21Title } from './title-of-marc21.ts'
import { withEdits } from './with-edits.ts'

const data = (tag: string, indicators: string, ...values: readonly (readonly [string, string])[]) => ({
  tag,
  indicators,
  subfields: values.map(([code, value]) => ({ code, value })),
})
const record: MarcRecord = {
  leader: '00000nam a2200000 i 4500',
  fields: [
    { tag: '001', value: '7' },
    { tag: '008', value: '850101s1984    nyu           000 1 eng d' },
    data('100', '1 ', ['a', 'Tolstoy, Leo,'], ['d', '1828-1910.']),
    data('245', '14', ['6', '880-01'], ['a', 'The war /'], ['c', 'Leo Tolstoy.']),
    data('300', '  ', ['a', '3 v.']),
    data('650', ' 0', ['a', 'War.'], ['0', 'sh1']),
    data('880', '10', ['6', '245-01'], ['a', 'Война']),
  ],
}
const made = { titleId: 7, createdAt: new Date('2026-01-02') }

test('a record of which nothing was edited goes out as it came', () => {
  assert.equal(withEdits(record, marc21Title(record), made), record)
})

test('an edit changes the fields that feed it and no other', () => {
  const title = {
    ...marc21Title(record),
    title: 'War and peace',
    summary: 'Long.',
    language: 'rus',
    publishedYear: 1869,
  }
  const edited = withEdits(record, title, made)
  assert.deepEqual(
    edited.fields.map(({ tag }) => tag),
    ['001', '008', '100', '245', '264', '300', '520', '650', '880'],
  )
  assert.deepEqual(edited.fields[1], { tag: '008', value: '850101s1869    nyu           000 1 rus d' })
  assert.deepEqual(
    edited.fields[3],
    data('245', '10', ['6', '880-01'], ['a', 'War and peace'], ['c', 'Leo Tolstoy.']),
  )
  for (const [old, now] of [
    [0, 0],
    [2, 2],
    [4, 5],
    [5, 7],
    [6, 8],
  ] as const)
    assert.equal(edited.fields[now], record.fields[old])
  assert.deepEqual(marc21Title(edited), title)
})

test('what was taken out is out, and another material is said by the leader', () => {
  const title = { ...marc21Title(record), subjects: [], authors: [], material: 'audio' as const }
  const edited = withEdits(record, title, made)
  assert.equal(edited.leader, '00000nim a2200000 i 4500')
  assert.deepEqual(
    edited.fields.map(({ tag }) => tag),
    ['001', '008', '245', '300', '880'],
  )
  assert.deepEqual(marc21Title(edited), title)
})

import assert from 'node:assert/strict'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { readIso2709 } from './iso2709.ts'
import type { Field, MarcRecord } from './record.ts'
import { lineOf, linesOf, recordFromLines } from './record-lines.ts'

/** What the lines of a record are read to, when it was there before. */
function again(record: MarcRecord): MarcRecord | undefined {
  const lines = linesOf(record)
  const read = recordFromLines(lines.join('\r\n'), new Set(lines))
  return read.ok ? read.record : undefined
}

const one = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).map((text) => [...text][0] ?? 'a')
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[ #${}U+0-9A-F\n]{0,12}$/))
const tag = fc.stringMatching(/^(?:00[0-9]|[0-9A-Za-z]{3})$/)
const data = fc.record({
  tag,
  indicators: fc.tuple(one, one).map(([first, second]) => first + second),
  subfields: fc.array(fc.record({ code: one, value: text }), { maxLength: 4 }),
})
const field: fc.Arbitrary<Field> = fc.oneof(fc.record({ tag, value: text }), data)
const record = fc.record({
  leader: fc.stringMatching(/^[ -~]{24}$/),
  fields: fc.array(field, { maxLength: 6 }),
})

test('whatever a record holds, its lines are read to the same record', () => {
  fc.assert(
    fc.property(record, (each) => assert.deepEqual(again(each), structuredClone(each))),
    {
      numRuns: 500,
      examples: [
        [
          {
            leader: ' '.repeat(24),
            fields: [{ tag: '245', indicators: '}}', subfields: [{ code: '}', value: '}' }] }],
          },
        ],
        [{ leader: ' '.repeat(24), fields: [{ tag: '000', indicators: ' \u3000', subfields: [] }] }],
      ],
    },
  )
})

const folder = fileURLToPath(new URL('../../../../../shared/data/marc', import.meta.url))
const files = [
  'catmandu_bu_bibs.mrc',
  'evergreen_hebrew.marc',
  'evergreen_nepali.marc',
  'evergreen_jazz_1k.mrc',
]

test('real records, in any script, are read again from their lines without loss', {
  skip: existsSync(folder) ? false : 'The real records are not here.',
}, async () => {
  let records = 0
  for (const name of files) {
    for await (const read of readIso2709(createReadStream(join(folder, name)))) {
      if (!read.ok) continue
      records += 1
      assert.deepEqual(again(read.record), read.record, `${name}, record ${read.number}`)
    }
  }
  assert.ok(records > 1_000)
})

test('a field is written as people write it, and what it cannot carry is told by name', () => {
  const pride: Field = {
    tag: '245',
    indicators: '1 ',
    subfields: [
      { code: 'a', value: 'Pride and prejudice /' },
      { code: 'c', value: 'for $5 {sic} ' },
    ],
  }
  assert.equal(lineOf(pride), '245 1# $aPride and prejudice /$cfor {dollar}5 {brace}sic}{U+0020}')
  assert.equal(lineOf({ tag: '008', value: '850515s1983    xx ' }), '008 850515s1983####xx#')
  assert.equal(
    lineOf({ tag: '880', indicators: '1 ', subfields: [{ code: 'a', value: 'שלום' }] }),
    '880 1# $aשלום',
  )
})

const leader = 'LDR 00000nam#a2200000#a#4500'

test('a line that is none is told by its number, and what stood there before is read as it stands', () => {
  const wrongIn = (...lines: readonly string[]) => {
    const read = recordFromLines([leader, ...lines].join('\n'))
    return read.ok ? [] : read.problems.map(({ line, wrong }) => `${line} ${wrong}`)
  }
  assert.deepEqual(wrongIn('245 10 $aEmma', '', '  ', '650 #0 $aLove'), [])
  assert.deepEqual(wrongIn('24 10 $aEmma', 'Emma', '245 1$aEmma', '245 10', '245 10 Emma'), [
    '2 tag',
    '3 tag',
    '4 indicators',
    '5 no-subfield',
    '6 indicators',
  ])
  assert.deepEqual(wrongIn('245 1X $aEmma', '245 10 $ Emma', '245 10 $aEmma{x}', '245 10 $aEmma {'), [
    '2 indicators',
    '3 subfield-code',
    '4 name',
    '5 name',
  ])
  for (const none of ['{U+D800}', '{U+001E}', '{U+FFFE}', '\uFFFE', '{U+0000}'])
    assert.deepEqual(wrongIn(`245 10 $aEm${none}ma`, `005 2026${none}`), ['2 name', '3 name'], none)
  const kept = '245 10 $aEm{U+001E}ma'
  assert.ok(recordFromLines(`${leader}\n${kept}`, new Set([kept])).ok)
  assert.deepEqual(wrongIn('245 10 $a{U+0098}The {U+009C}tale{U+2028}{U+1F600}'), [])
  const odd = '245 1X $éEmma'
  assert.ok(recordFromLines(`${leader}\n${odd}`, new Set([odd])).ok)
  for (const wrong of ['', 'LDR short', '245 10 $aEmma'])
    assert.deepEqual(recordFromLines(wrong), { ok: false, problems: [{ line: 1, wrong: 'leader' }] })
})

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { characterSets, marc8TablesFrom } from './make-marc-8-tables.ts'
import { decodeMarc8, problemsMax } from './marc-8.ts'

const tablesOfCongress = new URL(
  '../../../../../shared/data/marc/loc_codetables_marc8.xml.gz',
  import.meta.url,
)
const absent = existsSync(tablesOfCongress)
  ? false
  : 'The code tables of the Library of Congress are not here.'

/** As MARC-8 prints: bytes one to one. */
const text = (latin1: string): string => {
  const { text, problems } = decodeMarc8(Buffer.from(latin1, 'latin1'))
  assert.deepEqual(problems, [], latin1)
  return text
}
const problemsOf = (latin1: string) => decodeMarc8(Buffer.from(latin1, 'latin1')).problems

test('every code of the Library of Congress decodes to its character, in G0 and in G1', {
  skip: absent,
}, () => {
  const sets = characterSets(gunzipSync(readFileSync(tablesOfCongress)).toString('utf8'))
  let compared = 0
  for (const { final, codes } of sets) {
    for (const { marc, codePoint, combining } of codes) {
      const bytes = Buffer.from(marc, 'hex')
      if (bytes.length === 1 && (bytes[0] ?? 0) <= 0x20) continue // Controls belong to no set; see below.
      for (const half of halvesOf(final)) {
        const decoded = decodeMarc8(inHalf(half, final, bytes, combining))
        assert.deepEqual(decoded.problems, [], `${marc} of ${final} in ${half}`)
        const expected = String.fromCodePoint(codePoint)
        assert.equal(
          decoded.text,
          (combining ? `x${expected}` : expected).normalize('NFC'),
          `${marc} of ${final}`,
        )
        compared += 1
      }
    }
  }
  // Of the 16,398 codes ESC, the three of the structure and the blank are left; the three sets that a brief
  // escape brings go into G0 only; the four controls stand in no half, and are counted twice all the same.
  assert.equal(compared, 2 * (15_739 + 659 - 5) - (3 + 14 + 14))
})

test('the tables that are shipped are what the script makes of the published ones', { skip: absent }, () => {
  const made = marc8TablesFrom(gunzipSync(readFileSync(tablesOfCongress)).toString('utf8'))
  assert.equal(readFileSync(new URL('marc-8-tables.txt', import.meta.url), 'utf8'), made)
})

test('a mark stands before its letter in MARC-8 and after it in Unicode, composed where that is possible', () => {
  assert.equal(text('caf\xe2e'), 'café')
  assert.equal(text('Dvo\xe9r\xe2ak, Anton\xe2in'), 'Dvořák, Antonín')
  assert.equal(text('Ze\xf2vin, Shelomoh'), 'Zeṿin, Shelomoh')
  assert.equal(text('Vi\xf2\xe3et Nam'), 'Việt Nam')
  assert.equal(text('\xe2\xf0c'), 'ḉ')
  assert.equal(text('\xe8\xe5u'), 'ǖ')
  assert.equal(text('\xe5\xe8u'), 'ṻ')
})

test('two halves of a ligature or a double tilde are one mark between two letters', () => {
  assert.equal(text('\xebt\xecsar'), 't\u0361sar')
  assert.equal(text('\xfan\xfbg'), 'n\u0360g')
  assert.equal(text('\xe2\xebi\xeca'), 'í\u0361a')
  assert.equal(text('i\xeca'), 'ia\uFE21')
})

test('special letters and signs of ANSEL', () => {
  assert.equal(text('\xa1\xf3d\xe2z \xa2 \xb2 \xb5 \xb9 \xc0 \xc3 \xc7 \xc8'), 'Łd̤ź Ø ø æ £ ° © ß €')
  assert.equal(text('mo\xb0adim \xae'), 'moʻadim ʼ')
  assert.equal(text('\x88The \x89book'), '\x98The \x9cbook')
})

test('Hebrew, Cyrillic, Greek and Arabic by their escapes, in the order in which they are read', () => {
  assert.equal(text('\x1b(2lzexd alnercim :\x1b(B'), 'לתורה בלמועדים :')
  assert.equal(text('\x1b(NmOSKWA\x1b(B'), 'Москва')
  assert.equal(text('\x1b)N\xed\xcf\xd3\xcb\xd7\xc1 M'), 'Москва M')
  assert.equal(text('\x1b(Q\x43\x1b(B \x1b,N\x64'), 'є Д')
  assert.equal(text('\x1b(SAk"jpa\x1b(B'), 'Αθήνα')
  assert.equal(text('\x1b(3\x43\x44\x1b(B'), 'أؤ')
})

test('East Asian characters take three bytes, a blank one', () => {
  assert.equal(text('\x1b$1\x21\x30\x21 \x21\x30\x22\x1b(B.'), '一 丁.')
  assert.equal(text('\x1b$,1\x21\x30\x21\x1b(B'), '一')
  assert.equal(text('\x1b$)1\xa1\xb0\xa1a'), '一a')
  assert.equal(text('\x1b$-1\xa1\xb0\xa1a'), '一a')
})

test('the brief escapes bring Greek symbols, subscripts and superscripts', () => {
  assert.equal(text('H\x1bb2\x1bsO'), 'H₂O')
  assert.equal(text('m\x1bp2\x1bs'), 'm²')
  assert.equal(text('\x1bga\x1bs-ray, \x1bgb\x1b(B'), 'α-ray, β')
})

test('each value begins anew in ASCII', () => {
  assert.equal(text('\x1b(2lzexd'), 'לתורה')
  assert.equal(text('abc'), 'abc')
})

test('what stands for nothing is seen and said', () => {
  assert.deepEqual(decodeMarc8(Buffer.from('a\xffb', 'latin1')), {
    text: 'a\uFFFDb',
    problems: ['FF stands for nothing in MARC-8'],
  })
  assert.deepEqual(problemsOf('\x1b?x'), ['an escape sequence is unknown'])
  assert.deepEqual(problemsOf('\x1b'), ['an escape sequence is unknown'])
  assert.deepEqual(problemsOf('\x1b$Babc'), ['an escape sequence is unknown'])
  assert.deepEqual(problemsOf('abc\xe2'), ['a mark has no letter'])
  assert.deepEqual(problemsOf('\x1b$1\x21\x30'), ['2130 stands for nothing in MARC-8'])
  assert.deepEqual(problemsOf('\xe2\xe2\xe2\xe2\xe2\xe2a'), ['too many marks on one letter'])
  assert.equal(problemsOf('\xff'.repeat(1_000)).length, problemsMax)
})

test('any bytes decode to well-formed text in NFC without a throw, and ASCII to itself', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const { text } = decodeMarc8(bytes)
      assert.ok(text.isWellFormed())
      assert.equal(text, text.normalize('NFC'))
    }),
  )
  fc.assert(fc.property(fc.stringMatching(/^[ -~]*$/), (ascii) => assert.equal(text(ascii), ascii)))
})

const halvesOf = (final: string) => ('gbp'.includes(final) ? (['G0'] as const) : (['G0', 'G1'] as const))

function inHalf(half: 'G0' | 'G1', final: string, bytes: Buffer, combining: boolean): Buffer {
  const isControl = (byte: number) => byte >= 0x80 && byte < 0xa0
  const moved = bytes.map((byte) => (isControl(byte) ? byte : (byte & 0x7f) | (half === 'G1' ? 0x80 : 0)))
  const many = final === '1' ? '$' : ''
  const long = half === 'G1' ? `${many})${final}` : `${many || '('}${final}`
  // An x for a mark to stand on.
  const letter = combining ? '\x1b(Bx' : ''
  return Buffer.concat([
    Buffer.from(`\x1b${'gbp'.includes(final) ? final : long}`),
    moved,
    Buffer.from(letter),
  ])
}

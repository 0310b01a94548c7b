import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MarcTooLongError, readIso2709, writeIso2709 } from './iso2709.ts'
import type { Field, MarcRecord, ReadRecord } from './record.ts'

const leader = '00000nam a2200000 i 4500'
const book = (title: string, number = '1'): MarcRecord => ({
  leader,
  fields: [
    { tag: '001', value: number },
    {
      tag: '245',
      indicators: '10',
      subfields: [
        { code: 'a', value: title },
        { code: 'c', value: 'Ä. Öst' },
      ],
    },
    { tag: '500', indicators: '  ', subfields: [] },
  ],
})
const written = (title: string, number?: string) => Buffer.from(writeIso2709(book(title, number)))

async function read(
  bytes: Uint8Array,
  encoding?: Parameters<typeof readIso2709>[1],
  chunk = 7,
): Promise<ReadRecord[]> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk)
  }
  const records: ReadRecord[] = []
  for await (const record of readIso2709(chunks(), encoding)) records.push(record)
  return records
}

/** The title, or the code of the refusal. */
const said = (found: ReadRecord): string => {
  if (!found.ok) return found.code
  const field = found.record.fields.find(({ tag }) => tag === '245')
  return field && 'subfields' in field ? (field.subfields[0]?.value ?? '') : ''
}

/** As a system writes it that says nothing of UTF-8. */
function inBytes(fields: readonly (readonly [tag: string, latin1: string])[], leader9 = ' '): Buffer {
  let directory = ''
  let body = ''
  for (const [tag, text] of fields) {
    directory += `${tag}${String(text.length + 1).padStart(4, '0')}${String(body.length).padStart(5, '0')}`
    body += `${text}\x1e`
  }
  const base = 24 + directory.length + 1
  const length = String(base + body.length + 1).padStart(5, '0')
  const head = `${length}nam ${leader9}22${String(base).padStart(5, '0')} i 4500`
  return Buffer.from(`${head}${directory}\x1e${body}\x1d`, 'latin1')
}

const text = fc.string({ unit: 'grapheme' }).map(withoutControls)
const plainObjects = { noNullPrototype: true }
const subfield = fc.record({ code: fc.stringMatching(/^[!-~]$/), value: text }, plainObjects)
const fields: fc.Arbitrary<Field[]> = fc.array(
  fc.oneof(
    fc.record({ tag: fc.stringMatching(/^00[1-9]$/), value: text }, plainObjects),
    fc.record(
      {
        tag: fc.stringMatching(/^[1-9A-Za-z][0-9A-Za-z]{2}$/),
        indicators: fc.stringMatching(/^[ -~]{2}$/),
        subfields: fc.array(subfield),
      },
      plainObjects,
    ),
  ),
)
function withoutControls(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '')
}

test('what is written is read again as it was', async () => {
  await fc.assert(
    fc.asyncProperty(fields, async (made) => {
      const [found, ...more] = await read(writeIso2709({ leader, fields: made }))
      assert.ok(found?.ok)
      assert.deepEqual(more, [])
      assert.deepEqual(found.record.fields, made)
      assert.deepEqual(found.warnings, [])
      assert.equal(found.encoding, 'utf-8')
      const again = await read(writeIso2709(found.record))
      assert.deepEqual(again, [found])
    }),
  )
})

test('each record has its number and its place, whatever lies between', async () => {
  const one = written('One')
  const two = written('Two')
  const bytes = Buffer.concat([
    Buffer.from('\ufeff'),
    one,
    Buffer.from('\r\n \n'),
    two,
    Buffer.from('\0\0\x1a'),
  ])
  for (const chunk of [1, 7, 100_000]) {
    const found = await read(bytes, {}, chunk)
    assert.deepEqual(found.map(said), ['One', 'Two'])
    assert.deepEqual(
      found.map(({ number }) => number),
      [1, 2],
    )
    assert.deepEqual(
      found.map(({ position, raw }) => bytes.subarray(position, position + raw.length).equals(raw)),
      [true, true],
    )
  }
})

test('a length that lies is mended, and takes no neighbour along', async () => {
  for (const lie of ['00001', '00400', '99999', '     ', 'abcde']) {
    const one = written('One')
    one.write(lie, 0, 'latin1')
    const found = await read(Buffer.concat([one, written('Two')]))
    assert.deepEqual(found.map(said), ['One', 'Two'], lie)
    assert.match(found[0]?.ok ? (found[0].warnings[0] ?? '') : '', /^The leader says/)
  }
})

test('a directory that counts characters for bytes is mended by the terminators', async () => {
  const one = written('Ünï–cödé')
  const at = one.indexOf('245')
  one.write('0021', at + 3, 'latin1')
  one.write('00015', at + 12 + 7, 'latin1')
  const found = await read(Buffer.concat([one, written('Two')]))
  assert.deepEqual(found.map(said), ['Ünï–cödé', 'Two'])
  assert.deepEqual(found[0]?.ok && found[0].warnings, ['The directory was wrong.'])
})

test('a directory whose count of fields is wrong is refused: a tag could be given to another field', async () => {
  const one = written('One')
  const at = one.indexOf(0x1e, one.indexOf('One'))
  const split = Buffer.concat([one.subarray(0, at - 3), Buffer.from('\x1e  \x1fx'), one.subarray(at - 3)])
  const found = await read(Buffer.concat([split, written('Two')]))
  assert.deepEqual(found.map(said), ['fields-damaged', 'Two'])
  assert.deepEqual(found[0]?.raw, split)
})

test('a record that lost its end does not take the next one along', async () => {
  const one = written('One')
  for (let cut = 1; cut < one.length; cut++) {
    const found = await read(
      Buffer.concat([one.subarray(0, cut), written('Two'), written('Three')]),
      {},
      1_000,
    )
    assert.deepEqual(found.slice(-2).map(said), ['Two', 'Three'], `cut at ${cut}`)
    assert.equal(found.length, 3)
    if (cut < one.length - 1) assert.equal(found[0]?.ok, false)
    else assert.equal(found[0] && said(found[0]), 'One')
  }
})

test('a file that was cut gives its whole records and says what the last one lacks', async () => {
  const bytes = Buffer.concat([written('One'), written('Two')])
  const found = await read(bytes.subarray(0, -20))
  assert.deepEqual(found.map(said), ['One', 'record-truncated'])
  assert.deepEqual((await read(bytes.subarray(0, -1))).map(said), ['One', 'Two'])
})

test('rubbish between records is given back as it is, with its place', async () => {
  const found = await read(
    Buffer.concat([written('One'), Buffer.from('<html>Not found</html>'), written('Two')]),
  )
  assert.deepEqual(found.map(said), ['One', 'not-marc', 'Two'])
  assert.equal(found[1]?.raw.toString(), Buffer.from('<html>Not found</html>').toString())
  assert.deepEqual(await read(Buffer.alloc(0)), [])
  assert.deepEqual((await read(Buffer.from('hello'))).map(said), ['not-marc'])
})

test('a record past 99,999 bytes is refused by the writer or saturated, and read whole', async () => {
  const long: MarcRecord = {
    leader,
    fields: [
      { tag: '001', value: '1' },
      ...Array.from({ length: 12 }, (_, at) => ({
        tag: at === 0 ? '245' : '500',
        indicators: '  ',
        subfields: [{ code: 'a', value: `${at} ${'long '.repeat(2_500)}` }],
      })),
    ],
  }
  assert.throws(
    () => writeIso2709(long),
    (error) => error instanceof MarcTooLongError && error.code === 'BIBBY_MARC_TOO_LONG',
  )
  const bytes = Buffer.concat([writeIso2709(long, { overlong: 'saturate' }), written('Two')])
  const [found, next] = await read(bytes, {}, 65_536)
  assert.ok(found?.ok && next)
  assert.deepEqual(found.record.fields, long.fields)
  assert.equal(said(next), 'Two')
})

test('endless bytes without a terminator are given up in bounded pieces, and a record behind them is found', async () => {
  async function* endless() {
    for (let at = 0; at < 40; at++) yield Buffer.alloc(1_000_000, 'x')
    yield written('Two')
  }
  const found: ReadRecord[] = []
  for await (const record of readIso2709(endless())) found.push(record)
  assert.deepEqual(found.map(said), ['record-too-long', 'record-too-long', 'not-marc', 'Two'])
  assert.equal(
    found.reduce((bytes, { raw }) => bytes + raw.length, 0),
    40_000_000 + written('Two').length,
  )
})

test('the leader is believed about the encoding unless the bytes deny it', async () => {
  const inMarc8 = inBytes([['245', '10\x1faCaf\xe2e']])
  assert.deepEqual(
    (await read(inMarc8)).map((found) => [said(found), found.ok && found.encoding]),
    [['Café', 'marc-8']],
  )
  const lying = inBytes([['245', `10\x1fa${Buffer.from('Café').toString('latin1')}`]])
  const [found] = await read(lying)
  assert.ok(found?.ok)
  assert.deepEqual([said(found), found.encoding, found.warnings.length], ['Café', 'utf-8', 1])
})

test('values that are invalid in UTF-8 are read in MARC-8 or Latin-1 where all of them make sense so', async () => {
  const mixed = (value: string) =>
    read(
      inBytes(
        [
          ['245', `10\x1fa${value}`],
          ['500', '  \x1fa\xc3\xa9'],
        ],
        'a',
      ),
    )
  assert.deepEqual((await mixed('J\xe8arki ja tunteet')).map(said), ['Järki ja tunteet'])
  assert.deepEqual((await mixed('\xb90.75')).map(said), ['£0.75'])
  assert.deepEqual((await mixed('\xc5land')).map(said), ['Åland'])
  assert.deepEqual((await mixed('\xd6stersund')).map(said), ['Östersund'])
  assert.deepEqual((await mixed('Link\xf6ping')).map(said), ['Linköping'])
  assert.deepEqual((await mixed('[Texte imprim\xc2e]')).map(said), ['encoding-invalid'])
  assert.deepEqual((await mixed('\xf0\xd8\xc5\xd3\xd9')).map(said), ['encoding-invalid'])
  const [found] = await mixed('J\xe8arki')
  assert.deepEqual(found?.ok && found.warnings, [
    'The record is in utf-8, but 1 of its values are in marc-8.',
  ])
})

test('an encoding that is asked for holds for every record, and is refused where it cannot be', async () => {
  const cyrillic = inBytes([['245', '10\x1fa\xf7\xcf\xca\xce\xc1']])
  assert.deepEqual((await read(cyrillic, { encoding: 'koi8-r' })).map(said), ['Война'])
  assert.deepEqual((await read(cyrillic)).map(said), ['encoding-invalid'])
  assert.deepEqual((await read(cyrillic, { encoding: 'utf-8' })).map(said), ['encoding-invalid'])
  const undefinedCode = inBytes([['245', '10\x1fa\x98']])
  assert.deepEqual((await read(undefinedCode, { encoding: 'windows-1251' })).map(said), ['encoding-invalid'])
})

test('fields that break the rules are kept, with a warning', async () => {
  const [found] = await read(
    inBytes([
      ['245', '1\x1faOne\x1f'],
      ['003', '\x1faDLC'],
      ['500', 'abc'],
    ]),
  )
  assert.ok(found?.ok)
  assert.deepEqual(found.record.fields, [
    { tag: '245', indicators: '1 ', subfields: [{ code: 'a', value: 'One' }] },
    { tag: '003', value: 'DLC' },
    { tag: '500', indicators: 'ab', subfields: [{ code: 'a', value: 'c' }] },
  ])
  assert.equal(found.warnings.length, 4)
})

test('the structure cannot be smuggled in by a value', async () => {
  const [found, ...more] = await read(writeIso2709(book('One\x1d\x1e\x1fTwo')))
  assert.deepEqual([found && said(found), more], ['One   Two', []])
})

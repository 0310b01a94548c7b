import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import iconv from 'iconv-lite'
import { readMarcxml, writeMarcxml } from './marcxml.ts'
import type { Field, MarcEncoding, ReadRecord } from './record.ts'
import { recordFromPlainXml } from './record-from-plain-xml.ts'
import { recordFromXml } from './record-from-xml.ts'
import { elementBytesMax } from './xml-frames.ts'

const leader = '00000nam a2200000 i 4500'

async function read(file: string | Uint8Array, chunk = 11, encoding?: MarcEncoding): Promise<ReadRecord[]> {
  const bytes = Buffer.from(file)
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk)
  }
  const records: ReadRecord[] = []
  for await (const record of readMarcxml(chunks(), encoding ? { encoding } : {})) records.push(record)
  return records
}

const record = (title: string, prefix = '') =>
  `<${prefix}record><${prefix}leader>${leader}</${prefix}leader>` +
  `<${prefix}datafield tag="245" ind1="1" ind2="0"><${prefix}subfield code="a">${title}</${prefix}subfield></${prefix}datafield>` +
  `</${prefix}record>`
const collection = (...records: string[]) =>
  `<?xml version="1.0"?>\n<collection xmlns="http://www.loc.gov/MARC21/slim">\n${records.join('\n')}\n</collection>`

/** The title, or the code of the refusal. */
const said = (found: ReadRecord): string => {
  if (!found.ok) return found.code
  const field = found.record.fields.find(({ tag }) => tag === '245')
  return field && 'subfields' in field ? (field.subfields[0]?.value ?? '') : ''
}

test('what is written is read again as it was', async () => {
  const text = fc.string({ unit: 'grapheme' }).map((made) => made.replaceAll(/(?![\t\n\r])\p{Cc}/gu, ''))
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
  await fc.assert(
    fc.asyncProperty(fields, async (made) => {
      const written = writeMarcxml({ leader, fields: made })
      const [found, ...more] = await read(written)
      assert.ok(found?.ok, JSON.stringify(found))
      assert.deepEqual([found.record, found.warnings, more], [{ leader, fields: made }, [], []])
      assert.equal(found.raw.toString(), Buffer.from(written).toString())
      // The quick way and the true parser agree.
      assert.deepEqual(recordFromXml(written), { record: found.record, warnings: [] })
    }),
  )
})

test('each record has its number and its place, under any prefix, and reading may begin at any of them', async () => {
  const file = Buffer.from(`\ufeff${collection(record('Öne'), record('Two', 'marc:'), '<record/>')}`)
  for (const chunk of [1, 100, 1_000_000]) {
    const found = await read(file, chunk)
    assert.deepEqual(found.map(said), ['Öne', 'Two', ''])
    for (const { position, raw } of found)
      assert.deepEqual(file.subarray(position, position + raw.length), Buffer.from(raw))
    const from = found[1]?.position ?? 0
    assert.deepEqual((await read(file.subarray(from), chunk)).map(said), ['Two', ''])
  }
})

test('the quick way takes what every system writes, and nothing that the true parser would refuse', async () => {
  assert.ok(recordFromPlainXml(record('One &amp; two')))
  assert.ok(recordFromPlainXml(record('One', 'marc:')))
  for (const text of ['A & B', '&nbsp;', '&amp', '&#65;', ']]>', '\x1f'])
    assert.ok(!recordFromPlainXml(record(text)), text)
  const pieces = fc.constantFrom(
    ...[
      '<record>',
      '</record>',
      `<leader>${leader}</leader>`,
      '<leader>x</leader>',
      '</m:record>',
      '<m:record>',
      ' ',
    ],
    ...[
      '<datafield tag="245" ind1="1" ind2=" ">',
      '<datafield tag="245">',
      '</datafield>',
      '<controlfield tag="001">',
    ],
    ...[
      '<subfield code="a">',
      '<subfield code="a" code="b">',
      '</subfield>',
      '</controlfield>',
      'x',
      '&amp;',
      '&',
      '\0',
    ],
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const whole = `<record><leader>${leader}</leader>${parts.join('')}</record>`
      const plain = recordFromPlainXml(whole)
      if (plain) assert.deepEqual(recordFromXml(whole), { record: plain, warnings: [] }, whole)
    }),
    { numRuns: 2_000 },
  )
})

test('a broken record takes no neighbour along', async () => {
  const broken = [
    ['<record><leader>x', 'record-truncated'],
    ['<record><datafield tag="245"><subfield></datafield></record>', 'xml-malformed'],
    ['<record><subfield code="a">x</subfield></record>', 'xml-malformed'],
    ['<record>&unknown;</record>', 'xml-malformed'],
    ['<record>&nbsp;</record>', 'xml-malformed'],
    ['<record><controlfield tag="001">&#1;</controlfield></record>', 'xml-malformed'],
    ['<record><controlfield tag="001">\x1f</controlfield></record>', 'xml-malformed'],
    ['<record><controlfield tag="1">x</controlfield></record>', 'xml-malformed'],
    [`<record>${'<x>'.repeat(9)}${'</x>'.repeat(9)}</record>`, 'xml-unsafe'],
  ] as const
  for (const [text, code] of broken) {
    const found = await read(collection(record('One'), text, record('Two')))
    assert.deepEqual(found.map(said), ['One', code, 'Two'], text)
  }
  const invalid = Buffer.concat([
    Buffer.from(record('One')),
    Buffer.from(record('\xff'), 'latin1'),
    Buffer.from(record('Two')),
  ])
  assert.deepEqual((await read(invalid)).map(said), ['One', 'encoding-invalid', 'Two'])
})

test('a document type is refused, and nothing behind it is read', async () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${collection(record('&b;'))}`
  assert.deepEqual((await read(bomb)).map(said), ['xml-unsafe'])
})

test('records in comments and character data are none', async () => {
  const hidden = `<!-- ${record('No')} --><note><![CDATA[${record('No')}]]></note>`
  assert.deepEqual((await read(collection(hidden, record('<![CDATA[Yes & <no>]]>')))).map(said), [
    'Yes & <no>',
  ])
})

test('the five entities and character references are read', async () => {
  assert.deepEqual((await read(record('&lt;&amp;&gt;&quot;&apos;&#233;&#x4E2D;'))).map(said), ['<&>"\'é中'])
})

test('the encoding that the file declares is used, and another only when asked for', async () => {
  const declared = (name: string) =>
    `<?xml version="1.0" encoding="${name}"?>${collection(record('Война')).slice(21)}`
  assert.deepEqual((await read(iconv.encode(declared('windows-1251'), 'windows-1251'))).map(said), ['Война'])
  assert.deepEqual((await read(iconv.encode(declared('UTF-8'), 'koi8-r'), 11, 'koi8-r')).map(said), ['Война'])
  assert.deepEqual((await read(declared('UTF-8'))).map(said), ['Война'])
  assert.deepEqual((await read(declared('EBCDIC-CP-US'))).map(said), ['encoding-invalid'])
  assert.deepEqual((await read(iconv.encode(`\ufeff${declared('UTF-16')}`, 'utf-16le'))).map(said), [
    'encoding-invalid',
  ])
})

test('what is no MARCXML is said to be none, and nothing is nothing', async () => {
  assert.deepEqual((await read('<html><body>Not found</body></html>')).map(said), ['not-marc'])
  assert.deepEqual((await read('  \n ')).map(said), [])
})

test('a record without end is given up within bounds, and the next one is found', async () => {
  const long = `<record><leader>${'x'.repeat(elementBytesMax + 200_000)}`
  const found = await read(`${record('One')}${long}</leader></record>${record('Two')}`, 100_000)
  assert.deepEqual(found.map(said), ['One', 'record-too-long', 'Two'])
})

test('any text gives records or refusals, and never a throw', async () => {
  const pieces = fc.constantFrom(
    '<record>', '</record>', '<record', '<!--', '-->', '<![CDATA[', ']]>', '<?', '?>', '<!DOCTYPE', '&#x1f;', '&#xD800;',
    '<datafield tag="245">', '<subfield code="a">', '</subfield>', '</datafield>', '"', 'x', '&', '\0', '<', '>', '/>',
  ) // biome-ignore format: a list of pieces
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 60 }), async (parts) => {
      const found = await read(`${parts.join('')}-->]]>?>${record('Last')}`, 13)
      // A document type ends the reading; nothing else may hide the good record behind it.
      if (!found.some((one) => !one.ok && one.code === 'xml-unsafe'))
        assert.equal(found.map(said).at(-1), 'Last')
    }),
    { numRuns: 500 },
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { type CsvRow, csvRows, rowBytesMax } from './csv-rows.ts'
import { shapeOf } from './csv-shape.ts'

const comma = { delimiter: ',', rowEnd: '\n' } as const
const start = { position: 0, number: 0 }

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(text: string | Buffer, { columns, size = 7 }: { columns?: number; size?: number } = {}) {
  const bytes = Buffer.from(text)
  const asked = { shape: comma, from: start, ...(columns === undefined ? {} : { columns }) }
  const rows: CsvRow[] = []
  for await (const row of csvRows(inPieces(bytes, size), asked)) rows.push(row)
  return rows
}

const seen = (rows: readonly CsvRow[]) => rows.map((row) => (row.ok ? row.cells.join('·') : row.code))

test('quoted cells hold delimiters, quotes and line breaks', async () => {
  assert.deepEqual(seen(await read('a,"b, ""c""\nd",e\r\nf,g,h')), ['a·b, "c"\nd·e', 'f·g·h'])
})

test('rows say where they stand, so that reading can begin at any of them', async () => {
  const text = 'a,b\r\n\n"c\nd",e\n'
  const rows = await read(text)
  assert.deepEqual(
    rows.map(({ number, position, end }) => [number, position, end]),
    [
      [1, 0, 5],
      [2, 6, 14],
    ],
  )
})

test('a quote that is never closed costs its own line, not the rest of the file', async () => {
  const rows = await read('a,b\n"c,d\ne,f\ng,h\n', { columns: 2 })
  assert.deepEqual(seen(rows), ['a·b', 'quote-open', 'e·f', 'g·h'])
})

test('a quote that is closed by a later row costs its own line', async () => {
  const rows = await read('a,b\n"c,d\ne,"f"\ng,h\n', { columns: 2 })
  assert.deepEqual(seen(rows), ['a·b', 'quote-damaged', 'e·f', 'g·h'])
})

test('too few and too many cells are set aside; empty cells at the end are none', async () => {
  assert.deepEqual(seen(await read('a\na,b,c\na,b,,\n', { columns: 2 })), [
    'columns-too-few',
    'columns-too-many',
    'a·b··',
  ])
})

test('bytes that are no UTF-8, and NUL, are set aside with their bytes', async () => {
  const rows = await read(Buffer.from([0x61, 0xe9, 0x0a, 0x62, 0x00, 0x0a, 0x63]))
  assert.deepEqual(seen(rows), ['encoding-invalid', 'control-character', 'c'])
  assert.deepEqual(rows[0]?.raw, Buffer.from([0x61, 0xe9]))
})

test('a row past the limit is set aside and the next one is read', async () => {
  const rows = await read(`${'x'.repeat(rowBytesMax + 10)}\na,b\n`, { columns: 2, size: 4_096 })
  assert.deepEqual(seen(rows), ['record-too-long', 'a·b'])
})

test('the delimiter and the row end are told from the first row', () => {
  assert.deepEqual(shapeOf('a,b;c,d\n1;2;3;4'), comma)
  assert.deepEqual(shapeOf('a\tb\r\n'), { delimiter: '\t', rowEnd: '\n' })
  assert.deepEqual(shapeOf('"a,b";c;d\n'), { delimiter: ';', rowEnd: '\n' })
  assert.deepEqual(shapeOf('a,b\rc,d\r'), { delimiter: ',', rowEnd: '\r' })
})

test('any well-formed rows are read as csv-parse reads them, in pieces of any size', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'é', '源', ',', '"', '\n', ' ', '😀', ';') })
  const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 40 }), async (cells, size) => {
      const text = cells
        .map((row) => row.map((each) => `"${each.replaceAll('"', '""')}"`).join(','))
        .join('\n')
      const ours = (await read(text, { size })).map((row) => (row.ok ? row.cells : row.code))
      assert.deepEqual(ours, parse(text, { relax_column_count: true }))
    }),
    { numRuns: 300 },
  )
})

test('any bytes at all end in rows whose places cover the text', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 50 }),
      async (bytes, size) => {
        const rows = await read(Buffer.from(bytes), { columns: 2, size })
        rows.forEach((row, index) => {
          assert.ok(row.position >= (rows[index - 1]?.end ?? 0) && row.end <= bytes.length)
          assert.equal(row.number, index + 1)
        })
      },
    ),
    { numRuns: 300 },
  )
})

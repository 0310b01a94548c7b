import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatOf } from './format-of.ts'
import { readIso2709, writeIso2709 } from './iso2709.ts'
import { type MarcRecord, marcEncodings, type ReadRecord } from './record.ts'
import { titleOf } from './title-of.ts'

const folder = new URL('../../../../../shared/data/marc/', import.meta.url)
const skip = existsSync(folder) ? false : 'The MARC sets of ../shared/data are not here.'

const last: MarcRecord = {
  leader: '00000nam a2200000 i 4500',
  fields: [
    { tag: '001', value: 'last' },
    { tag: '245', indicators: '00', subfields: [{ code: 'a', value: 'Ünharmed — 無事' }] },
  ],
}
const good = Buffer.from(writeIso2709(last))

async function read(
  bytes: Uint8Array,
  options: Parameters<typeof readIso2709>[1] = {},
): Promise<ReadRecord[]> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += 509) yield bytes.subarray(at, at + 509)
  }
  const records: ReadRecord[] = []
  for await (const record of readIso2709(chunks(), options)) {
    records.push(record)
    if (record.ok) titleOf(record.record, formatOf(record.record))
  }
  return records
}

/** The good record behind the damage is found whole, in its place, and no byte was lost before it. */
function assertUnharmed(bytes: Buffer, found: readonly ReadRecord[]): void {
  const end = found.at(-1)
  assert.ok(end?.ok, `The last record was ${end?.ok === false ? end.reason : 'lost'}`)
  assert.deepEqual(end.record.fields, last.fields)
  assert.equal(end.position, bytes.length - good.length)
  let position = 0
  for (const { position: at, raw } of found) {
    const between = bytes.subarray(position, at)
    assert.ok(
      between.every((byte) => [0, 9, 10, 13, 26, 32, 0xef, 0xbb, 0xbf].includes(byte)),
      `Bytes before ${at} were lost.`,
    )
    position = at + raw.length
  }
  assert.equal(position, bytes.length)
}

test('random bytes never throw, and never hide the good record behind them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (junk) => {
      const bytes = Buffer.concat([junk, good])
      assertUnharmed(bytes, await read(bytes))
    }),
    { numRuns: 500 },
  )
})

test('bytes of the structure in any order never throw, whatever encoding is asked for', async () => {
  const piece = fc.constantFrom(
    '\x1d',
    '\x1e',
    '\x1f',
    '\x1b',
    '22',
    '4500',
    '00026',
    '245000500000',
    ' ',
    'a',
    '\xe2',
    '\xc3',
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 200 }),
      fc.constantFrom(undefined, ...marcEncodings),
      async (parts, encoding) => {
        const bytes = Buffer.concat([Buffer.from(parts.join(''), 'latin1'), good])
        const found = await read(bytes, encoding ? { encoding } : {})
        if (encoding === undefined) assertUnharmed(bytes, found)
      },
    ),
    { numRuns: 500 },
  )
})

for (const file of [
  'evergreen_hebrew.marc',
  'evergreen_nepali.marc',
  'catmandu_bu_bibs.mrc',
  'idzebra_simple-rusmarc',
]) {
  test(`records of ${file}, mutated and cut, never throw and never harm the next`, { skip }, async () => {
    const records = splitRecords(readFileSync(new URL(file, folder)))
    const change = fc.record({
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
      kind: fc.constantFrom('set', 'cut', 'insert'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...records),
        fc.array(change, { minLength: 1, maxLength: 8 }),
        async (record, changes) => {
          let damaged: Buffer = Buffer.from(record)
          for (const { at, byte, kind } of changes) {
            const place = at % damaged.length
            const rest = damaged.subarray(kind === 'insert' ? place : place + 1)
            damaged = Buffer.concat([
              damaged.subarray(0, place),
              Buffer.from(kind === 'cut' ? [] : [byte]),
              rest,
            ])
          }
          const bytes = Buffer.concat([damaged, good])
          assertUnharmed(bytes, await read(bytes))
          const cut = Buffer.concat([record.subarray(0, (changes[0]?.at ?? 0) % record.length), good])
          assertUnharmed(cut, await read(cut))
        },
      ),
      { numRuns: 300 },
    )
  })
}

function splitRecords(bytes: Buffer): Buffer[] {
  const records: Buffer[] = []
  let from = 0
  for (let at = bytes.indexOf(0x1d); at >= 0; at = bytes.indexOf(0x1d, from)) {
    records.push(bytes.subarray(from, at + 1))
    from = at + 1
  }
  return records
}

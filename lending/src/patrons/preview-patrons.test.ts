import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { aBranch, aCategory, aPatron, by, withoutPatterns } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { importKeptFile, importKeptHere, importResult } from './import-kept-file.ts'
import { importPatrons, type PatronRowResult } from './import-patrons.ts'
import { previewPatrons } from './preview-patrons.ts'

const standard = { categoryCode: 'adult', branch: 'main' }
const header = 'card,surname,email,expiry,category,branch'
const rows = [
  'new,A,,,,',
  'known,Reader,,,,',
  'changed,Other,,,,',
  'guarded,Other,,,,',
  'gone,I,,,,',
  'merged,J,,,,',
  ',B,,,,',
  'x,,,,,',
  'y,D,none,,,',
  'z,F,,,nobody,',
  'new,H,,,,',
  'short,J',
  '"damaged"x,M,,,,',
]

async function* bytes(text: string) {
  yield Buffer.from(text)
}

async function aLibrary(db: ScratchDatabase) {
  const { branchId } = await aBranch(db, { code: 'main' })
  const { categoryId } = await aCategory(db, { code: 'adult' })
  const person = { branchId, categoryId, givenName: '', familyName: 'Reader' }
  const { patronId } = await aPatron(db, { ...person, card: 'known' })
  await aPatron(db, { ...person, card: 'changed' })
  await aPatron(db, { ...person, card: 'guarded', protected: true })
  for (const card of ['gone', 'merged']) await aPatron(db, { ...person, card })
  await db.rows(sql`
    update patron set deleted_at = now(), merged_into = case card when 'merged' then ${patronId}::bigint end
    where card in ('gone', 'merged')
  `)
}

test('a preview says of each row what the import then does with it, and changes nothing', async () => {
  await using db = await scratchDatabase()
  await aLibrary(db)
  const file = [header, ...rows].join('\n')
  const before = await db.rows(sql`select patron.*, xmin::text from patron order by id`)
  const seen = await previewPatrons(withoutPatterns(db), bytes(file), standard)
  assert.ok(!('refused' in seen))
  assert.deepEqual(await db.rows(sql`select patron.*, xmin::text from patron order by id`), before)
  const done: PatronRowResult[] = []
  await importPatrons(withoutPatterns(db), by(), bytes(file), { ...standard, onRow: (row) => done.push(row) })
  assert.deepEqual(
    seen.rows.map((row) => [row.line, row.fate, row.fate === 'rejected' && row.reason]),
    done.map((row) => [row.line, row.became, row.became === 'rejected' && row.reason]),
  )
  assert.deepEqual(seen.counts, { registered: 1, updated: 1, unchanged: 1, rejected: rows.length - 3 })
})

test('a preview looks at the start of a file only, and says so', async () => {
  await using db = await scratchDatabase()
  await aLibrary(db)
  const many = Array.from({ length: 1_001 }, (_, n) => `n${n},X,,,,`)
  const seen = await previewPatrons(withoutPatterns(db), bytes([header, ...many].join('\n')), standard)
  assert.ok(!('refused' in seen))
  assert.deepEqual([seen.hasMore, seen.counts.registered, seen.rows.length], [true, 1_000, 20])
  const whole = await previewPatrons(
    withoutPatterns(db),
    bytes([header, ...many.slice(1)].join('\n')),
    standard,
  )
  assert.ok(!('refused' in whole))
  assert.equal(whole.hasMore, false)
})

test('a kept file is imported once however often it is asked for, and hands back just what was not taken', async () => {
  await using db = await scratchDatabase()
  await aLibrary(db)
  const folder = await mkdtemp(join(tmpdir(), 'bibby-patrons-'))
  try {
    const filePath = join(folder, 'file')
    const kept = { filePath, resultPath: `${filePath}.result`, rejectsPath: `${filePath}.rejects` }
    await writeFile(filePath, [header, ...rows].join('\r\n'))
    const options = { ...standard, fileName: 'people.csv' }
    const ask = { by: by(), kept, options }
    const run = () => importKeptFile(ask, () => importKeptHere(withoutPatterns(db), ask))
    const told = await Promise.all([run(), run()])
    const [first] = told
    assert.ok(first && !('refused' in first))
    assert.deepEqual([first.read, first.registered, first.rejected], [rows.length, 1, rows.length - 3])
    assert.deepEqual(told[1], first)
    assert.deepEqual(await run(), first)
    assert.deepEqual(await importResult(kept), first)
    assert.equal(await readFile(kept.rejectsPath, 'utf8'), `${[header, ...rows.slice(3)].join('\n')}\n`)
    await assert.rejects(stat(filePath), { code: 'ENOENT' })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

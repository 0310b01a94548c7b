import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import iconv from 'iconv-lite'
import { cutAt } from '../../test/cut.ts'
import { neverTwice } from '../../test/every-cut.ts'
import { aBranch, aCategory, by, withoutPatterns } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { inEnglish } from '../language/messages.ts'
import { withWords } from '../language/worded.ts'
import { sql } from '../postgres/sql.ts'
import type { By } from '../postgres/write.ts'
import { importPatron } from './import-patron.ts'
import {
  importPatrons,
  type PatronFileOptions,
  type PatronImport,
  type PatronImportOptions,
  type PatronRowResult,
} from './import-patrons.ts'
import { patron } from './patron.ts'

async function* pieces(content: string | Buffer, bytes = 1_000) {
  const whole = Buffer.from(content)
  for (let at = 0; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes)
}

async function aPlace(db: ScratchDatabase) {
  await aCategory(db, { code: 'adult' })
  await aCategory(db, { code: 'child', name: 'Child' })
  return aBranch(db, { code: 'main' })
}

const standard: PatronFileOptions = { categoryCode: 'adult', branch: 'main' }

async function run(
  db: ScratchDatabase,
  content: string | Buffer,
  over: PatronImportOptions & { who?: By } = {},
) {
  const { who = by(), ...options } = over
  const told = await importPatrons(withoutPatterns(db), who, pieces(content), { ...standard, ...options })
  assert.ok(!('refused' in told), JSON.stringify(told))
  assert.equal(told.read, told.registered + told.updated + told.unchanged + told.rejected)
  return told
}

const counts = ({ read, registered, updated, unchanged, rejected }: PatronImport) => [
  read,
  registered,
  updated,
  unchanged,
  rejected,
]

test('an import that is stopped ends with its batch, and goes on when it is run again', async () => {
  await using db = await scratchDatabase()
  await aPlace(db)
  const content = `card,surname\n${Array.from({ length: 250 }, (_, n) => `K-${n},Reader`).join('\n')}\n`
  const stop = new AbortController()
  const options = { signal: stop.signal, onRow: () => stop.abort() }
  await assert.rejects(run(db, content, options), { name: 'AbortError' })
  assert.equal((await db.rows(sql`select from patron`)).length, 200)
  assert.deepEqual(counts(await run(db, content)), [250, 50, 0, 200, 0])
})

test('columns are found by their names, in any order and case, and an unknown one is told', async () => {
  await using db = await scratchDatabase()
  await aPlace(db)
  const told = await run(
    db,
    '\ufeffSurname;Height;First Name;CARDNUMBER;category;e-mail;Expires on;address\r\n' +
      'Lovelace;170;Ada;K-1;child;ada@example.org;2030-01-31;"1 Street;\r\nLondon"\r\n',
  )
  assert.deepEqual(counts(told), [1, 1, 0, 0, 0])
  assert.deepEqual(told.ignoredColumns, ['Height'])
  const ada = await patron(db, { card: 'K-1' })
  assert.deepEqual(
    [
      ada?.givenName,
      ada?.familyName,
      ada?.categoryCode,
      ada?.branchCode,
      ada?.email,
      ada?.expiresOn,
      ada?.address,
    ],
    ['Ada', 'Lovelace', 'child', 'main', 'ada@example.org', '2030-01-31', '1 Street;\nLondon'],
  )
})

test('a mapping names the columns of a file that calls them otherwise', async () => {
  await using db = await scratchDatabase()
  await aPlace(db)
  const mapping = { card: 'Ausweis', familyName: 'Nachname' }
  assert.deepEqual(counts(await run(db, 'Nachname,Ausweis\nÖberg,1\n', { mapping })), [1, 1, 0, 0, 0])
  assert.equal((await patron(db, { card: '1' }))?.familyName, 'Öberg')
})

test('importing a file again changes nothing and says so', async () => {
  await using db = await scratchDatabase()
  await aPlace(db)
  const file = 'card,surname,firstname,note\n1,A,x,"two\nlines"\n2,B,,\n3,C,z,é\n'
  assert.deepEqual(counts(await run(db, file)), [3, 3, 0, 0, 0])
  const before = await db.rows(sql`select patron.*, xmin::text from patron order by id`)
  assert.deepEqual(counts(await run(db, file)), [3, 0, 0, 3, 0])
  assert.deepEqual(await db.rows(sql`select patron.*, xmin::text from patron order by id`), before)
})

test('a row changes what it names, an empty cell nothing; defaults are for new patrons only', async () => {
  await using db = await scratchDatabase()
  await aPlace(db)
  await run(db, 'card,surname,firstname,email,category\n1,A,x,a@b,child\n')
  assert.deepEqual(counts(await run(db, 'card,surname,firstname,email\n1,New,x,\n')), [1, 0, 1, 0, 0])
  const found = await patron(db, { card: '1' })
  assert.deepEqual(
    [found?.familyName, found?.email, found?.categoryCode, found?.version],
    ['New', 'a@b', 'child', 2],
  )
})

test('a protected patron is left as they are', async () => {
  await using db = await scratchDatabase()
  await aPlace(db)
  await run(db, 'card,surname\n1,A\n')
  await db.rows(sql`update patron set protected = true`)
  const before = await patron(db, { card: '1' })
  const told = await run(db, 'card,surname\n1,B\n')
  assert.deepEqual(counts(told), [1, 0, 0, 0, 1])
  assert.equal(told.rejects[0]?.code, 'patron-protected')
  assert.deepEqual(await patron(db, { card: '1' }), before)
  assert.deepEqual(counts(await run(db, 'card,surname\n1,A\n')), [1, 0, 0, 1, 0])
})

test('each row that is not taken is told with its line and the reason, and the others go in', async () => {
  await using db = await scratchDatabase()
  await aPlace(db)
  await run(db, 'card,surname\ngone,A\n')
  await db.rows(sql`update patron set deleted_at = now()`)
  const results: PatronRowResult[] = []
  const lines = [
    'card,surname,email,expiry,category,branch',
    'ok1,A,,,,',
    ',B,,,,',
    'x,,,,,',
    '"ok2","C\nC",,,,',
    'ok3,D,none,,,',
    '',
    'ok4,E,,31.12.2030,,',
    'ok5,F,,,nobody,',
    'ok6,G,,,,nowhere',
    'ok1,H,,,,',
    'gone,I,,,,',
    'short,J',
    'long,K,,,,,more',
    'k"ey,L,,,,',
    '"damaged"x,M,,,,',
    'nul\0,N,,,,',
    'last,Z,,,child,main',
  ]
  const told = await run(db, lines.join('\n'), { onRow: (row) => results.push(row) })
  const found = results.map((row) => [row.line, row.became === 'rejected' ? row.code : row.became])
  assert.deepEqual(found, [
    [2, 'registered'],
    [3, 'card-missing'],
    [4, 'fields-invalid'],
    [5, 'fields-invalid'],
    [7, 'fields-invalid'],
    [9, 'fields-invalid'],
    [10, 'category-unknown'],
    [11, 'branch-unknown'],
    [12, 'card-twice'],
    [13, 'patron-erased'],
    [14, 'columns-too-few'],
    [15, 'columns-too-many'],
    [16, 'registered'],
    [17, 'quote-damaged'],
    [18, 'control-character'],
    [19, 'registered'],
  ])
  assert.deepEqual(counts(told), [16, 3, 0, 0, 13])
  assert.deepEqual(
    withWords(inEnglish, told.rejects).map(({ reason }) => reason),
    [
      'The row has no card.',
      'A patron needs a name.',
      'Family name holds a control character or a line break.',
      'Email does not look like an address.',
      'Expiry must be a day, as 2030-12-31.',
      'There is no patron category “nobody”.',
      'There is no branch “nowhere”.',
      'The card is on line 2 already.',
      'The patron was erased, and can still be brought back.',
      'The row has 2 cells where the header has 6.',
      'The row has 7 cells where the header has 6.',
      'A cell goes on behind its closing quote.',
      'Byte 4 of the row is a NUL.',
    ],
  )
})

test('a file in another encoding is read in it; bytes that are no text are told', async () => {
  await using db = await scratchDatabase()
  await aPlace(db)
  const file = 'card,surname\n1,Лавлейс\n'
  for (const encoding of ['windows-1251', 'koi8-r', 'utf-16le']) {
    await db.rows(sql`delete from patron`)
    await run(db, iconv.encode(file, encoding, { addBOM: encoding === 'utf-16le' }), { encoding })
    assert.equal((await patron(db, { card: '1' }))?.familyName, 'Лавлейс', encoding)
  }
  await db.rows(sql`delete from patron`)
  const told = await run(db, iconv.encode(file, 'koi8-r'))
  assert.deepEqual(
    told.rejects.map(({ line, code }) => [line, code]),
    [[2, 'encoding-invalid']],
  )
})

test('a file without the columns that are needed is not begun', async () => {
  await using db = await scratchDatabase()
  await aPlace(db)
  const ask = (content: string, options: PatronFileOptions = {}) =>
    importPatrons(withoutPatterns(db), by(), pieces(content), options)
  assert.deepEqual(await ask('name\nx\n'), {
    refused: 'columns-missing',
    missing: ['card', 'category', 'branch'],
    found: ['name'],
  })
  assert.deepEqual(await ask(''), { refused: 'file-empty' })
  assert.equal(
    ((await ask('card\n', { encoding: 'utf-7' })) as { refused: string }).refused,
    'encoding-unknown',
  )
})

test('an import that was cut off is run again under its key, and takes no row twice', async () => {
  await using db = await scratchDatabase()
  await aPlace(db)
  const file = `card,surname\n${Array.from({ length: 9 }, (_, n) => `c${n},S${n}`).join('\n')}`
  const who = by({ key: 'the import' })
  const cutting = cutAt(db, 4, 'reply-lost')
  await importPatrons(withoutPatterns(cutting), who, pieces(file), standard).catch(() => undefined)
  const again = await run(db, file, { who })
  assert.equal(again.rejected, 0)
  assert.deepEqual(await db.rows(sql`select distinct version from patron`), [{ version: 1 }])
  assert.equal((await db.rows(sql`select from patron`)).length, 9)
})

test('losing the connection at any statement never imports a patron twice', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aPlace(db)
  let n = 0
  await neverTwice(db, importPatron, async () => {
    const card = `c${++n}`
    const times = async () => (await patron(db, { card }))?.version ?? 0
    return { ask: { card, familyName: 'X', categoryCode: 'adult', branchId }, times }
  })
})

test('whatever the bytes are, every row is accounted for and nothing but a refusal is thrown up', async () => {
  await using db = await scratchDatabase()
  await aPlace(db)
  const cell = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('"', '""', '"a,b"', '\n', 'adult', 'main', '2030-01-01', 'a@b', '\0', ';', '\t'),
  )
  const table = fc.array(fc.array(cell, { maxLength: 6 }), { maxLength: 8 })
  const encoding = fc.constantFrom('utf-8', 'windows-1251', 'utf-16le')
  await fc.assert(
    fc.asyncProperty(table, encoding, fc.integer({ min: 1, max: 7 }), async (rows, named, size) => {
      const text = `card,surname,email,category\n${rows.map((row) => row.join(',')).join('\n')}`
      const bytes = pieces(iconv.encode(text, named), size)
      const results: PatronRowResult[] = []
      const onRow = (row: PatronRowResult) => results.push(row)
      const told = await importPatrons(withoutPatterns(db), by(), bytes, {
        ...standard,
        encoding: named,
        onRow,
      })
      if ('refused' in told) return
      assert.equal(told.read, results.length)
      assert.equal(told.read, told.registered + told.updated + told.unchanged + told.rejected)
      const lines = results.map(({ line }) => line)
      assert.deepEqual(
        lines,
        lines.toSorted((a, b) => a - b),
      )
    }),
    { numRuns: 60 },
  )
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import iconv from 'iconv-lite'
import { withoutPatterns } from '../../../test/library-fixtures.ts'
import { scratchDatabase } from '../../../test/scratch-database.ts'
import { inEnglish } from '../../language/messages.ts'
import { readWords } from '../../language/worded.ts'
import type { Database } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import { write } from '../../postgres/write.ts'
import { editTitle } from '../edit-title.ts'
import { writeIso2709 } from '../marc/iso2709.ts'
import { rejects } from './change-set.ts'
import { type ImportFile, importSetup } from './new-import.ts'
import { previewImport } from './preview-import.ts'
import { rejectsFile } from './rejects-file.ts'
import { catalogueDigest, clock, counts, imported, scratchFolder } from './test/imported.ts'

const titles = (db: Database) =>
  db.rows<{ id: number; title: string; authors: string[]; version: number }>(
    sql`select id, title, authors, version from title order by id`,
  )

const marc = (number: string | undefined, title: string) =>
  writeIso2709({
    leader: '00000nam a2200000 a 4500',
    fields: [
      ...(number === undefined ? [] : [{ tag: '001', value: number }]),
      { tag: '245', indicators: '10', subfields: [{ code: 'a', value: title }] },
    ],
  })

async function previewed(db: Database, file: ImportFile): Promise<number[]> {
  const told = await previewImport(withoutPatterns(db), file)
  assert.ok(!('refused' in told), JSON.stringify(told))
  return counts(told.counts)
}

test('any rows at all: read = imported + updated + unchanged + rejected, as previewed, and again nothing is new', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const cell = fc.string({
    unit: fc.constantFrom('a', 'b', 'é', ',', '"', '\n', '\u0000', '源', ' ', '\r'),
    maxLength: 6,
  })
  const rows = fc.array(
    fc.array(cell, { minLength: 1, maxLength: 4 }).map((cells) => cells.join(',')),
    { maxLength: 12 },
  )
  let n = 0
  await fc.assert(
    fc.asyncProperty(rows, async (lines) => {
      n += 1
      const file = await files.file(`any-${n}.csv`, `id,title,author\n${lines.join('\n')}`)
      const looked = [await previewed(db, file)]
      const first = await imported(db, file)
      assert.equal(first.read, first.imported + first.updated + first.unchanged + first.rejected)
      const before = await catalogueDigest(db)
      looked.push(await previewed(db, file))
      const again = await imported(db, file)
      assert.deepEqual(looked, [counts(first), counts(again)])
      assert.deepEqual(counts(again), [first.read, 0, 0, first.read - first.rejected, first.rejected])
      assert.deepEqual(await catalogueDigest(db), before)
    }),
    { numRuns: 40 },
  )
})

test('a changed record is an update that keeps the identity of its title', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await imported(db, await files.file('a.csv', 'id,title\n1,Emma\n2,Persuasion\n'))
  const [emma] = await titles(db)
  const second = await imported(db, await files.file('a.csv', 'id,title\n1,Emma: a novel\n2,Persuasion\n'))
  assert.deepEqual(counts(second), [2, 0, 1, 1, 0])
  const [after] = await titles(db)
  assert.deepEqual([after?.id, after?.title, after?.version], [emma?.id, 'Emma: a novel', 2])
})

test('the same file again does not undo what a cataloguer mended', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('a.csv', 'id,title\n1,Emmma\n')
  await imported(db, file)
  const [emma] = await titles(db)
  const by = { actor: 'staff:1', key: randomUUID(), occurredAt: clock(), instance: 'test' }
  await write(db, by, editTitle, { titleId: emma?.id ?? 0, version: 1, fields: { title: 'Emma' } })
  assert.deepEqual(counts(await imported(db, file)), [1, 0, 0, 1, 0])
  assert.equal((await titles(db))[0]?.title, 'Emma')
})

test('the same file by another mapping is read anew', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('a.csv', 'id,title,writer\n1,Emma,"Austen, Jane"\n')
  await imported(db, { ...file, mapping: { controlNumber: 'id', title: 'title' } })
  const second = await imported(db, {
    ...file,
    mapping: { controlNumber: 'id', title: 'title', authors: 'writer' },
  })
  assert.deepEqual(counts(second), [1, 0, 1, 0, 0])
  assert.deepEqual((await titles(db))[0]?.authors, ['Austen, Jane'])
})

test('rows of one number are one book, whichever row comes last, and again nothing is new', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file(
    'a.csv',
    'id,title,author\n1,Das Kapital,Marx\n1,Das Kapital,Engels\n1,Das Kapital,Marx\n',
  )
  assert.deepEqual(counts(await imported(db, file)), [3, 1, 2, 0, 0])
  assert.deepEqual((await titles(db))[0]?.authors, ['Marx', 'Engels'])
  assert.deepEqual(counts(await imported(db, file)), [3, 0, 0, 3, 0])
})

test('the rows of another file of the same name never become the titles that stand under their numbers', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await imported(db, await files.file('books.csv', 'id,title\n1,Emma\n2,Omoo\n'))
  const other = await imported(db, await files.file('books.csv', 'id,title\n1,Dune\n2,Omoo: a voyage\n'))
  assert.deepEqual(counts(other), [2, 0, 1, 0, 1])
  const named = { ...(await files.file('books.csv', 'id,title\n1,Dune\n')), source: 'the-school' }
  assert.deepEqual(counts(await imported(db, named)), [1, 1, 0, 0, 0])
  assert.deepEqual(
    (await titles(db)).map(({ title }) => title),
    ['Emma', 'Omoo: a voyage', 'Dune'],
  )
})

test('a record never overwrites another title that happens to have its number', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await imported(db, await files.file('one.mrc', Buffer.from(marc('1', 'Emma'))))
  const other = await imported(db, await files.file('two.mrc', Buffer.from(marc('1', 'Moby Dick'))))
  assert.deepEqual(counts(other), [1, 0, 0, 0, 1])
  const [reject] = await rejects(db, other.changeSetId, { limit: 10 })
  assert.equal(reject?.code, 'number-of-another-title')
  assert.deepEqual(
    (await titles(db)).map(({ title }) => title),
    ['Emma'],
  )
  const named = await files.file('two.mrc', Buffer.from(marc('1', 'Moby Dick')))
  assert.deepEqual(counts(await imported(db, { ...named, source: 'NB' })), [1, 1, 0, 0, 0])
})

test('two titles that share no more than small words, or a word but no author, are two works', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const rows = (lines: string) => files.file('books.csv', `id,title,author\n${lines}`)
  await imported(
    db,
    await rows('1,The Hobbit,Tolkien\n2,History of England,Hume\n3,It,King\n4,Ulyses,Joyce\n'),
  )
  const second =
    '1,The Stranger,\n2,History of France,Michelet\n3,It,\n4,Ulysses: Ulyses mended,"Joyce, James"\n'
  assert.deepEqual(counts(await imported(db, await rows(second))), [4, 0, 2, 0, 2])
  assert.deepEqual(
    (await titles(db)).map(({ title }) => title),
    ['The Hobbit', 'History of England', 'It', 'Ulysses: Ulyses mended'],
  )
})

test('MARC without a number is known again by what it says', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file(
    'a.mrc',
    Buffer.concat([marc(undefined, 'Emma'), marc(undefined, 'Persuasion')]),
  )
  assert.deepEqual(counts(await imported(db, file)), [2, 2, 0, 0, 0])
  assert.deepEqual(counts(await imported(db, file)), [2, 0, 0, 2, 0])
})

test('rejects come back as a file that can be mended and imported', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const first = await imported(db, await files.file('a.csv', 'id;title\n1;Emma\n2;\n3;A;B\n4;"Persu"asion\n'))
  assert.deepEqual(counts(first), [4, 1, 0, 0, 3])
  const listed = await rejects(db, first.changeSetId, { limit: 10 })
  assert.deepEqual(
    listed.map(({ recordNumber, positionBytes, code }) => [recordNumber, positionBytes, code]),
    [
      [2, 16, 'title-missing'],
      [3, 19, 'columns-too-many'],
      [4, 25, 'quote-damaged'],
    ],
  )
  const text = (await buffer(rejectsFile(db, first.changeSetId))).toString()
  assert.equal(text, 'id;title\n2;\n3;A;B\n4;"Persu"asion\n')
  const mended = text
    .replace('2;', '2;Lady Susan')
    .replace('3;A;B', '3;A B')
    .replace('"Persu"asion', 'Persuasion')
  assert.deepEqual(counts(await imported(db, await files.file('a.csv', mended))), [3, 3, 0, 0, 0])
})

test('MARC rejects come back byte for byte', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const bad = Buffer.from('00050nam a2200037 a 4500rubbish\u001e\u001d')
  const file = await files.file('a.mrc', Buffer.concat([marc('1', 'Emma'), bad, marc('2', 'Persuasion')]))
  const first = await imported(db, file)
  assert.deepEqual(counts(first), [3, 2, 0, 0, 1])
  assert.deepEqual(await buffer(rejectsFile(db, first.changeSetId)), bad)
})

test('a file is read whatever its encoding, packing, delimiter and marks', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const text = 'title;author\r\nГорода и годы;"Федин; К."\r\n'
  const forms: [string, Buffer, string | undefined][] = [
    ['mark.csv', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]), undefined],
    ['cyrillic.csv', iconv.encode(text, 'windows-1251'), 'windows-1251'],
    ['wide.csv', iconv.encode(text, 'utf-16le', { addBOM: true }), undefined],
    ['packed.csv.gz', gzipSync(text), undefined],
    ['tabs.tsv', Buffer.from(text.replaceAll(';', '\t').replace('Федин\t', 'Федин;')), undefined],
    ['mac.csv', Buffer.from(text.replaceAll('\r\n', '\r')), undefined],
  ]
  for (const [name, bytes, encoding] of forms) {
    const file = { ...(await files.file(name, bytes)), ...(encoding ? { encoding } : {}) }
    assert.deepEqual(counts(await imported(db, file)), [1, 1, 0, 0, 0], name)
  }
  const found = await titles(db)
  assert.deepEqual(new Set(found.map(({ title }) => title)), new Set(['Города и годы']))
  assert.deepEqual(new Set(found.map(({ authors }) => authors.join('|'))), new Set(['Федин|К.']))
})

test('a preview tells what would happen and writes nothing', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await imported(db, await files.file('a.csv', 'book_id,title,year\n1,Emma,1815\n'))
  const before = await catalogueDigest(db)
  const rows = Array.from({ length: 1_500 }, (_, index) => `${index + 1},Title ${index + 1},19${index % 100}`)
  const file = await files.file(
    'a.csv',
    `book_id,title,year\n1,Emma,1816\n2,,1900\n${rows.slice(2).join('\n')}\n`,
  )
  const preview = await previewImport(withoutPatterns(db), file)
  assert.ok(!('refused' in preview))
  assert.deepEqual(preview.counts, { read: 1_000, imported: 998, updated: 1, unchanged: 0, rejected: 1 })
  assert.equal(preview.hasMore, true)
  assert.deepEqual(
    preview.records.slice(0, 3).map(({ fate }) => fate),
    ['updated', 'rejected', 'imported'],
  )
  assert.equal(preview.records.length, 20)
  assert.deepEqual(preview.setup.csv?.mapping, { title: 'title', year: 'year', controlNumber: 'book_id' })
  assert.deepEqual(preview.rejectedBy, { 'title-missing': 1 })
  assert.deepEqual(await catalogueDigest(db), before)
})

test('a file without a title column is refused with what it has', async () => {
  await using files = await scratchFolder()
  const refused = await importSetup(withoutPatterns(undefined), await files.file('a.csv', 'foo,bar\n1,2\n'))
  assert.deepEqual(refused, {
    refused: 'mapping-incomplete',
    problems: [{ flaw: 'title-column-missing' }],
    header: ['foo', 'bar'],
  })
  const empty = await importSetup(withoutPatterns(undefined), await files.file('b.csv', ''))
  assert.deepEqual(empty, { refused: 'file-without-header' })
  const odd = await importSetup(withoutPatterns(undefined), {
    ...(await files.file('c.csv', 'title\n')),
    encoding: 'klingon',
  })
  assert.deepEqual(odd, { refused: 'encoding-unknown', encoding: 'klingon' })
})

test('a field past its limit sets the record aside and says which', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const first = await imported(
    db,
    await files.file('a.csv', `title\n${'x'.repeat(2_001)}\n${'x'.repeat(2_000)}\n`),
  )
  assert.deepEqual(counts(first), [2, 1, 0, 0, 1])
  const [reject] = await rejects(db, first.changeSetId, { limit: 1 })
  assert.deepEqual(
    [reject?.code, readWords(inEnglish, reject?.reason ?? '')],
    ['fields-invalid', 'The title is longer than 2000 characters.'],
  )
})

test('the file itself is never touched', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('a.csv', 'title\nEmma\n')
  await imported(db, file)
  assert.equal(await readFile(file.filePath, 'utf8'), 'title\nEmma\n')
})

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Patterns, registeredBefore, startPatterns } from '@bibby/patterns/patterns.ts'
import fc from 'fast-check'
import { aBranch, anItemType, withoutPatterns } from '../../../test/library-fixtures.ts'
import { scratchDatabase } from '../../../test/scratch-database.ts'
import { flawInEnglish } from '../../language/flaw.ts'
import { inEnglish } from '../../language/messages.ts'
import { readWords, withWords } from '../../language/worded.ts'
import type { Database } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import { rejects } from './change-set.ts'
import type { CsvMapping } from './csv-mapping.ts'
import { importSetup } from './new-import.ts'
import { previewImport } from './preview-import.ts'
import { rejectsFile } from './rejects-file.ts'
import { added, catalogueContent, counts, imported, ran, scratchFolder } from './test/imported.ts'

let running: Patterns
const patterns = async () => running
before(async () => {
  running = await startPatterns({ budgetMs: 20_000, threads: 1, analyser: { limitMs: 20_000 } })
})
after(() => running[Symbol.asyncDispose]())

/** Takes any pattern, as a version with another analyser may have; it runs on these. */
function withoutAnalyser(on: Patterns): { readonly patterns: () => Promise<Patterns> } {
  const register = async (source: string) => ({
    registered: registeredBefore({ source, flags: '' }),
    groups: 1,
  })
  return { patterns: async () => ({ ...on, register }) }
}

const isbnIn = { column: 'note', pattern: 'ISBN: ([0-9]{13})' }
const mapping: CsvMapping = {
  title: 'title',
  isbn: isbnIn,
  callNumber: [{ column: 'note', pattern: 'Sig\\. ([0-9.]+ [A-Z]+)|in ([A-Z]+)', optional: true }, 'place'],
  barcode: 'barcode',
  branch: 'branch',
  itemType: 'type',
}
const rows = `title,note,place,barcode,branch,type
Emma,Sig. 813.5 AUS; ISBN: 9780141439587,ignored,t-1,main,book
Moby Dick,ISBN: 9780142437247,823 MEL,t-2,main,book
Persuasion,no number at all,823 AUS,t-3,main,book
Walden,,,t-4,main,book
Dracula,in STOKER ISBN: 9780141439846,,t-5,main,book
`

const rejectsInEnglish = async (db: Database, changeSetId: number) =>
  withWords(inEnglish, await rejects(db, changeSetId, { after: 0, limit: 10 }))

async function opened(db: Database): Promise<void> {
  await aBranch(db, { code: 'main' })
  await anItemType(db, { code: 'book' })
}

test('a field is what its pattern takes of a column, and the next column where an optional one takes nothing', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await opened(db)
  const set = await imported(db, { ...(await files.file('rows.csv', rows)), mapping }, { patterns })
  assert.deepEqual(counts(set), [5, 4, 0, 0, 1])
  const taken = await db.rows(sql`
    select title.title, title.isbns, copy.call_number from title join copy on copy.title_id = title.id order by barcode
  `)
  assert.deepEqual(taken, [
    { title: 'Emma', isbns: ['9780141439587'], call_number: '813.5 AUS' },
    { title: 'Moby Dick', isbns: ['9780142437247'], call_number: '823 MEL' },
    { title: 'Walden', isbns: [], call_number: '' },
    { title: 'Dracula', isbns: ['9780141439846'], call_number: 'STOKER' },
  ])
})

test('a row of which a pattern takes nothing is set aside with its place, reason and bytes; the preview says the same', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await opened(db)
  const file = { ...(await files.file('rows.csv', rows)), mapping }
  const lines = rows.split('\n')
  const seen = await previewImport({ db, patterns }, file)
  assert.ok('counts' in seen)
  const set = await imported(db, file, { patterns })
  assert.deepEqual(counts(set), counts(seen.counts))
  const [reject, ...more] = await rejectsInEnglish(db, set.changeSetId)
  assert.deepEqual(more, [])
  assert.deepEqual(reject, {
    recordNumber: 3,
    positionBytes: rows.indexOf('Persuasion'),
    code: 'pattern-takes-nothing',
    reason: 'isbn: the pattern takes nothing of the column "note", "no number at all".',
    rawBytes: lines[3]?.length,
  })
  const told = seen.records.find(({ number }) => number === 3)
  assert.equal(told?.fate === 'rejected' && readWords(inEnglish, told.reason), reject?.reason)
  const aside: Uint8Array[] = []
  for await (const piece of rejectsFile(db, set.changeSetId)) aside.push(piece)
  assert.equal(Buffer.concat(aside).toString(), `${lines[0]}\n${lines[3]}\n`)
})

test('the same file by the same mapping again changes nothing', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await opened(db)
  const file = { ...(await files.file('rows.csv', rows)), mapping }
  await imported(db, file, { patterns })
  assert.deepEqual(counts(await imported(db, file, { patterns })), [5, 0, 0, 4, 1])
})

test('a mapping with a pattern that is hostile, none, or takes nothing is refused before anything is written', async () => {
  await using files = await scratchFolder()
  const file = await files.file('rows.csv', rows)
  const refused = async (over: CsvMapping) => {
    const told = await importSetup({ patterns }, { ...file, mapping: { title: 'title', ...over } })
    assert.ok('refused' in told && 'problems' in told, JSON.stringify(told))
    return `${told.refused}: ${told.problems.map(flawInEnglish).join(' ')}`
  }
  const by = (pattern: string) => ({ isbn: { column: 'note', pattern } })
  assert.match(
    await refused(by('([0-9]+)+x')),
    /^mapping-pattern-unfit: isbn, column "note": .*exponential time.* Such a text is /,
  )
  assert.match(await refused(by('(?<=ISBN: )([0-9]+)')), /Looking behind/)
  assert.match(await refused(by('(a')), /A group is opened and not closed/)
  assert.match(await refused(by('[0-9]{13}')), /Put that in brackets/)
  assert.match(await refused(by('ISBN: ([0-9]{13}) ')), /begins or ends with a space/)
  assert.match(await refused({ isbn: { column: 'nowhere', pattern: '(a)' } }), /^mapping-incomplete: isbn/)
  assert.match(await refused({ title: [isbnIn, 'title'] }), /name one column for it/)
  const many = Array.from({ length: 21 }, () => isbnIn)
  assert.match(await refused({ isbn: many }), /20 patterns at most; this one has 21/)
})

test('a hostile pattern that came past the door runs under the caps, and sets its rows aside', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await opened(db)
  const hostile = { ...mapping, isbn: { column: 'note', pattern: '(?:a?){1000}(a){1000}$', optional: true } }
  const file = { ...(await files.file('rows.csv', rows)), mapping: hostile }
  const changeSetId = await added(db, file, withoutAnalyser(running))
  const end = await ran(db, changeSetId, { patterns })
  assert.ok(end.ended === 'done', JSON.stringify(end))
  // Walden has no note: there is nothing that a pattern could be run on.
  assert.deepEqual(counts(end.changeSet), [5, 1, 0, 0, 4])
  const [reject] = await rejectsInEnglish(db, changeSetId)
  assert.match(
    `${reject?.code}: ${reject?.reason}`,
    /^pattern-undecided: isbn, column "note", .*at most 250 are allowed/,
  )
})

test('a value that is too long for a pattern, or takes it over its budget, sets its row aside and no other', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const caps = { repeatCount: 1_000, writtenOut: 10_000, inputCharacters: 100_000 }
  await using slow = await startPatterns({ caps, budgetMs: 2_000, threads: 1 })
  const given = (cells: readonly string[]) =>
    `title,note\n${cells.map((cell, n) => `T${n},${cell}\n`).join('')}`
  const file = await files.file('long.csv', given(['b', 'a'.repeat(90_000), 'c', 'a'.repeat(100_001)]))
  const isbn = { column: 'note', pattern: '(?:a?){1000}(a){1000}$', optional: true }
  const by = { ...file, mapping: { title: 'title', isbn } }
  const changeSetId = await added(db, by, withoutAnalyser(slow))
  const end = await ran(db, changeSetId, { patterns: async () => slow })
  assert.ok(end.ended === 'done', JSON.stringify(end))
  assert.deepEqual(counts(end.changeSet), [4, 2, 0, 0, 2])
  const aside = await rejectsInEnglish(db, changeSetId)
  assert.deepEqual(
    aside.map(({ recordNumber, code }) => [recordNumber, code]),
    [
      [2, 'pattern-undecided'],
      [4, 'pattern-undecided'],
    ],
  )
  assert.match(aside[1]?.reason ?? '', /longer than the 100000 that a pattern is run on/)
  assert.ok((aside[1]?.reason.length ?? 0) < 300, 'a reason tells the beginning of a value')
})

test('a value that nobody comes to is set aside where the mapping calls it optional too', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await using none = await startPatterns({ queueMost: 0 })
  const isbn = { ...isbnIn, optional: true }
  const file = { ...(await files.file('rows.csv', rows)), mapping: { title: 'title', isbn } }
  const changeSetId = await added(db, file, { patterns })
  const end = await ran(db, changeSetId, { patterns: async () => none })
  assert.ok(end.ended === 'done')
  assert.deepEqual(counts(end.changeSet), [5, 1, 0, 0, 4])
})

test('rows keep their order, numbers and places across all that is read together, damaged ones between them', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const lines = Array.from({ length: 1_700 }, (_, n) => {
    if (n % 211 === 3) return `Title ${n},too,many,cells`
    return n % 100 === 7 ? `Title ${n},nothing` : `Title ${n},nr ${n}`
  })
  const content = `title,note\n${lines.join('\n')}\n`
  const by: CsvMapping = {
    title: 'title',
    controlNumber: { column: 'note', pattern: 'nr ([0-9]+)' },
    source: 's',
  }
  const file = { ...(await files.file('many.csv', content)), mapping: by }
  const set = await imported(db, file, { patterns })
  assert.equal(set.read, 1_700)
  assert.equal(set.read, set.imported + set.rejected)
  const aside = await rejects(db, set.changeSetId, { after: 0, limit: 200 })
  assert.equal(aside.length, set.rejected)
  for (const { recordNumber, positionBytes } of aside)
    assert.equal(positionBytes, content.indexOf(`Title ${recordNumber - 1},`))
  const wrong = await db.rows(sql`select title from title where title <> 'Title ' || control_number`)
  assert.deepEqual(wrong, [])
  assert.equal(set.positionBytes, content.length)

  await using other = await scratchDatabase()
  const stop = new AbortController()
  const changeSetId = await added(other, file, { patterns })
  const cut = await ran(other, changeSetId, {
    patterns,
    signal: stop.signal,
    onProgress: () => stop.abort(),
  })
  assert.equal(cut.ended, 'stopped')
  const end = await ran(other, changeSetId, { patterns })
  assert.ok(end.ended === 'done')
  assert.deepEqual(counts(end.changeSet), counts(set))
  assert.deepEqual(await catalogueContent(other, changeSetId), await catalogueContent(db, set.changeSetId))
})

test('whatever stands in a column, each row has what the pattern takes or is set aside, and all are counted', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const cell = fc.oneof(fc.stringMatching(/^[a-c0-9 ]{0,8}$/), fc.string({ maxLength: 12, unit: 'grapheme' }))
  let file = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(cell, { minLength: 1, maxLength: 25 }),
      fc.boolean(),
      async (cells, optional) => {
        file += 1
        const content = cells.map((each, n) => `${file}-${n},"${each.replaceAll('"', '""')}"\n`).join('')
        const found = await files.file(`p${file}.csv`, `title,note\n${content}`)
        const publisher = { column: 'note', pattern: '([0-9]{2})', ...(optional ? { optional } : {}) }
        const set = await imported(db, { ...found, mapping: { title: 'title', publisher } }, { patterns })
        assert.equal(set.read, set.imported + set.updated + set.unchanged + set.rejected)
        const aside = await rejects(db, set.changeSetId, { after: 0, limit: 100 })
        const inside = await db.rows<{ title: string; publisher: string }>(
          sql`select title, publisher from title where title like ${`${file}-%`}`,
        )
        const numbers = new Set(aside.map(({ recordNumber }) => recordNumber))
        for (const [n, each] of cells.entries()) {
          const taken = /[0-9]{2}/.exec(each)?.[0]
          const isEmpty = /^[\p{Cc}\p{Zs}\u2028\u2029]*$/u.test(each)
          const row = inside.find(({ title }) => title === `${file}-${n}`)
          if (numbers.has(n + 1)) assert.ok(row === undefined && !isEmpty && taken === undefined && !optional)
          else assert.equal(row?.publisher, taken ?? '', JSON.stringify(each))
        }
      },
    ),
    { numRuns: 40 },
  )
})

test('a mapping without patterns runs none', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = { ...(await files.file('rows.csv', rows)), mapping: { title: 'title' } }
  assert.ok('counts' in (await previewImport(withoutPatterns(db), file)))
  assert.equal((await imported(db, file)).imported, 5)
})

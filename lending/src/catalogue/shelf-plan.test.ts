import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Patterns, startPatterns } from '@bibby/patterns/patterns.ts'
import fc from 'fast-check'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { aBranch, anItemType, aSmallLibrary, by, withoutPatterns } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { type Flaw, flawInEnglish } from '../language/flaw.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { type AddCopyAsk, addCopy, addJudged } from './add-copy.ts'
import { copyByBarcode } from './copy.ts'
import { type EditCopyAsk, editCopy, editJudged } from './edit-copy.ts'
import { imported, scratchFolder } from './import/test/imported.ts'
import { rangesFound } from './planned-shelf.ts'
import { judgedPlan, type ShelfRange, setShelfPlan, shelfPlan } from './shelf-plan.ts'

let running: Patterns
const patterns = async () => running
before(async () => {
  running = await startPatterns({ budgetMs: 20_000, threads: 1, analyser: { limitMs: 20_000 } })
})
after(() => running[Symbol.asyncDispose]())

const plan: readonly ShelfRange[] = [
  { shelf: 'Mathematics', pattern: '51\\d' },
  { shelf: 'Science', pattern: '5\\d\\d(\\.\\d+)?.*' },
  { shelf: 'Novels', pattern: '(?:8[0-9]{2}|F)[ ]' },
]

async function opened(db: Database): Promise<{ titleId: number }> {
  const small = await aSmallLibrary(db)
  await aBranch(db, { code: 'main' })
  await anItemType(db, { code: 'book' })
  return small
}

async function settle(db: Database, ranges: readonly ShelfRange[], branch = 'main') {
  const version = (await shelfPlan(db, branch))?.version ?? 0
  const ask = { branch, version, plan: await judgedPlan({ db, patterns }, { branch, ranges }) }
  return write(db, by(), setShelfPlan, ask)
}

async function add(db: Database, over: Partial<AddCopyAsk> & { titleId: number; barcode: string }) {
  const ask = { branch: 'main', itemType: 'book', ...over }
  done(await write(db, by(), addCopy, await addJudged({ db, patterns }, ask)))
  return shelfOf(db, over.barcode)
}

async function edit(db: Database, barcodeNow: string, change: Partial<EditCopyAsk>) {
  const version = (await copyByBarcode(db, barcodeNow))?.version ?? 0
  const ask = await editJudged({ db, patterns }, { barcodeNow, version, ...change })
  done(await write(db, by(), editCopy, ask))
  return shelfOf(db, barcodeNow)
}

async function shelfOf(db: Database, barcode: string) {
  return (await copyByBarcode(db, barcode))?.shelf
}

test('a call number belongs to the first range that it begins with', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  done(await settle(db, plan))
  const ask = (callNumber: string, branch = 'main') => ({ branch, callNumber })
  const asked = [ask('512.4 ABC'), ask('599 WIL'), ask('F SAL'), ask('a 512'), ask('51'), ask('')]
  assert.deepEqual(await rangesFound({ db, patterns }, [...asked, ask('512', 'elsewhere')]), [
    { range: 1, ...plan[0] },
    { range: 2, ...plan[1] },
    { range: 3, ...plan[2] },
    'none',
    'none',
    'none',
    'none',
  ])
})

test('a copy that is added without a shelf stands where its call number belongs, one with a shelf where it was put', async () => {
  await using db = await scratchDatabase()
  const { titleId } = await opened(db)
  done(await settle(db, plan))
  assert.equal(await add(db, { titleId, barcode: 'a', callNumber: ' 512 ABC ' }), 'Mathematics')
  assert.equal(await add(db, { titleId, barcode: 'b', callNumber: '512 ABC', shelf: 'Attic' }), 'Attic')
  assert.equal(await add(db, { titleId, barcode: 'c', callNumber: '900 X' }), '')
  assert.equal(await add(db, { titleId, barcode: 'd' }), '')
  const who = by()
  const ask = { titleId, barcode: 'e', branch: 'main', itemType: 'book', callNumber: '813 SAL' }
  const first = await write(db, who, addCopy, await addJudged({ db, patterns }, ask))
  done(await settle(db, [{ shelf: 'Elsewhere', pattern: '8' }]))
  const again = await write(db, who, addCopy, await addJudged({ db, patterns }, ask))
  assert.deepEqual(again, { ...first, repeated: true })
  assert.equal(await shelfOf(db, 'e'), 'Novels')
})

test('an edit fills in a shelf only where it leaves none and is about shelf, call number or branch', async () => {
  await using db = await scratchDatabase()
  const { titleId } = await opened(db)
  await add(db, { titleId, barcode: 'a', callNumber: '512' })
  done(await settle(db, plan))
  assert.equal(await edit(db, 'a', { note: 'torn' }), '', 'the plan moves no copy that is there')
  assert.equal(await edit(db, 'a', { shelf: '', callNumber: '512', note: 'mended' }), '')
  assert.equal(await edit(db, 'a', { callNumber: '513' }), 'Mathematics')
  assert.equal(
    await edit(db, 'a', { callNumber: '813 SAL' }),
    'Mathematics',
    'who put it there may want it so',
  )
  assert.equal(await edit(db, 'a', { callNumber: '813 X', shelf: '' }), 'Novels')
  await aBranch(db, { code: 'east' })
  done(await settle(db, [{ shelf: 'East wing', pattern: '8' }], 'east'))
  assert.equal(await edit(db, 'a', { branch: 'east', shelf: '' }), 'East wing')
})

test('where nothing can be decided no shelf is guessed, and the copy is added all the same', async () => {
  await using db = await scratchDatabase()
  const { titleId } = await opened(db)
  done(await settle(db, plan))
  await using none = await startPatterns({ queueMost: 0 })
  const busy = { db, patterns: async () => none }
  assert.deepEqual(await rangesFound(busy, [{ branch: 'main', callNumber: '512' }]), ['undecided'])
  const ask = { titleId, barcode: 'a', branch: 'main', itemType: 'book', callNumber: '512' }
  done(await write(db, by(), addCopy, await addJudged(busy, ask)))
  assert.equal(await shelfOf(db, 'a'), '')
})

test('a plan with a pattern that is vulnerable or none, or with a range without a shelf, is not stored', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  const problemsOf = async (ranges: readonly ShelfRange[]) =>
    (refusal(await settle(db, ranges)) as unknown as { problems: Record<string, Flaw> }).problems
  const hostile = await problemsOf([
    { shelf: 'Fine', pattern: '5' },
    { shelf: 'Hostile', pattern: '([0-9]+)+x' },
    { shelf: '', pattern: 'a)|(b' },
    { shelf: 'Space', pattern: 'F ' },
  ])
  assert.deepEqual(Object.keys(hostile).toSorted(), ['pattern-2', 'pattern-3', 'pattern-4', 'shelf-3'])
  assert.match(flawInEnglish(hostile['pattern-2'] ?? ''), /exponential time.* Such a text is /)
  assert.match(flawInEnglish(hostile['pattern-3'] ?? ''), /closes no group/)
  const many = Array.from({ length: 101 }, () => ({ shelf: 'A', pattern: '5' }))
  assert.match(flawInEnglish((await problemsOf(many)).ranges ?? ''), /100 ranges at most; this one has 101/)
  assert.deepEqual(await shelfPlan(db, 'main'), { branch: 'main', version: 0, ranges: [] })
})

test('a pattern that came into the database past the door runs under the caps, and says nothing', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  await db.rows(sql`
    insert into shelf_plan (branch_id, shelves, patterns)
    select id, '{A,B}', array['5', '(?:a?){1000}a{1000}$'] from branch where code = 'main'
  `)
  assert.deepEqual(await rangesFound({ db, patterns }, [{ branch: 'main', callNumber: '512' }]), [
    'undecided',
  ])
})

test('of two who change one plan the second is told, and nothing is overwritten', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  done(await settle(db, plan))
  const judged = await judgedPlan(
    { db, patterns },
    { branch: 'main', ranges: [{ shelf: 'A', pattern: '1' }] },
  )
  const ask = { branch: 'main', version: 1, plan: judged }
  const both = await Promise.all([1, 2].map(() => write(db, by(), setShelfPlan, ask)))
  assert.deepEqual(both.map(({ outcome }) => outcome).toSorted(), ['done', 'refused'])
  const second = both.find(({ outcome }) => outcome === 'refused')
  assert.deepEqual(second && refusal(second), { refused: 'version-stale', version: 2 })
  done(await settle(db, []))
  assert.deepEqual(await shelfPlan(db, 'main'), { branch: 'main', version: 3, ranges: [] })
  const stale = await write(db, by(), setShelfPlan, { ...ask, version: 0 })
  assert.deepEqual(refusal(stale), { refused: 'version-stale', version: 3 })
  assert.deepEqual(await rangesFound(withoutPatterns(db), [{ branch: 'main', callNumber: '1' }]), ['none'])
})

const rows = `title,barcode,branch,itemtype,call number,shelf
One,m-1,main,book,512 A,
Two,m-2,main,book,512 B,Attic
Three,m-3,,book,F C,
Four,m-4,east,book,512 D,
Five,m-5,main,book,,
`

test('an import puts copies without a shelf where their call numbers belong, and leaves the others', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  await aBranch(db, { code: 'east' })
  done(await settle(db, plan))
  await using files = await scratchFolder()
  const file = { ...(await files.file('copies.csv', rows)), branch: 'main' }
  const set = await imported(db, file, { patterns })
  assert.deepEqual([set.read, set.imported], [5, 5])
  const shelves = await db.rows(
    sql`select barcode, shelf from copy where barcode like 'm-%' order by barcode`,
  )
  assert.deepEqual(shelves, [
    { barcode: 'm-1', shelf: 'Mathematics' },
    { barcode: 'm-2', shelf: 'Attic' },
    { barcode: 'm-3', shelf: 'Novels' },
    { barcode: 'm-4', shelf: '' },
    { barcode: 'm-5', shelf: '' },
  ])
})

test('without a plan an import runs no pattern', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  await using files = await scratchFolder()
  const set = await imported(db, { ...(await files.file('copies.csv', rows)), branch: 'main' })
  assert.equal(set.imported, 5)
})

test('for any plan the range is the first whose beginning the call number has', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  const start = fc.stringMatching(/^[0-9AB]{1,3}$/)
  const asked = fc.array(fc.stringMatching(/^[0-9AB]{1,5}$/), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(fc.array(start, { minLength: 1, maxLength: 12 }), asked, async (starts, numbers) => {
      done(
        await settle(
          db,
          starts.map((pattern, n) => ({ shelf: `S${n}`, pattern })),
        ),
      )
      const found = await rangesFound(
        { db, patterns },
        numbers.map((callNumber) => ({ branch: 'main', callNumber })),
      )
      const expected = numbers.map((number) => starts.findIndex((each) => number.startsWith(each)) + 1)
      assert.deepEqual(
        found.map((each) => (typeof each === 'string' ? 0 : each.range)),
        expected,
      )
    }),
    { numRuns: 25 },
  )
})

test('a connection cut at any statement sets a plan once or not at all', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  let serial = 0
  await neverTwice(db, setShelfPlan, async () => {
    serial += 1
    const version = (await shelfPlan(db, 'main'))?.version ?? 0
    const ranges = [{ shelf: `S${serial}`, pattern: '5' }]
    return {
      ask: { branch: 'main', version, plan: { ranges, problems: {} } },
      times: async () => ((await shelfPlan(db, 'main'))?.ranges[0]?.shelf === `S${serial}` ? 1 : 0),
    }
  })
})

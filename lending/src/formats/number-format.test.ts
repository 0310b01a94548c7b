import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Patterns, startPatterns } from '@bibby/patterns/patterns.ts'
import { neverTwice } from '../../test/every-cut.ts'
import { aBranch, anItemType, aSmallLibrary, by } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { addCopy } from '../catalogue/add-copy.ts'
import { editCopy, editJudged } from '../catalogue/edit-copy.ts'
import { flawsInEnglish } from '../language/flaw.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import {
  judgedFormat,
  judgedNumber,
  type NumberJudged,
  numberFormats,
  setBarcodeFormat,
} from './number-format.ts'

let running: Patterns
const patterns = async () => running
before(async () => {
  running = await startPatterns({ budgetMs: 20_000, threads: 1, analyser: { limitMs: 20_000 } })
})
after(() => running[Symbol.asyncDispose]())

const fourteen = { pattern: '3[0-9]{13}', example: '30000000000017' }
const other = { pattern: 'M-[0-9]{4}', example: 'M-0001' }

/** A library with a branch `main`, an item type `book` and a title that has no copy there yet. */
async function opened(db: Database): Promise<{ titleId: number }> {
  const small = await aSmallLibrary(db)
  await aBranch(db, { code: 'main' })
  await anItemType(db, { code: 'book' })
  return small
}

async function settle(db: Database, given: { pattern: string; example: string } | null) {
  const format = given && (await judgedFormat({ patterns }, given))
  return write(db, by(), setBarcodeFormat, { branch: 'main', format })
}

async function add(db: Database, barcode: string, barcodeJudged?: NumberJudged) {
  const [title] = await db.rows<{ id: number }>(sql`select id from title limit 1`)
  const judged =
    barcodeJudged ?? (await judgedNumber({ db, patterns }, 'barcode', { branch: 'main', number: barcode }))
  const ask = { titleId: title?.id ?? 0, barcode, branch: 'main', itemType: 'book', barcodeJudged: judged }
  return write(db, by(), addCopy, ask)
}

function problemsOf(outcome: { outcome: string }): unknown {
  assert.equal(outcome.outcome, 'refused', JSON.stringify(outcome))
  return flawsInEnglish((outcome as unknown as { refusal: { problems?: unknown } }).refusal.problems)
}

test('a new barcode that does not look like those of its branch is refused, and the refusal shows one that does', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  assert.equal((await add(db, 'anything')).outcome, 'done')
  assert.equal((await settle(db, fourteen)).outcome, 'done')
  assert.deepEqual(await numberFormats(db, 'barcode'), [{ branch: 'main', ...fourteen }])
  for (const barcode of ['3000000000001', '300000000000179', 'x30000000000017', '40000000000017'])
    assert.deepEqual(problemsOf(await add(db, barcode)), {
      barcode: 'A barcode of this branch looks like 30000000000017. Scan it again.',
    })
  assert.equal((await add(db, ' 30000000000017 ')).outcome, 'done')
  assert.equal((await settle(db, null)).outcome, 'done')
  assert.equal((await add(db, 'anything else')).outcome, 'done')
})

test('a copy keeps a barcode that it had before the format, and is given none that does not fit', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  await add(db, 'old-1')
  await settle(db, fourteen)
  const edit = async (ask: { barcodeNow: string; version: number; barcode?: string; shelf?: string }) =>
    write(db, by(), editCopy, await editJudged({ db, patterns }, ask))
  assert.equal((await edit({ barcodeNow: 'old-1', version: 1, shelf: 'Attic' })).outcome, 'done')
  assert.equal((await edit({ barcodeNow: 'old-1', version: 2, barcode: 'old-1' })).outcome, 'done')
  assert.ok(problemsOf(await edit({ barcodeNow: 'old-1', version: 3, barcode: 'old-2' })))
  assert.equal((await edit({ barcodeNow: 'old-1', version: 3, barcode: '30000000000025' })).outcome, 'done')
})

test('a barcode that was held to a former format, to none, or to that of another barcode is not taken', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  await settle(db, fourteen)
  const barcode = '30000000000017'
  const former = await judgedNumber({ db, patterns }, 'barcode', { branch: 'main', number: barcode })
  assert.equal(former?.verdict, 'fits')
  await settle(db, other)
  const again = { barcode: 'The barcode could not be held to the format of this branch. Send it again.' }
  assert.deepEqual(problemsOf(await add(db, barcode, former)), again)
  const fitting = await judgedNumber({ db, patterns }, 'barcode', { branch: 'main', number: 'M-0001' })
  assert.deepEqual(problemsOf(await add(db, barcode, fitting)), again)
  const titleId = (await db.rows<{ id: number }>(sql`select id from title limit 1`))[0]?.id ?? 0
  const unjudged = { titleId, barcode: 'M-0001', branch: 'main', itemType: 'book' }
  assert.deepEqual(problemsOf(await write(db, by(), addCopy, unjudged)), again)
})

test('a barcode on which nothing was decided is not taken', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  await settle(db, fourteen)
  await using none = await startPatterns({ queueMost: 0 })
  const library = { db, patterns: async () => none }
  const judged = await judgedNumber(library, 'barcode', { branch: 'main', number: fourteen.example })
  assert.equal(judged?.verdict, 'undecided')
  assert.ok(problemsOf(await add(db, fourteen.example, judged)))
})

test('a pattern that is vulnerable, not a pattern, or at odds with its example is not stored', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  const wrong = async (pattern: string, example: string) =>
    problemsOf(await settle(db, { pattern, example })) as Record<string, string>
  assert.match((await wrong('([0-9]+)+x', '1x')).pattern ?? '', /exponential time.* Such a text is /)
  assert.match((await wrong('(?=3)[0-9]+', '3')).pattern ?? '', /two patterns that must both hold/)
  assert.match((await wrong('a)|(b', 'a')).pattern ?? '', /closes no group/)
  assert.match((await wrong('[0-9]{14}', '3')).example ?? '', /does not match the pattern from end to end/)
  assert.ok((await wrong('', '3')).pattern)
  assert.ok((await wrong('3', '')).example)
  assert.deepEqual(await numberFormats(db, 'barcode'), [])
})

test('a repeat of a request is told what the first was told, whatever the format has become', async () => {
  await using db = await scratchDatabase()
  const { titleId } = await opened(db)
  await settle(db, fourteen)
  const who = by()
  const ask = { titleId, barcode: fourteen.example, branch: 'main', itemType: 'book' }
  const judge = () => judgedNumber({ db, patterns }, 'barcode', { branch: 'main', number: ask.barcode })
  const first = await write(db, who, addCopy, { ...ask, barcodeJudged: await judge() })
  await settle(db, other)
  const second = await write(db, who, addCopy, { ...ask, barcodeJudged: await judge() })
  assert.deepEqual(second, { ...first, repeated: true })
})

test('a connection cut at any statement sets a format once or not at all', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  let serial = 0
  await neverTwice(db, setBarcodeFormat, async () => {
    serial += 1
    const format = { pattern: `M-${serial}`, example: `M-${serial}`, problems: {} }
    return {
      ask: { branch: 'main', format },
      times: async () =>
        (await numberFormats(db, 'barcode')).filter(({ pattern }) => pattern === format.pattern).length,
    }
  })
})

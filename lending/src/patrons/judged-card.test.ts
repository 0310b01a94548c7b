import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Patterns, registeredBefore, startPatterns, whole } from '@bibby/patterns/patterns.ts'
import fc from 'fast-check'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { aBranch, aCategory, aPatron, by, withoutPatterns } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import {
  type JudgedFormat,
  judgedFormat,
  judgedNumber,
  numberFormats,
  setBarcodeFormat,
  setCardFormat,
} from '../formats/number-format.ts'
import { flawsInEnglish } from '../language/flaw.ts'
import { worded } from '../language/worded.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { cardLook } from './card.ts'
import { importPatrons } from './import-patrons.ts'
import { editPatronJudged, registerJudged } from './judged-card.ts'
import { editPatron, registerPatron } from './patron.ts'
import { previewPatrons } from './preview-patrons.ts'

let running: Patterns
const patterns = async () => running
before(async () => {
  running = await startPatterns({ budgetMs: 20_000, threads: 1, analyser: { limitMs: 20_000 } })
})
after(() => running[Symbol.asyncDispose]())

const printed = { pattern: 'K-[0-9]{6}', example: 'K-000017' }
const misfit = {
  card: 'A new card of this branch looks like K-000017. Scan it, or type it as it is printed.',
}

async function opened(db: Database) {
  const { branchId } = await aBranch(db, { code: 'main' })
  const { categoryId } = await aCategory(db, { code: 'adult' })
  return { branchId, categoryId }
}

async function settle(db: Database, given: typeof printed | null) {
  const format = given && (await judgedFormat({ patterns }, given))
  return write(db, by(), setCardFormat, { branch: 'main', format })
}

async function register(db: Database, branchId: number, card?: string) {
  const ask = {
    categoryCode: 'adult',
    familyName: 'Reader',
    branchId,
    ...(card === undefined ? {} : { card }),
  }
  return write(db, by(), registerPatron, await registerJudged({ db, patterns }, ask))
}

function problemsOf(told: Parameters<typeof refusal>[0]): unknown {
  return flawsInEnglish((refusal(told) as { problems?: unknown }).problems)
}

test('a new card that does not look like those of its branch is refused, and one that a patron has stays', async () => {
  await using db = await scratchDatabase()
  const { branchId, categoryId } = await opened(db)
  const { patronId } = await aPatron(db, { branchId, categoryId, card: 'OLD-1' })
  done(await settle(db, printed))
  for (const card of ['K-00001', 'K-0000017', 'xK-000017', 'OLD-2'])
    assert.deepEqual(problemsOf(await register(db, branchId, card)), misfit)
  assert.equal(done(await register(db, branchId, ' K-000018 ')).card, 'K-000018')

  const edit = async (version: number, change: { card?: string; note?: string; branchId?: number }) =>
    write(db, by(), editPatron, await editPatronJudged({ db, patterns }, { patronId, version, ...change }))
  done(await edit(1, { card: 'OLD-1', note: 'reads much' }))
  assert.deepEqual(problemsOf(await edit(2, { card: 'OLD-3' })), misfit)
  done(await edit(2, { card: 'K-000019' }))
  const elsewhere = await aBranch(db)
  done(await edit(3, { card: 'ANY', branchId: elsewhere.branchId }))
  assert.deepEqual(problemsOf(await edit(4, { card: 'OTHER', branchId })), misfit)
})

test('a barcode format says nothing about cards, nor a card format about barcodes', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await opened(db)
  const barcodes = { pattern: 'B-[0-9]{6}', example: 'B-000017' }
  const setBarcodes = async (format: JudgedFormat | null) =>
    done(await write(db, by(), setBarcodeFormat, { branch: 'main', format }))
  await setBarcodes(await judgedFormat({ patterns }, barcodes))
  done(await register(db, branchId, 'ANY'))
  done(await settle(db, printed))
  await setBarcodes(await judgedFormat({ patterns }, barcodes))
  done(await register(db, branchId, 'K-000021'))
  assert.deepEqual(problemsOf(await register(db, branchId, 'B-000021')), misfit)
  for (const [kind, number] of [
    ['card', 'K-000022'],
    ['barcode', 'B-000022'],
  ] as const)
    assert.equal((await judgedNumber({ db, patterns }, kind, { branch: 'main', number }))?.verdict, 'fits')
  await setBarcodes(null)
  assert.deepEqual(await numberFormats(db, 'card'), [{ branch: 'main', ...printed }])
  assert.deepEqual(await numberFormats(db, 'barcode'), [])
})

test('a card that is made fits the format, or none is made', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await opened(db)
  done(await settle(db, { pattern: '29[0-9]{12}', example: '29000000000015' }))
  assert.equal(cardLook(done(await register(db, branchId)).card), 'ours')
  done(await settle(db, printed))
  assert.deepEqual(problemsOf(await register(db, branchId)), misfit)
  done(await settle(db, null))
  assert.equal(cardLook(done(await register(db, branchId)).card), 'ours')
})

test('a card that was held to a former format, or to none, is not taken', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await opened(db)
  done(await settle(db, printed))
  const ask = { categoryCode: 'adult', familyName: 'Reader', branchId, card: 'K-000020' }
  const judged = await registerJudged({ db, patterns }, ask)
  done(await settle(db, { pattern: 'L-[0-9]{6}', example: 'L-000017' }))
  const again = { card: 'The card could not be held to the format of this branch. Send it again.' }
  assert.deepEqual(problemsOf(await write(db, by(), registerPatron, judged)), again)
  assert.deepEqual(problemsOf(await write(db, by(), registerPatron, ask)), again)
  const made = { ...ask, card: undefined, cardsMade: [] }
  const { card: _, ...none } = made
  assert.deepEqual(problemsOf(await write(db, by(), registerPatron, none)), again)
})

async function* bytes(text: string) {
  yield Buffer.from(text)
}

const rows = 'card,surname\nK-000001,New\nnot,Like\nOLD-1,Changed\nK-000002,Too\nK-2,Short\n'
const defaults = { categoryCode: 'adult', branch: 'main' }

test('a row of an import whose new card does not fit is rejected with its reason; the preview says the same', async () => {
  await using db = await scratchDatabase()
  const { branchId, categoryId } = await opened(db)
  await aPatron(db, { branchId, categoryId, card: 'OLD-1' })
  done(await settle(db, printed))
  const seen = await previewPatrons({ db, patterns }, bytes(rows), defaults)
  assert.ok(!('refused' in seen))
  const told = await importPatrons({ db, patterns }, by(), bytes(rows), defaults)
  assert.ok(!('refused' in told))
  const { read, registered, updated, unchanged, rejected } = told
  assert.deepEqual([read, registered, updated, unchanged, rejected], [5, 2, 1, 0, 2])
  const reason = worded('flaw.card-misfit', { label: { say: 'label.the-field' }, example: 'K-000017' })
  assert.deepEqual(told.rejects, [
    { line: 3, code: 'fields-invalid', reason },
    { line: 6, code: 'fields-invalid', reason },
  ])
  assert.deepEqual(
    seen.rows.flatMap((row) => (row.fate === 'rejected' ? [[row.line, row.code, row.reason]] : [])),
    told.rejects.map(({ line, code, reason }) => [line, code, reason]),
  )
  assert.deepEqual(seen.counts, { registered, updated, unchanged, rejected })
})

test('where no branch has a format, no pattern is run for any row', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  const told = await importPatrons(withoutPatterns(db), by(), bytes(rows), defaults)
  assert.ok(!('refused' in told))
  assert.equal(told.registered, 5)
})

test('a card on which nothing was decided is not taken, by import neither', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await opened(db)
  done(await settle(db, printed))
  await using none = await startPatterns({ queueMost: 0 })
  const ask = { categoryCode: 'adult', familyName: 'Reader', branchId, card: printed.example }
  const judged = await registerJudged({ db, patterns: async () => none }, ask)
  assert.equal(judged.cardJudged?.verdict, 'undecided')
  assert.ok(problemsOf(await write(db, by(), registerPatron, judged)))
  const told = await importPatrons({ db, patterns: async () => none }, by(), bytes(rows), defaults)
  assert.ok(!('refused' in told))
  assert.deepEqual([told.read, told.rejected], [5, 5])
})

test('whatever cards a file holds, every row is accounted for, and exactly those that fit come in', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  done(await settle(db, printed))
  const fits = registeredBefore({ source: whole(printed.pattern), flags: '' })
  const card = fc.oneof(
    fc.integer({ min: 0, max: 999_999 }).map((n) => `K-${String(n).padStart(6, '0')}`),
    fc.stringMatching(/^[K0-9-]{1,9}$/),
  )
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(card, { minLength: 1, maxLength: 30 }), async (cards) => {
      await db.rows(sql`delete from patron`)
      const file = `card,surname\n${cards.map((each) => `${each},Reader`).join('\n')}\n`
      const told = await importPatrons({ db, patterns }, by(), bytes(file), defaults)
      assert.ok(!('refused' in told))
      assert.equal(told.read, told.registered + told.rejected)
      const found = await running.matchEach([fits], cards)
      const fitting = cards.filter((_, at) => {
        const each = found[at]
        return each && 'outcome' in each && each.outcome === 'matched'
      })
      const inside = await db.rows<{ card: string }>(sql`select card from patron`)
      assert.deepEqual(inside.map((row) => row.card).toSorted(), fitting.toSorted())
    }),
    { numRuns: 25 },
  )
})

test('a connection cut at any statement sets a card format once or not at all', async () => {
  await using db = await scratchDatabase()
  await opened(db)
  let serial = 0
  await neverTwice(db, setCardFormat, async () => {
    serial += 1
    const format = { pattern: `M-${serial}`, example: `M-${serial}`, problems: {} }
    return {
      ask: { branch: 'main', format },
      times: async () =>
        (await numberFormats(db, 'card')).filter(({ pattern }) => pattern === format.pattern).length,
    }
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { done } from '../../test/every-cut.ts'
import {
  aBranch,
  aCategory,
  aCopy,
  anItemType,
  aPatron,
  aRule,
  aSmallLibrary,
  besides,
  by,
  monday,
} from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { explainRule } from './explain-rule.ts'
import { lend } from './lend.ts'

test('the rule that is explained is the rule that lends, with the same due date', async () => {
  await using db = await scratchDatabase()
  const { categoryId } = await aCategory(db)
  const branches = [
    await aBranch(db),
    await aBranch(db, { timeZone: 'Pacific/Auckland', closedDays: ['2026-03-09'] }),
  ]
  const types = [await anItemType(db), await anItemType(db)]
  const someOrNone = <T>(...values: T[]) => fc.constantFrom(undefined, ...values)
  const aCase = fc.record({
    branchId: someOrNone(...branches.map((each) => each.branchId)),
    categoryId: someOrNone(categoryId),
    itemTypeId: someOrNone(...types.map((each) => each.itemTypeId)),
  })
  const rulesOfLibrary = fc.uniqueArray(aCase, { maxLength: 8, selector: (each) => JSON.stringify(each) })
  await fc.assert(
    fc.asyncProperty(rulesOfLibrary, fc.nat(1), fc.nat(1), async (rules, at, kind) => {
      await db.rows(sql`delete from loan`)
      await db.rows(sql`delete from loan_rule`)
      for (const [index, rule] of rules.entries()) {
        const { branchId, categoryId: category, itemTypeId } = rule
        await aRule(db, {
          loanDays: index + 1,
          ...(branchId === undefined ? {} : { branchId }),
          ...(category === undefined ? {} : { categoryId: category }),
          ...(itemTypeId === undefined ? {} : { itemTypeId }),
        })
      }
      const branchId = branches[at]?.branchId ?? 0
      const { card } = await aPatron(db, { branchId, categoryId })
      const { barcode } = await aCopy(db, { branchId, itemTypeId: types[kind]?.itemTypeId ?? 0 })
      const explained = await explainRule(db, { card, barcode, branchId, now: monday })
      const lent = await write(db, by(), lend, { card, barcode, branchId })
      if ('refused' in explained) {
        assert.deepEqual(explained, { refused: 'no-loan-rule' })
        assert.equal(lent.outcome, 'refused')
        return
      }
      const { rule, dueAt } = done(lent)
      assert.deepEqual([explained.rule.id, explained.why, explained.dueAt], [rule.id, rule.why, dueAt])
      assert.equal(explained.candidates.length, rules.length)
      assert.equal(explained.candidates[0]?.rule.id, rule.id)
    }),
    { numRuns: 40 },
  )
})

test('an explanation says of every rule why it was taken or not, and what stands in the way', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loansMax: 0 })
  const child = await aCategory(db, { code: 'child', name: 'Child' })
  await aRule(db, { categoryId: library.categoryId, loanDays: 14, loansMax: 0 })
  await aRule(db, { categoryId: child.categoryId })
  const explained = await explainRule(db, { ...library, now: monday })
  assert.ok(!('refused' in explained), JSON.stringify(explained))
  assert.equal(explained.why, 'any branch, patrons Adult, any item type')
  assert.deepEqual(
    explained.candidates.map(({ matches, because }) => [matches, because]),
    [
      [true, 'It fits, and no rule that fits is more specific.'],
      [true, 'It fits, but the rule for any branch, patrons Adult, any item type is more specific.'],
      [false, 'It does not fit: the patron’s category is Adult.'],
    ],
  )
  assert.deepEqual(explained.wouldRefuse, ['loan-limit'])
  assert.deepEqual([explained.limits.loansMax, explained.limits.openLoans], [0, 0])
})

test('without a branch the one that the copy belongs to is taken to lend it, and named', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const other = await aBranch(db, { code: 'harbour', name: 'Harbour' })
  await aRule(db, { branchId: other.branchId, loanDays: 3 })
  const { barcode } = await aCopy(db, { ...besides(library), branchId: other.branchId })
  const explain = async (branchId: number | undefined) => {
    const told = await explainRule(db, { card: library.card, barcode, branchId, now: monday })
    return 'refused' in told ? told.refused : [told.branch.code, told.rule.loanDays]
  }
  assert.deepEqual(await explain(undefined), ['harbour', 3])
  assert.deepEqual(await explain(library.branchId), [library.branchCode, 28])
  const unknown = { card: library.card, barcode: '\0', branchId: undefined, now: monday }
  assert.deepEqual(await explainRule(db, unknown), { refused: 'copy-unknown' })
})

test('what is not known is not explained', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const ask = { ...library, now: monday }
  assert.deepEqual(await explainRule(db, { ...ask, card: 'x' }), { refused: 'patron-unknown' })
  assert.deepEqual(await explainRule(db, { ...ask, barcode: '\0' }), { refused: 'copy-unknown' })
  assert.deepEqual(await explainRule(db, { ...ask, branchId: 1 }), { refused: 'branch-unknown' })
})

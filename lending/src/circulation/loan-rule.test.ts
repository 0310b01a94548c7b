import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type LoanRule, mostSpecific, ruleFits, specificity, whyRule } from './loan-rule.ts'

const plain: LoanRule = {
  id: 1,
  branchId: null,
  patronCategoryId: null,
  itemTypeId: null,
  lendable: true,
  loanDays: 28,
  renewalsMax: 2,
  loansMax: 15,
  holdsMax: 15,
  fineCentsPerDay: 0,
  graceDays: 0,
  fineCapCents: 0,
  version: 1,
}
const side = fc.constantFrom(null, 1, 2)
const ruleSets = fc
  .uniqueArray(fc.record({ branchId: side, patronCategoryId: side, itemTypeId: side }), {
    maxLength: 27,
    selector: (each) => JSON.stringify(each),
  })
  .map((cases) => cases.map((each, index): LoanRule => ({ ...plain, ...each, id: index + 1 })))
const named = fc.constantFrom(1, 2)
const cases = fc.record({ branchId: named, patronCategoryId: named, itemTypeId: named })

test('the most specific rule that fits wins', () => {
  fc.assert(
    fc.property(ruleSets, cases, (rules, loanCase) => {
      const found = mostSpecific(rules, loanCase)
      const fitting = rules.filter((rule) => ruleFits(rule, loanCase))
      assert.equal(found === undefined, fitting.length === 0)
      if (!found) return
      assert.ok(ruleFits(found, loanCase))
      for (const rule of fitting) assert.ok(rule === found || specificity(rule) < specificity(found))
    }),
  )
})

test('the order in which rules are written does not matter', () => {
  fc.assert(
    fc.property(ruleSets, cases, fc.infiniteStream(fc.nat()), (rules, loanCase, keys) => {
      const shuffled = rules
        .map((rule) => ({ rule, key: keys.next().value ?? 0 }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ rule }) => rule)
      assert.equal(mostSpecific(shuffled, loanCase), mostSpecific(rules, loanCase))
    }),
  )
})

test('a named branch beats a named category and item type together', () => {
  const forBranch = { ...plain, id: 2, branchId: 1 }
  const forBoth = { ...plain, id: 3, patronCategoryId: 1, itemTypeId: 1 }
  const loanCase = { branchId: 1, patronCategoryId: 1, itemTypeId: 1 }
  assert.equal(mostSpecific([plain, forBoth, forBranch], loanCase)?.id, 2)
  assert.equal(mostSpecific([plain, forBoth, forBranch], { ...loanCase, branchId: 2 })?.id, 3)
})

test('a rule says which case it was made for', () => {
  const names = { branch: 'Main', patronCategory: 'Adult', itemType: 'Book' }
  assert.equal(whyRule(plain, names), 'any branch, any patron, any item type')
  assert.equal(
    whyRule({ ...plain, branchId: 1, itemTypeId: 1 }, names),
    'branch Main, any patron, item type Book',
  )
})

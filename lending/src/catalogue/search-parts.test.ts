import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { searchable, someTitles } from '../../test/searchable.ts'
import type { Database } from '../postgres/pool.ts'
import { search } from './search.ts'
import { matchesMax } from './search-candidates.ts'
import { emptyTitle } from './title-fields.ts'
import { foldedText, foldedTitle } from './tokens.ts'

/** What a search for parts of words finds, in order; of more than a hundred the first hundred. */
async function found(searchDb: Database, query: string) {
  const answer = await search(searchDb, { query, mode: 'substring', limit: 100 })
  if (answer.outcome !== 'found') throw new Error(answer.refused)
  return { ...answer, ids: answer.titles.map(({ titleId }) => titleId) }
}

test('parts of words find every title that has the letters in a row, in any tier, and no other', async () => {
  await using library = await searchable()
  const words = ['of', 'the', 'he', 'history', 'story', 'other', 'Océ', 'the', 'of']
  const titles = Array.from({ length: 95 }, (_, n) => ({
    title: [0, 1, 2, 3].map((place) => words[(n * (place + 3) + place * place) % words.length]).join(' '),
    loansCount: n % 4,
    tier: n % 5,
  }))
  const ids = await someTitles(library.db, titles)
  const texts = titles.map(({ title }) => foldedTitle({ ...emptyTitle, title }))
  const query = fc
    .record({ at: fc.nat(94), from: fc.nat(8), length: fc.integer({ min: 3, max: 14 }) })
    .map(({ at, from, length }) => (texts[at] ?? '').slice(from, from + length))
    .filter((text) =>
      foldedText(text)
        .split(' ')
        .some((word) => word.length >= 3),
    )
  await fc.assert(
    fc.asyncProperty(query, async (text) => {
      const expected = ids.filter((_, n) => texts[n]?.includes(foldedText(text)))
      const { ids: now, counted, atMost } = await found(library.searchDb, text)
      assert.deepEqual(
        now.toSorted((one, other) => one - other),
        expected,
      )
      assert.deepEqual([counted, atMost], [expected.length, false])
    }),
    { numRuns: 100 },
  )
})

test('of parts that more than a thousand titles have, the most lent tiers and the exact title are in the answer', async () => {
  await using library = await searchable()
  const ids = await someTitles(
    library.db,
    Array.from({ length: 1_500 }, (_, n) => ({
      title: n === 1_499 ? 'Other' : `The other book ${n}`,
      loansCount: n < 1_450 ? 0 : 1_500 - n,
      tier: n >= 1_470 && n < 1_499 ? 0 : n >= 1_450 && n < 1_499 ? 1 : 4,
    })),
  )
  const { ids: now, counted, atMost } = await found(library.searchDb, 'other')
  assert.deepEqual([counted, atMost], [matchesMax, true])
  assert.deepEqual(now.slice(0, 50), [ids[1_499], ...ids.slice(1_450, 1_499)])
})

test('where the tiers before have enough with the letters, the wide ones are left, and the answer says "at least"', async () => {
  await using library = await searchable()
  await someTitles(
    library.db,
    Array.from({ length: 700 }, (_, n) => ({
      title: `The other book ${n}`,
      tier: n < 300 ? 1 : n < 600 ? 2 : 4,
    })),
  )
  const many = await found(library.searchDb, 'other')
  assert.deepEqual([many.counted, many.atMost], [600, true])
  const few = await found(library.searchDb, 'ook 65')
  assert.deepEqual([few.counted, few.atMost], [11, false])
})

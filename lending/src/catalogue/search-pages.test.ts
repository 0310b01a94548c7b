import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { searchable, someTitles } from '../../test/searchable.ts'
import type { Database } from '../postgres/pool.ts'
import { type SearchAsk, search } from './search.ts'
import { matchesMax } from './search-candidates.ts'

/** Reads page after page; `between` runs after each. */
async function allPages(
  searchDb: Database,
  ask: SearchAsk,
  between: (page: number) => Promise<unknown> = async () => undefined,
): Promise<number[]> {
  const ids: number[] = []
  let after: string | undefined
  for (let page = 1; page < 2_000; page++) {
    const answer = await search(searchDb, { ...ask, after })
    assert.equal(answer.outcome, 'found')
    if (answer.outcome !== 'found') break
    ids.push(...answer.titles.map(({ titleId }) => titleId))
    if (answer.more === null) return ids
    assert.equal(answer.titles.length, ask.limit)
    after = answer.more
    await between(page)
  }
  throw new Error('The pages did not end.')
}

const manyTitles = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    title: n % 3 === 0 ? `Bees ${n % 7}` : `On bees and ${n % 5}`,
    publishedYear: n % 4 === 0 ? null : 1990 + (n % 3),
    loansCount: n % 6,
    tier: n % 5,
  }))

test('the pages together are all results, each once', async () => {
  await using library = await searchable()
  const ids = await someTitles(library.db, manyTitles(137))
  const whole = await search(library.searchDb, { query: 'bees', limit: 100 })
  assert.equal(whole.outcome === 'found' && whole.counted, 137)
  assert.equal(whole.outcome === 'found' && whole.atMost, false)
  const all = await allPages(library.searchDb, { query: 'bees', limit: 100 })
  for (const limit of [1, 7, 20]) {
    const found = await allPages(library.searchDb, { query: 'bees', limit })
    assert.deepEqual(found, all)
    assert.deepEqual(
      found.toSorted((a, b) => a - b),
      ids,
    )
  }
  const parts = await allPages(library.searchDb, { query: 'ees', mode: 'substring', limit: 10 })
  assert.deepEqual(
    parts.toSorted((a, b) => a - b),
    ids,
  )
})

test('titles that are added between pages neither repeat nor hide another', async () => {
  await using library = await searchable()
  const before = await someTitles(library.db, manyTitles(60))
  const seen = await allPages(library.searchDb, { query: 'bees', limit: 7 }, () =>
    someTitles(library.db, manyTitles(5)),
  )
  assert.equal(new Set(seen).size, seen.length)
  for (const id of before) assert.ok(seen.includes(id))
})

test('past a thousand matches the answer says "at least", and the most lent of all are in it', async () => {
  await using library = await searchable()
  const ids = await someTitles(
    library.db,
    Array.from({ length: 1_500 }, (_, n) => ({
      title: `The book ${n}`,
      loansCount: n < 1_000 ? 0 : n,
      tier: n < 1_450 ? 4 : 0,
      language: n === 900 ? 'fin' : 'eng',
    })),
  )
  const answer = await search(library.searchDb, { query: 'the', limit: 100 })
  if (answer.outcome !== 'found') throw new Error(answer.refused)
  assert.equal(answer.counted, matchesMax)
  assert.equal(answer.atMost, true)
  assert.deepEqual(
    answer.titles.map(({ titleId }) => titleId),
    ids.toReversed().slice(0, 100),
  )
  const found = await allPages(library.searchDb, { query: 'the', limit: 100 })
  assert.equal(found.length, matchesMax)
  assert.equal(new Set(found).size, matchesMax)
  // The least lent is past the cut, and both its own name and a filter still find it.
  assert.ok(!found.includes(ids[900] ?? 0))
  const named = await search(library.searchDb, { query: 'the book 900' })
  assert.equal(named.outcome === 'found' && named.titles[0]?.titleId, ids[900])
  const filtered = await search(library.searchDb, { query: 'the', language: 'fin' })
  assert.deepEqual(filtered.outcome === 'found' && [filtered.counted, filtered.atMost], [1, false])
})

test('an exact title is found however common its words are and however seldom it was lent', async () => {
  await using library = await searchable()
  const [it] = await someTitles(library.db, [
    { title: 'It', tier: 4 },
    ...Array.from({ length: 1_200 }, (_, n) => ({ title: `Is it ${n}`, loansCount: 5, tier: 0 })),
  ])
  const answer = await search(library.searchDb, { query: 'it' })
  assert.equal(answer.outcome === 'found' && answer.titles[0]?.titleId, it)
})

test('a cursor is good for its own question, and any other text is refused', async () => {
  await using library = await searchable()
  await someTitles(library.db, manyTitles(30))
  const first = await search(library.searchDb, { query: 'bees', limit: 5 })
  const cursor = first.outcome === 'found' ? (first.more ?? '') : ''
  const refusal = async (ask: SearchAsk) => {
    const answer = await search(library.searchDb, ask)
    return answer.outcome === 'refused' ? answer.refused : 'found'
  }
  assert.equal(await refusal({ query: 'bees', after: cursor, limit: 9 }), 'found')
  assert.equal(await refusal({ query: 'on bees', after: cursor }), 'cursor-unknown')
  assert.equal(await refusal({ query: 'bees', after: cursor, available: true }), 'cursor-unknown')
  for (let at = 0; at < cursor.length; at++) {
    const other = cursor[at] === 'A' ? 'B' : 'A'
    const bent = cursor.slice(0, at) + other + cursor.slice(at + 1)
    assert.equal(await refusal({ query: 'bees', after: bent }), 'cursor-unknown', bent)
  }
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (after) => {
      assert.equal(await refusal({ query: 'bees', after }), 'cursor-unknown')
    }),
    { numRuns: 300 },
  )
})

test('a page holds 1 to 100 titles, whatever is asked', async () => {
  await using library = await searchable()
  await someTitles(library.db, manyTitles(120))
  for (const [limit, expected] of [
    [-5, 1],
    [0, 1],
    [1e9, 100],
    [2.9, 2],
    [undefined, 20],
  ] as const) {
    const answer = await search(library.searchDb, { query: 'bees', limit })
    assert.equal(answer.outcome === 'found' && answer.titles.length, expected)
  }
})

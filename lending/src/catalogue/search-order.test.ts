import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCopy, aSmallLibrary } from '../../test/library-fixtures.ts'
import { searchable, someTitles } from '../../test/searchable.ts'
import { sql } from '../postgres/sql.ts'
import { renewSearchOrder, renewTiers } from './search-order.ts'
import { refreshVocabulary } from './vocabulary.ts'

test('the sweep counts the loans of each title, over all of its copies, and writes only what changed', async () => {
  await using library = await searchable()
  const { db } = library
  const small = await aSmallLibrary(db)
  const { branchId, itemTypeId, titleId } = small
  const second = await aCopy(db, { branchId, itemTypeId, titleId })
  for (const copyId of [small.copyId, small.copyId, second.copyId]) {
    await db.rows(sql`
      insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at, returned_at)
      values (${copyId}, ${small.patronId}, ${small.categoryId}, ${branchId}, ${small.ruleId}, now(), now(), now())
    `)
  }
  const counted = () => db.rows(sql`select id as "titleId", loans_count as loans from title`)
  assert.equal((await renewSearchOrder(db)).recounted, 1)
  assert.deepEqual(await counted(), [{ titleId, loans: 3 }])
  assert.equal((await renewSearchOrder(db)).recounted, 0)
  await db.rows(sql`delete from loan where copy_id = ${second.copyId}`)
  await db.rows(sql`update loan set copy_id = ${second.copyId}`)
  await db.rows(sql`delete from loan`)
  assert.equal((await renewSearchOrder(db)).recounted, 1)
  assert.deepEqual(await counted(), [{ titleId, loans: 0 }])
})

test('the most lent titles are in the first tier, among equals the newer, and a second sweep moves none', async () => {
  await using library = await searchable()
  const { db } = library
  await someTitles(
    db,
    Array.from({ length: 6_000 }, (_, n) => ({
      title: `T ${n}`,
      loansCount: n < 500 ? 7 : 0,
      publishedYear: n < 500 ? 1900 : n < 2_000 ? 2020 : 1950 + (n % 50),
    })),
  )
  const { moved, titles } = await renewTiers(db)
  assert.equal(titles, 6_000)
  const first = await db.rows<{ loans_count: number; published_year: number }>(sql`
    select loans_count, published_year from title where tier = 0
  `)
  assert.equal(moved, first.length)
  assert.ok(first.length >= 2_000 && first.length < 2_200, String(first.length))
  assert.equal(first.filter(({ loans_count }) => loans_count === 7).length, 500)
  assert.equal(first.filter(({ published_year }) => published_year === 2020).length, 1_500)
  const [rest] = await db.rows<{ tiers: number[] }>(
    sql`select array_agg(distinct tier order by tier) as tiers from title`,
  )
  assert.deepEqual(rest?.tiers, [0, 4])
  assert.equal((await renewTiers(db)).moved, 0)
})

test('a small catalogue is one tier', async () => {
  await using library = await searchable()
  await someTitles(library.db, [
    { title: 'A', tier: 0 },
    { title: 'B', tier: 2 },
  ])
  assert.deepEqual(await renewTiers(library.db), { titles: 2, moved: 2 })
})

test('the vocabulary counts in how many titles a word stands, and is mended where it was wrong', async () => {
  await using library = await searchable()
  const { db } = library
  await someTitles(db, [{ title: 'Bees and bees' }, { title: 'Bees' }, { title: 'Wasps' }])
  const words = () =>
    db.rows<{ word: string; titles: number }>(
      sql`select word, titles from vocabulary where titles > 0 order by word`,
    )
  const right = await words()
  assert.deepEqual(right, [
    { word: 'and', titles: 1 },
    { word: 'bees', titles: 2 },
    { word: 'wasps', titles: 1 },
  ])
  await db.rows(sql`update vocabulary set titles = 99`)
  await db.rows(sql`insert into vocabulary (word, titles) values ('ghost', 5)`)
  assert.deepEqual(await refreshVocabulary(db), { words: 3 })
  assert.deepEqual(await words(), right)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCopy, aPatron, aSmallLibrary, monday } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { someTitles } from '../../test/searchable.ts'
import { forgetReturnedLoans } from '../patrons/forget.ts'
import { sql } from '../postgres/sql.ts'
import { countLentTogether, oftenLentWith } from './lent-together.ts'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs

test('what three different patrons took home in one visit is shown, and what two did, however often, is not', async () => {
  await using db = await scratchDatabase()
  const { lent, ids } = await aLibraryThatLends(db)
  const [emma = 0, persuasion = 0, dracula = 0] = ids
  for (const patron of [0, 1, 2]) await lent({ patron, titles: [emma, persuasion] })
  for (const daysAgo of [3, 6, 9]) {
    for (const patron of [0, 1]) await lent({ patron, titles: [emma, dracula], daysAgo })
  }
  await countAll(db, monday)
  assert.deepEqual(await titlesWith(db, emma), ['Persuasion'])
  assert.deepEqual(await titlesWith(db, persuasion), ['Emma'])
  assert.deepEqual(await titlesWith(db, dracula), [])
})

test('what was lent on another day was not lent together', async () => {
  await using db = await scratchDatabase()
  const { lent, ids } = await aLibraryThatLends(db)
  const [emma = 0, persuasion = 0] = ids
  for (const patron of [0, 1, 2, 3]) {
    await lent({ patron, titles: [emma], daysAgo: 5 })
    await lent({ patron, titles: [persuasion], daysAgo: 4 })
  }
  await countAll(db, monday)
  assert.deepEqual(await titlesWith(db, emma), [])
})

test('counts outlive the names: a third patron a year later does not make two of them three, and three stay three', async () => {
  await using db = await scratchDatabase()
  const { lent, ids } = await aLibraryThatLends(db)
  const [emma = 0, persuasion = 0, dracula = 0] = ids
  for (const patron of [0, 1, 2]) await lent({ patron, titles: [emma, persuasion] })
  for (const patron of [0, 1]) await lent({ patron, titles: [emma, dracula] })
  await countAll(db, monday)
  // Twice in one month is not twice as many.
  await countAll(db, monday)
  const later = new Date(monday.getTime() + 365 * dayMs)
  assert.ok((await forgetReturnedLoans(db, later)).loans >= 10)
  await lent({ patron: 2, titles: [emma, dracula], now: later })
  await countAll(db, later)
  assert.deepEqual(await titlesWith(db, emma), ['Persuasion'])
  const kept = await db.rows<{ patrons: number[] }>(sql`select patrons from often_lent_with`)
  assert.deepEqual(kept, [{ patrons: [3] }, { patrons: [3] }])
})

test('whatever hours of the day Bibby runs, its rounds come to the whole catalogue', async () => {
  await using db = await scratchDatabase()
  const { lent, ids } = await aLibraryThatLends(db)
  for (let at = 0; at + 1 < ids.length; at += 2) {
    for (const patron of [0, 1, 2]) await lent({ patron, titles: ids.slice(at, at + 2) })
  }
  // From nine to five, for some weeks.
  for (let day = 0; day < 23; day++) {
    for (let hour = 0; hour < 8; hour++)
      await countLentTogether(db, new Date(monday.getTime() + day * dayMs + hour * hourMs))
  }
  const [found] = await db.rows<{ titles: number }>(sql`select count(*) as titles from often_lent_with`)
  assert.equal(found?.titles, ids.length)
})

async function countAll(db: ScratchDatabase, now: Date): Promise<void> {
  for (let hour = 0; hour < 23; hour++) await countLentTogether(db, new Date(now.getTime() + hour * hourMs))
}

async function titlesWith(db: ScratchDatabase, titleId: number): Promise<string[]> {
  return (await oftenLentWith(db, titleId)).map(({ title }) => title)
}

/** Titles with a copy for everybody, and patrons; what is lent comes back after an hour. */
async function aLibraryThatLends(db: ScratchDatabase) {
  const small = await aSmallLibrary(db)
  const names = ['Emma', 'Persuasion', 'Dracula', 'Momo', 'Ulysses', 'Walden', 'Utopia', 'Faust']
  const ids = await someTitles(
    db,
    names.map((title) => ({ title })),
  )
  await db.rows(sql`update title set loans_count = 1`)
  const patrons = await Promise.all(
    [0, 1, 2, 3].map(() => aPatron(db, { categoryId: small.categoryId, branchId: small.branchId })),
  )
  const lent = async ({
    patron,
    titles,
    daysAgo = 1,
    now = monday,
  }: {
    patron: number
    titles: readonly number[]
    daysAgo?: number
    now?: Date
  }) => {
    const lentAt = new Date(now.getTime() - daysAgo * dayMs)
    for (const titleId of titles) {
      const { copyId } = await aCopy(db, { branchId: small.branchId, itemTypeId: small.itemTypeId, titleId })
      await db.rows(sql`
        insert into loan (
          copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at, returned_at, returned_branch_id
        )
        values (
          ${copyId}, ${patrons[patron]?.patronId}, ${small.categoryId}, ${small.branchId}, ${small.ruleId}, ${lentAt},
          ${lentAt}, ${new Date(lentAt.getTime() + hourMs)}, ${small.branchId}
        )
      `)
    }
  }
  return { lent, ids }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done } from '../../test/every-cut.ts'
import { aPatron, aSmallLibrary, besides, by, monday } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { historyOf } from './history.ts'
import { lend } from './lend.ts'

test('a history has every returned loan of the patron once, the latest first, page after page', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const other = await aPatron(db, besides(library))
  // Several were handed in at one moment, as a pile is.
  for (const patronId of [library.patronId, other.patronId])
    await db.rows(sql`
      insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at, returned_at)
      select ${library.copyId}, ${patronId}, ${library.categoryId}, ${library.branchId}, ${library.ruleId},
        ${monday}::timestamptz - interval '90 days', ${monday}, ${monday}::timestamptz - (n / 3) * interval '1 day'
      from generate_series(0, 9) as n
    `)
  done(await write(db, by(), lend, library))
  const { patronId } = library
  const all = await historyOf(db, { patronId, limit: 100 })
  assert.equal(all.length, 10)
  const returned = all.map(({ returnedAt }) => returnedAt)
  assert.deepEqual(returned, returned.toSorted().toReversed())
  const paged: number[] = []
  for (;;) {
    const page = await historyOf(db, { patronId, before: paged.at(-1), limit: 4 })
    if (page.length === 0) break
    paged.push(...page.map(({ loanId }) => loanId))
  }
  assert.deepEqual(
    paged,
    all.map(({ loanId }) => loanId),
  )
  const [theirs] = await historyOf(db, { patronId: other.patronId, limit: 1 })
  assert.deepEqual(await historyOf(db, { patronId, before: theirs?.loanId, limit: 4 }), [])
})

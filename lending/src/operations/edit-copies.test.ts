import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aServedLibrary } from '../../test/api-fixtures.ts'
import { done } from '../../test/every-cut.ts'
import { aBranch, by, monday } from '../../test/library-fixtures.ts'
import {
  aCataloguer,
  aMailbox,
  atRest,
  carriedOut,
  copiesOn,
  digestOfAll,
} from '../../test/operation-fixtures.ts'
import { endStockTake, startStockTake } from '../catalogue/stock-take/look-through.ts'
import { markFound, markMissing } from '../catalogue/stock-take/missing.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { type EditCopies, editCopies } from './edit-copies.ts'

const asked: EditCopies = {
  ...{ branch: null, shelf: 'old', itemType: null, barcodes: null },
  ...{ toBranch: null, toShelf: 'new', toItemType: null, toLendable: null },
}

async function aLibrary() {
  const { mails, sendDirect } = aMailbox()
  const at = await aServedLibrary({ sendDirect })
  const other = { branchId: at.branchId, itemTypeId: at.itemTypeId }
  await copiesOn(at.db, 'kept', 6, other)
  const copies = await copiesOn(at.db, 'old', 5, other)
  const by = await aCataloguer(at.db, at.branchId)
  const plan = (given: EditCopies) => at.library.operations.guard.plan(editCopies, { by, given })
  return { ...at, mails, copies, by, plan, [Symbol.asyncDispose]: at[Symbol.asyncDispose] }
}

test('copies change branch, shelf, type and lending at once, and nothing else; undo restores every table to the row', async () => {
  await using at = await aLibrary()
  const { branchId, branchCode } = await aBranch(at.db)
  const before = await digestOfAll(at.db)
  const told = await at.plan({ ...asked, toBranch: branchCode, toLendable: false })
  assert.ok('planned' in told, JSON.stringify(told))
  assert.equal(await digestOfAll(at.db), before)
  const done = await carriedOut(at.library, told.planned, at.mails)
  assert.equal(done.state, 'done')
  const changed = await at.db.rows(sql`
    select id, version from copy
    where shelf = 'new' and not lendable and branch_id = ${branchId} and item_type_id = ${at.itemTypeId}
    order by id
  `)
  assert.deepEqual(
    changed,
    at.copies.map(({ copyId }) => ({ id: copyId, version: 2 })),
  )
  const [kept] = await at.db.rows<{ n: number }>(sql`select count(*) as n from copy where version = 1`)
  assert.equal(kept?.n, 7)
  await at.library.operations.guard.undo({ by: at.by, id: told.planned.id })
  assert.equal((await atRest(at.library, told.planned.id)).state, 'undone')
  assert.equal(await digestOfAll(at.db), before)
})

test('missing copies that are made not for loan stay so when they turn up, and undo reaches them too', async () => {
  await using at = await aLibrary()
  const { branchCode } = at
  await at.db.rows(sql`update copy set created_at = ${monday}`)
  const shelf = { branch: branchCode, shelf: 'old' }
  const { stockTakeId } = done(await write(at.db, by(), startStockTake, shelf))
  done(await write(at.db, by(), endStockTake, { stockTakeId }))
  const copyIds = at.copies.map(({ copyId }) => copyId)
  done(await write(at.db, by(), markMissing, { stockTakeId, copyIds }))
  const before = await digestOfAll(at.db)
  const change = async () => {
    const told = await at.plan({ ...asked, toShelf: null, toLendable: false })
    assert.ok('planned' in told, JSON.stringify(told))
    assert.equal((await carriedOut(at.library, told.planned, at.mails)).state, 'done')
    return told.planned.id
  }
  const id = await change()
  await at.library.operations.guard.undo({ by: at.by, id })
  assert.equal((await atRest(at.library, id)).state, 'undone')
  assert.equal(await digestOfAll(at.db), before)
  await change()
  done(await write(at.db, by(), markFound, { copyIds }))
  assert.deepEqual(await at.db.rows(sql`select id from copy where shelf = 'old' and lendable`), [])
})

test('a branch or an item type that nobody knows, or no change at all, plans nothing', async () => {
  await using at = await aLibrary()
  const unknown = await at.plan({ ...asked, toBranch: 'nowhere', toItemType: 'nothing' })
  assert.ok('refused' in unknown && unknown.refused === 'in-the-way', JSON.stringify(unknown))
  assert.deepEqual(
    unknown.obstacles.map(({ obstacle, labels }) => [obstacle, labels]),
    [
      ['branch-unknown', ['nowhere']],
      ['item-type-unknown', ['nothing']],
    ],
  )
  const nothing = await at.plan({ ...asked, toShelf: null })
  assert.equal('refused' in nothing && nothing.refused, 'nothing-found')
})

test('a title that somebody waits for keeps a copy that is lent, and any other change may go on', async () => {
  await using at = await aLibrary()
  await at.db.rows(sql`
    insert into hold (title_id, patron_id, pickup_branch_id, state, placed_at)
    select title_id, ${at.patronId}, ${at.branchId}, 'waiting', ${monday} from copy where id = ${at.copies[0]?.copyId}
  `)
  const unlent = await at.plan({ ...asked, toLendable: false })
  assert.equal('refused' in unlent && unlent.refused, 'under-floor')
  assert.ok('planned' in (await at.plan(asked)))
})

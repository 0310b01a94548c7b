import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Guarded } from '@bibby/guard/guarded.ts'
import type { Operation } from '@bibby/guard/operation.ts'
import { aServedLibrary } from '../../test/api-fixtures.ts'
import { openTransaction, whenSomebodyWaits } from '../../test/at-once.ts'
import { by } from '../../test/library-fixtures.ts'
import { aCataloguer, aMailbox, atRest, carriedOut, codeIn, copiesOn } from '../../test/operation-fixtures.ts'
import { placeHold } from '../circulation/hold.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { editCopies } from './edit-copies.ts'
import { withdrawCopies } from './withdraw-copies.ts'

const weeding = { branch: null, shelf: 'weeding', itemType: null, barcodes: null }
const withdrawing = { ...weeding, because: 'Worn' }
const moving = { ...weeding, toBranch: null, toShelf: 'cellar', toItemType: null, toLendable: null }

async function aLibrary() {
  const { mails, sendDirect } = aMailbox()
  const at = await aServedLibrary({ sendDirect })
  const other = { branchId: at.branchId, itemTypeId: at.itemTypeId }
  await copiesOn(at.db, 'kept', 30, other)
  const copies = await copiesOn(at.db, 'weeding', 5, other)
  const cataloguer = await aCataloguer(at.db, at.branchId)
  const plan = async <Given extends Parameters<typeof at.library.operations.guard.plan>[1]['given']>(
    operation: Guarded<Tx, Given>,
    given: Given,
  ): Promise<Operation> => {
    const told = await at.library.operations.guard.plan(operation, { by: cataloguer, given })
    assert.ok('planned' in told, JSON.stringify(told))
    return told.planned
  }
  return { ...at, mails, copies, cataloguer, plan, [Symbol.asyncDispose]: at[Symbol.asyncDispose] }
}

test('a copy does not come back to a title that is deleted by then; with the title it can', async () => {
  await using at = await aLibrary()
  const { guard, deleteAllBooks } = at.library.operations
  const withdrawn = await at.plan(withdrawCopies, withdrawing)
  await carriedOut(at.library, withdrawn, at.mails)
  const deleted = await at.plan(deleteAllBooks, { because: 'We begin anew' })
  assert.equal((await carriedOut(at.library, deleted, at.mails)).state, 'done')

  const ask = { by: at.cataloguer, id: withdrawn.id }
  const told = await guard.undo(ask)
  assert.ok('refused' in told && told.refused === 'changed-since', JSON.stringify(told))
  assert.equal(told.difference.changed.count, 5)
  const [live] = await at.db.rows<{ n: number }>(sql`
    select count(*) as n from copy join title on title.id = copy.title_id
    where copy.withdrawn_at is null and title.deleted_at is not null
  `)
  assert.equal(live?.n, 0)

  assert.ok('undoing' in (await guard.undo({ by: at.cataloguer, id: deleted.id })))
  assert.equal((await atRest(at.library, deleted.id)).state, 'undone')
  assert.ok('undoing' in (await guard.undo(ask)))
  const { state, undone } = await atRest(at.library, withdrawn.id)
  assert.deepEqual({ state, undone }, { state: 'undone', undone: 5 })
})

test('nobody waits for a title that was deleted while they asked for it', async () => {
  await using at = await aLibrary()
  const deleting = await openTransaction(
    at.db,
    sql`
      with locked as (select id from title where id = ${at.titleId} for update)
      update title set deleted_at = now() from locked where title.id = locked.id
    `,
  )
  const ask = { titleId: at.titleId, card: at.card, pickupBranchId: at.branchId }
  const placing = write(at.db, by(), placeHold, ask)
  assert.ok(await whenSomebodyWaits(at.db, placing))
  await deleting.end('commit')
  await deleting[Symbol.asyncDispose]()
  const told = await placing
  assert.equal(told.outcome === 'refused' && told.refusal.refused, 'title-unknown', JSON.stringify(told))
})

test('of two operations on the same copies at once one is done, and the other is refused with what changed', async () => {
  await using at = await aLibrary()
  const { guard } = at.library.operations
  const plans = [await at.plan(withdrawCopies, withdrawing), await at.plan(editCopies, moving)]
  for (const { id, phrase } of plans) {
    await guard.sendCode({ by: at.cataloguer, id })
    const told = await guard.confirm({ by: at.cataloguer, id, phrase: phrase ?? '', code: codeIn(at.mails) })
    assert.ok('confirmed' in told)
  }
  const ended = await Promise.all(plans.map(({ id }) => atRest(at.library, id)))
  assert.deepEqual(ended.map(({ state }) => state).toSorted(), ['done', 'refused'])
  const refused = ended.find(({ state }) => state === 'refused')
  assert.equal(refused?.because?.refused, 'set-changed')
  const versions = await at.db.rows<{ version: number }>(sql`
    select version from copy where id = any(${at.copies.map(({ copyId }) => copyId)}::bigint[])
  `)
  assert.ok(versions.every(({ version }) => version === 2))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Guarded } from '@bibby/guard/guarded.ts'
import type { Operation } from '@bibby/guard/operation.ts'
import { aServedLibrary } from '../../test/api-fixtures.ts'
import { openTransaction, whenSomebodyWaits } from '../../test/at-once.ts'
import { by, monday } from '../../test/library-fixtures.ts'
import { aCataloguer, aMailbox, atRest, carriedOut, codeIn, copiesOn } from '../../test/operation-fixtures.ts'
import { placeHold } from '../circulation/hold.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { sweepOnce } from '../sweeps.ts'
import { dueSweeps } from '../sweeps-due.ts'
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
  const operator = await aCataloguer(at.db, at.branchId)
  await at.db.rows(sql`update staff set role = 'operator'`)
  const plan = async <Given extends Parameters<typeof at.library.operations.guard.plan>[1]['given']>(
    operation: Guarded<Tx, Given>,
    given: Given,
  ): Promise<Operation> => {
    const told = await at.library.operations.guard.plan(operation, { by: operator, given })
    assert.ok('planned' in told, JSON.stringify(told))
    return told.planned
  }
  return { ...at, mails, copies, operator, plan, [Symbol.asyncDispose]: at[Symbol.asyncDispose] }
}

test('a copy does not come back to a title that is deleted by then; with the title it can', async () => {
  await using at = await aLibrary()
  const { guard, deleteAllBooks } = at.library.operations
  const withdrawn = await at.plan(withdrawCopies, withdrawing)
  await carriedOut(at.library, withdrawn, at.mails)
  const deleted = await at.plan(deleteAllBooks, { because: 'We begin anew' })
  assert.equal((await carriedOut(at.library, deleted, at.mails)).state, 'done')

  const ask = { by: at.operator, id: withdrawn.id }
  const told = await guard.undo(ask)
  assert.ok('refused' in told && told.refused === 'changed-since', JSON.stringify(told))
  assert.equal(told.difference.changed.count, 5)
  const [live] = await at.db.rows<{ n: number }>(sql`
    select count(*) as n from copy join title on title.id = copy.title_id
    where copy.withdrawn_at is null and title.deleted_at is not null
  `)
  assert.equal(live?.n, 0)

  assert.ok('undoing' in (await guard.undo({ by: at.operator, id: deleted.id })))
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

test('a copy that is lent while a later batch waits for it stops the operation there', async () => {
  await using at = await aLibrary()
  await at.db.rows(sql`
    insert into copy (title_id, barcode, branch_id, item_type_id, shelf)
    select ${at.titleId}, 'more-' || n, ${at.branchId}, ${at.itemTypeId}, case when n <= 203 then 'weeding' else 'kept' end
    from generate_series(1, 1100) as n
  `)
  const plan = await at.plan(withdrawCopies, withdrawing)
  assert.equal(plan.count, 208)
  // It is in the second batch.
  const lending = await openTransaction(
    at.db,
    sql`
      with locked as (select id from copy where barcode = 'more-200' for no key update)
      insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at)
      select id, ${at.patronId}, ${at.categoryId}, ${at.branchId}, ${at.ruleId}, ${monday}, ${monday} from locked
    `,
  )
  const ending = carriedOut(at.library, plan, at.mails)
  assert.ok(await whenSomebodyWaits(at.db, ending))
  await lending.end('commit')
  await lending[Symbol.asyncDispose]()
  const { state, because, acted } = await ending
  assert.deepEqual([state, because?.refused, acted], ['failed', 'in-the-way', 200])
})

test('the hourly round goes on with what is under way, and forgets the rows of what nobody can undo', async () => {
  await using at = await aLibrary()
  const { guard } = at.library.operations
  const { id, phrase } = await at.plan(withdrawCopies, withdrawing)
  await guard.sendCode({ by: at.operator, id })
  const code = codeIn(at.mails)
  await guard.confirm({ by: at.operator, id, phrase: phrase ?? '', code })
  const round = (name: string) => dueSweeps.filter((sweep) => sweep.name === name)
  const telling = { warn: assert.fail, signal: new AbortController().signal }
  await sweepOnce(at.library, round('go on with operations'), telling)
  assert.equal((await guard.show(id))?.state, 'done')
  await at.db.rows(sql`update guard_operation set undo_until = clock_timestamp()`)
  await sweepOnce(at.library, round('forget operations that are over'), telling)
  assert.deepEqual((await guard.show(id))?.samples, [])
})

test('of two operations on the same copies at once one is done, and the other is refused with what changed', async () => {
  await using at = await aLibrary()
  const { guard } = at.library.operations
  const plans = [await at.plan(withdrawCopies, withdrawing), await at.plan(editCopies, moving)]
  for (const { id, phrase } of plans) {
    await guard.sendCode({ by: at.operator, id })
    const told = await guard.confirm({ by: at.operator, id, phrase: phrase ?? '', code: codeIn(at.mails) })
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

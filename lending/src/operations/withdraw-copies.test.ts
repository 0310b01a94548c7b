import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { Operation } from '@bibby/guard/operation.ts'
import { aServedLibrary } from '../../test/api-fixtures.ts'
import { openTransaction, whenSomebodyWaits } from '../../test/at-once.ts'
import { cutAt } from '../../test/cut.ts'
import { by, monday } from '../../test/library-fixtures.ts'
import {
  aCataloguer,
  aMailbox,
  atRest,
  carriedOut,
  codeIn,
  copiesOn,
  digestOfAll,
} from '../../test/operation-fixtures.ts'
import { lend } from '../circulation/lend.ts'
import { halt } from '../halt/halt.ts'
import { inEnglish } from '../language/messages.ts'
import { readWords } from '../language/worded.ts'
import type { Library } from '../library.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { openOperations } from './operations.ts'
import { sendNothing } from './send-code.ts'
import type { WithdrawCopies } from './withdraw-copies.ts'
import { withdrawCopies } from './withdraw-copies.ts'

const asked: WithdrawCopies = {
  branch: null,
  shelf: 'weeding',
  itemType: null,
  barcodes: null,
  because: 'Worn',
}

async function aLibrary() {
  const { mails, sendDirect } = aMailbox()
  const at = await aServedLibrary({ sendDirect })
  const other = { branchId: at.branchId, itemTypeId: at.itemTypeId }
  await copiesOn(at.db, 'kept', 30, other)
  const copies = await copiesOn(at.db, 'weeding', 5, other)
  const cataloguer = await aCataloguer(at.db, at.branchId)
  return { ...at, mails, copies, cataloguer, [Symbol.asyncDispose]: at[Symbol.asyncDispose] }
}

type At = Awaited<ReturnType<typeof aLibrary>>

async function planned(
  { library, cataloguer }: Pick<At, 'library' | 'cataloguer'>,
  given = asked,
): Promise<Operation> {
  const told = await library.operations.guard.plan(withdrawCopies, { by: cataloguer, given })
  assert.ok('planned' in told, JSON.stringify(told))
  return told.planned
}

async function refusedPlan({ library, cataloguer }: At, given = asked) {
  const told = await library.operations.guard.plan(withdrawCopies, { by: cataloguer, given })
  assert.ok('refused' in told, JSON.stringify(told))
  return told
}

const withdrawn = (library: Library) =>
  library.db.rows<{ barcode: string }>(
    sql`select barcode from copy where withdrawn_at is not null order by id`,
  )

test('copies are withdrawn by plan, phrase and code; and undo brings every table back to the row', async () => {
  await using at = await aLibrary()
  const before = await digestOfAll(at.db)
  const plan = await planned(at)
  assert.match(plan.phrase ?? '', /^WITHDRAW 5 COPIES #[0-9a-f]{4}$/)
  assert.equal(await digestOfAll(at.db), before)

  const done = await carriedOut(at.library, plan, at.mails)
  assert.equal(done.state, 'done')
  assert.deepEqual(
    (await withdrawn(at.library)).map(({ barcode }) => barcode),
    at.copies.map(({ barcode }) => barcode),
  )
  const ask = { card: at.card, barcode: at.copies[0]?.barcode ?? '', branchId: at.branchId }
  const told = await write(at.db, by(), lend, ask)
  assert.equal(told.outcome === 'refused' && told.refusal.refused, 'copy-withdrawn')

  await at.library.operations.guard.undo({ by: at.cataloguer, id: plan.id })
  assert.equal((await atRest(at.library, plan.id)).state, 'undone')
  assert.equal(await digestOfAll(at.db), before)
})

test('each step is in the journal once with who took it, and the code is nowhere in the database', async () => {
  await using at = await aLibrary()
  const plan = await planned(at)
  await carriedOut(at.library, plan, at.mails)
  // Asked again it does nothing, and nothing is noted.
  await at.library.operations.guard.confirm({
    by: at.cataloguer,
    id: plan.id,
    phrase: plan.phrase ?? '',
    code: codeIn(at.mails),
  })
  const steps = await at.db.rows<{ action: string; actor: string; answer: { name: string } }>(sql`
    select action, actor, answer from journal where answer ->> 'operationId' = ${plan.id} order by id
  `)
  assert.deepEqual(
    steps.map(({ action }) => action),
    ['plan-operation', 'send-operation-code', 'confirm-operation', 'run-operation'],
  )
  assert.ok(steps.every(({ actor, answer }) => actor === at.cataloguer && answer.name === 'withdraw-copies'))
  const [others] = await at.db.rows<{ n: number }>(sql`
    select count(*) as n from journal where action like '%-operation' and answer ->> 'operationId' is null
  `)
  assert.equal(others?.n, 0)
  const code = codeIn(at.mails).replace('-', '')
  assert.equal(code.length, 8)
  const rows = await at.db.rows<{ text: string }>(sql`
    select row_to_json(journal)::text as text from journal
    union all select row_to_json(guard_operation)::text from guard_operation
  `)
  assert.ok(!rows.some(({ text }) => text.includes(code)))
})

test('what is in use is refused and named: on loan, on the hold shelf, on its way, with an unpaid fine', async () => {
  await using at = await aLibrary()
  const [loan, shelf, way, fine] = at.copies.map(({ copyId }) => copyId)
  await at.db.rows(sql`
    insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at)
    values (${loan}, ${at.patronId}, ${at.categoryId}, ${at.branchId}, ${at.ruleId}, ${monday}, ${monday})
  `)
  await at.db.rows(sql`
    insert into hold (title_id, patron_id, pickup_branch_id, state, placed_at, copy_id, shelf_until)
    select title_id, ${at.patronId}, ${at.branchId}, 'on-shelf', ${monday}, id, '2026-12-01' from copy where id = ${shelf}
  `)
  await at.db.rows(sql`update copy set in_transit_to = ${at.branchId} where id = ${way}`)
  const [old] = await at.db.rows<{ id: number }>(sql`
    insert into loan (
      copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at, returned_at, returned_branch_id
    )
    values (
      ${fine}, ${at.patronId}, ${at.categoryId}, ${at.branchId}, ${at.ruleId}, ${monday}, ${monday}, ${monday},
      ${at.branchId}
    )
    returning id
  `)
  await at.db.rows(sql`
    insert into fine_line (patron_id, loan_id, kind, cents, at)
    values (${at.patronId}, ${old?.id}, 'charge', 50, ${monday})
  `)
  const told = await refusedPlan(at)
  assert.ok(told.refused === 'in-the-way')
  assert.deepEqual(
    told.obstacles.map(({ obstacle, ids }) => [obstacle, ids]),
    [
      ['on-loan', [String(loan)]],
      ['on-hold-shelf', [String(shelf)]],
      ['in-transit', [String(way)]],
      ['unpaid-fine', [String(fine)]],
    ],
  )
  assert.deepEqual(await withdrawn(at.library), [])
})

test('a title that somebody waits for keeps a copy that can be lent', async () => {
  await using at = await aLibrary()
  await at.db.rows(sql`
    insert into hold (title_id, patron_id, pickup_branch_id, state, placed_at)
    select title_id, ${at.patronId}, ${at.branchId}, 'waiting', ${monday} from copy where id = ${at.copies[0]?.copyId}
  `)
  const told = await refusedPlan(at)
  assert.ok(told.refused === 'under-floor')
  assert.match(readWords(inEnglish, told.breaches[0]?.part ?? ''), /^1 waiting for “Charlotte's Web”/)
  const [more] = await copiesOn(at.db, 'kept', 1, {
    branchId: at.branchId,
    titleId: at.copies[0]?.titleId ?? 0,
  })
  assert.ok(more)
  assert.equal((await planned(at)).count, 5)
})

test('a barcode that is mistyped, withdrawn already or elsewhere refuses the plan', async () => {
  await using at = await aLibrary()
  const gone = at.copies[0]?.barcode ?? ''
  await at.db.rows(
    sql`update copy set withdrawn_at = now(), withdrawn_because = 'Lost' where barcode = ${gone}`,
  )
  const kept = at.barcode
  const barcodes = [at.copies[1]?.barcode ?? '', gone, 'no-such', kept]
  const told = await refusedPlan(at, { ...asked, barcodes })
  assert.ok(told.refused === 'in-the-way')
  assert.deepEqual(told.obstacles.map(({ obstacle, ids }) => [obstacle, ids]).toSorted(), [
    ['copy-elsewhere', [`barcode ${kept}`]],
    ['copy-unknown', ['barcode no-such']],
    ['withdrawn-already', [`barcode ${gone}`]],
  ])
})

test('more than a fifth of all copies is refused, and so is nothing at all', async () => {
  await using at = await aLibrary()
  assert.equal((await refusedPlan(at, { ...asked, shelf: 'kept' })).refused, 'over-ceiling')
  assert.equal((await refusedPlan(at, { ...asked, shelf: 'nowhere' })).refused, 'nothing-found')
  const branch = 'no-such-branch'
  assert.equal((await refusedPlan(at, { ...asked, shelf: null, branch })).refused, 'nothing-found')
})

test('a copy lent after the plan, even while the withdrawal waits for its row, stops all of it', async () => {
  await using at = await aLibrary()
  const plan = await planned(at)
  const [copy] = at.copies
  const lending = await openTransaction(
    at.db,
    sql`
      with locked as (select id from copy where id = ${copy?.copyId} for no key update)
      insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at)
      select id, ${at.patronId}, ${at.categoryId}, ${at.branchId}, ${at.ruleId}, ${monday}, ${monday} from locked
    `,
  )
  const ending = carriedOut(at.library, plan, at.mails)
  assert.ok(await whenSomebodyWaits(at.db, ending))
  await lending.end('commit')
  await lending[Symbol.asyncDispose]()
  const ended = await ending
  assert.equal(ended.state, 'refused')
  assert.equal(ended.because?.refused, 'in-the-way')
  assert.deepEqual(await withdrawn(at.library), [])
})

test('while writing is halted nothing is withdrawn; it goes on afterwards, as confirmed', async () => {
  await using at = await aLibrary()
  const { guard } = at.library.operations
  const plan = await planned(at)
  await guard.sendCode({ by: at.cataloguer, id: plan.id })
  const code = codeIn(at.mails)
  await guard.confirm({ by: at.cataloguer, id: plan.id, phrase: plan.phrase ?? '', code })
  await write(at.db, by(), halt, { reason: 'wrong shelf', verb: 'run-operation' })
  await assert.rejects(atRest(at.library, plan.id), { code: 'BIBBY_VERB_HALTED' })
  assert.deepEqual(await withdrawn(at.library), [])
  await at.db.rows(sql`update fence set halted_verbs = '{}'`)
  await at.library.operations.resume()
  assert.equal((await guard.show(plan.id))?.state, 'done')
})

test('losing the connection at any statement withdraws each copy once, and going on ends it', async () => {
  await using at = await aLibrary()
  for (const cut of ['before', 'reply-lost'] as const) {
    let isReached = true
    for (let statement = 1; isReached; statement++) {
      const where = `${cut} ${statement}`
      assert.ok(statement < 60, `${where}: it never ends`)
      const plan = await planned(at)
      await at.library.operations.guard.sendCode({ by: at.cataloguer, id: plan.id })
      const ask = { by: at.cataloguer, id: plan.id, phrase: plan.phrase ?? '', code: codeIn(at.mails) }
      const cutting = cutAt(at.db, statement, cut)
      await using lossy = openOperations({
        ...at.library,
        db: cutting,
        sendDirect: sendNothing,
        secondPerson: false,
      })
      const told = await lossy.guard.confirm(ask).catch(() => undefined)
      const isBegun = (await at.library.operations.guard.show(plan.id))?.state === 'executing'
      assert.ok(told === undefined || isBegun, `${where}: what may not have landed is not told as done`)
      await lossy.guard.run({ id: plan.id, signal: new AbortController().signal }).catch(() => undefined)
      isReached = cutting.reached()
      assert.ok('confirmed' in (await at.library.operations.guard.confirm(ask)), where)
      const { state, acted, tries } = await atRest(at.library, plan.id)
      assert.deepEqual({ state, acted, tries }, { state: 'done', acted: 5, tries: 1 }, where)
      const versions = await at.db.rows<{ version: number }>(
        sql`select version from copy where shelf = 'weeding'`,
      )
      assert.ok(
        versions.every(({ version }) => version === 2),
        where,
      )
      await at.library.operations.guard.undo({ by: at.cataloguer, id: plan.id })
      await atRest(at.library, plan.id)
    }
  }
})

test('a code goes to the address of the account, and nowhere without one', async () => {
  await using at = await aLibrary()
  const plan = await planned(at)
  const { guard } = at.library.operations
  const sent = await guard.sendCode({ by: at.cataloguer, id: plan.id })
  assert.ok('sentTo' in sent && /^d\*\*\*@example\.org$/.test(sent.sentTo), JSON.stringify(sent))
  assert.match(at.mails[0]?.subject ?? '', /WITHDRAW 5 COPIES/)
  await at.db.rows(sql`update staff set email = ''`)
  const told = await guard.sendCode({ by: at.cataloguer, id: plan.id })
  assert.deepEqual(told, { refused: 'code-not-sent', because: 'your account has no mail address' })
  const byCommand = await guard.plan(withdrawCopies, { by: 'system:command', given: asked })
  assert.ok('planned' in byCommand)
  const unsent = await guard.sendCode({ by: 'system:command', id: byCommand.planned.id })
  assert.equal('refused' in unsent && unsent.refused, 'code-not-sent')
})

test('the migrations are the schema of the guard, unchanged', async () => {
  for (const [migration, schema] of [
    ['0004_guard.sql', 'schema.sql'],
    ['0007_erase_patron.sql', 'schema-forgetting.sql'],
  ]) {
    const [ours, theirs] = await Promise.all(
      [`../../migrations/${migration}`, `../../../safeguards/guard/${schema}`].map((file) =>
        readFile(new URL(file, import.meta.url), 'utf8'),
      ),
    )
    assert.ok(theirs && ours?.endsWith(theirs), migration)
  }
})

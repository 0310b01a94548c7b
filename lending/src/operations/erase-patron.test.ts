import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation } from '@bibby/guard/operation.ts'
import { aServedLibrary, bearing } from '../../test/api-fixtures.ts'
import { openTransaction, whenSomebodyWaits } from '../../test/at-once.ts'
import { cutAt } from '../../test/cut.ts'
import { done, refusal } from '../../test/every-cut.ts'
import { aCharge, aCopy, aPatron, besides, by, monday } from '../../test/library-fixtures.ts'
import {
  aColleague,
  aMailbox,
  atRest,
  carriedOut,
  closeWaysBack,
  codeIn,
  digestOfAll,
} from '../../test/operation-fixtures.ts'
import { aPatronWithAPast } from '../../test/patron-with-a-past.ts'
import { placeHold } from '../circulation/hold.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { inEnglish } from '../language/messages.ts'
import { readWords, withWords } from '../language/worded.ts'
import { resendNotices } from '../notices/dead-notices.ts'
import { sendNext } from '../notices/send-next.ts'
import { importPatron } from '../patrons/import-patron.ts'
import { editPatron, findPatrons, patron, registerPatron } from '../patrons/patron.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { erasePatron } from './erase-patron.ts'
import { openOperations } from './operations.ts'
import { sendNothing } from './send-code.ts'

async function aLibrary() {
  const { mails, sendDirect } = aMailbox()
  const at = await aServedLibrary({ sendDirect })
  const manager = await aColleague(at.db, at.branchId, 'manager')
  return { ...at, mails, manager, [Symbol.asyncDispose]: at[Symbol.asyncDispose] }
}

type At = Awaited<ReturnType<typeof aLibrary>>

const asks = ({ library, manager }: At, card: string, by = manager) =>
  library.operations.guard.plan(erasePatron, { by, given: { card, because: 'They asked for it' } })

async function planned(at: At, card = at.card, by = at.manager): Promise<Operation> {
  const told = await asks(at, card, by)
  assert.ok('planned' in told, JSON.stringify(told))
  return told.planned
}

async function obstacles(at: At, card = at.card): Promise<readonly (readonly [string, readonly string[]])[]> {
  const told = await asks(at, card)
  assert.ok('refused' in told && told.refused === 'in-the-way', JSON.stringify(told))
  return told.obstacles.map(({ obstacle, labels }) => [obstacle, withWords(inEnglish, labels)] as const)
}

const erased = async (at: At, card = at.card) => carriedOut(at.library, await planned(at, card), at.mails)

test('a plan tells what hangs on a patron and touches nothing; and undo brings every table back to the row', async () => {
  await using at = await aLibrary()
  const { patronId, card } = await aPatronWithAPast(at.db, at)
  await at.db.rows(sql`delete from session`)
  const before = await digestOfAll(at.db)
  const plan = await planned(at, card)
  assert.match(plan.phrase ?? '', /^ERASE 1 PATRON #[0-9a-f]{4}$/)
  assert.deepEqual([plan.count, plan.total], [1, 3])
  assert.deepEqual(
    plan.samples.map((line) => readWords(inEnglish, line).replace(/^\d+/, 'n')),
    [
      'Zebedee Quillfeather-Smith, card QUILL-7',
      'Merged into it: card QUILL-TWIN',
      'n loans of the past',
      'n holds that are over',
      'n lines of fines and payments',
      'n notices',
      'n entries of the journal',
      'A password',
    ],
  )
  assert.equal(await digestOfAll(at.db), before)
  assert.equal((await carriedOut(at.library, plan, at.mails)).state, 'done')
  assert.equal(await patron(at.db, { patronId }), undefined)
  await at.library.operations.guard.undo({ by: at.manager, id: plan.id })
  assert.equal((await atRest(at.library, plan.id)).state, 'undone')
  assert.equal(await digestOfAll(at.db), before)
})

test('the card of an erased patron works no more: not at the desk, not to sign in, nor does a card that led to it', async () => {
  await using at = await aLibrary()
  const token = await at.patronToken()
  await at.db.rows(sql`update patron set family_name = 'Unlikely' where id = ${at.patronId}`)
  const merged = await aPatron(at.db, besides(at))
  await at.db.rows(sql`
    update patron set merged_into = ${at.patronId}, deleted_at = now() where id = ${merged.patronId}
  `)
  await erased(at)
  const ask = { barcode: at.barcode, branchId: at.branchId }
  for (const card of [at.card, merged.card]) {
    assert.deepEqual(refusal(await write(at.db, by(), lend, { ...ask, card })), { refused: 'patron-unknown' })
  }
  assert.deepEqual(await findPatrons(at.db, { query: 'Unlikely' }), [])
  assert.deepEqual(await findPatrons(at.db, { query: at.card }), [])
  const sessions = await at.db.rows(sql`select from session where patron_id is not null`)
  assert.equal(sessions.length, 0)
  // Else this process remembers a session for some seconds.
  at.app.sessions.forgetErased({ name: 'erase-patron', arguments: { card: at.card } })
  const me = await at.app.inject({ method: 'GET', url: '/api/v1/me', headers: bearing(token) })
  assert.equal(me.statusCode, 401)
  const payload = { kind: 'patron', account: at.card, password: 'correct horse battery staple' }
  assert.equal((await at.app.inject({ method: 'POST', url: '/api/v1/sessions', payload })).statusCode, 401)
})

test('what is open keeps a patron, and is named: loans, holds, a debt, protection; nothing of it is swept along', async () => {
  await using at = await aLibrary()
  const place = { branchId: at.branchId, itemTypeId: at.itemTypeId }
  const [shelf, way] = [await aCopy(at.db, place), await aCopy(at.db, place)]
  done(await write(at.db, by(), lend, at))
  for (const copy of [shelf, way, await aCopy(at.db, place)]) {
    const wanted = { titleId: copy.titleId, card: at.card, pickupBranchId: at.branchId }
    done(await write(at.db, by(), placeHold, wanted))
  }
  done(await write(at.db, by(), takeBack, { ...shelf, branchId: at.branchId }))
  await at.db.rows(sql`update title set title = 'On the way' where id = ${way.titleId}`)
  await at.db.rows(sql`
    update hold set state = 'in-transit', copy_id = ${way.copyId} where title_id = ${way.titleId}
  `)
  await aCharge(at.db, { patronId: at.patronId, cents: 1_250 })
  await at.db.rows(sql`update patron set protected = true where id = ${at.patronId}`)
  const before = await digestOfAll(at.db)
  const found = await obstacles(at)
  assert.deepEqual(found.toSorted(), [
    ['in-transit', ['“On the way”']],
    ['on-hold', ["“Charlotte's Web”"]],
    ['on-hold-shelf', ["“Charlotte's Web”"]],
    ['on-loan', [`“Charlotte's Web” (${at.barcode})`]],
    ['owes', ['12.50 EUR']],
    ['protected', [`Ada Reader, card ${at.card}`]],
  ])
  assert.equal(await digestOfAll(at.db), before)
})

test('a card that nobody has, that was merged or erased, is named for what it is', async () => {
  await using at = await aLibrary()
  const { card } = await aPatronWithAPast(at.db, at)
  assert.deepEqual(await obstacles(at, 'no-such'), [['patron-unknown', ['no-such']]])
  assert.deepEqual(await obstacles(at, 'QUILL-TWIN'), [['patron-merged', ['QUILL-TWIN, into QUILL-7']]])
  await erased(at, card)
  assert.deepEqual(await obstacles(at, card), [['patron-erased', [card]]])
  assert.deepEqual(await obstacles(at, 'QUILL-TWIN'), [['patron-erased', ['QUILL-TWIN']]])
})

test('a book that is lent while the erasing waits for the patron keeps them', async () => {
  await using at = await aLibrary()
  const plan = await planned(at)
  const lending = await openTransaction(
    at.db,
    sql`
      with locked as (select id from patron where id = ${at.patronId} for no key update)
      insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at)
      select ${at.copyId}, id, ${at.categoryId}, ${at.branchId}, ${at.ruleId}, ${monday}, ${monday} from locked
    `,
  )
  const ending = carriedOut(at.library, plan, at.mails)
  assert.ok(await whenSomebodyWaits(at.db, ending))
  await lending.end('commit')
  await lending[Symbol.asyncDispose]()
  const ended = await ending
  assert.deepEqual([ended.state, ended.because?.refused], ['refused', 'set-changed'])
  assert.ok(ended.because?.refused === 'set-changed')
  assert.deepEqual(ended.because.difference.added.ids, [`open loan of ${at.barcode}`])
  assert.ok(await patron(at.db, { card: at.card }))
})

test('who borrowed and brought back since the plan is not whom the plan showed', async () => {
  await using at = await aLibrary()
  const plan = await planned(at)
  done(await write(at.db, by(), lend, at))
  done(await write(at.db, by(), takeBack, at))
  const ended = await carriedOut(at.library, plan, at.mails)
  assert.deepEqual([ended.state, ended.because?.refused], ['refused', 'set-changed'])
})

test('two managers who erase one patron at once: one did, the other is told', async () => {
  await using at = await aLibrary()
  const second = await aColleague(at.db, at.branchId, 'manager')
  const plans = [await planned(at), await planned(at, at.card, second)]
  const { guard } = at.library.operations
  for (const { id, requestedBy, phrase } of plans) {
    await guard.sendCode({ by: requestedBy, id })
    await guard.confirm({ by: requestedBy, id, phrase: phrase ?? '', code: codeIn(at.mails) })
  }
  const ended = await Promise.all(plans.map(({ id }) => atRest(at.library, id)))
  assert.deepEqual(ended.map(({ state }) => state).toSorted(), ['done', 'refused'])
  const [row] = await at.db.rows<{ version: number }>(
    sql`select version from patron where id = ${at.patronId} and deleted_at is not null`,
  )
  assert.equal(row?.version, 2)
})

test('losing the connection at any statement erases a patron once, and going on ends it', async () => {
  await using at = await aLibrary()
  for (const cut of ['before', 'reply-lost'] as const) {
    let isReached = true
    for (let statement = 1; isReached; statement++) {
      const where = `${cut} ${statement}`
      assert.ok(statement < 60, `${where}: it never ends`)
      const plan = await planned(at)
      await at.library.operations.guard.sendCode({ by: at.manager, id: plan.id })
      const ask = { by: at.manager, id: plan.id, phrase: plan.phrase ?? '', code: codeIn(at.mails) }
      const cutting = cutAt(at.db, statement, cut)
      const options = { ...at.library, db: cutting, sendDirect: sendNothing, secondPerson: false }
      await using lossy = openOperations(options)
      await lossy.guard.confirm(ask).catch(() => undefined)
      await lossy.guard.run({ id: plan.id, signal: new AbortController().signal }).catch(() => undefined)
      isReached = cutting.reached()
      assert.ok('confirmed' in (await at.library.operations.guard.confirm(ask)), where)
      const { state, acted } = await atRest(at.library, plan.id)
      assert.deepEqual({ state, acted }, { state: 'done', acted: 1 }, where)
      const [row] = await at.db.rows<{ version: number }>(
        sql`select version from patron where id = ${at.patronId} and deleted_at is not null`,
      )
      assert.equal(row?.version, 2, where)
      await at.library.operations.guard.undo({ by: at.manager, id: plan.id })
      assert.equal((await atRest(at.library, plan.id)).state, 'undone', where)
    }
  }
})

test('while there is a way back the card is kept for it; afterwards it may be somebody else’s, and nobody comes back', async () => {
  await using at = await aLibrary()
  const { db, card, branchId } = at
  const [category] = await db.rows<{ code: string }>(sql`select code from patron_category limit 1`)
  const fresh = { card, familyName: 'New', categoryCode: category?.code ?? '', branchId }
  const other = await aPatron(db, besides(at))
  const plan = await planned(at)
  await carriedOut(at.library, plan, at.mails)
  const no = { refused: 'patron-erased' }
  assert.deepEqual(refusal(await write(db, by(), registerPatron, fresh)), no)
  assert.deepEqual(refusal(await write(db, by(), importPatron, fresh)), no)
  const edit = { cardNow: other.card, version: 1, card }
  assert.deepEqual(refusal(await write(db, by(), editPatron, edit)), no)

  await closeWaysBack(db)
  assert.equal(await at.library.operations.guard.forget({ by: 'system:sweeps' }), 1)
  const told = await at.library.operations.guard.undo({ by: at.manager, id: plan.id })
  assert.equal('refused' in told && told.refused, 'no-way-back')
  const { patronId } = done(await write(db, by(), importPatron, fresh))
  assert.notEqual(patronId, at.patronId)
  assert.equal((await patron(db, { card }))?.familyName, 'New')
})

test('no letter goes to somebody who was erased: not what was queued, nor what a person sends again', async () => {
  await using at = await aLibrary()
  const { card } = await aPatronWithAPast(at.db, at)
  await erased(at, card)
  const dead = await at.db.rows<{ id: string }>(sql`select id from notice where state = 'dead'`)
  done(await write(at.db, by(), resendNotices, { ids: dead.map(({ id }) => id) }))
  // Due, and none too old.
  await at.db.rows(sql`
    update notice set letter_id = id, gathered_at = now(), next_at = ${monday} where state = 'queued'
  `)
  const later = new Date(monday.getTime() + 3_600_000)
  const sending = { clock: () => later, signal: new AbortController().signal, countsTries: true }
  let letters = 0
  const deliver = async () => {
    letters += 1
    return { outcome: 'sent', messageId: 'one@example.org', repeated: false } as const
  }
  const mine = () =>
    at.db.rows(sql`
    select from notice
    where state = 'queued' and patron_id = (select id from patron where card = ${card})
  `)
  assert.equal((await mine()).length, 3)
  await at.db.rows(sql`
    update notice set next_at = 'infinity' where patron_id <> (select id from patron where card = ${card})
  `)
  while ((await mine()).length > 0) {
    assert.equal((await sendNext(at.db, { ...sending, deliver })).what, 'nothing-to-tell')
  }
  assert.equal(letters, 0)
})

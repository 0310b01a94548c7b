import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type AuditedLibrary, anAuditedLibrary } from '../../test/audit-fixtures.ts'
import { cutAt } from '../../test/cut.ts'
import { invariantsOf } from '../../test/invariants.ts'
import { aSmallLibrary, monday, type SmallLibrary } from '../../test/library-fixtures.ts'
import { aColleague, aMailbox, closeWaysBack, codeIn } from '../../test/operation-fixtures.ts'
import {
  aPatronWithAPast,
  type PatronWithAPast,
  rowsNaming,
  tellTale,
} from '../../test/patron-with-a-past.ts'
import { noticeBalance } from '../notices/ledger.ts'
import { erasePatron } from '../operations/erase-patron.ts'
import { openOperations } from '../operations/operations.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

const program = fileURLToPath(new URL('../../test/forget-operations.ts', import.meta.url))
const sweep = { by: 'system:sweeps' }

function operationsOf(at: AuditedLibrary, db: Database = at.db) {
  const { mails, sendDirect } = aMailbox()
  const options = {
    instance: 'test',
    clock: () => new Date(),
    dataFolder: at.dataFolder,
    secondPerson: false,
  }
  return { mails, operations: openOperations({ ...options, db, sendDirect }) }
}

/** Somebody whose way back has closed: erased, and not emptied yet. */
async function aWayBackThatClosed(
  at: AuditedLibrary,
  before: (who: PatronWithAPast & { readonly library: SmallLibrary }) => Promise<void> = async () =>
    undefined,
) {
  const library = await aSmallLibrary(at.db)
  const who = await aPatronWithAPast(at.db, library)
  await before({ ...who, library })
  const { mails, operations } = operationsOf(at)
  const manager = await aColleague(at.db, library.branchId, 'manager')
  const { guard } = operations
  const given = { card: who.card, because: 'Zebedee Quillfeather wrote a letter' }
  // One plan was dropped, one was refused, and one was carried out.
  const dropped = await guard.plan(erasePatron, { by: manager, given })
  assert.ok('planned' in dropped)
  await guard.stop({ by: manager, id: dropped.planned.id, because: 'Zebedee thinks it over' })
  await at.db.rows(sql`update patron set protected = true where id = ${who.patronId}`)
  const refused = await guard.plan(erasePatron, { by: manager, given })
  assert.ok('refused' in refused && refused.refused === 'in-the-way')
  await at.db.rows(sql`update patron set protected = false where id = ${who.patronId}`)
  const told = await guard.plan(erasePatron, { by: manager, given })
  assert.ok('planned' in told, JSON.stringify(told))
  const { id, phrase } = told.planned
  await guard.sendCode({ by: manager, id })
  await guard.confirm({ by: manager, id, phrase: phrase ?? '', code: codeIn(mails) })
  const ended = await guard.run({ id, signal: new AbortController().signal })
  assert.ok('state' in ended && ended.state === 'done', JSON.stringify(ended))
  assert.ok(!mails.some((mail) => named(JSON.stringify(mail))), 'the mail with the code names nobody')
  await closeWaysBack(at.db)
  return { id, guard, ...who, library, [Symbol.asyncDispose]: () => operations[Symbol.asyncDispose]() }
}

const named = (text: string) => tellTale.some((word) => text.toLowerCase().includes(word))

/** What was lent on which day, where and to whom of which category; what was paid; how many notices there were. */
async function counts(db: Database): Promise<unknown> {
  return Promise.all([
    db.rows(sql`
      select lent_at::date, branch_id, patron_category_id, count(*) from loan group by 1, 2, 3 order by 1, 2, 3
    `),
    db.rows(sql`select pickup_branch_id, placed_at::date, count(*) from hold group by 1, 2 order by 1, 2`),
    db.rows(sql`select kind, at::date, sum(cents), count(*) from fine_line group by 1, 2 order by 1, 2`),
    db.rows(sql`select kind, caused_on, count(*) from notice group by 1, 2 order by 1, 2`),
    db.rows(
      sql`select action, outcome, count(*) from journal where action not like '%operation' group by 1, 2 order by 1, 2`,
    ),
  ])
}

test('once the way back has closed, no row of any table names who was erased; counts stay, and the chain is intact', async () => {
  await using at = await anAuditedLibrary()
  await using erased = await aWayBackThatClosed(at)
  await at.link()
  const before = await counts(at.db)
  const tables = new Set((await rowsNaming(at.db, tellTale)).map((row) => row.split(':')[0]))
  const all = ['fine_line', 'guard_operation', 'journal', 'kept_scan', 'notice', 'patron']
  assert.deepEqual([...tables], all, 'the test would find them')

  assert.equal(await erased.guard.forget(sweep), 3)
  assert.deepEqual(await rowsNaming(at.db, tellTale), [])
  assert.deepEqual(await counts(at.db), before)
  assert.deepEqual(await rowsAbout(at.db, erased.patronId), [])
  assert.deepEqual(await invariantsOf(at.db), [])
  assert.equal((await noticeBalance(at.db)).difference, 0)
  const forNobody = await at.db.rows(
    sql`select from notice where patron_id is null and state in ('queued', 'dead')`,
  )
  assert.equal(forNobody.length, 0, 'nothing is left that could be sent')
  assert.deepEqual((await at.verify()).findings, [])
  await at.link()
  await at.keeper.writeHead()
  assert.deepEqual((await at.verify()).findings, [])
  assert.ok(!named(await readFile(join(at.dataFolder, 'audit-head.jsonl'), 'utf8')))
  assert.ok(!named(JSON.stringify(at.told)), 'nor what goes to the log')
  const salts = await at.db.rows(sql`
    select from audit_link join journal on journal.id = journal_id
    where salt is not null and forgotten_by is null and journal.answer is null
  `)
  assert.equal(salts.length, 0)

  assert.equal(await erased.guard.forget(sweep), 0, 'and again, nothing')
  const told = await erased.guard.show(erased.id)
  assert.deepEqual(
    [told?.name, told?.state, told?.arguments, told?.samples],
    ['erase-patron', 'done', {}, []],
  )
})

/** What still points at them, but for their own emptied row. */
async function rowsAbout(db: Database, patronId: number): Promise<readonly object[]> {
  return db.rows(sql`
    select 'loan' from loan where patron_id = ${patronId}
    union all select 'hold' from hold where patron_id = ${patronId}
    union all select 'fine' from fine_line where patron_id = ${patronId}
    union all select 'notice' from notice where patron_id = ${patronId}
    union all select 'kept scan' from kept_scan where patron_id = ${patronId}
    union all select 'session' from session where patron_id = ${patronId}
    union all select 'journal' from journal where patron_id = ${patronId} or journal::text like ${`%patron:${patronId}%`}
  `)
}

for (const cut of ['before', 'reply-lost'] as const) {
  test(`losing the connection at any statement empties wholly or not at all, and the next round ends it (${cut})`, async () => {
    await using at = await anAuditedLibrary()
    await using erased = await aWayBackThatClosed(at)
    let statement = 0
    for (let isReached = true; isReached; ) {
      statement += 1
      assert.ok(statement < 60, 'it never ends')
      const cutting = cutAt(at.db, statement, cut)
      const { operations } = operationsOf(at, cutting)
      await operations.guard.forget(sweep).catch(() => undefined)
      await operations[Symbol.asyncDispose]()
      isReached = cutting.reached()
      const [row] = await at.db.rows<{ isEmpty: boolean }>(
        sql`select card is null as "isEmpty" from patron where id = ${erased.patronId}`,
      )
      const left = (await rowsNaming(at.db, tellTale)).filter((each) => !each.startsWith('guard_'))
      const about = await rowsAbout(at.db, erased.patronId)
      assert.equal(about.length === 0, row?.isEmpty, `${cut} ${statement}`)
      assert.equal(left.length === 0, row?.isEmpty, `${cut} ${statement}`)
    }
    assert.ok(statement > 15, 'each statement of it was cut')
    await erased.guard.forget(sweep)
    assert.deepEqual(await rowsNaming(at.db, tellTale), [])
    await at.link()
    assert.deepEqual((await at.verify()).findings, [])
  })
}

/** So many loans of long ago, each with its entry, and so many refusals that name who has the copy. */
async function manyOf(
  { library, patronId, card }: PatronWithAPast & { library: SmallLibrary },
  db: Database,
) {
  await db.rows(sql`
    insert into loan (
      copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at, returned_at, returned_branch_id
    )
    select ${library.copyId}, ${patronId}, ${library.categoryId}, ${library.branchId}, ${library.ruleId}, ${monday},
      ${monday}, ${monday}, ${library.branchId}
    from generate_series(1, 1201)
  `)
  await db.rows(sql`
    insert into journal (
      id, epoch, instance, actor, action, idempotency_key, request_sha256, outcome, copy_id, patron_id, loan_id, answer,
      occurred_at
    )
    select gen_random_uuid(), 1, 'test', 'staff:1', 'lend', 'lend-' || id, sha256('x'), 'done', copy_id, patron_id, id,
      jsonb_build_object('patronName', 'Zebedee Quillfeather', 'card', 'QUILL-1'), lent_at
    from loan
    where patron_id = ${patronId}
  `)
  await db.rows(sql`
    insert into journal (
      id, epoch, instance, actor, action, idempotency_key, request_sha256, outcome, answer, occurred_at
    )
    select gen_random_uuid(), 1, 'test', 'staff:1', 'lend', 'no-' || n, sha256('x'), 'refused',
      jsonb_build_object(
        'refused', 'copy-on-loan',
        'lentTo', jsonb_build_object('card', case when n % 2 = 0 then 'QUILL-1' else ${card} end, 'name', 'Zebedee')
      ),
      ${monday}
    from generate_series(1, 1100) as n
  `)
}

test('much is emptied in parts of bounded size, each with its entry; kill -9 between them, and the next round ends it', async () => {
  await using at = await anAuditedLibrary()
  await using erased = await aWayBackThatClosed(at, (who) => manyOf(who, at.db))
  const child = spawn(process.execPath, [program, JSON.stringify(at.db.connection), at.dataFolder], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const ended = once(child, 'exit')
  const parts = () =>
    at.db.rows<{ refusals: number; loans: number; patrons: number }>(sql`
      select (answer ->> 'refusals')::integer as refusals, (answer ->> 'loans')::integer as loans,
        (answer ->> 'patrons')::integer as patrons
      from journal
      where action = 'forget-operation' and answer ->> 'loans' is not null
      order by id
    `)
  let seen = 0
  while (seen < 2 && child.exitCode === null) seen = (await parts()).length
  child.kill('SIGKILL')
  await ended
  const undo = await erased.guard.undo({ by: 'staff:1', id: erased.id })
  assert.equal('refused' in undo && undo.refused, 'no-way-back')
  await erased.guard.forget(sweep)
  assert.deepEqual(await rowsNaming(at.db, tellTale), [])
  const done = await parts()
  assert.ok(done.every(({ refusals, loans }) => refusals <= 500 && loans <= 500))
  assert.equal(done.reduce((sum, { loans }) => sum + loans, 0) > 1_201, true)
  assert.deepEqual(
    done.map(({ patrons }) => patrons),
    [...done.slice(1).map(() => 0), 2],
    'the records go last',
  )
  await at.link()
  assert.deepEqual((await at.verify()).findings, [])
})

test('who was brought back by hand, and whoever else is there, is left alone', async () => {
  await using at = await anAuditedLibrary()
  await using erased = await aWayBackThatClosed(at)
  await at.db.rows(sql`update patron set deleted_at = null where id = ${erased.patronId}`)
  const before = await rowsNaming(at.db, ['quillfeather'])
  await erased.guard.forget(sweep)
  const after = await rowsNaming(at.db, ['quillfeather'])
  assert.deepEqual(
    after.filter((row) => !row.startsWith('guard_')),
    before.filter((row) => !row.startsWith('guard_')),
  )
})

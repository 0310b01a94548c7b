import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { armed, confirmed, openLibrary, planned } from '../test/library.ts'
import { connect, contents, scratch, value } from '../test/scratch.ts'

const never = new AbortController().signal
const ada = 'staff:ada'
const ben = 'staff:ben'
const cleo = 'staff:cleo'

test('an operation is in the database: planned by one process, it is confirmed by another and seen by a third', async () => {
  await using db = await scratch()
  const one = openLibrary(db.pool)
  const ask = await armed(one)
  const other = openLibrary(db.pool)
  const told = await other.guard.confirm(ask)
  assert.ok('confirmed' in told, JSON.stringify(told))
  await other.guard.run({ id: ask.id, signal: never })
  const third = connect(db.name)
  const [seen] = await openLibrary(third).guard.list({ atMost: 10 })
  await third.end()
  assert.equal(seen?.state, 'done')
  assert.equal(seen?.acted, 7)
})

test('the code is in no answer, no row and no audit entry: only an HMAC of it is kept', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const plan = await planned(library)
  const sent = await library.guard.sendCode({ by: ada, id: plan.id })
  const code = library.sent[0]?.code ?? ''
  const confirmed = await library.guard.confirm({ by: ada, ...plan, code: 'WRONG' })
  const rows = await db.pool.query(
    'select (select json_agg(o) from guard_operation o)::text || (select json_agg(t) from trail t)::text as all',
  )
  const said = JSON.stringify([sent, confirmed, rows.rows, await library.guard.list({ atMost: 9 })])
  assert.match(code, /^.{8}$/)
  assert.ok(!said.includes(code))
  assert.ok(!said.includes(Buffer.from(code).toString('hex')))
  assert.ok(!('code' in sent))
})

test('a channel that hands the code back is refused, and that code opens nothing', async () => {
  await using db = await scratch()
  let leaked = ''
  const send = async ({ code }: { code: string }) => {
    leaked = code
    return { sentTo: `you, with ${code}` }
  }
  const library = openLibrary(db.pool, { host: { send } })
  const plan = await planned(library)
  await assert.rejects(library.guard.sendCode({ by: ada, id: plan.id }), /must not hand the code back/)
  const told = await library.guard.confirm({ by: ada, ...plan, code: leaked })
  assert.equal('refused' in told && told.refused, 'code-expired')
})

test('a phrase of another plan does not confirm: it carries what only the plan knows', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const first = await planned(library)
  await db.pool.query(`insert into copy (shelf) values ('a')`)
  const ask = await armed(library)
  assert.match(ask.phrase, /^WITHDRAW 8 COPIES FROM a #[0-9a-f]{4}$/)
  for (const phrase of [first.phrase, 'y', 'WITHDRAW 8 COPIES FROM a', 'DELETE ALL BOOKS PERMANENTLY']) {
    const told = await library.guard.confirm({ ...ask, phrase })
    assert.deepEqual(told, { refused: 'phrase-wrong' })
  }
  await db.pool.query(`update copy set version = version + 1 where shelf = 'a'`)
  const again = await planned(library)
  assert.notEqual(again.phrase, ask.phrase, 'the same count of other versions is another phrase')
})

test('the fifth wrong code ends the operation, also for the right one, and nothing was done', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const before = await contents(db.pool)
  const ask = await armed(library)
  for (const triesLeft of [4, 3, 2, 1, 0]) {
    const told = await library.guard.confirm({ ...ask, code: '00000000' })
    assert.deepEqual(told, { refused: 'code-wrong', triesLeft })
  }
  assert.deepEqual(await library.guard.confirm(ask), { refused: 'not-now', state: 'refused' })
  assert.deepEqual(await library.guard.sendCode(ask), { refused: 'not-now', state: 'refused' })
  assert.equal(await contents(db.pool), before)
})

test('a new code takes no try back: five in all, however many codes', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const ask = await armed(library)
  for (let n = 0; n < 4; n++) await library.guard.confirm({ ...ask, code: '00000000' })
  await library.guard.sendCode(ask)
  const told = await library.guard.confirm({ ...ask, code: '00000000' })
  assert.deepEqual(told, { refused: 'code-wrong', triesLeft: 0 })
  await assert.rejects(db.pool.query('update guard_operation set tries = 0'), /never taken back/)
})

test('codes tried at once are counted one by one: of twenty wrong ones five are looked at', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const ask = await armed(library)
  const told = await Promise.all(
    Array.from({ length: 20 }, () => library.guard.confirm({ ...ask, code: '00000000' })),
  )
  const kinds = told.map((one) => ('refused' in one ? one.refused : 'confirmed'))
  assert.equal(kinds.filter((kind) => kind === 'code-wrong').length, 5)
  assert.equal(kinds.filter((kind) => kind === 'not-now').length, 15)
})

test('a new code voids the one before', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const ask = await armed(library)
  await library.guard.sendCode(ask)
  assert.deepEqual(await library.guard.confirm(ask), { refused: 'code-wrong', triesLeft: 4 })
  const code = library.sent[1]?.code ?? ''
  assert.ok('confirmed' in (await library.guard.confirm({ ...ask, code })))
})

test('a code holds five minutes by the clock of the database, and not a millisecond more', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const ask = await armed(library)
  // At 4:59 by the database it holds, whatever this process believes.
  await db.pool.query(`update guard_operation set code_until = clock_timestamp() + interval '1 second'`)
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 86_400_000 })
  const early = await library.guard.confirm({ ...ask, code: '00000000' })
  mock.timers.reset()
  assert.deepEqual(early, { refused: 'code-wrong', triesLeft: 4 })
  // At 5:00.001 it does not, be it right or wrong; and it was a try.
  await db.pool.query(`update guard_operation set code_until = clock_timestamp() - interval '1 millisecond'`)
  mock.timers.enable({ apis: ['Date'], now: Date.now() - 86_400_000 })
  const late = await library.guard.confirm(ask)
  mock.timers.reset()
  assert.deepEqual(late, { refused: 'code-expired', triesLeft: 3 })
  assert.equal((await library.guard.show(ask.id))?.tries, 2)
})

test('five minutes begin when the code is made', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const before = await value<Date>(db.pool, 'select clock_timestamp()')
  await armed(library)
  const after = await value<Date>(db.pool, 'select clock_timestamp()')
  const until = await value<Date>(db.pool, 'select code_until from guard_operation')
  assert.ok(until.getTime() >= before.getTime() + 300_000 && until.getTime() <= after.getTime() + 300_000)
})

test('a code that did not go out opens nothing, and a new one can be asked for', async () => {
  await using db = await scratch()
  let made = ''
  let works = false
  const send = async ({ code }: { code: string }) => {
    made = code
    return works ? { sentTo: 'you' } : { notSentBecause: 'the mail is down' }
  }
  const library = openLibrary(db.pool, { host: { send } })
  const plan = await planned(library)
  const told = await library.guard.sendCode({ by: ada, id: plan.id })
  assert.deepEqual(told, { refused: 'code-not-sent', because: 'the mail is down' })
  const early = await library.guard.confirm({ by: ada, ...plan, code: made })
  assert.equal('refused' in early && early.refused, 'code-expired')
  works = true
  assert.ok('sentTo' in (await library.guard.sendCode({ by: ada, id: plan.id })))
  assert.ok('confirmed' in (await library.guard.confirm({ by: ada, ...plan, code: made })))
})

test('at most five codes are sent for one operation', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const plan = await planned(library)
  for (let n = 0; n < 5; n++) assert.ok('sentTo' in (await library.guard.sendCode({ by: ada, id: plan.id })))
  assert.deepEqual(await library.guard.sendCode({ by: ada, id: plan.id }), { refused: 'codes-used-up' })
  assert.equal(library.sent.length, 5)
})

test('without a code nothing is confirmed', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const plan = await planned(library)
  const told = await library.guard.confirm({ by: ada, ...plan, code: '' })
  assert.deepEqual(told, { refused: 'not-now', state: 'planned' })
  assert.deepEqual(await library.guard.confirm({ by: ada, id: 'no id', phrase: '', code: '' }), {
    refused: 'operation-unknown',
  })
})

test('where two are needed, the second is another person, in time, and both have their own hour', async () => {
  await using db = await scratch()
  const people = { needed: 2, approveMinutes: 60, confirmMinutes: 10 } as const
  const library = openLibrary(db.pool, { withdraw: { people } })
  const { id, phrase } = await planned(library)
  assert.deepEqual(await library.guard.sendCode({ by: ada, id }), { refused: 'approval-missing' })
  assert.deepEqual(await library.guard.approve({ by: ada, id }), { refused: 'second-person-same' })
  await assert.rejects(
    db.pool.query(`update guard_operation set approved_by = requested_by`),
    /guard_operation_second_person/,
  )
  assert.ok('approved' in (await library.guard.approve({ by: ben, id })))
  assert.deepEqual(await library.guard.approve({ by: cleo, id }), {
    refused: 'approved-already',
    approvedBy: ben,
  })
  assert.deepEqual(await library.guard.sendCode({ by: ben, id }), {
    refused: 'not-the-requester',
    requestedBy: ada,
  })
  await library.guard.sendCode({ by: ada, id })
  const code = library.sent[0]?.code ?? ''
  const byBen = await library.guard.confirm({ by: ben, id, phrase, code })
  assert.equal('refused' in byBen && byBen.refused, 'not-the-requester')
  assert.ok('confirmed' in (await library.guard.confirm({ by: ada, id, phrase, code })))
})

test('who may no longer ask or approve when it is confirmed does not count, and no try is used up', async () => {
  await using db = await scratch()
  const people = { needed: 2, approveMinutes: 60, confirmMinutes: 10 } as const
  let gone = ''
  const mayStill = async (_: unknown, { by, as }: { by: string; as: string }) => gone !== `${as} ${by}`
  const library = openLibrary(db.pool, { withdraw: { people }, host: { mayStill } })
  const plan = await planned(library)
  await library.guard.approve({ by: ben, id: plan.id })
  await library.guard.sendCode({ by: ada, id: plan.id })
  const ask = { by: ada, ...plan, code: library.sent[0]?.code ?? '' }
  for (const [as, of] of [
    ['approver', ben],
    ['requester', ada],
  ] as const) {
    gone = `${as} ${of}`
    assert.deepEqual(await library.guard.confirm(ask), { refused: 'permission-gone', of })
  }
  gone = ''
  const told = await library.guard.confirm(ask)
  assert.ok('confirmed' in told && told.confirmed.tries === 1)
})

test('an approval that comes too late, or is not used in time, opens nothing', async () => {
  await using db = await scratch()
  const people = { needed: 2, approveMinutes: 60, confirmMinutes: 10 } as const
  const library = openLibrary(db.pool, { withdraw: { people } })
  const late = await planned(library)
  await db.pool.query(`update guard_operation set approve_until = clock_timestamp() - interval '1 ms'`)
  assert.equal((await library.guard.show(late.id))?.state, 'expired')
  assert.deepEqual(await library.guard.approve({ by: ben, id: late.id }), { refused: 'expired' })

  const unused = await planned(library)
  const before = await value<Date>(db.pool, 'select clock_timestamp()')
  await library.guard.approve({ by: ben, id: unused.id })
  const after = await value<Date>(db.pool, 'select clock_timestamp()')
  // Ten minutes from the approval on, and not what is left of the hour that it could take.
  const until = (await library.guard.show(unused.id))?.confirmUntil?.getTime() ?? 0
  assert.ok(until >= before.getTime() + 600_000 && until <= after.getTime() + 600_000)
  await library.guard.sendCode({ by: ada, id: unused.id })
  // Approval has a time of its own: that it is over does not end what was approved within it.
  await db.pool.query(`update guard_operation set approve_until = clock_timestamp() - interval '1 ms'`)
  assert.equal((await library.guard.show(unused.id))?.state, 'armed')
  await db.pool.query(`update guard_operation set confirm_until = clock_timestamp() - interval '1 ms'`)
  const code = library.sent[0]?.code ?? ''
  const told = await library.guard.confirm({ by: ada, ...unused, code })
  assert.deepEqual(told, { refused: 'expired' })
  assert.equal(await value(db.pool, `select count(*)::integer from deed`), 0)
})

test('what was confirmed and not begun before its time was over is not begun later', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const id = await confirmed(library)
  await db.pool.query(`update guard_operation set confirm_until = clock_timestamp() - interval '1 ms'`)
  const told = await library.guard.run({ id, signal: never })
  assert.deepEqual('because' in told && told.because, { refused: 'expired' })
  assert.equal(await value(db.pool, `select count(*)::integer from deed`), 0)
})

test('no statement steps around the states: the table in the database is that of the rules', async () => {
  const { mayGo, states } = await import('./state.ts')
  await using db = await scratch()
  await db.pool.query('alter table guard_operation drop constraint guard_operation_code_only_while_armed')
  await db.pool.query('alter table guard_operation drop constraint guard_operation_planned_is_whole')
  for (const from of states) {
    for (const to of states) {
      await db.pool.query('delete from guard_operation')
      await db.pool.query(
        `insert into guard_operation (id, name, arguments, state, requested_by, count, total, samples)
         values (gen_random_uuid(), 'x', '{}', $1, 'a', 0, 0, '[]')`,
        [from],
      )
      const went = await db.pool.query('update guard_operation set state = $1', [to]).then(
        () => true,
        () => false,
      )
      assert.equal(went, mayGo({ from, to }), `${from} > ${to}`)
    }
  }
})

import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { armed, confirmed, done, openLibrary, planned } from '../test/library.ts'
import { contents, scratch, value } from '../test/scratch.ts'
import { guarded } from './guarded.ts'
import type { Operation } from './operation.ts'
import type { Refusal } from './refusal.ts'

const never = new AbortController().signal
const ada = 'staff:ada'
const deeds = 'select count(*)::integer from deed'

test('a plan touches nothing, and shows how many, of how many, and some of them', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const before = await contents(db.pool)
  const told = await library.guard.plan(library.withdraw, { by: ada, given: { shelf: 'a' } })
  assert.ok('planned' in told)
  assert.equal(told.planned.count, 7)
  assert.equal(told.planned.total, 10)
  assert.equal(told.planned.samples.length, 5)
  assert.equal(told.planned.samples[0], 'copy 2147483665')
  assert.equal(await contents(db.pool), before)
})

test('the same id asked again is the same plan; for other arguments or by others it is refused', async () => {
  await using db = await scratch()
  const { guard, withdraw } = openLibrary(db.pool)
  const id = crypto.randomUUID()
  const ask = { by: ada, given: { shelf: 'a' }, id }
  const all = await Promise.all(Array.from({ length: 8 }, () => guard.plan(withdraw, ask)))
  const fresh = all.filter((told) => 'planned' in told && !told.repeated)
  assert.equal(fresh.length, 1)
  assert.ok(all.every((told) => 'planned' in told && told.planned.id === id))
  assert.deepEqual(await guard.plan(withdraw, { ...ask, given: { shelf: 'b' } }), { refused: 'id-reused' })
  assert.deepEqual(await guard.plan(withdraw, { ...ask, by: 'staff:ben' }), { refused: 'id-reused' })
})

test('a plan past its ceiling is refused whole, and stands in the list for others to see', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool, { withdraw: { ceiling: { rows: 6, percent: 100 } } })
  const told = await library.guard.plan(library.withdraw, { by: ada, given: { shelf: 'a' } })
  assert.equal('refused' in told && told.refused, 'over-ceiling')
  const [seen] = await library.guard.list({ atMost: 10, states: ['refused'] })
  assert.equal(seen?.because?.refused, 'over-ceiling')
  assert.equal(seen?.phrase, null)
  const share = openLibrary(db.pool, { withdraw: { ceiling: { rows: 100, percent: 69 } } })
  const percent = await share.guard.plan(share.withdraw, { by: ada, given: { shelf: 'a' } })
  assert.equal('refused' in percent && percent.refused, 'over-ceiling')
})

test('a copy on loan is in the way: it is named, and neither it nor the others are swept along', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  await db.pool.query('update copy set on_loan = true where id = 2147483666')
  const told = await library.guard.plan(library.withdraw, { by: ada, given: { shelf: 'a' } })
  assert.ok('refused' in told && told.refused === 'in-the-way')
  assert.deepEqual(told.obstacles, [
    { obstacle: 'on-loan', count: 1, ids: ['2147483666'], labels: ['copy 2147483666'] },
  ])
})

test('a copy that is lent after the plan is in the way, before the first batch and before any other', async () => {
  for (const [batch, state] of [
    [0, 'refused'],
    [2, 'failed'],
  ] as const) {
    await using db = await scratch()
    let batches = 0
    const lend = async ({ step }: { step: string }) => {
      if (step !== 'batch' || ++batches !== batch) return
      await db.pool.query(`update copy set on_loan = true where shelf = 'a' and withdrawn_at is null`)
    }
    const library = openLibrary(db.pool, { afterCommit: lend })
    const id = await confirmed(library)
    if (batch === 0) await db.pool.query(`update copy set on_loan = true where shelf = 'a'`)
    const told = await library.guard.run({ id, signal: never })
    assert.equal(stateOf(told), state)
    assert.equal(because(told), 'in-the-way')
    assert.equal(await value(db.pool, deeds), batch * 2)
  }
})

test('a floor is held over what depends on the rows, in the plan and again before each batch', async () => {
  await using db = await scratch()
  const openCopies = `select count(*)::integer as n from copy where shelf = 'a' and withdrawn_at is null`
  let asked = 0
  const library = openLibrary(db.pool, {
    withdraw: {
      dependents: async (tx, _, ids) => {
        const [row] = await tx.rows<{ n: number }>(openCopies, [])
        // From the third time on somebody needs more of them.
        const floor = ++asked > 2 ? 6 : 0
        return {
          parts: [
            { name: 'shelf', units: row?.n ?? 0, floor: 0, needs: [] },
            { name: 'course', units: 1, floor: 1, needs: [{ part: 'shelf', atLeast: floor }] },
          ],
          losing: { shelf: ids.length },
        }
      },
    },
  })
  const id = await confirmed(library)
  const told = await library.guard.run({ id, signal: never })
  assert.equal(because(told), 'under-floor')
  assert.equal(stateOf(told), 'failed')
  assert.equal(await value(db.pool, deeds), 2)
  const refused = await library.guard.plan(library.withdraw, { by: ada, given: { shelf: 'a' } })
  assert.ok('refused' in refused && refused.refused === 'under-floor')
  assert.deepEqual(
    refused.breaches.map(({ part, of }) => [part, of]),
    [['course', 'shelf']],
  )
})

test('a set that has changed since the plan is refused with what came, went and changed by name, and nothing is done', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const id = await confirmed(library)
  await db.pool.query(`insert into copy (shelf) values ('a')`)
  await db.pool.query(`update copy set shelf = 'b' where id = 2147483665`)
  await db.pool.query(`update copy set version = version + 1 where id = 2147483666`)
  const before = await contents(db.pool)
  const told = await library.guard.run({ id, signal: never })
  assert.equal(stateOf(told), 'refused')
  assert.deepEqual('because' in told && told.because, {
    refused: 'set-changed',
    difference: {
      added: { count: 1, ids: ['2147483675'], labels: ['copy 2147483675'] },
      gone: { count: 1, ids: ['2147483665'], labels: ['copy 2147483665'] },
      changed: { count: 1, ids: ['2147483666'], labels: ['copy 2147483666'] },
    },
  })
  assert.equal(await contents(db.pool), before)
})

test('a row that changes between the last look and the act cannot: it is locked first', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool, {
    withdraw: {
      act: async () => {
        const other = await db.pool.connect()
        try {
          await other.query(`set lock_timeout = '1ms'`)
          await assert.rejects(
            other.query('update copy set version = 9 where id = 2147483665'),
            /lock timeout/,
          )
        } finally {
          other.release(true)
        }
        throw new Error('seen enough')
      },
    },
  })
  const id = await confirmed(library)
  await assert.rejects(library.guard.run({ id, signal: never }), /seen enough/)
})

test('a row that changes between two batches stops the operation there: failed, and the way back is open', async () => {
  await using db = await scratch()
  const before = await contents(db.pool)
  let batches = 0
  const library = openLibrary(db.pool, {
    afterCommit: async ({ step }) => {
      if (step !== 'batch' || ++batches !== 1) return
      await db.pool.query('update copy set version = version + 1 where id = 2147483669')
    },
  })
  const id = await confirmed(library)
  const told = await library.guard.run({ id, signal: never })
  assert.equal(stateOf(told), 'failed')
  assert.equal(because(told), 'set-changed')
  assert.ok('isUndoable' in told && told.isUndoable && told.undoUntil)
  assert.equal(told.acted, 4)
  await library.guard.undo({ by: ada, id })
  await library.guard.run({ id, signal: never })
  await db.pool.query('update copy set version = version - 1 where id = 2147483669')
  assert.equal(await contents(db.pool), before)
})

test('the pace is kept by the database: a batch before its time does nothing, whoever asks', async () => {
  await using db = await scratch()
  const stopped = new AbortController()
  const library = openLibrary(db.pool, {
    withdraw: { pace: { rowsPerMinute: 60 } },
    host: { wait: async () => stopped.abort(new Error('enough')) },
  })
  const id = await confirmed(library)
  await assert.rejects(library.guard.run({ id, signal: stopped.signal }), /enough/)
  assert.equal(await value(db.pool, deeds), 2)
  // Another process, at once, with no patience at all.
  const eager = new AbortController()
  let asked = 0
  const other = openLibrary(db.pool, {
    withdraw: { pace: { rowsPerMinute: 60 } },
    host: { wait: async () => void (++asked === 20 && eager.abort(new Error('enough'))) },
  })
  await assert.rejects(other.guard.run({ id, signal: eager.signal }), /enough/)
  assert.equal(await value(db.pool, deeds), 2)
})

test('a pace of sixty a minute waits two seconds after two rows', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool, { withdraw: { pace: { rowsPerMinute: 60 } } })
  const id = await confirmed(library)
  await library.guard.run({ id, signal: never })
  assert.equal(library.waits.length, 3)
  assert.ok(library.waits.every((ms) => ms > 0 && ms <= 2_000))
  assert.equal((await library.guard.show(id))?.state, 'done')
})

test('a clock of the database that was put back holds an operation up for no more than a batch, and nobody from stopping it', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool, {
    withdraw: { pace: { rowsPerMinute: 60 } },
    host: { wait: () => Promise.reject(new Error('waits')) },
  })
  const later = (by: string) =>
    db.pool.query(`update guard_operation set next_batch_at = clock_timestamp() + $1::interval`, [by])
  const id = await confirmed(library)
  for (const putBack of ['1 hour', '60 days', '30 years']) {
    await later(putBack)
    const before = await value<number>(db.pool, deeds)
    await assert.rejects(library.guard.run({ id, signal: never }), /waits/, putBack)
    assert.equal(await value(db.pool, deeds), before + 2, putBack)
  }
  await later('60 days')
  assert.ok('stopped' in (await library.guard.stop({ by: ada, id, because: 'wrong shelf' })))
})

test('when health drops midway it stops, says why, and what was done can be undone', {
  timeout: 60_000,
}, async () => {
  const silent = () => {
    mock.timers.tick(5_000)
    return new Promise<string>(() => undefined)
  }
  const unreachable = () => Promise.reject(new Error('unreachable'))
  for (const ill of [async () => 'replicas are behind', unreachable, silent]) {
    mock.timers.enable({ apis: ['setTimeout'] })
    await using db = await scratch()
    const before = await contents(db.pool)
    let asked = 0
    const library = openLibrary(db.pool, {
      withdraw: { health: async () => (++asked > 2 ? ill() : true) },
    })
    const id = await confirmed(library)
    const told = await library.guard.run({ id, signal: never })
    mock.timers.reset()
    assert.equal(stateOf(told), 'failed')
    assert.equal(because(told), 'unhealthy')
    assert.equal(await value(db.pool, deeds), 4)
    await library.guard.undo({ by: ada, id })
    assert.equal(stateOf(await library.guard.run({ id, signal: never })), 'undone')
    assert.equal(await contents(db.pool), before)
  }
})

test('where the audit row cannot be written, the step does not happen: plan, code, confirm, batch, undo', async () => {
  for (const step of ['plan', 'send-code', 'confirm', 'batch', 'undo', 'undo-batch'] as const) {
    await using db = await scratch()
    const good = openLibrary(db.pool)
    const audit = () => Promise.reject(new Error('no audit'))
    const bad = openLibrary(db.pool, { host: { audit } })
    const fails = (work: Promise<unknown>) => assert.rejects(work, /no audit/)
    const ask = step === 'plan' ? undefined : await armed(good)
    if (ask && step !== 'send-code' && step !== 'confirm') await good.guard.confirm(ask)
    if (ask && step.startsWith('undo')) await good.guard.run({ id: ask.id, signal: never })
    if (ask && step === 'undo-batch') await good.guard.undo(ask)
    const before = [await contents(db.pool), await guardRows(db.pool)]
    if (step === 'plan') await fails(bad.guard.plan(bad.withdraw, { by: ada, given: { shelf: 'a' } }))
    if (ask && step === 'send-code') await fails(bad.guard.sendCode(ask))
    if (ask && step === 'confirm') await fails(bad.guard.confirm(ask))
    if (ask && (step === 'batch' || step === 'undo-batch'))
      await fails(bad.guard.run({ id: ask.id, signal: never }))
    if (ask && step === 'undo') await fails(bad.guard.undo(ask))
    assert.deepEqual([await contents(db.pool), await guardRows(db.pool)], before, step)
    assert.equal(bad.sent.length, 0, 'and no code goes out')
  }
})

test('undo restores to the row: what the library holds is what it was, to the last letter', async () => {
  await using db = await scratch()
  const before = await contents(db.pool)
  const library = openLibrary(db.pool)
  const id = await done(library)
  assert.notEqual(await contents(db.pool), before)
  assert.ok('undoing' in (await library.guard.undo({ by: ada, id })))
  const told = await library.guard.run({ id, signal: never })
  assert.equal(stateOf(told), 'undone')
  assert.equal(await contents(db.pool), before)
})

test('undo refuses rows that somebody has changed since, and leaves them alone when told to', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const id = await done(library)
  await db.pool.query('update copy set version = version + 1 where id = 2147483667')
  const told = await library.guard.undo({ by: ada, id })
  assert.ok('refused' in told && told.refused === 'changed-since')
  assert.deepEqual(told.difference.changed.ids, ['2147483667'])
  assert.ok('undoing' in (await library.guard.undo({ by: ada, id, leavingChanged: true })))
  const after = await library.guard.run({ id, signal: never })
  assert.ok('undone' in after && after.undone === 6 && after.left === 1)
  assert.equal(await value(db.pool, 'select count(*)::integer from copy where withdrawn_at is not null'), 1)
})

test('the way back closes on the day that the answer named, or was never there', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const id = await done(library)
  assert.equal(
    await library.guard.forget({ by: 'system:sweep' }),
    0,
    'while it is open, nothing is forgotten',
  )
  await db.pool.query(`update guard_operation set undo_until = clock_timestamp() - interval '1 ms'`)
  const told = await library.guard.undo({ by: ada, id })
  assert.equal('refused' in told && told.refused, 'no-way-back')
  assert.equal(await library.guard.forget({ by: 'system:sweep' }), 1)
  assert.equal(await value(db.pool, 'select count(*)::integer from guard_target'), 0)
  assert.equal((await library.guard.show(id))?.state, 'done')

  const hard = openLibrary(db.pool, { withdraw: { undo: 'none' } })
  const gone = await done(hard, 'b')
  const never = await hard.guard.undo({ by: ada, id: gone })
  assert.deepEqual(never, { refused: 'no-way-back', until: null })
})

test('of a plan whose time is over no row is named any more, also of a refused or expired one; that of another guard is left to it', async () => {
  await using db = await scratch()
  const other = openLibrary(db.pool, { withdraw: { name: 'of-another-guard' } })
  await planned(other, 'b')
  const library = openLibrary(db.pool, { withdraw: { ceiling: { rows: 6, percent: 100 } } })
  const told = await library.guard.plan(library.withdraw, { by: ada, given: { shelf: 'a' } })
  assert.equal('refused' in told && told.refused, 'over-ceiling')
  await planned(library, 'b')
  assert.equal(await library.guard.forget({ by: 'system:sweep' }), 0)
  await db.pool.query(`update guard_operation set confirm_until = clock_timestamp() - interval '1 ms'`)
  assert.equal(await library.guard.forget({ by: 'system:sweep' }), 2)
  assert.equal(await library.guard.forget({ by: 'system:sweep' }), 0)
  const named = `select name from guard_operation where samples <> '[]' or id in (select operation_id from guard_target)`
  assert.deepEqual((await db.pool.query(named)).rows, [{ name: 'of-another-guard' }])
})

test('whoever sees it going wrong stops it: a plan is dropped, and what runs ends after its batch', async () => {
  await using db = await scratch()
  let batches = 0
  const library = openLibrary(db.pool, {
    afterCommit: async ({ step, operationId }) => {
      if (step !== 'batch' || ++batches !== 1) return
      await library.guard.stop({ by: 'staff:ben', id: operationId, because: 'wrong shelf' })
    },
  })
  const id = await confirmed(library)
  const told = await library.guard.run({ id, signal: never })
  assert.deepEqual('because' in told && told.because, {
    refused: 'stopped',
    by: 'staff:ben',
    because: 'wrong shelf',
  })
  assert.equal(await value(db.pool, deeds), 2)
  const plan = await planned(library, 'b')
  await library.guard.stop({ by: ada, id: plan.id, because: 'not today' })
  assert.equal((await library.guard.show(plan.id))?.state, 'refused')
  const again = await library.guard.stop({ by: ada, id: plan.id, because: 'twice' })
  assert.deepEqual(again, { refused: 'not-now', state: 'refused' })
})

test('an operation that does not say of each row what it did is rolled back', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool, { withdraw: { act: async () => [] } })
  const id = await confirmed(library)
  await assert.rejects(library.guard.run({ id, signal: never }), /did not say of each row/)
  assert.equal((await library.guard.show(id))?.acted, 0)
})

test('what a guarded operation does cannot be reached past the guard', async () => {
  await using db = await scratch()
  const { withdraw } = openLibrary(db.pool)
  assert.deepEqual(Object.keys(withdraw), ['name'])
  assert.ok(Object.isFrozen(withdraw))
  const look = { ...withdraw }
  const { guard } = openLibrary(db.pool)
  await assert.rejects(guard.plan(look, { by: ada, given: { shelf: 'a' } }), /not declared by guarded/)
})

test('a declaration without bounds is not taken', () => {
  const bounds = { rows: 10, percent: 10 }
  const people = { needed: 1, confirmMinutes: 1 } as const
  const bare = { phrase: () => ({ verb: 'A', noun: 'B' }), find: never_, hold: never_, act: never_ } as const
  const whole = {
    ...bare,
    name: 'x',
    ceiling: bounds,
    batchRows: 1,
    pace: 'at-once',
    people,
    undo: 'none',
  } as const
  const rest = { dependents: 'none', health: 'not-asked' } as const
  for (const wrong of [
    { name: 'No Name' },
    { ceiling: { rows: 0, percent: 10 } },
    { ceiling: { rows: Number.POSITIVE_INFINITY, percent: 10 } },
    { ceiling: { rows: 1, percent: 101 } },
    { batchRows: 0 },
    { pace: { rowsPerMinute: 0 } },
    { people: { needed: 1, confirmMinutes: 0 } as const },
  ]) {
    assert.throws(() => guarded({ ...whole, ...rest, ...wrong }), Error, JSON.stringify(wrong))
  }
})

const never_ = () => Promise.reject(new Error('not called'))

function stateOf(told: Operation | Refusal): string {
  return 'state' in told && 'id' in told ? told.state : JSON.stringify(told)
}

function because(told: Operation | Refusal): string | undefined {
  return 'because' in told && typeof told.because === 'object' ? told.because?.refused : undefined
}

async function guardRows(pool: Parameters<typeof contents>[0]): Promise<string> {
  const { rows } = await pool.query(
    `select (select json_agg(o) from guard_operation o) as operations,
      (select json_agg(t order by position) from guard_target t) as targets`,
  )
  return JSON.stringify(rows)
}

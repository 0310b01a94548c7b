import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done, type Guarding, type Over, offTheShelf, openLibrary, planned } from '../test/library.ts'
import { type Scratch, scratch, value } from '../test/scratch.ts'
import { finish } from '../test/start.ts'

const ada = 'staff:ada'
const sweep = { by: 'system:sweep' }
/** What is meant is a person: nothing may name the shelf once it is forgotten. */
const shelf = 'of-eve'

async function aLibrary(
  over: Over = {},
): Promise<Guarding & AsyncDisposable & { readonly pool: Scratch['pool'] }> {
  const db = await scratch({ shelves: { [shelf]: 3, kept: 7 } })
  const library = openLibrary(db.pool, { ...over, withdraw: { purge: offTheShelf, ...over.withdraw } })
  return { ...library, pool: db.pool, [Symbol.asyncDispose]: () => db[Symbol.asyncDispose]() }
}

const close = (pool: Scratch['pool']) =>
  pool.query(`
    update guard_operation
    set undo_until = clock_timestamp() - interval '1 ms', confirm_until = clock_timestamp() - interval '1 ms'
  `)

/** Whatever of the guard, its trail and the copies still names the shelf. */
const named = (pool: Scratch['pool']) =>
  value<number>(
    pool,
    `
      select count(*)::integer
      from (
        select row::text from guard_operation as row
        union all select row::text from guard_target as row
        union all select row::text from trail as row
        union all select row::text from copy as row
      ) as every (row)
      where row like $1
    `,
    [`%${shelf}%`],
  )

test('once nobody can undo it, what a soft delete kept is purged in parts, and the operation says nothing of whom it was about', async () => {
  await using at = await aLibrary()
  const id = await done(at, shelf)
  assert.equal(await at.guard.forget(sweep), 0, 'while the way back is open')
  await close(at.pool)
  assert.equal(await at.guard.forget(sweep), 1)
  assert.equal(await named(at.pool), 0)
  const told = await at.guard.show(id)
  assert.deepEqual(
    [told?.arguments, told?.samples, told?.digest, told?.phrase, told?.state, told?.acted],
    [{}, [], null, null, 'done', 3],
  )
  assert.ok(told?.forgottenAt)
  const parts = await at.pool.query(`
    select entry -> 'rows' as rows, entry -> 'noted' as noted from trail where entry ->> 'step' = 'forget' order by at
  `)
  const one = { rows: 0, noted: { copies: 1 } }
  const two = [one, one, { rows: 2, noted: { copies: 0 } }]
  assert.deepEqual(parts.rows, [...two, one, { rows: 3, noted: { copies: 0 } }])
  assert.equal(await at.guard.forget(sweep), 0, 'and again, nothing')
})

test('a plan that was refused, dropped or left to expire is forgotten too, and its trail never named anybody', async () => {
  await using at = await aLibrary()
  await planned(at, shelf)
  const dropped = await planned(at, shelf)
  await at.guard.stop({ by: ada, id: dropped.id, because: `Books ${shelf} stay` })
  await at.pool.query('update copy set on_loan = true where shelf = $1', [shelf])
  const told = await at.guard.plan(at.withdraw, { by: ada, given: { shelf } })
  assert.ok('refused' in told && told.refused === 'in-the-way' && told.obstacles[0]?.ids.length === 3)
  const reasons = await at.pool.query<{ because: object }>(
    `select entry -> 'because' as because from trail where entry -> 'because' <> 'null'`,
  )
  assert.deepEqual(
    reasons.rows.map(({ because }) => because),
    [
      { refused: 'stopped', by: ada, because: '' },
      { refused: 'in-the-way', obstacles: [{ obstacle: 'on-loan', count: 3, ids: [], labels: [] }] },
    ],
  )
  await close(at.pool)
  assert.equal(await at.guard.forget(sweep), 3)
  await at.pool.query(`update copy set shelf = '' where shelf = $1`, [shelf])
  assert.equal(await named(at.pool), 0)
  const states = (await at.guard.list({ atMost: 10 })).map(({ state, because }) => [state, because?.refused])
  assert.deepEqual(states.toSorted(), [
    ['expired', 'expired'],
    ['refused', 'in-the-way'],
    ['refused', 'stopped'],
  ])
})

test('what was brought back is not purged; what undo left alone is', async () => {
  const purged: string[] = []
  await using at = await aLibrary({
    withdraw: {
      purge: async (_, ids) => {
        purged.push(...ids)
        return { isWhole: true, noted: {} }
      },
    },
  })
  const id = await done(at, shelf)
  const [changed] = (
    await at.pool.query('update copy set version = 9 where id % 2 = 0 and shelf = $1 returning id', [shelf])
  ).rows
  await at.guard.undo({ by: ada, id, leavingChanged: true })
  await at.guard.run({ id, signal: new AbortController().signal })
  await close(at.pool)
  assert.equal(await at.guard.forget(sweep), 1)
  assert.deepEqual(purged, [changed.id])
})

test('once it is being purged there is no way back, even when a clock is put back', async () => {
  await using at = await aLibrary({
    withdraw: {
      purge: async (tx, ids, context) => {
        await offTheShelf(tx, ids, context)
        return { isWhole: false, noted: {} }
      },
    },
    afterCommit: ({ step }) => {
      if (step === 'forget') throw new Error('the process ends here')
    },
  })
  const id = await done(at, shelf)
  await close(at.pool)
  await assert.rejects(at.guard.forget(sweep), /ends here/)
  await at.pool.query(`update guard_operation set undo_until = clock_timestamp() + interval '1 day'`)
  const told = await at.guard.undo({ by: ada, id })
  assert.equal('refused' in told && told.refused, 'no-way-back')
  const byHand = at.pool.query(`update guard_operation set state = 'undoing'`)
  await assert.rejects(byHand, { code: 'BB003' })
  await assert.rejects(at.pool.query('update guard_operation set forgotten_at = null'), { code: 'BB003' })
})

test('kill -9 at any part of a purge: the next one goes on, and ends with nothing left', async () => {
  for (const when of ['before-commit', 'after-commit'] as const) {
    for (const nth of [1, 2, 3, 4, 5]) {
      await using at = await aLibrary()
      const id = await done(at, shelf)
      await close(at.pool)
      const dieAt = { step: 'forget', nth, when }
      const database = await value<string>(at.pool, 'select current_database()')
      const { signal } = await finish({ database, forget: true, dieAt })
      assert.equal(signal, 'SIGKILL', `${when} ${nth}`)
      await at.guard.forget(sweep)
      assert.equal(await named(at.pool), 0, `${when} ${nth}`)
      assert.equal((await at.guard.show(id))?.state, 'done')
    }
  }
})

test('one operation that cannot be forgotten keeps none of the others, and is told', async () => {
  let isFirst = true
  await using at = await aLibrary({
    withdraw: {
      purge: async (tx, ids, context) => {
        const isBroken = isFirst
        isFirst = false
        if (isBroken) throw new Error('no lock')
        return offTheShelf(tx, ids, context)
      },
    },
  })
  await done(at, shelf)
  await done(at, 'kept')
  await close(at.pool)
  await assert.rejects(at.guard.forget(sweep), /no lock/)
  assert.deepEqual(
    (await at.guard.list({ atMost: 2 })).map(({ forgottenAt }) => forgottenAt !== null),
    [true, false],
  )
  assert.equal(await at.guard.forget(sweep), 1)
})

test('a plan shows what the operation says itself, where it does', async () => {
  const shown = Array.from({ length: 30 }, (_, line) => `line ${line}`)
  await using at = await aLibrary({
    withdraw: { find: async () => ({ targets: [{ id: '1', version: '1', label: 'one' }], total: 1, shown }) },
  })
  const { id } = await planned(at, shelf)
  assert.deepEqual((await at.guard.show(id))?.samples, shown.slice(0, 20))
})

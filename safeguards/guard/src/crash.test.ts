import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import { armed, confirmed, done, openLibrary } from '../test/library.ts'
import { contents, scratch, value } from '../test/scratch.ts'
import { finish, start } from '../test/start.ts'

const never = new AbortController().signal
const ada = 'staff:ada'

test('two processes, two hundred confirmations of one operation at once: executed once', async () => {
  await using db = await scratch()
  const ask = await armed(openLibrary(db.pool))
  const processes = await Promise.all(
    [1, 2].map(() => start({ database: db.name, confirm: { ...ask, times: 100 } })),
  )
  for (const process of processes) process.go()
  const ends = await Promise.all(processes.map(({ ended }) => ended))
  const answers = ends.flatMap(({ said }) => said.flat())
  assert.equal(answers.filter((answer) => answer === 'confirmed now').length, 1)
  assert.equal(answers.filter((answer) => answer === 'confirmed before').length, 199)
  assert.equal(await value(db.pool, 'select count(*)::integer from deed'), 7)
  assert.equal(await value(db.pool, 'select count(distinct copy_id)::integer from deed'), 7)
  assert.equal(await value(db.pool, 'select tries from guard_operation'), 1)
})

test('a process that dies after a wrong code has not spared the try', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  const ask = await armed(library)
  const wrong = { ...ask, code: '00000000', times: 1 }
  const dieAt = { step: 'confirm', nth: 1, when: 'after-commit' } as const
  for (let tries = 1; tries <= 5; tries++) {
    const { said, signal } = await finish({ database: db.name, confirm: wrong, dieAt })
    assert.equal(signal, 'SIGKILL')
    assert.deepEqual(said, [], 'it died before it told anybody')
    assert.equal(await value(db.pool, 'select tries from guard_operation'), tries)
  }
  assert.deepEqual(await library.guard.confirm(ask), { refused: 'not-now', state: 'refused' })
})

test('a process that dies while it confirms has begun nothing, or all goes on without it', async () => {
  for (const when of ['before-commit', 'after-commit'] as const) {
    await using db = await scratch()
    const library = openLibrary(db.pool)
    const ask = await armed(library)
    const dieAt = { step: 'confirm', nth: 1, when }
    const { signal } = await finish({ database: db.name, confirm: { ...ask, times: 1 }, dieAt })
    assert.equal(signal, 'SIGKILL')
    const { state } = (await library.guard.show(ask.id)) ?? {}
    assert.equal(state, when === 'before-commit' ? 'armed' : 'executing')
    // Asked again, with the same code: it is confirmed once, and done.
    assert.ok('confirmed' in (await library.guard.confirm(ask)))
    await library.guard.resume({ signal: never })
    assert.equal((await library.guard.show(ask.id))?.state, 'done')
    assert.equal(await value(db.pool, 'select count(*)::integer from deed'), 7)
  }
})

test('kill -9 at any batch leaves whole batches; another process goes on to the end, and undo restores to the row', async () => {
  for (const when of ['before-commit', 'after-commit'] as const) {
    for (const nth of [1, 2, 3, 4]) {
      await using db = await scratch()
      const where = `${when} ${nth}`
      const before = await contents(db.pool)
      const library = openLibrary(db.pool)
      const id = await confirmed(library)
      const { signal } = await finish({ database: db.name, run: id, dieAt: { step: 'batch', nth, when } })
      assert.equal(signal, 'SIGKILL', where)
      const whole = Math.min(7, 2 * (when === 'before-commit' ? nth - 1 : nth))
      assert.equal(await value(db.pool, 'select count(*)::integer from deed'), whole, where)
      assert.equal(await value(db.pool, 'select acted from guard_operation'), whole, where)
      const gone = 'select count(*)::integer from copy where withdrawn_at is not null'
      assert.equal(await value(db.pool, gone), whole, where)

      await library.guard.resume({ signal: never })
      assert.equal((await library.guard.show(id))?.state, 'done', where)
      assert.equal(await value(db.pool, 'select count(*)::integer from deed'), 7, where)
      await library.guard.undo({ by: ada, id })
      await library.guard.run({ id, signal: never })
      assert.equal(await contents(db.pool), before, where)
    }
  }
})

test('kill -9 at any batch of an undo: it goes on, and ends with every row as it was', async () => {
  for (const [nth, when] of [
    [1, 'before-commit'],
    [2, 'after-commit'],
    [4, 'before-commit'],
  ] as const) {
    await using db = await scratch()
    const before = await contents(db.pool)
    const library = openLibrary(db.pool)
    const id = await done(library)
    await library.guard.undo({ by: ada, id })
    const { signal } = await finish({ database: db.name, run: id, dieAt: { step: 'batch', nth, when } })
    assert.equal(signal, 'SIGKILL')
    assert.equal((await library.guard.show(id))?.state, 'undoing')
    await library.guard.resume({ signal: never })
    assert.equal((await library.guard.show(id))?.state, 'undone')
    assert.equal(await contents(db.pool), before)
  }
})

test('stopped after a kill, the half that was done is written down and can be undone', async () => {
  await using db = await scratch()
  const before = await contents(db.pool)
  const library = openLibrary(db.pool)
  const id = await confirmed(library)
  await finish({ database: db.name, run: id, dieAt: { step: 'batch', nth: 2, when: 'after-commit' } })
  await library.guard.stop({ by: ada, id, because: 'enough' })
  await library.guard.undo({ by: ada, id })
  await library.guard.run({ id, signal: never })
  assert.equal(await contents(db.pool), before)
})

test('losing the connection at any statement never does a row twice, and going on ends it', async () => {
  await using db = await scratch()
  const library = openLibrary(db.pool)
  for (const cut of ['before', 'reply-lost'] as const) {
    let isReached = true
    for (let at = 1; isReached; at++) {
      const shelf = `${cut}-${at}`
      assert.ok(at < 80, 'it never ends')
      await db.pool.query('insert into copy (shelf) select $1 from generate_series(1, 3)', [shelf])
      const ask = await armed(library, shelf)
      const breaking = cutAt(db.pool, at, cut)
      const cutting = openLibrary(breaking.pool)
      const told = await cutting.guard.confirm(ask).catch(() => 'lost')
      if (told !== 'lost') await cutting.guard.run({ id: ask.id, signal: never }).catch(() => undefined)
      isReached = breaking.isReached()
      assert.ok('confirmed' in (await library.guard.confirm(ask)), shelf)
      await library.guard.resume({ signal: never })
      const { state, tries } = (await library.guard.show(ask.id)) ?? {}
      assert.deepEqual({ state, tries }, { state: 'done', tries: 1 }, shelf)
      const deeds =
        'select count(*)::integer from deed where copy_id::bigint in (select id from copy where shelf = $1)'
      assert.equal(await value(db.pool, deeds, [shelf]), 3, shelf)
      if (!isReached) assert.ok(at > 20, 'two batches have more statements than that')
    }
  }
})

/** The same pool, but the connection breaks at its n-th statement, counted over all transactions; once. */
function cutAt(pool: pg.Pool, at: number, cut: 'before' | 'reply-lost') {
  let n = 0
  const connect = async () => {
    const connection = await pool.connect()
    const query = async (text: string, values?: unknown[]) => {
      n += 1
      if (n !== at) return connection.query(text, values)
      if (cut === 'reply-lost') await connection.query(text, values)
      ;(connection as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
      throw new Error('The connection was lost.')
    }
    return { query, release: (isBad: boolean) => connection.release(isBad || n >= at) }
  }
  return { pool: { connect, query: pool.query.bind(pool) } as unknown as pg.Pool, isReached: () => n >= at }
}

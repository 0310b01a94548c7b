import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratchDatabase } from '../test/scratch-database.ts'
import { someTitles } from '../test/searchable.ts'
import { openLibrary } from './library.ts'
import { sql } from './postgres/sql.ts'
import { type Sweep, sweepOnce } from './sweeps.ts'
import { dueSweeps } from './sweeps-due.ts'

/** What the sweeps tell the operator. */
function listener() {
  const told: string[] = []
  return { told, warn: (text: string) => void told.push(text) }
}

test('a sweep that is under way at a stop ends with its batch, and nobody is told that it failed', async () => {
  await using db = await scratchDatabase()
  await using library = openLibrary({ connection: db.connection, dataFolder: 'nowhere' })
  const { told, warn } = listener()
  const stop = new AbortController()
  let batches = 0
  const long: Sweep = {
    name: 'a long one',
    run: async ({ db }) => {
      for (; batches < 100; batches++) {
        if (batches === 3) stop.abort()
        await db.rows(sql`select`)
      }
    },
  }
  assert.deepEqual(await sweepOnce(library, [long, ...dueSweeps], { warn, signal: stop.signal }), [])
  assert.equal(batches, 3)
  assert.deepEqual(told, [])
})

test('no sweep begins anything on the database once Bibby is being stopped', async () => {
  await using db = await scratchDatabase()
  await using library = openLibrary({ connection: db.connection, dataFolder: 'nowhere' })
  const { told, warn } = listener()
  await someTitles(db, [{ title: 'Emma' }, { title: 'Momo' }])
  for (const sweep of dueSweeps) {
    const stop = new AbortController()
    let after = 0
    const counted = <T>(work: () => Promise<T>): Promise<T> => {
      if (stop.signal.aborted) after += 1
      stop.abort()
      return work()
    }
    const watched = {
      ...library,
      db: {
        ...library.db,
        rows: (statement) => counted(() => library.db.rows(statement)),
        transaction: (work) => counted(() => library.db.transaction(work)),
        withConnection: (work) => counted(() => library.db.withConnection(work)),
      } satisfies typeof library.db,
    }
    await sweepOnce(watched, [sweep], { warn, signal: stop.signal })
    assert.equal(after, 0, sweep.name)
  }
  assert.deepEqual(told, [])
})

test('a sweep that fails is told, and keeps no other from running', async () => {
  await using db = await scratchDatabase()
  await using library = openLibrary({ connection: db.connection, dataFolder: 'nowhere' })
  const { told, warn } = listener()
  const failing: Sweep = { name: 'a failing one', run: ({ db }) => db.rows(sql`select from nowhere`) }
  const ran = await sweepOnce(library, [failing, ...dueSweeps], {
    warn,
    signal: new AbortController().signal,
  })
  assert.deepEqual(
    ran,
    dueSweeps.map(({ name }) => name),
  )
  assert.equal(told.length, 1)
  assert.match(told[0] ?? '', /^The sweep “a failing one” failed and comes again: /)
})

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { aBranch, aCategory, aSmallLibrary, by } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { exportTitles } from '../catalogue/export.ts'
import { type PoolOptions, sqlState, type Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { openThreads } from './threads.ts'

const csv = { format: 'csv', copies: false } as const
/** Longer than any test lives. */
const long = { deadlineMs: 600_000 }

/** Titles for so many pages of an export. */
async function manyTitles(db: ScratchDatabase, count: number): Promise<void> {
  await db.rows(sql`
    insert into title (control_source, control_number, title, authors)
    select 'test', n, 'First title of ' || n, array['Author ' || n]
    from generate_series(1, ${count}::bigint) as n
  `)
}

/** How many sessions jobs have on the server, and how many of them wait for a lock. */
async function sessions(db: ScratchDatabase): Promise<{ readonly open: number; readonly waiting: number }> {
  const [row] = await db.rows<{ open: number; waiting: number }>(sql`
    select count(*) as open, count(*) filter (where wait_event_type = 'Lock') as waiting
    from pg_stat_activity
    where datname = current_database() and application_name like 'bibby-files%'
  `)
  return row ?? { open: 0, waiting: 0 }
}

async function until(
  db: ScratchDatabase,
  is: (at: { open: number; waiting: number }) => boolean,
): Promise<void> {
  while (!is(await sessions(db)));
}

async function all(parts: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const part of parts) chunks.push(part)
  return Buffer.concat(chunks).toString()
}

/** While it works nobody reads a title. */
async function whileTitlesAreLocked(db: ScratchDatabase, work: (tx: Tx) => Promise<void>): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.rows(sql`lock table title in access exclusive mode`)
    await work(tx)
  })
}

test('a thread gives what the same work gives here, to the last byte', async () => {
  await using db = await scratchDatabase()
  await using threads = openThreads(db.connection)
  await aSmallLibrary(db)
  await manyTitles(db, 1_001)
  for (const format of ['csv', 'iso2709', 'marcxml'] as const) {
    const ask = { format, copies: true }
    assert.equal(await all(threads.parts('export', ask, long)), await all(exportTitles(db, ask)))
  }
  assert.deepEqual(threads.counts(), { running: 0, waiting: 0 })
  await until(db, ({ open }) => open === 0)
})

test('a job works little ahead of whoever reads, and on when they do', async () => {
  await using db = await scratchDatabase()
  await using threads = openThreads(db.connection)
  await manyTitles(db, 20_000)
  const parts = threads.parts('export', csv, long)
  const head = await parts.next()
  const page = await parts.next()
  assert.ok(!head.done && !page.done)
  await db.rows(sql`update title set title = 'Second title'`)
  const rest = await all(parts)
  // 100 pages of 200: the one that was read, those ahead of it, and the one in the making.
  const before = rest.split('First title').length - 1
  assert.ok(before <= 4 * 200, `${before} titles were read before anybody wanted them`)
  assert.equal(before + rest.split('Second title').length - 1, 20_000 - 200)
})

test('who leaves ends the work, whether a part is under way or none', async () => {
  await using db = await scratchDatabase()
  await using threads = openThreads(db.connection)
  await manyTitles(db, 2_000)
  const parts = threads.parts('export', csv, long)
  await parts.next()
  await parts.return()
  await until(db, ({ open }) => open === 0)
  assert.deepEqual(threads.counts(), { running: 0, waiting: 0 })

  const leaving = new AbortController()
  await whileTitlesAreLocked(db, async () => {
    const asked = all(threads.parts('export', csv, { ...long, signal: leaving.signal }))
    await until(db, ({ waiting }) => waiting === 1)
    leaving.abort(new Error('gone'))
    await assert.rejects(asked, { message: 'gone' })
    assert.deepEqual(threads.counts(), { running: 0, waiting: 0 })
    await until(db, ({ open }) => open === 0)
  })
})

test('a job is ended at its deadline, and the next one has its turn', async () => {
  await using db = await scratchDatabase()
  await using threads = openThreads(db.connection)
  await whileTitlesAreLocked(db, async () => {
    const late = all(threads.parts('export', csv, { deadlineMs: 1_000 }))
    await assert.rejects(late, { code: 'BIBBY_WORK_LATE' })
    await until(db, ({ open }) => open === 0)
    assert.deepEqual(threads.counts(), { running: 0, waiting: 0 })
  })
  await all(threads.parts('export', csv, long))
})

test('three jobs run at once, eight wait, and whoever comes then is sent away at once', async () => {
  await using db = await scratchDatabase()
  await using threads = openThreads(db.connection)
  await whileTitlesAreLocked(db, async () => {
    const asked = Array.from({ length: 11 }, () => all(threads.parts('export', csv, long)).catch(String))
    assert.deepEqual(threads.counts(), { running: 3, waiting: 8 })
    await assert.rejects(all(threads.parts('export', csv, long)), { code: 'BIBBY_WORK_BUSY' })
    await until(db, ({ waiting }) => waiting === 3)
    await threads[Symbol.asyncDispose]()
    assert.deepEqual(new Set(await Promise.all(asked)), new Set([closed]))
  })
})

const closed = 'WorkClosedError: Bibby closes, and has ended what its threads worked on.'

test('a fault of the database keeps its code on the way from the thread', async () => {
  await using db = await scratchDatabase()
  await using threads = openThreads(db.connection)
  await whileTitlesAreLocked(db, async () => {
    const asked = all(threads.parts('export', csv, long))
    await until(db, ({ waiting }) => waiting === 1)
    await db.rows(sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'bibby-files'
    `)
    await assert.rejects(asked, (error) => sqlState(error) === '57P01')
  })
  const nowhere: PoolOptions['connection'] = { host: '/nowhere', port: 5432, user: 'x', database: 'x' }
  await using lost = openThreads(nowhere)
  await assert.rejects(all(lost.parts('export', csv, long)), { code: 'BIBBY_DATABASE_UNREACHABLE' })
})

test('patrons are imported on a thread row by row, each by its own write', async () => {
  await using db = await scratchDatabase()
  await using threads = openThreads(db.connection)
  const { branchCode } = await aBranch(db)
  const { categoryCode } = await aCategory(db)
  const folder = await mkdtemp(join(tmpdir(), 'bibby-threads-'))
  try {
    const path = join(folder, 'patrons.csv')
    await writeFile(path, 'card,familyName\nnew-1,One\nnew-2,Two\n,Nobody')
    const ask = { by: by(), path, options: { categoryCode, branch: branchCode } }
    for (const became of ['registered', 'unchanged'] as const) {
      const ended = await threads.run('import-patrons', ask, long)
      assert.ok(!('refused' in ended))
      assert.deepEqual([ended[became], ended.rejected], [2, 1])
    }
    const done = sql`select from journal where action = 'import-patron' and outcome = 'done'`
    assert.equal((await db.rows(done)).length, 2)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

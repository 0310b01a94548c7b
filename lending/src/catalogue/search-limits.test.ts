import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aSmallLibrary } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { searchable, someTitles } from '../../test/searchable.ts'
import { openLibrary } from '../library.ts'
import { openPool, sqlState } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { search } from './search.ts'
import { suggest } from './suggest.ts'

test('a search that takes too long is stopped by the database and answered as too broad', async () => {
  await using library = await searchable({ statementLimitMs: 200 })
  await someTitles(library.db, [{ title: 'Waiting' }])
  // Whoever holds this lock makes every reader wait: a statement without end that needs no clock.
  await library.db.transaction(async (tx) => {
    await tx.rows(sql`lock table title in access exclusive mode`)
    assert.deepEqual(await search(library.searchDb, { query: 'waiting' }), {
      outcome: 'refused',
      refused: 'too-broad',
    })
    assert.deepEqual(await suggest(library.searchDb, 'wait', 5), [])
  })
  const after = await search(library.searchDb, { query: 'waiting' })
  assert.equal(after.outcome === 'found' && after.counted, 1)
})

test('while every search connection is busy the desk has all of its own', async () => {
  await using library = await searchable({ statementLimitMs: 2_000, connectionsMax: 2 })
  const { db, searchDb } = library
  await using desk = openPool({
    connection: db.connection,
    name: 'desk',
    connectionsMax: 1,
    statementLimitMs: 60_000,
  })
  await aSmallLibrary(db)
  await db.transaction(async (tx) => {
    await tx.rows(sql`lock table title in access exclusive mode`)
    const searches = Promise.all(Array.from({ length: 4 }, () => search(searchDb, { query: 'web' })))
    const [patron] = await desk.rows<{ card: string }>(sql`select card from patron`)
    assert.ok(patron)
    for (const answer of await searches)
      assert.deepEqual(answer, { outcome: 'refused', refused: 'too-broad' })
  })
})

test('a library searches on connections of its own, under a role and a limit of half a second', async () => {
  await using scratch = await scratchDatabase()
  await using library = openLibrary({ connection: scratch.connection, dataFolder: 'nowhere' })
  const how = sql`
    select current_user as role, current_setting('statement_timeout') as "limit",
      current_setting('default_transaction_read_only') as "readOnly"
  `
  assert.deepEqual(await library.searchDb.rows(how), [
    { role: 'bibby_search', limit: '500ms', readOnly: 'on' },
  ])
  const [desk] = await library.db.rows<{ role: string; limit: string; readOnly: string }>(how)
  assert.notEqual(desk?.role, 'bibby_search')
  assert.deepEqual([desk?.limit, desk?.readOnly], ['5s', 'off'])
  assert.deepEqual([library.searchDb.counts().open, library.db.counts().open], [1, 1])
})

test('the search role reads the catalogue and nothing about people, and writes nothing', async () => {
  await using library = await searchable()
  await aSmallLibrary(library.db)
  const [who] = await library.searchDb.rows<{ current_user: string }>(sql`select current_user`)
  assert.equal(who?.current_user, 'bibby_search')
  const forbidden = [
    sql`select * from patron`,
    sql`select patron_id from loan`,
    sql`select patron_id from hold`,
    sql`select * from staff`,
    sql`select * from session`,
    sql`select * from journal`,
    sql`select * from fine_line`,
    sql`select * from title_record`,
  ]
  for (const statement of forbidden) {
    await assert.rejects(
      library.searchDb.rows(statement),
      (error) => sqlState(error) === '42501',
      statement.text,
    )
  }
  const writes = [
    sql`update title set loans_count = 1`,
    sql`delete from vocabulary`,
    sql`create table x (y int)`,
  ]
  for (const statement of writes) {
    await assert.rejects(
      library.searchDb.rows(statement),
      (error) => ['42501', '25006'].includes(sqlState(error) ?? ''),
      statement.text,
    )
  }
  await library.searchDb.withConnection((connection) =>
    connection.query('set default_transaction_read_only = off'),
  )
  await assert.rejects(
    library.searchDb.rows(sql`update title set loans_count = 1`),
    (error) => sqlState(error) === '42501',
  )
})

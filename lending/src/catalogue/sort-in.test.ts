import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { someTitles } from '../../test/searchable.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { imported, scratchFolder } from './import/test/imported.ts'
import { renewTiers } from './search-order.ts'

test('what an import brought waits in no index of search to be sorted in', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const rows = Array.from({ length: 50 }, (_, n) => `${n},Title ${n} of the bees`)
  await imported(db, await files.file('books.csv', `id,title\n${rows.join('\n')}`))
  assert.equal(await pagesWaiting(db), 0)
  await imported(
    db,
    await files.file('books.csv', `id,title\n${rows.map((row) => `${row} anew`).join('\n')}`),
  )
  assert.equal(await pagesWaiting(db), 0)
})

test('titles that moved to another tier wait in no index of search to be sorted in', async () => {
  await using db = await scratchDatabase()
  await someTitles(db, [
    { title: 'A hive of bees', tier: 0 },
    { title: 'Wasps', tier: 2 },
  ])
  assert.notEqual(await pagesWaiting(db), 0)
  await db.rows(sql`update title set tier = 1`)
  assert.equal((await renewTiers(db)).moved, 2)
  assert.equal(await pagesWaiting(db), 0)
})

/** Asking sorts them in. */
async function pagesWaiting(db: Database): Promise<number> {
  const [lists] = await db.rows<{ pages: number }>(sql`
    select sum(gin_clean_pending_list(indexrelid))::integer as pages
    from pg_index
    join pg_class on pg_class.oid = indexrelid
    where indrelid in ('title'::regclass, 'vocabulary'::regclass) and pg_get_indexdef(indexrelid) like '% USING gin %'
  `)
  return lists?.pages ?? 0
}

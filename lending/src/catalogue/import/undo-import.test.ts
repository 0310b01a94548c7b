import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type Cut, cutAt } from '../../../test/cut.ts'
import { withoutPatterns } from '../../../test/library-fixtures.ts'
import { scratchDatabase } from '../../../test/scratch-database.ts'
import type { Database } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import { type By, write } from '../../postgres/write.ts'
import { addCopy } from '../add-copy.ts'
import { editCopy } from '../edit-copy.ts'
import { editTitle } from '../edit-title.ts'
import { changeSet } from './change-set.ts'
import { previewImport } from './preview-import.ts'
import { added, catalogueDigest, clock, imported, ran, scratchFolder } from './test/imported.ts'
import { undoImport } from './undo-import.ts'

const by = (key: string = randomUUID()): By => ({
  actor: 'staff:1',
  key,
  occurredAt: clock(),
  instance: 'test',
})

const titleOf = async (db: Database, number: string) =>
  (await db.rows<{ id: number }>(sql`select id from title where control_number = ${number}`))[0]?.id ?? 0

const spring = 'id,title,author\n1,Emma,Austen\n2,Persuasion,Austen\n3,Moby Dick,Melville\n'
const autumn =
  'id,title,author\n2,Persuasion again,Austen\n3,Moby Dick,Melville\n4,Typee,Melville\n4,Typee,Herman\n5,,\n'

test('undone, an import leaves the database as it was', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const empty = await catalogueDigest(db)
  const first = await imported(db, await files.file('a.csv', spring))
  const before = await catalogueDigest(db)
  const second = await imported(db, await files.file('a.csv', autumn))
  assert.notDeepEqual(await catalogueDigest(db), before)
  const undone = await undoImport({ db }, { changeSetId: second.changeSetId }, by())
  assert.deepEqual(undone, {
    changeSetId: second.changeSetId,
    undone: 2,
    refused: [],
    refusedCount: 0,
    state: 'undone',
  })
  assert.deepEqual(await catalogueDigest(db), before)
  // The one below it can then be undone too, down to nothing.
  const all = await undoImport({ db }, { changeSetId: first.changeSetId }, by())
  assert.ok('undone' in all && all.undone === 3)
  assert.deepEqual(await catalogueDigest(db), empty)
})

test('a version that was read before an undo is stale after it', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await imported(db, await files.file('a.csv', spring))
  const titleId = await titleOf(db, '2')
  const versionNow = async () =>
    (await db.rows<{ version: number }>(sql`select version from title where id = ${titleId}`))[0]?.version ??
    0
  const seen = [await versionNow()]
  for (const _ of [1, 2]) {
    const { changeSetId } = await imported(db, await files.file('a.csv', autumn))
    seen.push(await versionNow())
    await undoImport({ db }, { changeSetId }, by())
    seen.push(await versionNow())
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5])
  const edit = (version: number) =>
    write(db, by(), editTitle, { titleId, version, fields: { summary: 'of Bath' } })
  assert.equal((await edit(1)).outcome, 'refused')
  assert.equal((await edit(5)).outcome, 'done')
})

test('undone again, nothing happens and it says so', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const { changeSetId } = await imported(db, await files.file('a.csv', spring))
  await undoImport({ db }, { changeSetId }, by())
  const again = await undoImport({ db }, { changeSetId }, by())
  assert.deepEqual(again, { changeSetId, undone: 0, refused: [], refusedCount: 0, state: 'undone' })
  assert.deepEqual(await undoImport({ db }, { changeSetId: 1 }, by()), { refused: 'import-unknown' })
})

test('a title that was edited since, or has copies or holds, stays and is named; the rest is undone', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const more = `${spring}4,Omoo,Melville\n`
  const { changeSetId } = await imported(db, await files.file('a.csv', more))
  const [edited, copied, held] = [await titleOf(db, '1'), await titleOf(db, '2'), await titleOf(db, '3')]
  await write(db, by(), editTitle, { titleId: edited, version: 1, fields: { subtitle: 'a novel' } })
  await db.rows(sql`insert into branch (code, name, time_zone) values ('main', 'Main', 'UTC')`)
  await db.rows(sql`insert into item_type (code, name) values ('book', 'Book')`)
  await write(db, by(), addCopy, { titleId: copied, barcode: 'B1', branch: 'main', itemType: 'book' })
  await db.rows(sql`insert into patron_category (code, name) values ('adult', 'Adult')`)
  await db.rows(sql`
    with patron as (
      insert into patron (card, category_id, branch_id, given_name, family_name, expires_on)
      select 'C1', patron_category.id, branch.id, 'Ada', 'L', '2030-01-01' from patron_category, branch
      returning id, branch_id
    )
    insert into hold (title_id, patron_id, pickup_branch_id, placed_at)
    select ${held}, id, branch_id, ${clock()} from patron
  `)
  const undone = await undoImport({ db }, { changeSetId }, by())
  assert.deepEqual(undone, {
    changeSetId,
    undone: 1,
    refused: [
      { titleId: edited, because: 'edited-since' },
      { titleId: copied, because: 'has-copies' },
      { titleId: held, because: 'has-holds' },
    ],
    refusedCount: 3,
    state: 'partly-undone',
  })
  assert.equal(await titleOf(db, '4'), 0)
})

test('copies come by their barcodes, each once, and go again with the import', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await db.rows(sql`insert into branch (code, name, time_zone) values ('main', 'Main', 'UTC')`)
  await db.rows(sql`insert into item_type (code, name) values ('book', 'Book')`)
  const before = await catalogueDigest(db)
  const text =
    'id,title,barcode,branch\n1,Emma,B1,main\n1,Emma,B2,\n2,Omoo,B1,main\n3,Typee,B3,moon\n4,Mardi,,\n'
  const file = { ...(await files.file('a.csv', text)), branch: 'main', itemType: 'book' }
  const set = await imported(db, file)
  assert.deepEqual(set.warnings, { 'copy-not-made': 2 })
  const copies = await db.rows(sql`
    select copy.barcode, title.title from copy join title on title.id = copy.title_id order by barcode
  `)
  assert.deepEqual(copies, [
    { barcode: 'B1', title: 'Emma' },
    { barcode: 'B2', title: 'Emma' },
  ])
  await undoImport({ db }, { changeSetId: set.changeSetId }, by())
  assert.deepEqual(await catalogueDigest(db), before)
})

test('a copy left out for its branch is made when its record comes again and the branch is there', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await db.rows(sql`insert into branch (code, name, time_zone) values ('main', 'Main', 'UTC')`)
  await db.rows(sql`insert into item_type (code, name) values ('book', 'Book')`)
  const text = 'id,title,barcode,branch\n1,Emma,B1,main\n1,Emma,B2,moon\n2,Typee,B3,moon\n3,Mardi,B4,mars\n'
  const file = { ...(await files.file('a.csv', text)), itemType: 'book' }
  const barcodes = async () =>
    (await db.rows<{ barcode: string }>(sql`select barcode from copy order by barcode`)).map(
      (row) => row.barcode,
    )
  const first = await imported(db, file)
  assert.deepEqual([await barcodes(), first.warnings], [['B1'], { 'copy-not-made': 3 }])
  // People gave the first copy another barcode; the file does not know, and must not make it a second time.
  await db.rows(sql`update copy set barcode = 'C1', version = 2`)
  await db.rows(sql`insert into branch (code, name, time_zone) values ('moon', 'Moon', 'UTC')`)
  const before = await catalogueDigest(db)
  const preview = await previewImport(withoutPatterns(db), file)
  assert.ok(!('refused' in preview))
  assert.deepEqual(
    preview.records.map((record) => record.fate !== 'rejected' && [record.fate, record.madeAfterAll]),
    [
      ['unchanged', undefined],
      ['updated', 'B2'],
      ['updated', 'B3'],
      ['unchanged', undefined],
    ],
  )
  const second = await imported(db, file)
  assert.deepEqual([preview.counts.unchanged, preview.counts.updated], [2, 2])
  assert.deepEqual(await barcodes(), ['B2', 'B3', 'C1'])
  assert.deepEqual([second.unchanged, second.updated, second.warnings], [2, 2, { 'copy-not-made': 1 }])
  // Once made it is made: given another barcode, it does not come back under the old one.
  await db.rows(sql`update copy set barcode = 'C3' where barcode = 'B3'`)
  const again = await previewImport(withoutPatterns(db), file)
  assert.equal('counts' in again && again.counts.unchanged, 4)
  const third = await imported(db, file)
  assert.deepEqual([await barcodes(), third.unchanged], [['B2', 'C1', 'C3'], 4])
  const undone = await undoImport({ db }, { changeSetId: second.changeSetId }, by())
  assert.deepEqual('undone' in undone && [undone.undone, undone.refusedCount], [2, 0])
  assert.deepEqual(await catalogueDigest(db), before)
})

test('what was edited while the import ran, or on a copy that it made, is not lost by undoing it', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  await db.rows(sql`insert into branch (code, name, time_zone) values ('main', 'Main', 'UTC')`)
  await db.rows(sql`insert into item_type (code, name) values ('book', 'Book')`)
  const many = Array.from({ length: 999 }, (_, n) => `x${n},Filler ${n},\n`).join('')
  const text = `id,title,barcode\n1,Emma,B1\n${many}1,Emma,B2\n2,Omoo,B3\n`
  const file = { ...(await files.file('a.csv', text)), branch: 'main', itemType: 'book' }
  const changeSetId = await added(db, file)
  await ran(db, changeSetId, stoppedAfterOneBatch())
  const emma = await titleOf(db, '1')
  await write(db, by(), editTitle, { titleId: emma, version: 1, fields: { summary: 'of Highbury' } })
  assert.equal((await ran(db, changeSetId)).ended, 'done')
  const omoo = await titleOf(db, '2')
  const [copy] = await db.rows<{ id: number }>(sql`select id from copy where barcode = 'B3'`)
  await write(db, by(), editCopy, { copyId: copy?.id ?? 0, version: 1, note: 'signed by the author' })
  const undone = await undoImport({ db }, { changeSetId }, by())
  assert.deepEqual('undone' in undone && [undone.undone, undone.refused], [
    999,
    [
      { titleId: emma, because: 'edited-since' },
      { titleId: omoo, because: 'edited-since' },
    ],
  ])
})

function stoppedAfterOneBatch() {
  const stop = new AbortController()
  return { signal: stop.signal, onProgress: () => stop.abort() }
}

test('part of an import is undone, then the rest', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const empty = await catalogueDigest(db)
  const { changeSetId } = await imported(db, await files.file('a.csv', spring))
  const titleIds = [await titleOf(db, '2')]
  const part = await undoImport({ db }, { changeSetId, titleIds }, by())
  assert.ok('undone' in part && part.undone === 1 && part.state === 'partly-undone')
  const rest = await undoImport({ db }, { changeSetId }, by())
  assert.ok('undone' in rest && rest.undone === 2 && rest.state === 'undone')
  assert.deepEqual(await catalogueDigest(db), empty)
})

test('what was undone can be imported again', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('a.csv', spring)
  const { changeSetId } = await imported(db, file)
  await undoImport({ db }, { changeSetId }, by())
  const again = await imported(db, file)
  assert.deepEqual([again.imported, again.unchanged], [3, 0])
  assert.equal((await changeSet(db, changeSetId))?.state, 'undone')
})

test('an undo of many titles goes in batches and is whole', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const empty = await catalogueDigest(db)
  const rows = Array.from({ length: 1_100 }, (_, index) => `${index},Title ${index},Author ${index % 7}`)
  const { changeSetId } = await imported(
    db,
    await files.file('a.csv', `id,title,author\n${rows.join('\n')}\n`),
  )
  const undone = await undoImport({ db }, { changeSetId }, by())
  assert.ok('undone' in undone && undone.undone === 1_100 && undone.state === 'undone')
  assert.deepEqual(await catalogueDigest(db), empty)
})

test('a connection cut at any statement of an undo: asked again, it is whole', async () => {
  await using files = await scratchFolder()
  const file = await files.file('a.csv', spring)
  const later = await files.file('a.csv.later.csv', autumn)
  await using db = await scratchDatabase()
  await imported(db, { ...file, source: 'csv:a' })
  const before = await catalogueDigest(db)
  for (const cut of ['before', 'reply-lost'] as Cut[]) {
    for (let at = 1; ; at++) {
      const { changeSetId } = await imported(db, { ...later, source: 'csv:a' })
      const cutting = cutAt(db, at, cut)
      const who = by()
      await undoImport({ db: cutting }, { changeSetId }, who).catch(() => undefined)
      const settled = await undoImport({ db }, { changeSetId }, who)
      assert.ok('undone' in settled && settled.undone === 2, `${cut} at ${at}: ${JSON.stringify(settled)}`)
      assert.deepEqual(await catalogueDigest(db), before, `${cut} at ${at}`)
      if (!cutting.reached()) break
    }
  }
})

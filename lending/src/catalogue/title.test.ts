import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type Cut, cutAt } from '../../test/cut.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type By, type Outcome, type PlainObject, type Refusal, type Verb, write } from '../postgres/write.ts'
import { addCopy } from './add-copy.ts'
import { addTitle } from './add-title.ts'
import { copyByBarcode } from './copy.ts'
import { editCopy } from './edit-copy.ts'
import { editTitle } from './edit-title.ts'
import { title } from './title.ts'

const by = (key: string = randomUUID()): By => ({
  actor: 'staff:1',
  key,
  occurredAt: new Date('2026-03-01T10:00:00Z'),
  instance: 'test',
})

function done<Done, Refused extends Refusal>(outcome: Outcome<Done, Refused>): Done {
  assert.equal(outcome.outcome, 'done', JSON.stringify(outcome))
  return (outcome as { answer: Done }).answer
}

function refusal<Done, Refused extends Refusal>(outcome: Outcome<Done, Refused>): Refusal {
  assert.equal(outcome.outcome, 'refused', JSON.stringify(outcome))
  return (outcome as { refusal: Refusal }).refusal
}

async function places(db: Database): Promise<void> {
  await db.rows(
    sql`insert into branch (code, name, time_zone) values ('main', 'Main', 'UTC'), ('east', 'East', 'UTC')`,
  )
  await db.rows(sql`insert into item_type (code, name) values ('book', 'Book'), ('map', 'Map')`)
}

const emma = { title: 'Emma', authors: ['Austen, Jane'], isbns: ['0-14-143958-0'], publishedYear: 1815 }

async function aTitle(db: Database): Promise<number> {
  return done(await write(db, by(), addTitle, { fields: emma })).titleId
}

async function aCopy(db: Database, titleId: number, barcode = 'B1'): Promise<number> {
  const ask = { titleId, barcode, branch: 'main', itemType: 'book' }
  return done(await write(db, by(), addCopy, ask)).copyId
}

const vocabulary = (db: Database) =>
  db.rows<{ word: string; titles: number }>(
    sql`select word, titles from vocabulary order by word collate "C"`,
  )

test('a title that is added can be read as it was given, its ISBN as 13 digits', async () => {
  await using db = await scratchDatabase()
  const read = await title(db, await aTitle(db))
  assert.equal(read?.title, 'Emma')
  assert.deepEqual(read?.authors, ['Austen, Jane'])
  assert.deepEqual(read?.isbns, ['9780141439587'])
  assert.equal(read?.publishedYear, 1815)
  assert.equal(read?.version, 1)
  assert.equal(read?.deletedAt, null)
})

test('a title without a name, or with control characters, is refused with every problem named', async () => {
  await using db = await scratchDatabase()
  const refused = refusal(
    await write(db, by(), addTitle, { fields: { title: ' ', summary: 'a\u0000b', publishedYear: 12_000 } }),
  )
  assert.equal(refused.refused, 'fields-invalid')
  assert.deepEqual(Object.keys((refused as unknown as { problems: object }).problems).toSorted(), [
    'publishedYear',
    'summary',
    'title',
  ])
})

test('two titles cannot carry one number of one source', async () => {
  await using db = await scratchDatabase()
  const fields = { title: 'Emma', controlSource: 'DLC', controlNumber: '7' }
  const { titleId } = done(await write(db, by(), addTitle, { fields }))
  assert.deepEqual(refusal(await write(db, by(), addTitle, { fields })), {
    refused: 'control-number-taken',
    titleId,
  })
  const other = await aTitle(db)
  const stolen = { titleId: other, version: 1, fields: { controlSource: 'DLC', controlNumber: '7' } }
  assert.deepEqual(refusal(await write(db, by(), editTitle, stolen)), {
    refused: 'control-number-taken',
    titleId,
  })
})

test('an edit keeps what it does not name, and search forgets only the words that are gone', async () => {
  await using db = await scratchDatabase()
  const titleId = await aTitle(db)
  const words = await vocabulary(db)
  assert.ok(words.some(({ word }) => word === 'austen'))
  const edited = done(
    await write(db, by(), editTitle, { titleId, version: 1, fields: { title: 'Persuasion' } }),
  )
  assert.equal(edited.version, 2)
  const read = await title(db, titleId)
  assert.deepEqual([read?.title, read?.authors], ['Persuasion', ['Austen, Jane']])
  const after = (await vocabulary(db)).map(({ word }) => word)
  assert.ok(after.includes('persuasion') && after.includes('austen') && !after.includes('emma'))
  done(await write(db, by(), editTitle, { titleId, version: 2, fields: { title: 'Emma' } }))
  assert.deepEqual(await vocabulary(db), words)
})

test('nobody overwrites an edit that they have not seen', async () => {
  await using db = await scratchDatabase()
  const titleId = await aTitle(db)
  done(await write(db, by(), editTitle, { titleId, version: 1, fields: { subtitle: 'a novel' } }))
  const late = await write(db, by(), editTitle, { titleId, version: 1, fields: { subtitle: 'a play' } })
  assert.deepEqual(refusal(late), { refused: 'version-stale', version: 2 })
  assert.deepEqual(refusal(await write(db, by(), editTitle, { titleId: 1, version: 1, fields: {} })), {
    refused: 'title-unknown',
  })
})

test('a copy stands under its title, and a scan of its barcode finds both', async () => {
  await using db = await scratchDatabase()
  await places(db)
  const titleId = await aTitle(db)
  const copyId = await aCopy(db, titleId)
  const read = await title(db, titleId)
  assert.deepEqual(
    read?.copies.map((each) => [each.copyId, each.branchName, each.itemType, each.state, each.dueAt]),
    [[copyId, 'Main', 'book', 'available', null]],
  )
  const scanned = await copyByBarcode(db, 'B1')
  assert.deepEqual([scanned?.copyId, scanned?.titleId, scanned?.title], [copyId, titleId, 'Emma'])
  assert.equal(await copyByBarcode(db, 'B2'), undefined)
})

test('one barcode is on one copy', async () => {
  await using db = await scratchDatabase()
  await places(db)
  const titleId = await aTitle(db)
  await aCopy(db, titleId)
  const copyId = await aCopy(db, titleId, 'B2')
  const again = { titleId, barcode: 'B1', branch: 'main', itemType: 'book' }
  assert.deepEqual(refusal(await write(db, by(), addCopy, again)), { refused: 'barcode-taken', titleId })
  const taking = { copyId, version: 1, barcode: 'B1' }
  assert.deepEqual(refusal(await write(db, by(), editCopy, taking)), { refused: 'barcode-taken', titleId })
})

test('twenty at once with one barcode: one copy, nineteen told whose it is', async () => {
  await using db = await scratchDatabase()
  await places(db)
  const titleId = await aTitle(db)
  const ask = { titleId, barcode: 'B1', branch: 'main', itemType: 'book' }
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => write(db, by(), addCopy, ask)))
  assert.equal(outcomes.filter((each) => each.outcome === 'done').length, 1)
  assert.equal(outcomes.filter((each) => each.outcome === 'refused').length, 19)
})

test('a copy needs a title, a branch and an item type that are there', async () => {
  await using db = await scratchDatabase()
  await places(db)
  const titleId = await aTitle(db)
  const ask = { titleId, barcode: 'B1', branch: 'main', itemType: 'book' }
  const add = async (over: object) => refusal(await write(db, by(), addCopy, { ...ask, ...over })).refused
  assert.equal(await add({ titleId: 1 }), 'title-unknown')
  assert.equal(await add({ branch: 'moon' }), 'branch-unknown')
  assert.equal(await add({ itemType: 'yacht' }), 'item-type-unknown')
  assert.equal(await add({ barcode: '' }), 'fields-invalid')
  assert.equal(await add({ priceCents: -1 }), 'fields-invalid')
})

test('an edit of a copy keeps what it does not name', async () => {
  await using db = await scratchDatabase()
  await places(db)
  const copyId = await aCopy(db, await aTitle(db))
  done(
    await write(db, by(), editCopy, { copyId, version: 1, shelf: 'Attic', priceCents: 900, lendable: false }),
  )
  done(
    await write(db, by(), editCopy, {
      copyId,
      version: 2,
      branch: 'east',
      itemType: 'map',
      callNumber: 'A 1',
    }),
  )
  const read = await copyByBarcode(db, 'B1')
  assert.deepEqual(
    [
      read?.shelf,
      read?.priceCents,
      read?.state,
      read?.branch,
      read?.itemType,
      read?.callNumber,
      read?.version,
    ],
    ['Attic', 900, 'not-for-loan', 'east', 'map', 'A 1', 3],
  )
  assert.deepEqual(refusal(await write(db, by(), editCopy, { copyId, version: 2 })), {
    refused: 'version-stale',
    version: 3,
  })
  assert.deepEqual(refusal(await write(db, by(), editCopy, { copyId: 1, version: 2 })), {
    refused: 'copy-unknown',
  })
})

/** Cuts the verb at each of its statements in turn; the same key must then settle it, once. */
async function cutEverywhere<Ask, Done extends PlainObject, Refused extends Refusal>(
  verb: Verb<Ask, Done, Refused>,
  prepare: (db: ScratchDatabase) => Promise<Ask>,
  times: (db: Database, ask: Ask) => Promise<number>,
): Promise<void> {
  for (const cut of ['before', 'reply-lost'] as Cut[]) {
    for (let at = 1; ; at++) {
      await using db = await scratchDatabase()
      await places(db)
      const ask = await prepare(db)
      const who = by()
      const cutting = cutAt(db, at, cut)
      const first = await write(cutting, who, verb, ask).catch(() => undefined)
      const landed = await times(db, ask)
      assert.ok(first?.outcome === 'done' ? landed === 1 : landed <= 1, `${verb.action} cut at ${at}`)
      done(await write(db, who, verb, ask))
      assert.equal(await times(db, ask), 1, `${verb.action} cut at ${at}, asked again`)
      if (!cutting.reached()) break
    }
  }
}

const count = async (db: Database, what: ReturnType<typeof sql>) =>
  (await db.rows<{ n: number }>(what))[0]?.n ?? 0

test('a connection cut at any statement never adds or edits twice', async () => {
  await cutEverywhere(
    addTitle,
    async () => ({ fields: emma }),
    (db) => count(db, sql`select coalesce(max(titles), 0) as n from vocabulary`),
  )
  await cutEverywhere(
    editTitle,
    async (db) => ({ titleId: await aTitle(db), version: 1, fields: { title: 'Persuasion' } }),
    (db) => count(db, sql`select max(version) - 1 as n from title`),
  )
  await cutEverywhere(
    addCopy,
    async (db) => ({ titleId: await aTitle(db), barcode: 'B1', branch: 'main', itemType: 'book' }),
    (db) => count(db, sql`select count(*) as n from copy`),
  )
  await cutEverywhere(
    editCopy,
    async (db) => ({ copyId: await aCopy(db, await aTitle(db)), version: 1, shelf: 'Attic' }),
    (db) => count(db, sql`select max(version) - 1 as n from copy`),
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { by } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { editRecord } from './edit-record.ts'
import { editTitle } from './edit-title.ts'
import { exportTitles } from './export.ts'
import { counts, imported, scratchFolder } from './import/test/imported.ts'
import { undoImport } from './import/undo-import.ts'
import { writeIso2709 } from './marc/iso2709.ts'
import { linesOf, recordFromLines } from './marc/record-lines.ts'
import { keptTitle, saysTheSame, wholeRecord } from './whole-record.ts'

const lines = [
  'LDR 00000nam#a2200000#a#4500',
  '001 ocm1',
  '003 OCoLC',
  '008 850515s1813####xx############000#1#eng#d',
  '020 ## $a9780141439518$c{dollar}12.95',
  '100 1# $aAusten, Jane,$d1775-1817.',
  '245 10 $6880-01$aPride and prejudice /$cJane Austen.',
  '880 10 $6245-01//r$aגאווה ודעה קדומה /$cג׳יין אוסטן',
  '955 ## $bkept as it is',
]

function bytes(...records: readonly (readonly string[])[]): Buffer {
  return Buffer.concat(
    records.map((each) => {
      const read = recordFromLines(each.join('\n'))
      assert.ok(read.ok, JSON.stringify(read))
      return writeIso2709(read.record)
    }),
  )
}

async function aTitle(db: Database, file = bytes(lines)) {
  await using folder = await scratchFolder()
  const set = await imported(db, await folder.file('one.mrc', file))
  const [{ id: titleId = 0 } = {}] = await db.rows<{ id: number }>(sql`select max(id) as id from title`)
  return { titleId, set }
}

async function linesNow(db: Database, titleId: number): Promise<string[]> {
  const found = await keptTitle(db, titleId)
  assert.ok(found)
  // Lengths and places in the leader are the writer's.
  return [...linesOf(await wholeRecord(found))].map((line) =>
    line.replace(/^(LDR )\d{5}(.{7})\d{5}/, '$100000$200000'),
  )
}

const renamed = lines.map((line) => line.replace('Pride and prejudice', 'First impressions'))

test('an edited record is kept whole, makes the title anew, and goes out as it was written', async () => {
  await using db = await scratchDatabase()
  const { titleId } = await aTitle(db)
  const wanted = [...renamed.slice(0, 4), '020 ## $a9780141439587', ...renamed.slice(5), '650 #0 $aLove']
  done(await write(db, by(), editRecord, { titleId, version: 1, lines: wanted.join('\n') }))
  assert.deepEqual(await linesNow(db, titleId), wanted)
  const [title] = await db.rows(sql`
    select title, isbns, subjects, control_source, control_number, version from title where id = ${titleId}
  `)
  assert.deepEqual(title, {
    title: 'First impressions',
    isbns: ['9780141439587'],
    subjects: ['Love'],
    control_source: 'OCoLC',
    control_number: 'ocm1',
    version: 2,
  })
  const [words] = await db.rows<{ n: number }>(sql`
    select count(*) as n from vocabulary where word in ('impressions', 'prejudice')
  `)
  assert.equal(words?.n, 1, 'search knows the new words and no old ones')
  const parts: Buffer[] = []
  for await (const part of exportTitles(db, { format: 'iso2709' })) parts.push(Buffer.from(part))
  assert.ok(Buffer.concat(parts).includes('kept as it is'))
  assert.ok(Buffer.concat(parts).includes('גאווה ודעה קדומה'))
})

test('a stale version, another number, lines that are none and a record without a title change nothing', async () => {
  await using db = await scratchDatabase()
  const { titleId } = await aTitle(db)
  const before = await linesNow(db, titleId)
  const told = async (wanted: readonly string[], version = 1) =>
    refusal(await write(db, by(), editRecord, { titleId, version, lines: wanted.join('\n') }))
  assert.deepEqual(await told(renamed, 7), { refused: 'version-stale', version: 1 })
  assert.equal(
    (await told(lines.map((line) => line.replace('ocm1', 'ocm2')))).refused,
    'record-number-changed',
  )
  assert.equal((await told(lines.filter((line) => !line.startsWith('003')))).refused, 'record-number-changed')
  assert.deepEqual(await told([...lines, '65 #0 $aLove']), {
    refused: 'record-lines-unfit',
    problems: [{ line: 10, wrong: 'tag' }],
  })
  assert.equal((await told(lines.filter((line) => !/^245|^880/.test(line)))).refused, 'record-unfit')
  assert.deepEqual(await linesNow(db, titleId), before)
})

test('the file that a record came with says nothing new after an edit, and undoing it leaves the edit and says so', async () => {
  await using db = await scratchDatabase()
  const { titleId, set } = await aTitle(db)
  done(await write(db, by(), editRecord, { titleId, version: 1, lines: renamed.join('\n') }))
  const other = lines.map((line) => line.replace('ocm1', 'ocm9').replace('Pride', 'Sense'))
  const again = await aTitle(db, bytes(other, lines))
  assert.deepEqual(counts(again.set), [2, 1, 0, 1, 0], 'in another file, too')
  const undone = await undoImport({ db }, { changeSetId: set.changeSetId }, by())
  assert.deepEqual('refusedCount' in undone && undone.refused, [{ titleId, because: 'edited-since' }])
  assert.match((await linesNow(db, titleId)).join(), /First impressions/)
})

test('a title that came by table gets a record of its own once it is edited', async () => {
  await using db = await scratchDatabase()
  await using folder = await scratchFolder()
  const file = await folder.file('one.csv', 'title,author\nEmma,"Austen, Jane"\n')
  await imported(db, file)
  const [{ id: titleId = 0 } = {}] = await db.rows<{ id: number }>(sql`select id from title`)
  const wanted = [...(await linesNow(db, titleId)), '500 ## $aSigned.']
  done(await write(db, by(), editRecord, { titleId, version: 1, lines: wanted.join('\r\n') }))
  assert.ok((await linesNow(db, titleId)).includes('500 ## $aSigned.'))
  assert.deepEqual(counts(await imported(db, file)), [1, 0, 0, 1, 0])
})

test('losing the connection at any statement edits a record at most once', async () => {
  await using db = await scratchDatabase()
  let number = 0
  await neverTwice(db, editRecord, async () => {
    number += 1
    const own = (text: string) => text.replace('ocm1', `cut${number}`)
    const { titleId } = await aTitle(db, bytes(lines.map(own)))
    const times = async () => Number((await linesNow(db, titleId)).join().includes('First impressions'))
    return { ask: { titleId, version: 1, lines: renamed.map(own).join('\n') }, times }
  })
})

test('of a title of UNIMARC that was edited by its fields it is said that its record does not say so', async () => {
  await using db = await scratchDatabase()
  const unimarc = ['LDR 00000nam#a2200000###4500', '001 u1', '200 1# $aМастер и Маргарита$fМ. Булгаков']
  const { titleId } = await aTitle(db, bytes(unimarc))
  const isSame = async () => {
    const found = await keptTitle(db, titleId)
    return found && saysTheSame(found)
  }
  assert.equal(await isSame(), true)
  done(await write(db, by(), editTitle, { titleId, version: 1, fields: { title: 'Another' } }))
  assert.equal(await isSame(), false)
})

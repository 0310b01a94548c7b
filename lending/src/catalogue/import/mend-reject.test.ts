import assert from 'node:assert/strict'
import { test } from 'node:test'
import iconv from 'iconv-lite'
import { done, neverTwice, refusal } from '../../../test/every-cut.ts'
import { aSmallLibrary, by, withoutPatterns } from '../../../test/library-fixtures.ts'
import { scratchDatabase } from '../../../test/scratch-database.ts'
import { inEnglish } from '../../language/messages.ts'
import { withWords, worded } from '../../language/worded.ts'
import type { Database } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import { write } from '../../postgres/write.ts'
import { writeIso2709 } from '../marc/iso2709.ts'
import { writeMarcxml } from '../marc/marcxml.ts'
import { recordFromLines } from '../marc/record-lines.ts'
import { changeSet, rejects } from './change-set.ts'
import { type Mended, mendReject, readMended } from './mend-reject.ts'
import { mendingOf, rejectToMend } from './reject-to-mend.ts'
import { rejectsFile } from './rejects-file.ts'
import { added, counts, imported, scratchFolder } from './test/imported.ts'
import { undoImport } from './undo-import.ts'

async function aSet(db: Database, name: string, bytes: string | Buffer): Promise<number> {
  await using folder = await scratchFolder()
  return (await imported(db, await folder.file(name, bytes))).changeSetId
}

/** What mending a record asks for, and the verb that it is asked of. */
async function mending(db: Database, changeSetId: number, recordNumber: number, mended: Mended) {
  const set = await changeSet(db, changeSetId)
  const reject = await rejectToMend(db, changeSetId, recordNumber)
  assert.ok(set && reject)
  const record = await readMended(withoutPatterns(db), set, { reject, mended })
  return { verb: mendReject(record), ask: { changeSetId, recordNumber, record: JSON.stringify(mended) } }
}

async function mend(db: Database, changeSetId: number, recordNumber: number, mended: Mended, who = by()) {
  const { verb, ask } = await mending(db, changeSetId, recordNumber, mended)
  return write(db, who, verb, ask)
}

async function countsOf(db: Database, changeSetId: number): Promise<number[]> {
  const set = await changeSet(db, changeSetId)
  return set ? [...counts(set), set.mended] : []
}

const titles = (db: Database) =>
  db.rows<{ title: string }>(sql`select title from title where deleted_at is null order by title`)

const rows =
  'nr,title,author,barcode,branch,itemtype\n1,Emma,"Austen, Jane",B-1,main,book\n2,,"Ende, Michael",B-2,main,book\n3,Walden,too,few\n'

test('a row is mended in its place, counts among the others, and undoing the import takes it out again', async () => {
  await using db = await scratchDatabase()
  const small = await aSmallLibrary(db)
  await db.rows(sql`update branch set code = 'main' where id = ${small.branchId}`)
  await db.rows(sql`update item_type set code = 'book' where id = ${small.itemTypeId}`)
  const changeSetId = await aSet(db, 'three.csv', rows)
  assert.deepEqual(await countsOf(db, changeSetId), [3, 1, 0, 0, 2, 0])
  const raw = (await rejectToMend(db, changeSetId, 3))?.raw ?? Buffer.of()
  const set = await changeSet(db, changeSetId)
  assert.deepEqual(set && (await mendingOf(set.setup, raw)), {
    as: 'cells',
    cells: ['3', 'Walden', 'too', 'few', '', ''],
    spare: [],
  })

  const momo = ['2', 'Momo, "or"\nthe men in grey', 'Ende, Michael', 'B-2', 'main', 'book']
  const who = by()
  const told = done(await mend(db, changeSetId, 2, momo, who))
  assert.equal(told.fate, 'imported')
  assert.deepEqual(await countsOf(db, changeSetId), [3, 2, 0, 0, 1, 1])
  assert.deepEqual(
    (await rejects(db, changeSetId, { limit: 10 })).map(({ recordNumber }) => recordNumber),
    [3],
  )
  let file = ''
  for await (const part of rejectsFile(db, changeSetId)) file += Buffer.from(part).toString()
  assert.doesNotMatch(file, /Ende/)
  const copies = await db.rows(sql`select from copy where barcode = 'B-2' and title_id = ${told.titleId}`)
  assert.equal(copies.length, 1)

  const undone = await undoImport({ db }, { changeSetId }, by())
  assert.deepEqual('undone' in undone && [undone.undone, undone.state], [2, 'undone'])
  assert.deepEqual((await titles(db)).length, 1, 'the title of the small library')
  const late = await mend(db, changeSetId, 3, ['3', 'Walden', '', '', '', ''])
  assert.equal(refusal(late).refused, 'import-undone')
})

test('a record that still does not fit says why and stays set aside; mended twice it is in once', async () => {
  await using db = await scratchDatabase()
  const changeSetId = await aSet(db, 'three.csv', 'controlNumber,title\n1,Emma\n2,\n3,"x\n')
  const before = await countsOf(db, changeSetId)
  const unfit = async (cells: readonly string[]) => refusal(await mend(db, changeSetId, 2, cells))
  assert.deepEqual(await unfit(['2', '  ']), {
    refused: 'record-unfit',
    because: worded('reject.title-missing'),
  })
  assert.match(
    JSON.stringify(withWords(inEnglish, await unfit(['1', 'Moby Dick']))),
    /Its number 1 is that of another title, \\"Emma/,
  )
  assert.deepEqual(await countsOf(db, changeSetId), before)

  const both = [
    await mending(db, changeSetId, 2, ['2', 'Momo']),
    await mending(db, changeSetId, 2, ['2', 'Momo!']),
  ]
  const told = await Promise.all(both.map(({ verb, ask }) => write(db, by(), verb, ask)))
  assert.deepEqual(told.map(({ outcome }) => outcome).toSorted(), ['done', 'refused'])
  assert.deepEqual(await countsOf(db, changeSetId), [3, 2, 0, 0, 1, 1])
  assert.equal(await rejectToMend(db, changeSetId, 2), undefined)
})

test('while an import runs, its rejects wait', async () => {
  await using db = await scratchDatabase()
  await using folder = await scratchFolder()
  const changeSetId = await added(db, await folder.file('one.csv', 'nr,title\n1,\n'))
  await db.rows(sql`
    insert into reject (change_set_id, record_number, position_bytes, code, reason, raw)
    values (${changeSetId}, 1, 9, 'title-missing', 'It has no title.', '1,')
  `)
  assert.equal(refusal(await mend(db, changeSetId, 1, ['1', 'Emma'])).refused, 'import-running')
})

const whole = recordFromLines(
  'LDR 00000nam#a2200000#a#4500\n001 m1\n245 10 $aMomo /$cMichael Ende.\n955 ## $akept',
)

test('of a broken record of MARC what can be read is given to mend, and the mended one is kept', async () => {
  await using db = await scratchDatabase()
  assert.ok(whole.ok)
  const iso = Buffer.from(writeIso2709(whole.record))
  const broken = Buffer.from(iso)
  // The directory names a field more than there is.
  broken.write('9', 24 + 12 + 3)
  broken[broken.indexOf('955')] = 0x20
  const changeSetId = await aSet(db, 'broken.mrc', Buffer.concat([broken, iso]))
  const set = await changeSet(db, changeSetId)
  const reject = await rejectToMend(db, changeSetId, 1)
  assert.ok(set && reject, JSON.stringify(set))
  const { lines } = { lines: '', ...(await mendingOf(set.setup, reject.raw)) }
  assert.match(lines, /^LDR .{24}\n001 m1\n245 10 \$aMomo \/\$cMichael Ende\.\n\?\?\? /)
  const read = recordFromLines(lines.replace(/\?\?\? .*/, '955 ## $akept').replace('001 m1', '001 m2'))
  assert.ok(read.ok, JSON.stringify(read))
  const told = done(await mend(db, changeSetId, 1, read.record))
  const [kept] = await db.rows<{ raw: Buffer }>(sql`
    select raw from title_record where title_id = ${told.titleId}
  `)
  assert.ok(kept?.raw.includes('kept'))
})

test('a record is given to mend in the encoding that its import was told', async () => {
  assert.ok(whole.ok)
  // Four letters in as many bytes: what the record says of its lengths stays true.
  const koi8 = (bytes: string | Uint8Array) =>
    iconv.encode(Buffer.from(bytes).toString().replace('Momo', 'Момо'), 'koi8-r')
  const setup = { encoding: 'KOI8-R', source: '', digestSource: '' } as const
  const iso = koi8(writeIso2709(whole.record))
  const cut = iso.subarray(0, iso.indexOf('Ende'))
  const xml = koi8(writeMarcxml(whole.record))
  const torn = xml.subarray(0, xml.indexOf('Ende'))
  for (const [format, raw] of [
    ['marc', iso],
    ['marc', cut],
    ['marcxml', xml],
    ['marcxml', torn],
  ] as const)
    assert.match(JSON.stringify(await mendingOf({ ...setup, format }, raw)), /\$aМомо /, format)
})

test('a record that a form would not carry whole is not given to mend', async () => {
  const setup = { format: 'marc', source: '', digestSource: '' } as const
  assert.deepEqual(await mendingOf(setup, Buffer.alloc(300_000, 'x')), { as: 'too-long' })
})

test('of MARCXML that is none what can be read is given to mend', async () => {
  await using db = await scratchDatabase()
  const xml = `<collection><record><leader>00000nam a2200000 a 4500</leader><controlfield tag="001">x&lt;1</controlfield>
    <datafield tag="245" ind1="1" ind2="0"><subfield code="a">Momo & co</subfield></datafield></record></collection>`
  const changeSetId = await aSet(db, 'broken.xml', xml)
  const set = await changeSet(db, changeSetId)
  const reject = await rejectToMend(db, changeSetId, 1)
  assert.ok(set && reject)
  const { lines } = { lines: '', ...(await mendingOf(set.setup, reject.raw)) }
  assert.deepEqual(lines.split('\n').slice(1), ['001 x<1', '245 10 $aMomo & co'])
  const read = recordFromLines(lines)
  assert.ok(read.ok)
  assert.equal(done(await mend(db, changeSetId, 1, read.record)).fate, 'imported')
})

test('losing the connection at any statement takes a mended record in at most once', async () => {
  await using db = await scratchDatabase()
  const changeSetId = await aSet(
    db,
    'many.csv',
    `nr,title\n${Array.from({ length: 99 }, (_, n) => `${n},\n`).join('')}`,
  )
  const record = (number: number) => [String(number), `Mended ${number}`]
  const { verb: first } = await mending(db, changeSetId, 1, record(1))
  let number = 0
  // The verb is made of the record: each trial has its own.
  const verb: typeof first = {
    ...first,
    work: async (tx, ask, who) => {
      const made = await mending(db, changeSetId, ask.recordNumber, record(ask.recordNumber)).catch(
        () => undefined,
      )
      return made ? made.verb.work(tx, ask, who) : { refused: 'reject-unknown' }
    },
  }
  await neverTwice(db, verb, async () => {
    number += 1
    const title = `Mended ${number}`
    const times = async () => (await db.rows(sql`select from title where title = ${title}`)).length
    return { ask: { changeSetId, recordNumber: number, record: JSON.stringify(record(number)) }, times }
  })
  const set = await changeSet(db, changeSetId)
  assert.equal(set?.read, (set?.imported ?? 0) + (set?.rejected ?? 0))
  assert.equal(set?.mended, number)
})

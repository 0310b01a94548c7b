import assert from 'node:assert/strict'
import { createReadStream, existsSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { type ExportFormat, exportTitles } from './export.ts'
import { imported, scratchFolder } from './import/test/imported.ts'
import { formatOf } from './marc/format-of.ts'
import { readIso2709, writeIso2709 } from './marc/iso2709.ts'
import { readMarcxml } from './marc/marcxml.ts'
import type { MarcRecord, ReadRecord } from './marc/record.ts'
import { titleOf } from './marc/title-of.ts'
import { emptyTitle, type TitleFields } from './title-fields.ts'

type Kept = { format: 'marc21' | 'unimarc' | 'marcxml' | 'csv'; encoding: string; raw: Uint8Array }

async function addTitle(db: ScratchDatabase, title: Partial<TitleFields>, kept?: Kept): Promise<number> {
  const row = { ...emptyTitle, title: 'Untitled', ...title }
  const [added] = await db.rows<{ id: number }>(sql`
    insert into title (
      control_source, control_number, title, subtitle, authors, publisher, published_year, language, material, isbns,
      subjects, series, summary, created_at
    )
    values (
      ${row.controlSource}, ${row.controlNumber}, ${row.title}, ${row.subtitle}, ${row.authors}, ${row.publisher},
      ${row.publishedYear}, ${row.language}, ${row.material}, ${row.isbns}, ${row.subjects}, ${row.series},
      ${row.summary}, '2026-01-02T00:00:00Z'
    )
    returning id
  `)
  assert.ok(added)
  if (kept) {
    await db.rows(sql`
      insert into title_record (title_id, format, encoding, raw, raw_sha256)
      values (${added.id}, ${kept.format}, ${kept.encoding}, ${kept.raw}, '')
    `)
  }
  return added.id
}

async function exported(db: ScratchDatabase, format: ExportFormat, copies = false): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of exportTitles(db, { format, copies })) parts.push(part)
  return Buffer.concat(parts)
}

async function* once(bytes: Uint8Array) {
  yield bytes
}

async function all(records: AsyncIterable<ReadRecord>): Promise<MarcRecord[]> {
  const found: MarcRecord[] = []
  for await (const record of records) {
    assert.ok(record.ok, JSON.stringify(record))
    found.push(record.record)
  }
  return found
}

const set = (file: string) => new URL(`../../../../shared/data/marc/${file}`, import.meta.url)
const skip = existsSync(set('')) ? false : 'The MARC sets of ../shared/data are not here.'

test('a title that came as MARC goes out with every field it came with, in UTF-8', { skip }, async () => {
  await using db = await scratchDatabase()
  const sets = [
    ['evergreen_hebrew.marc', undefined],
    ['evergreen_FSL.marc', undefined],
    ['idzebra_simple-rusmarc', 'koi8-r'],
    ['marc4j_pride-and-prejudice-with-many-errors.mrc', undefined],
  ] as const
  const came: MarcRecord[] = []
  for (const [file, encoding] of sets) {
    for await (const found of readIso2709(createReadStream(set(file)), encoding ? { encoding } : {})) {
      if (!found.ok) continue
      const format = formatOf(found.record)
      await addTitle(
        db,
        { title: `Title ${came.length}` },
        { format, encoding: found.encoding, raw: found.raw },
      )
      came.push(found.record)
    }
  }
  assert.ok(came.length > 500)
  const iso = await exported(db, 'iso2709')
  const records = await all(readIso2709(once(iso)))
  assert.deepEqual(
    records.map(({ fields }) => fields),
    came.map(({ fields }) => fields),
  )
  assert.ok(records.every(({ leader }) => leader[9] === 'a'))
  const xml = await all(readMarcxml(once(await exported(db, 'marcxml'))))
  assert.deepEqual(
    xml.map(({ fields }) => fields),
    came.map(({ fields }) => fields),
  )
})

const charlotte: TitleFields = {
  controlSource: 'goodbooks',
  controlNumber: '42',
  title: "Charlotte's Web",
  subtitle: 'a story',
  authors: ['White, E. B.', 'Williams, Garth'],
  publisher: 'Harper',
  publishedYear: 1952,
  language: 'eng',
  material: 'book',
  isbns: ['9780064400558'],
  subjects: ['Spiders', 'Pigs'],
  series: ['Classics ; 3'],
  summary: 'A pig is saved.',
  otherTitles: [],
}

test('a title that came as CSV goes out as a minimal record in which every field is found again', async () => {
  await using db = await scratchDatabase()
  await addTitle(db, charlotte, { format: 'csv', encoding: 'utf-8', raw: Buffer.from('42,...') })
  const id = await addTitle(db, { title: '変身', material: 'music', publishedYear: -700 })
  for (const format of ['iso2709', 'marcxml'] as const) {
    const bytes = await exported(db, format)
    const records = await all(format === 'iso2709' ? readIso2709(once(bytes)) : readMarcxml(once(bytes)))
    const [one, two] = records.map((record) => titleOf(record, formatOf(record)))
    assert.deepEqual(one, charlotte)
    assert.deepEqual(two, {
      ...emptyTitle,
      controlSource: 'bibby',
      controlNumber: String(id),
      title: '変身',
      material: 'music',
    })
  }
})

test('what was edited since goes out as it is now, and all else as it came', async () => {
  await using db = await scratchDatabase()
  const statement = { tag: '245', indicators: '00', subfields: [{ code: 'a', value: 'Old' }] }
  const note = { tag: '500', indicators: '  ', subfields: [{ code: 'a', value: 'A note.' }] }
  const raw = writeIso2709({
    leader: '00000nam a2200000 i 4500',
    fields: [{ tag: '001', value: '1' }, statement, note],
  })
  const kept = { format: 'marc21', encoding: 'utf-8', raw } as const
  const id = await addTitle(db, { controlNumber: '1', title: 'Old' }, kept)
  await db.rows(sql`update title set title = 'New', version = 2 where id = ${id}`)
  const [record] = await all(readIso2709(once(await exported(db, 'iso2709'))))
  assert.deepEqual(record?.fields, [
    { tag: '001', value: '1' },
    { ...statement, subfields: [{ code: 'a', value: 'New' }] },
    note,
  ])
})

test('deleted titles are left out, and every other goes out once, past the end of a page', async () => {
  await using db = await scratchDatabase()
  await db.rows(sql`
    insert into title (title, deleted_at)
    select 'Title ' || n, case when n % 5 = 0 then now() end from generate_series(1, 1000) n
  `)
  const rows: string[][] = parse((await exported(db, 'csv')).subarray(3))
  assert.equal(rows.length, 1 + 800)
  assert.equal(new Set(rows.map(([id]) => id)).size, 801)
  assert.equal((await all(readIso2709(once(await exported(db, 'iso2709'))))).length, 800)
})

test('no text of a CSV runs as a formula in a spreadsheet', async () => {
  await using db = await scratchDatabase()
  await addTitle(db, {
    title: '=HYPERLINK("http://x")',
    authors: ['@me', 'you'],
    publisher: '-1',
    summary: '+1',
    publishedYear: -5,
  })
  await addTitle(db, charlotte)
  const bytes = await exported(db, 'csv')
  assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf])
  const [head, one, two] = parse(bytes.subarray(3)) as string[][]
  const at = (row: string[] | undefined, column: string) => row?.[head?.indexOf(column) ?? -1]
  assert.equal(at(one, 'title'), '\'=HYPERLINK("http://x")')
  assert.equal(at(one, 'authors'), "'@me | you")
  assert.equal(at(one, 'publisher'), "'-1")
  assert.equal(at(one, 'summary'), "'+1")
  assert.equal(at(one, 'published_year'), '-5')
  assert.equal(at(two, 'title'), "Charlotte's Web")
  assert.equal(at(two, 'authors'), 'White, E. B. | Williams, Garth')
})

test('an empty catalogue goes out as an empty file of its kind', async () => {
  await using db = await scratchDatabase()
  assert.equal((await exported(db, 'iso2709')).length, 0)
  assert.match((await exported(db, 'marcxml')).toString(), /^<\?xml.*<collection [^>]*>\n<\/collection>\n$/s)
  assert.match((await exported(db, 'csv')).toString(), /^\ufeffid,[a-z_,]+\n$/)
})

const odd: readonly Partial<TitleFields>[] = [
  charlotte,
  {
    title: '=SUM(A1)',
    subtitle: "'-apostrophes",
    authors: ['@home', 'a | b', 'c\\d', 'García Márquez, Gabriel José'],
  },
  {
    title: "''+two",
    series: ['Works ; 3', '\\'],
    subjects: ['A; B', '|'],
    publishedYear: -700,
    language: 'ger',
  },
  { title: 'Numbered by nobody', summary: 'Two\nlines, "quoted".', material: 'score' },
  { title: 'Numbered by nobody' },
  { title: 'No source', controlNumber: '7', publisher: '\uFF1DA' },
  {
    title: '変身 $b the second part',
    controlSource: 'b',
    controlNumber: 'x',
    isbns: ['9780064400558', '9791090636071'],
  },
]

test('a catalogue taken out as CSV with its copies and brought into an empty Bibby is the same, title by title and copy by copy', async () => {
  await using db = await scratchDatabase()
  await places(db)
  for (const [index, fields] of odd.entries()) {
    const titleId = await addTitle(db, fields)
    // The first title has 1,200 copies, more than a batch of an import; the last has none.
    const copies = index === 0 ? 1_200 : index === odd.length - 1 ? 0 : 2
    await addCopies(db, titleId, copies)
  }
  await db.rows(sql`
    update copy set lendable = false, price_cents = 1250, note = E'=note\\nof two lines', call_number = '-1', shelf = '@x',
      withdrawn_at = '2026-01-03T04:05:06.789Z', withdrawn_because = 'lost | found'
    where id % 3 = 0
  `)
  const file = await exported(db, 'csv', true)
  await using other = await scratchDatabase()
  await places(other)
  await using folder = await scratchFolder()
  const set = await imported(other, await folder.file('catalogue.csv', file))
  assert.deepEqual([set.rejected, set.warnings], [0, {}])
  const [was, is] = [await content(db), await content(other)]
  assert.equal(was.copies.length, 1_200 + 2 * (odd.length - 2))
  assert.deepEqual(is, was)
  // And again from there, for what an import makes of it must not drift.
  assert.deepEqual((await exported(other, 'csv', true)).length, file.length)
})

test('MARC with copies has a field 952 for each, and every field that the record came with', async () => {
  await using db = await scratchDatabase()
  await places(db)
  const item = (code: string, value: string) => ({
    tag: '952',
    indicators: '  ',
    subfields: [{ code, value }],
  })
  const came = [
    { tag: '001', value: '1' },
    { tag: '245', indicators: '00', subfields: [{ code: 'a', value: 'Momo' }] },
    item('p', 'of another system'),
    item('p', '1-1'),
    item('z', 'no item at all'),
  ]
  const raw = writeIso2709({ leader: '00000nam a2200000 i 4500', fields: came })
  const id = await addTitle(db, { title: 'Momo' }, { format: 'marc21', encoding: 'utf-8', raw })
  const bare = await addTitle(db, { title: 'No copies' })
  await db.rows(sql`
    insert into copy (
      title_id, barcode, branch_id, item_type_id, shelf, call_number, lendable, note, price_cents, withdrawn_at, withdrawn_because
    )
    select ${id}, barcode, branch.id, item_type.id, 'S', 'C', barcode = '1-1', note, 1250, at, because
    from (values ('1-1', '', null::timestamptz, null), ('1-2', 'Torn.', now(), 'lost')) as v (barcode, note, at, because), branch, item_type
  `)
  for (const format of ['iso2709', 'marcxml'] as const) {
    const bytes = await exported(db, format, true)
    const records = await all(format === 'iso2709' ? readIso2709(once(bytes)) : readMarcxml(once(bytes)))
    const [momo, none] = records.map(({ fields }) => fields)
    assert.deepEqual(momo, [
      ...came.filter((field) => !('subfields' in field && field.subfields[0]?.value === '1-1')),
      koha({ 0: '0', 7: '0', a: 'main', b: 'main', c: 'S', o: 'C', p: '1-1', v: '12.50', y: 'book' }),
      koha({
        0: '1',
        7: '1',
        a: 'main',
        b: 'main',
        c: 'S',
        o: 'C',
        p: '1-2',
        v: '12.50',
        x: 'Torn. — lost',
        y: 'book',
      }),
    ])
    assert.ok(none?.some((field) => 'value' in field && field.value === String(bare)))
    assert.ok(!none?.some(({ tag }) => tag === '952'))
    // Without being asked for copies, what came goes out as it came.
    const plain = await exported(db, format)
    const [same] = await all(format === 'iso2709' ? readIso2709(once(plain)) : readMarcxml(once(plain)))
    assert.deepEqual(same?.fields, came)
  }
})

function koha(values: Readonly<Record<string, string>>) {
  return {
    tag: '952',
    indicators: '  ',
    subfields: Object.entries(values).map(([code, value]) => ({ code, value })),
  }
}

async function places(db: ScratchDatabase): Promise<void> {
  await db.rows(sql`insert into branch (code, name, time_zone) values ('main', 'Main', 'UTC')`)
  await db.rows(sql`insert into item_type (code, name) values ('book', 'Book')`)
}

async function addCopies(db: ScratchDatabase, titleId: number, count: number): Promise<void> {
  await db.rows(sql`
    insert into copy (title_id, barcode, branch_id, item_type_id)
    select ${titleId}, ${titleId}::text || '-' || n, branch.id, item_type.id
    from generate_series(1, ${count}::integer) n, branch, item_type
  `)
}

/** All that an export is to keep, whatever identities it has; who numbered nobody's titles is the export's to say. */
async function content(db: ScratchDatabase): Promise<{ titles: unknown[]; copies: unknown[] }> {
  const titles = await db.rows(sql`
    select coalesce(nullif(control_number, ''), id::text) as number,
      case when control_number is null then 'bibby' else control_source end as source, title, subtitle, authors,
      publisher, published_year, language, material, isbns, subjects, series, summary
    from title
    order by source, number
  `)
  const copies = await db.rows(sql`
    select coalesce(title.control_number, title.id::text) as number, copy.barcode, branch.code as branch,
      item_type.code as item_type, copy.shelf, copy.call_number, copy.lendable, copy.price_cents, copy.note, copy.withdrawn_at,
      copy.withdrawn_because
    from copy
    join title on title.id = copy.title_id
    join branch on branch.id = copy.branch_id
    join item_type on item_type.id = copy.item_type_id
    order by copy.barcode
  `)
  return { titles, copies }
}

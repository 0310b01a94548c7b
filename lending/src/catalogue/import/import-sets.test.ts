// The sets in ../shared/data: every record is accounted for. Skipped where they are absent.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { scratchDatabase } from '../../../test/scratch-database.ts'
import { sql } from '../../postgres/sql.ts'
import type { CsvMapping } from './csv-mapping.ts'
import { counts, imported, scratchFolder } from './test/imported.ts'

const folder = fileURLToPath(new URL('../../../../../shared/data/', import.meta.url))
const skip = existsSync(folder) ? false : 'no ../shared/data beside the project'

test('all of goodbooks goes in, its spoiled ISBNs mended where they can be', { skip }, async () => {
  await using db = await scratchDatabase()
  const fileName = 'goodbooks10k_books.csv.gz'
  const file = { filePath: `${folder}csv/${fileName}`, fileName, format: 'csv' as const }
  const first = await imported(db, file)
  assert.deepEqual(counts(first), [10_000, 10_000, 0, 0, 0])
  // Of 6,601 that lost zeros, 14 have a wrong check digit besides.
  assert.deepEqual(first.warnings, {
    'isbn-zeros-restored': 6_587,
    'isbn-in-scientific-notation': 9_410,
    'isbn-invalid': 27,
  })
  const [hunger] = await db.rows(
    sql`select title, isbns, published_year from title where control_number = '1'`,
  )
  assert.deepEqual(hunger, { title: 'The Hunger Games', isbns: ['9780439023481'], published_year: 2008 })
  const [{ n: beforeChrist = 0 } = {}] = await db.rows<{ n: number }>(
    sql`select count(*) as n from title where published_year < 0`,
  )
  assert.equal(beforeChrist, 31)
  assert.deepEqual(counts(await imported(db, file)), [10_000, 0, 0, 10_000, 0])
})

/** The first rows of a packed CSV file, cut at a line that ends a row. */
async function slice(path: string, rows: number): Promise<Buffer> {
  const lines = gunzipSync(await readFile(path))
    .toString('utf8')
    .split('\n')
  return Buffer.from(`${lines.slice(0, rows).join('\n')}\n`)
}

test('Gutenberg: titles over several lines, an author a row, one book a number', { skip }, async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('gutenberg.csv', await slice(`${folder}csv/gutenberg_metadata.csv.gz`, 3_005))
  const first = await imported(db, file)
  assert.equal(first.read, first.imported + first.updated + first.unchanged + first.rejected)
  assert.ok(first.updated > 50 && first.rejected === 0)
  const [mormon] = await db.rows(sql`select title, subtitle, authors from title where control_number = '17'`)
  assert.deepEqual(mormon, {
    title: 'The Book of Mormon',
    subtitle: 'an account written by the hand of Mormon, upon plates taken from the plates of Nephi',
    authors: ['Church of Jesus Christ of Latter-day Saints', 'Smith, Joseph, Jr.'],
  })
  assert.deepEqual(counts(await imported(db, file)), [first.read, 0, 0, first.read, 0])
})

test('the copyright entries: rows without a number are known by what they say', { skip }, async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const bytes = await slice(`${folder}csv/cce_books_classA_unique.tsv.gz`, 5_001)
  const mapping: CsvMapping = { title: 'title', authors: 'author', year: 'odat' }
  const file = { ...(await files.file('cce.tsv', bytes)), mapping }
  assert.deepEqual(counts(await imported(db, file)), [5_000, 5_000, 0, 0, 0])
  assert.deepEqual(counts(await imported(db, file)), [5_000, 0, 0, 5_000, 0])
  const [row] = await db.rows(
    sql`select authors, published_year from title where title = 'THE AFFAIR AT FLOWER ACRES'`,
  )
  assert.deepEqual(row, { authors: ['Carolyn Wells.'], published_year: 1923 })
})

/** File, encoding to name, then read, imported, updated, unchanged, rejected. */
const marcSets: readonly (readonly [string, string | undefined, readonly number[]])[] = [
  ['catmandu_bu_bibs.mrc', undefined, [100, 92, 0, 0, 8]],
  ['evergreen_FSL.marc', undefined, [52, 52, 0, 0, 0]],
  ['evergreen_hebrew.marc', undefined, [20, 20, 0, 0, 0]],
  ['evergreen_jazz_1k.mrc', undefined, [1_000, 1_000, 0, 0, 0]],
  ['evergreen_lul_fre_500.mrc', undefined, [500, 500, 0, 0, 0]],
  ['evergreen_nepali.marc', undefined, [96, 96, 0, 0, 0]],
  ['idzebra_simple-rusmarc', 'koi8-r', [72, 72, 0, 0, 0]],
  ['marc4j_pride-and-prejudice-with-many-errors.mrc', undefined, [383, 357, 0, 20, 6]],
  ['pymarc_1251.dat', 'windows-1251', [6, 6, 0, 0, 0]],
  ['solrmarc_uva_001_2000.mrc', undefined, [2_000, 2_000, 0, 0, 0]],
]

test('every MARC record of every set is accounted for, and all of them again are nothing new', {
  skip,
}, async () => {
  await using db = await scratchDatabase()
  for (const [fileName, encoding, expected] of marcSets) {
    const filePath = `${folder}marc/${fileName}`
    const file = { filePath, fileName, format: 'marc' as const, ...(encoding ? { encoding } : {}) }
    assert.deepEqual(counts(await imported(db, file)), expected, fileName)
    const [read = 0, fresh = 0, , same = 0, rejected = 0] = expected
    assert.deepEqual(
      counts(await imported(db, file)),
      [read, 0, 0, fresh + same, rejected],
      `${fileName} again`,
    )
  }
  const [kept] = await db.rows<{ n: number }>(sql`
    select count(*) as n from title_record where raw_sha256 = sha256(raw)
  `)
  assert.equal(kept?.n, 4_195, 'each record is kept as it came')
  const [away] = await db.rows<{ n: number }>(
    sql`select count(*) as n from reject where reason <> '' and raw <> ''`,
  )
  assert.equal(away?.n, 28, 'each reject has its bytes and a reason')
})

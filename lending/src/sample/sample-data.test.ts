import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isbn13 } from '../catalogue/isbn.ts'
import { materials } from '../catalogue/title-fields.ts'
import { cardLook, luhnDigit } from '../patrons/card.ts'
import { pastMonths } from './past-months.ts'
import { sampleCopies, samplePatrons, sampleTitles } from './sample-data.ts'
import { sampleSetup } from './setup.ts'

const titles = sampleTitles()
const copies = titles.flatMap((title, index) => sampleCopies(title, index))

test('the sample has over 300 titles, in more than a dozen scripts', () => {
  assert.ok(titles.length >= 300, String(titles.length))
  const scripts = {
    Latin: /\p{Script=Latin}/u,
    Cyrillic: /\p{Script=Cyrillic}/u,
    Greek: /\p{Script=Greek}/u,
    Armenian: /\p{Script=Armenian}/u,
    Georgian: /\p{Script=Georgian}/u,
    Arabic: /\p{Script=Arabic}/u,
    Hebrew: /\p{Script=Hebrew}/u,
    Devanagari: /\p{Script=Devanagari}/u,
    Bengali: /\p{Script=Bengali}/u,
    Tamil: /\p{Script=Tamil}/u,
    Thai: /\p{Script=Thai}/u,
    Ethiopic: /\p{Script=Ethiopic}/u,
    Han: /\p{Script=Han}/u,
    Hiragana: /\p{Script=Hiragana}/u,
    Katakana: /\p{Script=Katakana}/u,
    Hangul: /\p{Script=Hangul}/u,
  }
  for (const [name, script] of Object.entries(scripts))
    assert.ok(
      titles.some(({ fields }) => script.test(fields.title)),
      name,
    )
})

test('every title is whole: text in NFC, a language, a kind, a true ISBN or none, and none twice', () => {
  const kinds = sampleSetup.itemTypes.map(({ code }) => code)
  const lines = readFileSync(new URL('titles.tsv', import.meta.url), 'utf8')
    .replace(/\n$/, '')
    .split('\n')
  for (const [index, { kind, fields }] of titles.entries()) {
    const cells = (lines[index + 1] ?? '').split('\t')
    assert.equal(cells.length, 8, fields.title)
    assert.deepEqual(
      cells,
      cells.map((cell) => cell.normalize('NFC').trim()),
      fields.title,
    )
    assert.ok(
      fields.title !== '' && kinds.includes(kind) && materials.includes(fields.material ?? 'kit'),
      fields.title,
    )
    assert.match(fields.language ?? '', /^[a-z]{3}$/)
    const year = fields.publishedYear
    assert.ok(
      year === null || (Number.isInteger(year) && (year ?? 0) >= -800 && (year ?? 0) < 2025),
      fields.title,
    )
    const isbn = cells[7] ?? ''
    assert.deepEqual(fields.isbns, isbn === '' ? [] : [isbn13(isbn)], fields.title)
    assert.ok(!fields.isbns?.includes(undefined as unknown as string))
  }
  assert.equal(
    new Set(titles.map(({ kind, fields }) => [kind, fields.title, fields.authors].join())).size,
    titles.length,
  )
})

test('about 500 copies stand at two branches, each with a barcode of its own that betrays a misread', () => {
  assert.ok(copies.length >= 480 && copies.length <= 600, String(copies.length))
  assert.deepEqual([...new Set(copies.map(({ branch }) => branch))].toSorted(), ['harbour', 'main'])
  assert.equal(new Set(copies.map(({ barcode }) => barcode)).size, copies.length)
  for (const { barcode } of copies) {
    assert.match(barcode, /^39\d{12}$/)
    assert.equal(luhnDigit(barcode.slice(0, -1)), barcode.slice(-1))
  }
})

test('25 patrons in three categories have cards of ours', () => {
  const patrons = samplePatrons()
  assert.equal(patrons.length, 25)
  assert.equal(new Set(patrons.map(({ category }) => category)).size, 3)
  for (const { card, givenName, familyName, email } of patrons) {
    assert.equal(cardLook(card), 'ours')
    assert.ok(givenName && familyName)
    assert.match(email, /^(?:|[a-z.]+@example\.org)$/)
  }
})

test('what happened in the past months concerns titles and patrons that are there, the oldest first', () => {
  const names = titles.map(({ kind, fields }) => (kind === 'dvd' ? `${fields.title} (film)` : fields.title))
  for (const { title, patron } of pastMonths) {
    assert.equal(names.filter((name) => name === title).length, 1, title)
    assert.ok(patron >= 1 && patron <= 25)
  }
  const days = pastMonths.map(({ daysAgo }) => daysAgo)
  assert.deepEqual(
    days,
    days.toSorted((one, other) => other - one),
  )
})

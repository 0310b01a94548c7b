import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { TitleFields } from '../title-fields.ts'
import { formatOf } from './format-of.ts'
import type { Field, MarcRecord } from './record.ts'
import { recordOfTitle } from './record-of-title.ts'
import { titleOf } from './title-of.ts'
import { withoutIsbd } from './title-text.ts'

/** `245 10 $aTitle /$cName`, or `001 42`. */
function field(text: string): Field {
  const tag = text.slice(0, 3)
  if (tag.startsWith('00')) return { tag, value: text.slice(4) }
  const subfields = text.slice(7).split('$').filter(Boolean)
  return {
    tag,
    indicators: text.slice(4, 6),
    subfields: subfields.map((part) => ({ code: part.slice(0, 1), value: part.slice(1) })),
  }
}
const record = (lines: readonly string[], type = 'am'): MarcRecord => ({
  leader: `00000n${type} a2200000 i 4500`,
  fields: lines.map(field),
})
function title(lines: readonly string[], type?: string): TitleFields {
  const made = record(lines, type)
  const fields = titleOf(made, formatOf(made))
  assert.ok(!('refused' in fields))
  return fields
}

test('a MARC 21 record gives its title without the punctuation that leads to what follows', () => {
  assert.deepEqual(
    title([
      '001  ocm00012345 ',
      '003 OCoLC',
      '008 850101s1984    nyu           000 1 eng d',
      '020    $a0-13-110362-8 (pbk.) :$c$12.50',
      '020    $a1234567890',
      '020    $z9780131103627',
      '041 1  $aeng$hrus',
      '100 1  $aTolstoy, Leo,$cgraf,$d1828-1910.',
      '245 10 $aWar and peace.$nVol. 2,$pBattles :$ba novel /$cLeo Tolstoy.',
      '264  4 $c©1980',
      '264  1 $aNew York :$bKnopf,$c1984.',
      '490 1  $aClassics ;$v12',
      '520    $aLong.$bVery long.',
      '650  0 $aNapoleonic Wars, 1800-1815$vFiction.',
      '651  0 $aRussia$xHistory$y1801-1825.',
      '700 1  $aMaude, Aylmer,$etranslator.',
      '700 1  $iBased on:$aMérimée, Prosper.$tCarmen.',
      '710 2  $aKnopf Inc.$bEditors.',
    ]),
    {
      controlSource: 'OCoLC',
      controlNumber: 'ocm00012345',
      title: 'War and peace. Vol. 2. Battles',
      subtitle: 'a novel',
      authors: ['Tolstoy, Leo, graf', 'Maude, Aylmer', 'Knopf Inc. Editors'],
      publisher: 'Knopf',
      publishedYear: 1984,
      language: 'eng',
      material: 'book',
      isbns: ['9780131103627'],
      subjects: ['Napoleonic Wars, 1800-1815 -- Fiction', 'Russia -- History -- 1801-1825'],
      series: ['Classics ; 12'],
      summary: 'Long. Very long.',
      otherTitles: [],
    },
  )
})

test('a UNIMARC record gives the same from its own tags, and keeps its full stops', () => {
  assert.deepEqual(
    title([
      '001 RU\\NLR\\1',
      '010    $a5-7390-0346-6$bобл.',
      '100    $a19980708d1997    u||y0rusy0102    ca',
      '101 0  $arus',
      '200 1  $aУездное$aМы$eРоман.$eУчеб.$fЕ. Замятин',
      '210    $aМ.$cАСТ и др.$d1996',
      '225 1  $aШк. классики$v2',
      '330    $aО книге.',
      '517 1  $aДругое',
      '606    $aЛитература$xИстория',
      '610 0  $aроманы$aXX век',
      '700  1 $aЗамятин$bЕ. И.$gЕвгений Иванович$f1884-1937',
      '702  1 $aКотова$bЮ.',
      '801  0 $aRU$bNLR',
    ]),
    {
      controlSource: 'NLR',
      controlNumber: 'RU\\NLR\\1',
      title: 'Уездное. Мы',
      subtitle: 'Роман. : Учеб.',
      authors: ['Замятин, Евгений Иванович', 'Котова, Ю.'],
      publisher: 'АСТ и др.',
      publishedYear: 1997,
      language: 'rus',
      material: 'book',
      isbns: ['9785739003461'],
      subjects: ['Литература -- История', 'романы', 'XX век'],
      series: ['Шк. классики ; 2'],
      summary: 'О книге.',
      otherTitles: ['Другое'],
    },
  )
})

test('UNIMARC is told from MARC 21 by where the title stands', () => {
  assert.equal(formatOf(record(['200 1  $aМы'])), 'unimarc')
  assert.equal(formatOf(record(['245 10 $aWe'])), 'marc21')
  assert.equal(formatOf(record(['100    $a19980708d1997    u||y0rusy0102    ca'])), 'unimarc')
  assert.equal(formatOf(record(['008 x', '100 1  $aSomeone'])), 'marc21')
  assert.equal(formatOf(record([])), 'marc21')
})

test('a title and a name in another script are kept for search', () => {
  const fields = title([
    '100 1  $6880-01$aZeṿin, Shelomoh',
    '245 10 $6880-02$aLa-Torah /$cZeṿin.',
    '246 3  $aTorah',
    '880 10 $6245-02/(2/r$aלתורה :$bרסיסי',
    '880 1  $6100-01/(2/r$aזוין, שלמה',
    '880    $6500-03$aNot a title',
  ])
  assert.deepEqual(fields.authors, ['Zeṿin, Shelomoh', 'זוין, שלמה'])
  assert.deepEqual([fields.title, fields.otherTitles], ['La-Torah', ['לתורה : רסיסי', 'Torah']])
})

test('a record without a title is refused, whichever its format', () => {
  for (const lines of [['001 1'], ['245 10 $cNobody'], ['245 10 $a / '], ['200 1  $a ']]) {
    const made = record(lines)
    const refused = titleOf(made, formatOf(made))
    assert.ok('refused' in refused && refused.refused === 'title-missing', lines[0])
  }
  assert.equal(title(['245 10 $6880-01', '880 10 $6245-01$a変身']).title, '変身')
})

test('the year is the coded one where there is one, else the written one', () => {
  const dated = (coded: string, written: string) =>
    title([`008 850101s${coded}    nyu           000 1 eng d`, '245 00 $aT', `260    $c${written}`])
      .publishedYear
  assert.equal(dated('1984', '1999'), 1984)
  assert.equal(dated('19uu', 'c1961.'), 1961)
  assert.equal(dated('9999', '[1988 or 1989]'), 1988)
  assert.equal(dated('    ', 'n.d. 12345'), null)
})

test('the material is what the leader says', () => {
  const of = (type: string) => title(['245 00 $aT'], type).material
  assert.deepEqual(
    ['am', 'as', 'cm', 'em', 'gm', 'im', 'jm', 'km', 'mm', 'om', 'pm', 'rm', 'tm', '??'].map(of),
    [
      'book',
      'serial',
      'score',
      'map',
      'video',
      'audio',
      'music',
      'picture',
      'software',
      'kit',
      'mixed',
      'object',
      'manuscript',
      'book',
    ],
  )
})

test('a full stop that ends an area goes, one that belongs to the word stays', () => {
  const ends = {
    'The art of war.': 'The art of war',
    'Tolkien, J. R. R.': 'Tolkien, J. R. R.',
    'King, Martin Luther, Jr.': 'King, Martin Luther, Jr.',
    'and so on ...': 'and so on ...',
    'Félice, Philippe de.': 'Félice, Philippe de',
    'Knopf Inc.': 'Knopf Inc.',
    'Title = ': 'Title',
    'A / ': 'A',
    'Really?': 'Really?',
  }
  for (const [text, bare] of Object.entries(ends)) assert.equal(withoutIsbd(text), bare)
})

test('text is one line in NFC without control characters', () => {
  const fields = title(['245 14 $a\x98The \x9ccafe\u0301\n\tat  night\0 /'])
  assert.equal(fields.title, 'The café at night')
})

test('any record gives a title or a refusal, of bounded size and without control characters', () => {
  const tags = [
    '001',
    '008',
    '020',
    '041',
    '100',
    '101',
    '200',
    '210',
    '245',
    '264',
    '490',
    '520',
    '606',
    '650',
    '700',
    '880',
  ]
  const value = fc.string({ unit: 'binary', maxLength: 20 })
  const subfields = fc.array(fc.record({ code: fc.constantFrom(...'abcdefghijknpv6'), value }), {
    maxLength: 6,
  })
  const any = fc.array(
    fc.record({ tag: fc.constantFrom(...tags), indicators: fc.constant('  '), subfields, value }),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(any, (made) => {
      const fields = made.map(
        ({ tag, indicators, subfields, value }): Field =>
          tag.startsWith('00') ? { tag, value } : { tag, indicators, subfields },
      )
      for (const format of ['marc21', 'unimarc'] as const) {
        const found = titleOf({ leader: '00000nam a2200000 i 4500', fields }, format)
        if ('refused' in found) continue
        assert.doesNotMatch(JSON.stringify(found), /\\u00[01]|\\[nrtbf]/)
        assert.equal(found.title, found.title.normalize('NFC').trim())
      }
    }),
  )
})

test('the record made of a title gives the same title', () => {
  const made = recordOfTitle(
    {
      ...title(['245 10 $aOne :$btwo', '100 1  $aSomeone', '700 1  $aOther', '264  1 $bP,$c2001']),
      controlNumber: null,
    },
    { titleId: 7, createdAt: new Date('2026-01-02') },
  )
  const again = titleOf(made, formatOf(made))
  assert.ok(!('refused' in again))
  assert.deepEqual(
    [again.title, again.subtitle, again.authors, again.publishedYear],
    ['One', 'two', ['Someone', 'Other'], 2001],
  )
  assert.deepEqual([again.controlSource, again.controlNumber], ['bibby', '7'])
  const coded = made.fields.find(({ tag }) => tag === '008')
  assert.equal(coded && 'value' in coded && coded.value.length, 40)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fold, runsOf } from './fold.ts'
import { emptyTitle } from './title-fields.ts'
import {
  decadeLexeme,
  foldedText,
  foldedTitle,
  foldedTokens,
  queryTokensMax,
  titleWords,
  titleWordsMax,
  tokenLengthMax,
  tsvectorText,
} from './tokens.ts'

const same = (one: string, other: string) =>
  assert.deepEqual(foldedTokens(one), foldedTokens(other), `${one} ~ ${other}`)

test('case and accents make no other word, in any script', () => {
  same('Élégie', 'ELEGIE')
  same('Łódź Ørsted Straße Œuvre ﬁne', 'lodz orsted STRASSE oeuvre fine')
  same('İstanbul ılık', 'ISTANBUL ILIK')
  same('Ὀδύσσεια ΟΔΥΣΣΕΥΣ', 'οδυσσεια οδυσσευς')
  same('Ёлка, чай', 'елка чаи')
  same('שָׁלוֹם', 'שלום')
  same('كِتَاب كـــتاب', 'كتاب كتاب')
  same('أحمد ایران', 'احمد ايران')
  same('ｶﾞﾝﾀﾞﾑ', 'ガンダム')
  same('e\u0301tude', '\u00e9tude')
  same('한국', '한국'.normalize('NFD'))
})

test('marks that spell a word stay: Devanagari, Thai and voiced kana', () => {
  assert.deepEqual(foldedTokens('हिन्दी किताब'), ['हिन्दी', 'किताब'])
  assert.notDeepEqual(foldedTokens('कि'), foldedTokens('की'))
  assert.notDeepEqual(foldedTokens('กัน'), foldedTokens('กน'))
  assert.notDeepEqual(foldedTokens('が'), foldedTokens('か'))
})

test('what database, shell or pattern would take for a sign is no token', () => {
  for (const signs of ['%', '_', '.*', '\\', '%_%', "'", '"', '—', '&|!():*<->', '   ', '\u200b']) {
    assert.deepEqual(foldedTokens(signs), [], signs)
  }
  assert.deepEqual(foldedTokens('c:\\path a_b 100%'), ['c', 'path', 'a', 'b', '100'])
  assert.deepEqual(foldedTokens('or and not'), ['or', 'and', 'not'])
})

test('an apostrophe is inside a word, and the title is known by the parts too', () => {
  assert.deepEqual(foldedTokens("o'brien O’Brien"), ['obrien'])
  const words = titleWords({ ...emptyTitle, title: "Charlotte's Web", authors: ["Flann O'Brien"] })
  for (const word of ['charlottes', 'charlotte', 'obrien', 'brien']) assert.ok(words.includes(word), word)
})

test('initials are one word and each letter', () => {
  assert.deepEqual(foldedTokens('J.R.R. Tolkien'), ['jrr', 'tolkien'])
  assert.deepEqual(foldedTokens('U.S.A.'), foldedTokens('USA'))
  const words = titleWords({ ...emptyTitle, title: 'x', authors: ['Tolkien, J. R. R.'] })
  for (const word of ['j', 'r', 'jr', 'jrr']) assert.ok(words.includes(word), word)
})

test('scripts without spaces are known by characters and pairs', () => {
  assert.deepEqual(foldedTokens('源氏物語'), ['源氏', '氏物', '物語'])
  assert.deepEqual(foldedTokens('源'), ['源'])
  const words = titleWords({ ...emptyTitle, title: '源氏物語' })
  for (const word of ['源', '語', '源氏', '物語']) assert.ok(words.includes(word), word)
})

test('an ISBN is one token, of ten or thirteen digits, with dashes or without', () => {
  for (const typed of [
    '978-0-14-044913-6',
    '0140449132',
    '0-14-044913-2',
    'ISBN 9780140449136',
    ' 978 0 14 044913 6 ',
  ]) {
    assert.deepEqual(foldedTokens(typed), ['9780140449136'], typed)
  }
  assert.deepEqual(foldedTokens('978-0-14-044913-7'), ['978', '0', '14', '044913', '7'])
})

test('pictures are words, whatever their colour', () => {
  assert.deepEqual(foldedTokens('👍🏽 ❤️ 🇫🇷'), ['👍', '❤', '🇫🇷'])
  assert.deepEqual(foldedTokens('© ®'), [])
})

test('text in ASCII is read as it is beside other letters', () => {
  const [other] = runsOf('я')
  const signs = fc.constantFrom(
    'a',
    'b',
    'Z',
    '9',
    '.',
    ' ',
    "'",
    '`',
    '+',
    '#',
    '-',
    '_',
    ';',
    '/',
    '@',
    '[',
    '{',
  )
  const texts = fc.oneof(fc.string({ unit: signs, maxLength: 20 }), fc.string({ maxLength: 40 }))
  fc.assert(
    fc.property(texts, (text) => assert.deepEqual(runsOf(`${text} я`), [...runsOf(text), other])),
    { numRuns: 5_000 },
  )
})

test('every text gives few and short tokens, and folding again changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 150 }), (text) => {
      const tokens = foldedTokens(text)
      assert.ok(tokens.length <= queryTokensMax)
      assert.equal(new Set(tokens).size, tokens.length)
      for (const token of tokens) {
        assert.ok(token.length > 0 && token.length <= tokenLengthMax)
        assert.ok(token.isWellFormed() && !token.startsWith('/'))
        assert.doesNotMatch(token, /[%_\\'"\s&|!():*<>]/)
      }
      assert.equal(fold(fold(text)), fold(text))
      assert.equal(foldedText(foldedText(text)), foldedText(text))
    }),
    { numRuns: 2_000 },
  )
})

test('a title is known by every word that its own text would be looked for by', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (title) => {
      const words = new Set(titleWords({ ...emptyTitle, title }))
      for (const token of foldedTokens(title))
        assert.ok(words.has(token) || /^97[89]\d{10}$/.test(token), token)
    }),
    { numRuns: 1_000 },
  )
})

test('a title has at most so many words, and its own come first', () => {
  const subjects = Array.from({ length: 2_000 }, (_, n) => `subject${n}`)
  const words = titleWords({ ...emptyTitle, title: 'Dune', authors: ['Herbert'], subjects })
  assert.ok(words.length <= titleWordsMax + 4)
  assert.ok(words.includes('dune') && words.includes('herbert'))
})

test('facets find by lexemes that nobody can type', () => {
  const words = titleWords({ ...emptyTitle, title: 'Dune', language: 'eng', publishedYear: 1965 })
  assert.deepEqual(
    words.filter((word) => word.startsWith('/')),
    ['/leng', '/mbook', '/d196'],
  )
  assert.deepEqual(foldedTokens('/leng'), ['leng'])
  assert.equal(decadeLexeme(-700), decadeLexeme(1_400))
  assert.equal(decadeLexeme(9_999), decadeLexeme(2_150))
})

test('a lexeme is quoted, whatever is in it', () => {
  assert.equal(tsvectorText(["it's", 'back\\slash']), "'it''s' 'back\\\\slash'")
})

test('the folded text of a title has its parts apart', () => {
  const folded = foldedTitle({
    ...emptyTitle,
    title: 'The Hobbit!',
    authors: ['J.R.R. Tolkien'],
    subjects: ['Fantasy'],
  })
  assert.equal(folded, ' the hobbit / jrr tolkien / fantasy')
})

test('many texts of a title are folded as one text would be', () => {
  const letters = fc.constantFrom('a', '.', ' ', "'", '#', '-', '1', 'é', '\u0301', '源', ';', '/', '👍')
  const text = fc.string({ unit: letters, maxLength: 12 })
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), (authors) => {
      const one = foldedText(authors.join(' ; '))
      assert.equal(foldedTitle({ ...emptyTitle, authors }), one === '' ? ' / /' : ` / ${one} /`)
    }),
    { numRuns: 2_000 },
  )
})

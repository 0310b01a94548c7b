import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { isWord } from './tokens.ts'

/** How many other queries are offered. */
const suggestionsMax = 5
/** Words shorter than this have too many neighbours to guess from. */
const wordLengthMin = 3
/** The server's `levenshtein` takes no more bytes. */
const wordBytesMax = 255
/** How many words that share letter triples are compared closely. */
const likeWordsMax = 200

/**
 * Other queries that may have been meant, likeliest first: each misspelt word is replaced by the likeliest words
 * of the catalogue. Empty when every word is known, or none is like any.
 */
export async function didYouMean(db: { rows: Rows }, tokens: readonly string[]): Promise<readonly string[]> {
  const known = await db.rows<{ word: string }>(sql`
    select word from vocabulary where word = any (${tokens}::text[]) and titles > 0
  `)
  const right = new Set(known.map(({ word }) => word))
  const wrong = tokens.filter((token) => isWord(token) && !right.has(token))
  const guesses = new Map<string, readonly string[]>()
  for (const word of wrong) guesses.set(word, await likeWords(db, word))
  if (![...guesses.values()].some((words) => words.length > 0)) return []
  return Array.from({ length: suggestionsMax }, (_, nth) =>
    tokens.map((token) => guesses.get(token)?.[nth] ?? guesses.get(token)?.[0] ?? token).join(' '),
  ).filter((query, at, all) => all.indexOf(query) === at)
}

/** Words of the catalogue that a misspelt one may have been meant for, likeliest first, at most five. */
export async function likeWords(db: { rows: Rows }, word: string): Promise<readonly string[]> {
  const length = [...word].length
  if (length < wordLengthMin || Buffer.byteLength(word) > wordBytesMax) return []
  const found = await db.rows<{ word: string }>(sql`
    with near as materialized (
      select word, titles from vocabulary where word = any (${oneSlipAway(word)}::text[])
    ),
    like_words as materialized (
      select word, titles
      from vocabulary
      where word % ${word} and octet_length(word) <= ${wordBytesMax}::integer
        and char_length(word) between ${length - 2}::integer and ${length + 2}::integer
      order by similarity(word, ${word}) desc
      limit ${likeWordsMax}::integer
    ),
    guess as (
      select word, titles, 1 as slips from near
      union
      select word, titles, levenshtein_less_equal(word, ${word}, 2) from like_words
      where word not in (select word from near)
    )
    select word
    from guess
    where slips <= 2 and titles > 0 and left(word, 1) <> '/'
    order by slips, (left(word, 1) = left(${word}, 1)) desc, titles desc, word
    limit ${suggestionsMax}::integer
  `)
  return found.map((guess) => guess.word)
}

/** Longer words share enough letter triples with what was meant; of these the list would only be long. */
const slipLengthMax = 12

/** Every word that one slip of the finger makes into this one: a letter left out, doubled, wrong or swapped. */
function oneSlipAway(word: string): readonly string[] {
  const letters = [...word]
  if (letters.length > slipLengthMax) return []
  const alphabet = alphabets.find((each) => letters.some((letter) => each.includes(letter))) ?? ''
  const found = new Set<string>()
  const around = (at: number, skip: number) => [
    letters.slice(0, at).join(''),
    letters.slice(at + skip).join(''),
  ]
  for (let at = 0; at <= letters.length; at++) {
    const [before = '', from = ''] = around(at, 0)
    const [, after = ''] = around(at, 1)
    if (at < letters.length) found.add(before + after)
    const [one, two] = [letters[at], letters[at + 1]]
    if (one !== undefined && two !== undefined) found.add(before + two + one + letters.slice(at + 2).join(''))
    for (const letter of alphabet) {
      found.add(before + letter + from)
      if (at < letters.length) found.add(before + letter + after)
    }
  }
  found.delete(word)
  return [...found]
}

/** The letters that fingers slip between, as folding leaves them. */
const alphabets = [
  'abcdefghijklmnopqrstuvwxyz',
  'абвгдежзийклмнопрстуфхцчшщъыьэюяіє',
  'αβγδεζηθικλμνξοπρστυφχψω',
  'אבגדהוזחטיכלמנסעפצקרשתךםןףץ',
  'ابتثجحخدذرزسشصضطظعغفقكلمنهوي',
].map((letters) => [...letters])

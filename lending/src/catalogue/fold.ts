/** A stretch of folded text that no space or sign interrupts. */
export type Run = {
  readonly text: string
  readonly kind: 'word' | 'characters' | 'picture'
  /** The written characters, each with its marks; only for `characters`. */
  readonly characters: readonly string[]
  /** Other words that it is also known by: `o` and `brien` for o'brien, `c` for c++. */
  readonly parts: readonly string[]
}

/**
 * Folds a text so that two writings of one word are equal: compatibility forms, case, accents, Hebrew and Arabic
 * points, and letters such as ß, ø and ı. Marks that are part of the spelling (Devanagari, Thai, kana) stay.
 * Knows no locale. The work is linear in the length.
 */
export function fold(text: string): string {
  if (plainText.test(text)) return text.toLowerCase()
  return text
    .toWellFormed()
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(droppedMarks, '')
    .replaceAll(likeLetters, (letter) => alike[letter] ?? letter)
    .normalize('NFKC')
}

/** The runs of a text, folded, in order. A text without a letter, digit or picture has none. */
export function runsOf(text: string): readonly Run[] {
  const found: Run[] = []
  let initials: { text: string; prefixes: string[]; letters: string[] } | undefined
  let end = 0
  const folded = fold(text)
  const closeInitials = () => {
    if (initials) found.push(wordRun(initials.text, [...initials.letters, ...initials.prefixes]))
    initials = undefined
  }
  for (const match of folded.matchAll(runPattern)) {
    const between = folded.slice(end, match.index)
    end = match.index + match[0].length
    const word = match.groups?.word
    if (word !== undefined && isInitial(word, folded[end])) {
      if (initials && between.trimEnd() === '.') {
        initials.prefixes.push(initials.text)
        initials.text += word
        initials.letters.push(word)
      } else {
        closeInitials()
        initials = { text: word, prefixes: [], letters: [] }
        initials.letters.push(word)
      }
      continue
    }
    closeInitials()
    found.push(runFrom(match))
  }
  closeInitials()
  return found
}

/** Says whether the run is of a script that writes no spaces, so that its words cannot be told apart here. */
export function isSingleCharacterScript(run: Run): boolean {
  return run.kind === 'characters'
}

/** J.R.R. and U.S.A. are read as one word: single letters, each with its point. */
function isInitial(word: string, after: string | undefined): boolean {
  return after === '.' && /^\p{L}\p{M}*$/u.test(word)
}

function runFrom(match: RegExpExecArray): Run {
  const { word, characters } = match.groups ?? {}
  if (characters !== undefined) {
    return { text: characters, kind: 'characters', characters: characters.match(character) ?? [], parts: [] }
  }
  if (word === undefined) return { text: match[0], kind: 'picture', characters: [], parts: [] }
  const bare = word.replaceAll(apostrophe, '')
  const parts = word.split(apostrophe)
  const sign = match.groups?.sign ?? ''
  if (sign !== '') return wordRun(bare + sign, [bare, ...parts])
  return wordRun(bare, parts)
}

function wordRun(text: string, parts: readonly string[]): Run {
  return { text, kind: 'word', characters: [], parts: parts.filter((part) => part !== '' && part !== text) }
}

const plainText = /^[ -~]*$/

/**
 * Accents on Latin, Greek and Cyrillic, Hebrew points, Arabic vowel signs and the tatweel, modifier letters of
 * romanisation (ʻ, ʼ, ʹ), and what has no shape: joiners, direction marks, soft hyphens, variation selectors.
 */
const droppedMarks =
  /\u0640|[\u02b0-\u02ff]|\p{Cf}|[\ufe00-\ufe0f]|[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]|[\u1ab0-\u1aff]|[\u1dc0-\u1dff]|[\u20d0-\u20ff]|[\ufe20-\ufe2f]/gu

const likeLetters = /[ßæœøłđðþıħŋςىیکةҐґ]/gu

/** Letters that people type for one another. The Arabic four differ between Arabic and Persian keyboards. */
const alike: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
  ħ: 'h',
  ŋ: 'n',
  ς: 'σ',
  ى: 'ي',
  ی: 'ي',
  ک: 'ك',
  ة: 'ه',
  ґ: 'г',
}

const apostrophe = /['’‘‛`׳״]/gu

/** One written character of a script without spaces: a letter or digit and the marks on it. */
const character = /[^\p{M}]\p{M}*/gu

/**
 * A run of a script without spaces; or a word with apostrophes inside it and perhaps ++ or # behind; or a
 * picture. © and ® are written on books and looked for by nobody.
 */
const runPattern =
  /(?<characters>(?:[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\u30fc々〆]\p{M}*)+)|(?<word>(?:(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\u30fc])[\p{L}\p{N}]\p{M}*)+(?:['’‘‛`׳״](?:(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\u30fc])[\p{L}\p{N}]\p{M}*)+)*)(?<sign>(?:\+\+|#)(?![\p{L}\p{N}]))?|\p{RI}\p{RI}|(?![©®])\p{Extended_Pictographic}/gu

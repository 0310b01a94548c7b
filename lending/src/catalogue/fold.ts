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

/** A text that was gone through: folded as a whole, and its runs in order. Without a letter, digit or picture it has none. */
export type ReadText = { readonly folded: string; readonly runs: readonly Run[] }

/** The runs of a text, folded, in order. */
export function runsOf(text: string): readonly Run[] {
  return readText(text).runs
}

/** Folds a text and finds its runs. */
export function readText(text: string): ReadText {
  const runs: Run[] = []
  let initials: { text: string; prefixes: string[]; letters: string[] } | undefined
  let end = 0
  const folded = fold(text)
  const closeInitials = () => {
    if (initials) runs.push(wordRun(initials.text, [...initials.letters, ...initials.prefixes]))
    initials = undefined
  }
  for (const found of plainText.test(folded) ? plainFinds(folded) : finds(folded)) {
    const { word, from } = found
    const before = end
    end = found.end
    if (word !== undefined && isInitial(word, folded[end])) {
      if (initials && folded.slice(before, from).trimEnd() === '.') {
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
    runs.push(runFrom(found))
  }
  closeInitials()
  return { folded, runs }
}

/** Says whether the run is of a script that writes no spaces, so that its words cannot be told apart here. */
export function isSingleCharacterScript(run: Run): boolean {
  return run.kind === 'characters'
}

/** J.R.R. and U.S.A. are read as one word: single letters, each with its point. */
function isInitial(word: string, after: string | undefined): boolean {
  return after === '.' && /^\p{L}\p{M}*$/u.test(word)
}

/** Where a run was found in folded text; neither a word nor characters is a picture. */
type Find = {
  readonly from: number
  readonly end: number
  readonly text: string
  readonly word: string | undefined
  /** ++ or # behind the word. */
  readonly sign: string
  readonly characters: string | undefined
}

function finds(folded: string): Find[] {
  return Array.from(folded.matchAll(runPattern), ({ 0: text, index, groups }) => ({
    from: index,
    end: index + text.length,
    text,
    word: groups?.word,
    sign: groups?.sign ?? '',
    characters: groups?.characters,
  }))
}

/** The same of text in ASCII, which most text is: going by the pattern costs many times as much. */
function plainFinds(folded: string): Find[] {
  const found: Find[] = []
  for (let from = 0; from < folded.length; from++) {
    if (!isLetterAt(folded, from)) continue
    let end = from + 1
    // One apostrophe between letters is inside the word.
    while (isLetterAt(folded, end) || (isApostropheAt(folded, end) && isLetterAt(folded, end + 1))) end += 1
    const word = folded.slice(from, end)
    const sign = signAt(folded, end)
    end += sign.length
    found.push({ from, end, text: word, word, sign, characters: undefined })
    from = end - 1
  }
  return found
}

/** A letter or digit of ASCII. */
function isLetterAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at) | 0x20
  return (code >= 0x61 && code <= 0x7a) || isDigit(text.charCodeAt(at))
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isApostropheAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === 0x27 || code === 0x60
}

function signAt(text: string, at: number): string {
  const sign = text[at] === '#' ? '#' : text.startsWith('++', at) ? '++' : ''
  return isLetterAt(text, at + sign.length) ? '' : sign
}

function runFrom({ text, word, sign, characters }: Find): Run {
  if (characters !== undefined) {
    return { text: characters, kind: 'characters', characters: characters.match(character) ?? [], parts: [] }
  }
  if (word === undefined) return { text, kind: 'picture', characters: [], parts: [] }
  if (sign === '' && !apostrophe.test(word))
    return { text: word, kind: 'word', characters: none, parts: none }
  const parts = word.split(apostrophe)
  const bare = parts.join('')
  return sign === '' ? wordRun(bare, parts) : wordRun(bare + sign, [bare, ...parts])
}

function wordRun(text: string, parts: readonly string[]): Run {
  return { text, kind: 'word', characters: [], parts: parts.filter((part) => part !== '' && part !== text) }
}

const plainText = /^[ -~]*$/
const none: readonly string[] = []

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

const apostrophe = /['’‘‛`׳״]/u

/** One written character of a script without spaces: a letter or digit and the marks on it. */
const character = /[^\p{M}]\p{M}*/gu

/**
 * A run of a script without spaces; or a word with apostrophes inside it and perhaps ++ or # behind; or a
 * picture. © and ® are written on books and looked for by nobody.
 */
const runPattern =
  /(?<characters>(?:[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\u30fc々〆]\p{M}*)+)|(?<word>(?:(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\u30fc])[\p{L}\p{N}]\p{M}*)+(?:['’‘‛`׳״](?:(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}\u30fc])[\p{L}\p{N}]\p{M}*)+)*)(?<sign>(?:\+\+|#)(?![\p{L}\p{N}]))?|\p{RI}\p{RI}|(?![©®])\p{Extended_Pictographic}/gu

import type { Caps } from './caps.ts'

/** Why a pattern is not taken, with a sentence for the person who wrote it. */
export type PatternRefusal = {
  readonly refused:
    | 'pattern-too-large'
    | 'pattern-not-supported'
    | 'pattern-malformed'
    | 'pattern-vulnerable'
    | 'pattern-undecided'
    | 'busy'
  /** What is wrong, and what to write instead. */
  readonly says: string
  /** Where in the pattern, counted from 0. */
  readonly at?: number
  /** A text on which a backtracking engine would work for longer than anyone waits. */
  readonly attack?: string
  /** The attack as its parts and how often each stands in it. */
  readonly attackInShort?: string
}

/** Why a text was not looked at. It says nothing about whether the pattern matches. */
export type InputRefusal = { readonly refused: 'input-too-long' | 'busy'; readonly says: string }

/** Every thread is at work and the queue is full, or no thread came to it in time. */
export const busy = {
  refused: 'busy',
  says: 'Too many patterns are being worked on at this moment. Nothing was decided: try again.',
} as const

/** A text beyond the cap is not cut: a part of it could match where the whole does not. */
export function tooLong(text: string, { inputCharacters }: Pick<Caps, 'inputCharacters'>): InputRefusal {
  return {
    refused: 'input-too-long',
    says: `A text of ${text.length} characters is longer than the ${inputCharacters} that a pattern is run on.`,
  }
}

/** What to write in place of syntax that only a backtracking engine has. */
export const instead = {
  lookahead:
    'Looking ahead, (?=…) and (?!…), is not supported. Write out what may follow, or use two patterns that must both hold.',
  lookbehind:
    'Looking behind, (?<=…) and (?<!…), is not supported. Begin the pattern with what comes before, and put what you want in a group.',
  backReference:
    'A reference back to a group, \\1 or \\k<name>, is not supported. Write the alternatives out, such as (?:aa|bb).',
  atomic: 'An atomic group, (?>…), is not needed here: no pattern can go back and forth. Write (?:…).',
  possessive:
    'A possessive repeat, such as a++, is not needed here: no pattern can go back and forth. Write a+.',
  inlineFlags: 'Flags inside of the pattern, (?i), are not supported. Set the flag on the whole pattern.',
  escape:
    'This escape is not supported, or means different things to different engines. Supported are \\d \\D \\w \\W \\s \\S \\b \\B \\t \\n \\r \\f \\v \\xHH \\uHHHH \\p{…} and a backslash before punctuation.',
  posixClass:
    'A class by name, [[:alpha:]], is not supported. Write [A-Za-z], or \\p{L} for the letters of all scripts.',
  emptyClass:
    'An empty class, [] or [^], is not supported. Write \\] for the bracket, or [\\s\\S] for any character.',
  openRepeat: 'A repeat without its lower count, {,3}, is not supported. Write {0,3}.',
  flags:
    'Only the flags i (any case), m (^ and $ at every line) and s (a dot matches the end of a line too) are supported.',
} as const

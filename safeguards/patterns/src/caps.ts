/** How large a pattern and its input may be. A linear engine is bounded by the product of the two, and by nothing less. */
export type Caps = {
  readonly patternCharacters: number
  /** The largest count in braces. */
  readonly repeatCount: number
  /** How deep repeats may stand within repeats. */
  readonly repeatNesting: number
  readonly groupNesting: number
  /** The pattern with every count written out, in characters and classes to match. */
  readonly writtenOut: number
  readonly inputCharacters: number
}

/** What a card, a barcode, a call number or a field of an import needs, with room to spare. */
export const defaultCaps: Caps = {
  patternCharacters: 500,
  repeatCount: 250,
  repeatNesting: 3,
  groupNesting: 20,
  writtenOut: 1_000,
  inputCharacters: 2_000,
}

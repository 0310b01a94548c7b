/** A word as somebody mistyped it, and the word that was meant. */
export type Typo = { readonly typed: string; readonly meant: string }

const letters = 'abcdefghijklmnopqrstuvwxyz'

/** One slip in each word of at least four letters: a letter left out, doubled, wrong, or two swapped; the same ones every time. */
export function typosOf(words: readonly string[]): readonly Typo[] {
  return words
    .filter((word) => [...word].length >= 4)
    .map((meant, n) => {
      const at = 1 + ((n * 7) % ([...meant].length - 2))
      const [before, here, next, after] = [meant.slice(0, at), meant[at], meant[at + 1], meant.slice(at + 2)]
      const slips = [
        `${before}${next}${after}`,
        `${before}${here}${here}${next}${after}`,
        `${before}${letters[(n * 11) % 26]}${next}${after}`,
        `${before}${next}${here}${after}`,
      ]
      return { typed: slips[n % slips.length] ?? meant, meant }
    })
}

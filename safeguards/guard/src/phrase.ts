/** The words of a phrase that the arguments know: `WITHDRAW`, `COPIES`, `FROM branch-7`. */
export type Wording = { readonly verb: string; readonly noun: string; readonly where?: string }

/**
 * What the person types. It carries what only the plan knows, how many rows and which (by its digest), so that
 * nobody can type it who has not read the plan: `WITHDRAW 1,204 COPIES FROM branch-7 #a91f`.
 */
export function phraseOf({ verb, noun, where }: Wording, count: number, digest: Buffer): string {
  const words = [verb, grouped(count), noun, where ?? '', `#${digest.toString('hex', 0, 2)}`]
  return words.filter((word) => word !== '').join(' ')
}

/** Whether this was typed. Blanks at the ends and between words do not matter; nothing else is forgiven. */
export function isPhrase({ typed, phrase }: { readonly typed: string; readonly phrase: string }): boolean {
  return words(typed) === words(phrase)
}

function words(text: string): string {
  return text.trim().split(/\s+/).join(' ')
}

/** Thousands apart by commas, on every machine alike. */
function grouped(count: number): string {
  const digits = String(count)
  const head = digits.length % 3
  const groups = [digits.slice(0, head)]
  for (let at = head; at < digits.length; at += 3) groups.push(digits.slice(at, at + 3))
  return groups.filter((group) => group !== '').join(',')
}

import type { Taken } from '@bibby/patterns/patterns.ts'
import type { Flaw } from '../language/flaw.ts'
import type { Library } from '../library.ts'
import { plainText } from '../text.ts'

/** How a pattern holds to a text: all of it, its beginning, or any part of it. */
export type Holds = 'whole' | 'beginning' | 'anywhere'

/** A pattern that was found safe, or what is wrong with it, with what to write instead. */
export type JudgedPattern =
  | { readonly ok: true; readonly text: string; readonly taken: Taken }
  | { readonly ok: false; readonly problem: Flaw }

/** The longest pattern, in characters. */
export const patternMax = 200

/** Registers a pattern that somebody wrote. This may take some seconds. */
export async function judgedPattern(
  { patterns }: Pick<Library, 'patterns'>,
  given: string,
  holds: Holds,
): Promise<JudgedPattern> {
  const checked = plainText(given, { max: patternMax, label: 'the-pattern', required: true })
  if (!checked.ok) return checked
  // Taken away in silence it would be another pattern.
  if (given !== given.trim()) return { ok: false, problem: { flaw: 'pattern-ends-in-space' } }
  const running = await patterns()
  const register = {
    whole: running.registerWhole,
    beginning: running.registerBeginning,
    anywhere: running.register,
  }[holds]
  const answer = await register(checked.text)
  if (!('refused' in answer)) return { ok: true, text: checked.text, taken: answer }
  const attack = answer.attackInShort ? ` Such a text is ${answer.attackInShort}.` : ''
  return { ok: false, problem: { flaw: 'pattern-unsafe', values: { says: `${answer.says}${attack}` } } }
}

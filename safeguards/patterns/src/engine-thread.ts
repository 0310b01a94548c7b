// Runs in a thread of its own: RE2 in JavaScript, whose work grows with the product of pattern and text, never faster.
import { RE2JS } from 're2js'
import type { Caps } from './caps.ts'
import type { PatternRefusal } from './refusal.ts'
import { patternRefusal } from './structure.ts'
import { given, serve } from './thread-side.ts'

/** Without a text the pattern is only compiled. */
export type EngineAsk = {
  readonly source: string
  readonly flags: string
  readonly text?: string
  readonly wantsGroups?: boolean
}
/** Groups that took no part in the match are null; the first is the whole match. */
export type EngineAnswer =
  | { readonly outcome: 'compiled' | 'matched' | 'not-matched'; readonly groups?: readonly (string | null)[] }
  | PatternRefusal

const caps = given as Caps
const compiledMost = 200
const compiled = new Map<string, RE2JS | PatternRefusal>()

serve(({ source, flags, text, wantsGroups }: EngineAsk): EngineAnswer => {
  const pattern = compile(source, flags)
  if (!(pattern instanceof RE2JS)) return pattern
  if (text === undefined) return { outcome: 'compiled' }
  if (!wantsGroups) return { outcome: pattern.test(text) ? 'matched' : 'not-matched' }
  const matcher = pattern.matcher(text)
  if (!matcher.find()) return { outcome: 'not-matched' }
  return {
    outcome: 'matched',
    groups: Array.from({ length: pattern.groupCount() + 1 }, (_, group) => matcher.group(group)),
  }
})

/** The caps are checked here too: a pattern that was stored under larger caps does not pass by that. */
function compile(source: string, flags: string): RE2JS | PatternRefusal {
  const key = `${flags}/${source}`
  const kept = compiled.get(key)
  if (kept) return kept
  const made = patternRefusal(source, flags, caps) ?? engineOf(source, flags)
  if (compiled.size >= compiledMost) compiled.delete(compiled.keys().next().value as string)
  compiled.set(key, made)
  return made
}

function engineOf(source: string, flags: string): RE2JS | PatternRefusal {
  const bits = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL }
  try {
    return RE2JS.compile(
      RE2JS.translateRegExp(source),
      [...flags].reduce((sum, flag) => sum | bits[flag as keyof typeof bits], 0),
    )
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { refused: 'pattern-malformed', says: `This is not a pattern: ${error.message}.` }
  }
}

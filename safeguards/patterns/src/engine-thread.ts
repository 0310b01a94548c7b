// Runs in a thread of its own: RE2 in JavaScript, whose work grows with the product of pattern and text, never faster.
import { RE2JS } from 're2js'
import type { Caps } from './caps.ts'
import type { PatternRefusal } from './refusal.ts'
import { patternRefusal } from './structure.ts'
import { given, serve } from './thread-side.ts'

/** For each text the first of the patterns that matches is found. Without a text they are only compiled. */
export type EngineAsk = {
  readonly patterns: readonly { readonly source: string; readonly flags: string }[]
  readonly texts: readonly string[]
  readonly wantsGroups: boolean
}
/** Which pattern matched, and its groups: one that took no part in the match is null; the first is the whole match. */
export type EngineFound = { readonly pattern: number; readonly groups?: readonly (string | null)[] }
/** What was found in each text, null for nothing; and how many groups the first pattern has. */
export type EngineAnswer =
  | { readonly found: readonly (EngineFound | null)[]; readonly groups: number }
  | PatternRefusal

const caps = given as Caps
const compiledMost = 200
const compiled = new Map<string, RE2JS | PatternRefusal>()

serve(({ patterns, texts, wantsGroups }: EngineAsk): EngineAnswer => {
  const engines: RE2JS[] = []
  for (const { source, flags } of patterns) {
    const made = compile(source, flags)
    if (!(made instanceof RE2JS)) return made
    engines.push(made)
  }
  const found = texts.map((text) => (wantsGroups ? groupsIn(engines, text) : foundIn(engines, text)))
  return { found, groups: engines[0]?.groupCount() ?? 0 }
})

function foundIn(engines: readonly RE2JS[], text: string): EngineFound | null {
  const pattern = engines.findIndex((engine) => engine.test(text))
  return pattern < 0 ? null : { pattern }
}

function groupsIn(engines: readonly RE2JS[], text: string): EngineFound | null {
  for (const [pattern, engine] of engines.entries()) {
    const matcher = engine.matcher(text)
    if (!matcher.find()) continue
    return {
      pattern,
      groups: Array.from({ length: engine.groupCount() + 1 }, (_, group) => matcher.group(group)),
    }
  }
  return null
}

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

import { type Analyser, type AnalyserAsked, startAnalyser } from './analyser.ts'
import { type Caps, defaultCaps } from './caps.ts'
import type { EngineAnswer, EngineAsk } from './engine-thread.ts'
import { type FoundEach, matchEach } from './match-each.ts'
import { busy, type InputRefusal, type PatternRefusal } from './refusal.ts'
import { needsUnicode, patternRefusal } from './structure.ts'
import { Threads } from './threads.ts'

/** What was found in one of many texts. */
export type { FoundEach } from './match-each.ts'
/** What a refusal is, beside the outcomes below. */
export type { InputRefusal, PatternRefusal } from './refusal.ts'

declare const registered: unique symbol

/** A pattern that was registered. Store both strings; `registeredBefore` takes them back. */
export type Registered = { readonly source: string; readonly flags: string; readonly [registered]: true }

/** A pattern that was taken, and how many groups it has. */
export type Taken = { readonly registered: Registered; readonly groups: number }

/** What became of a match. Over budget is no "no": nothing is known about the text. */
export type Matched =
  | { readonly outcome: 'matched'; readonly groups?: readonly (string | null)[] }
  | { readonly outcome: 'not-matched' | 'over-budget' }
  | InputRefusal
  | PatternRefusal

/** The limits under which patterns run. What is left out has a limit all the same. */
export type PatternsAsked = {
  readonly caps?: Partial<Caps>
  /** How long one match may take, waiting included. */
  readonly budgetMs?: number
  readonly threads?: number
  readonly queueMost?: number
  readonly analyser?: AnalyserAsked
}

/** Patterns that people write. Close it when done. */
export type Patterns = AsyncDisposable & {
  /** Takes a pattern, or says why not. A pattern is stored only when it was taken. */
  readonly register: (source: string, flags?: string) => Promise<Taken | PatternRefusal>
  /** Takes a pattern that the whole text must match. What is registered is its `whole` form. */
  readonly registerWhole: (source: string, flags?: string) => Promise<Taken | PatternRefusal>
  /** Takes a pattern that the text must begin with. What is registered is its `beginning` form. */
  readonly registerBeginning: (source: string, flags?: string) => Promise<Taken | PatternRefusal>
  /** Finds the pattern anywhere in the text, unless it is held to the ends by ^ and $. */
  readonly match: (pattern: Registered, text: string, wants?: { groups: boolean }) => Promise<Matched>
  /**
   * Finds in each of many texts the first of these patterns that matches. They go to the thread by the hundred, which
   * spares each the way there and back; where a hundred are over budget each is looked at alone, under its own.
   */
  readonly matchEach: (
    patterns: readonly Registered[],
    texts: readonly string[],
    wants?: { groups: boolean },
  ) => Promise<readonly FoundEach[]>
  readonly state: () => { working: number; waiting: number; threads: number; terminated: number }
}

const idleMs = 60_000
const heapMost = 64

/** Starts the threads that run the patterns; the analyser starts when a pattern is registered. */
export async function startPatterns({
  caps: capsAsked = {},
  budgetMs = 200,
  threads = 2,
  queueMost = 200,
  analyser: analyserAsked = {},
}: PatternsAsked = {}): Promise<Patterns> {
  const caps = { ...defaultCaps, ...capsAsked }
  const engine = await new Threads<EngineAsk, EngineAnswer>({
    script: new URL('./engine-thread.ts', import.meta.url),
    with: caps,
    threadsMost: threads,
    threadsWarm: threads,
    idleMs,
    queueMost,
    budgetMs,
    heapMost,
  }).started()
  const analyser = startAnalyser(analyserAsked)
  return {
    register: (source, flags = '') => register({ source, flags, caps, engine, analyser }),
    // First as it was written: `a)|(b` is a pattern only once it stands in brackets.
    registerWhole: async (source, flags = '') =>
      patternRefusal(source, flags, caps) ??
      register({ source: whole(source), flags, caps, engine, analyser }),
    registerBeginning: async (source, flags = '') =>
      patternRefusal(source, flags, caps) ??
      register({ source: beginning(source), flags, caps, engine, analyser }),
    async match(pattern, text, wants = { groups: false }) {
      const [found] = await matchEach({ engine, caps }, { patterns: [pattern], texts: [text], wants })
      if (!found || 'refused' in found || found.outcome !== 'matched') return found ?? busy
      const { outcome, groups } = found
      return { outcome, ...(groups && { groups }) }
    },
    matchEach: (asked, texts, wants = { groups: false }) =>
      matchEach({ engine, caps }, { patterns: asked, texts, wants }),
    state: () => engine.state(),
    async [Symbol.asyncDispose]() {
      await Promise.all([engine[Symbol.asyncDispose](), analyser[Symbol.asyncDispose]()])
    },
  }
}

/** The pattern that the whole text must match, not a part of it: register and run it in this form. */
export function whole(source: string): string {
  return `^(?:${source})$`
}

/** The pattern that the text must begin with: register and run it in this form. */
export function beginning(source: string): string {
  return `^(?:${source})`
}

/** Says of a stored pattern that it was registered when it was stored. It still runs under the caps and the budget. */
export function registeredBefore({
  source,
  flags,
}: {
  readonly source: string
  readonly flags: string
}): Registered {
  return { source, flags } as Registered
}

async function register({
  source,
  flags,
  caps,
  engine,
  analyser,
}: {
  readonly source: string
  readonly flags: string
  readonly caps: Caps
  readonly engine: Threads<EngineAsk, EngineAnswer>
  readonly analyser: Analyser
}): Promise<Taken | PatternRefusal> {
  const unfit = patternRefusal(source, flags, caps)
  if (unfit) return unfit
  const compiled = await engine.run({ patterns: [{ source, flags }], texts: [], wantsGroups: false })
  if ('gaveUp' in compiled) return compiled.gaveUp === 'busy' ? busy : undecided('time')
  if ('refused' in compiled.answer) return compiled.answer
  const found = await analyser.analyse(source, needsUnicode(source) ? `${flags}u` : flags)
  if (found.verdict === 'safe')
    return { registered: registeredBefore({ source, flags }), groups: compiled.answer.groups }
  if (found.verdict === 'unknown') return found.because === 'busy' ? busy : undecided(found.because)
  return {
    refused: 'pattern-vulnerable',
    says: `On a chosen text this pattern would take ${found.complexity} time. Two repeats that can match the same characters stand next to or inside of each other: make one of them match less.`,
    attack: found.attack,
    attackInShort: found.attackInShort,
  }
}

function undecided(because: 'time' | 'not-understood'): PatternRefusal {
  const says = {
    time: 'Nobody could show in time that this pattern is safe, so it is not taken. Make it simpler, or its counts smaller.',
    'not-understood': 'The analyser does not understand this pattern, so it is not taken. Make it simpler.',
  }
  return { refused: 'pattern-undecided', says: says[because] }
}

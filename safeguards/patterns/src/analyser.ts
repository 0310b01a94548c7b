import type { Diagnostics } from 'recheck'
import { KeptVerdicts } from './kept-verdicts.ts'
import { Threads } from './threads.ts'

/** What the analyser found. Only `safe` is a yes. */
export type Verdict =
  | { readonly verdict: 'safe' }
  | {
      readonly verdict: 'vulnerable'
      readonly attack: string
      readonly attackInShort: string
      readonly complexity: string
    }
  | { readonly verdict: 'unknown'; readonly because: 'time' | 'busy' | 'not-understood' }

/** The limits of the analyser, and where it keeps what it found. */
export type AnalyserAsked = {
  /** How long it may think about one pattern. */
  readonly limitMs?: number
  readonly threads?: number
  readonly queueMost?: number
  /** A folder for verdicts that are asked for again and again, such as those on a repository's own literals. */
  readonly keptIn?: string
}

/** Decides whether a backtracking engine could be made to work for ever on a pattern. Close it when done. */
export type Analyser = AsyncDisposable & {
  readonly analyse: (source: string, flags: string) => Promise<Verdict>
}

/** The analyser keeps its limit by itself, or is terminated. It takes a while to load. */
const graceMs = 5_000
const idleMs = 5_000
const heapMost = 512

/** Starts no thread before it is needed, and ends it when it is not: the analyser takes some 60 MB of memory. */
export function startAnalyser({
  limitMs = 3_000,
  threads = 1,
  queueMost = 20,
  keptIn,
}: AnalyserAsked = {}): Analyser {
  const kept = keptIn === undefined ? undefined : new KeptVerdicts(keptIn)
  const pool = new Threads<{ source: string; flags: string }, Diagnostics>({
    script: new URL('./analyser-thread.ts', import.meta.url),
    with: { limitMs },
    env: { RECHECK_SYNC_BACKEND: 'pure' }, // Its other backends are a binary and a Java archive.
    threadsMost: threads,
    threadsWarm: 0,
    idleMs,
    queueMost,
    budgetMs: limitMs + graceMs,
    heapMost,
  })
  return {
    async analyse(source, flags) {
      const known = await kept?.find(source, flags)
      if (known) return known
      const outcome = await pool.run({ source, flags })
      const verdict: Verdict =
        'answer' in outcome
          ? verdictOf(outcome.answer)
          : { verdict: 'unknown', because: outcome.gaveUp === 'busy' ? 'busy' : 'time' }
      await kept?.keep(source, flags, verdict)
      return verdict
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}

function verdictOf(found: Diagnostics): Verdict {
  if (found.status === 'safe') return { verdict: 'safe' }
  if (found.status === 'unknown')
    return { verdict: 'unknown', because: found.error.kind === 'timeout' ? 'time' : 'not-understood' }
  return {
    verdict: 'vulnerable',
    attack: found.attack.string,
    attackInShort: found.attack.pattern,
    complexity: found.complexity.summary,
  }
}

import { temporaryHome } from '@bibby/lending/test/bibby-process.ts'
import type { ActName, Finding, Lab, Playable } from './drill.ts'
import { randomFrom } from './random.ts'
import type { Stage } from './stage.ts'
import { type Verdict, verdict } from './verdict.ts'

/** Milliseconds since the act began. */
type Ms = number

/** An act as it went. */
export type Act = {
  readonly name: ActName
  readonly ms: Ms
  readonly findings: readonly Finding[]
  readonly marks: readonly { readonly at: Ms; readonly what: string }[]
  readonly series: Readonly<Record<string, readonly (readonly [at: Ms, value: number])[]>>
  /** Why it did not come to its end. */
  readonly broke: string | undefined
}

/** A drill as it went. The same seed gives the same dice, though not the same times. */
export type Report = {
  readonly drill: Playable
  readonly seed: number
  readonly startedAt: Date
  readonly acts: readonly Act[]
  readonly verdict: Verdict
}

/** Told while a drill is played. */
export type Watching = {
  readonly began: (act: ActName) => void
  readonly marked: (at: Ms, what: string) => void
  readonly ended: (act: Act) => void
}

/** An act that takes longer is broken off; and so is one whose stage is not set by then. */
const actLimitMs = 60_000
const stageLimitMs = 180_000

/** What a drill is played with. */
export type Playing = {
  readonly seed: number
  readonly stage: Stage
  readonly watching: Watching
  readonly signal: AbortSignal
}

/** Plays both acts, one after the other, each with parts of its own. Never throws: what goes wrong is in the report. */
export async function perform(drill: Playable, playing: Playing): Promise<Report> {
  const { seed, signal } = playing
  const startedAt = new Date()
  const unguarded = await performAct(drill, 'unguarded', playing)
  const guarded = signal.aborted ? undefined : await performAct(drill, 'guarded', playing)
  return {
    drill,
    seed,
    startedAt,
    acts: guarded ? [unguarded, guarded] : [unguarded],
    verdict: verdict({ unguarded, guarded }),
  }
}

async function performAct(
  drill: Playable,
  name: ActName,
  { seed, stage, watching, signal }: Playing,
): Promise<Act> {
  watching.began(name)
  let begun = performance.now()
  const late = new AbortController()
  const within = (limitMs: number) =>
    setTimeout(() => late.abort(new Error(`It took over ${limitMs / 1_000} s.`)), limitMs)
  let timer = within(stageLimitMs)
  const limited = AbortSignal.any([signal, late.signal])
  const marks: { at: Ms; what: string }[] = []
  const series: Record<string, [Ms, number][]> = {}
  const closing: (() => Promise<unknown>)[] = []
  const lab: Lab = {
    random: randomFrom(seed),
    stage,
    signal: limited,
    home: async () => {
      const home = await temporaryHome()
      closing.push(async () => home[Symbol.asyncDispose]())
      return home
    },
    curtain: () => {
      clearTimeout(timer)
      timer = within(actLimitMs)
      begun = performance.now()
    },
    mark: (what) => {
      const at = performance.now() - begun
      marks.push({ at, what })
      watching.marked(at, what)
    },
    measure: (to, value, at = performance.now()) => {
      const points = series[to] ?? []
      points.push([at - begun, value])
      series[to] = points
    },
    atTheEnd: (close) => void closing.push(close),
  }
  let findings: readonly Finding[] = []
  let broke: string | undefined
  try {
    findings = await Promise.race([drill.play(name, lab), whenAborted(limited)])
  } catch (error) {
    broke = words(error)
  }
  const ms = performance.now() - begun
  clearTimeout(timer)
  for (const close of closing.toReversed()) {
    try {
      await close()
    } catch (error) {
      broke ??= `It could not be cleared away: ${words(error)}`
    }
  }
  const act: Act = { name, ms, findings, marks, series, broke }
  watching.ended(act)
  return act
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason instanceof Error ? signal.reason : new Error('It was stopped.'))
    if (signal.aborted) fail()
    signal.addEventListener('abort', fail, { once: true })
  })
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

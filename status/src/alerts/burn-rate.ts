/** Requests that were answered in one stretch of time, and how many of them with a fault of ours. */
export type Stretch = { readonly at: number; readonly requests: number; readonly errors: number }

/** When errors are an alert. */
export type BurnRules = {
  /** The share of requests that must be answered without a fault, such as 0.999. */
  readonly objective: number
  /** Fewer errors than this in the long window are no burn rate. */
  readonly errorsLeast: number
}

/** An alert and the sentence for it. */
export type Burn = {
  readonly name: 'BibbyErrorsFast' | 'BibbyErrorsSlow' | 'BibbyErrorsFew'
  readonly sentence: string
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** The windows and factors of the SRE workbook, as in the rules for Prometheus. */
const windows = [
  { name: 'BibbyErrorsFast', longMs: hourMs, shortMs: 5 * minuteMs, factor: 14.4, told: 'hour' },
  { name: 'BibbyErrorsFast', longMs: 6 * hourMs, shortMs: 30 * minuteMs, factor: 6, told: '6 hours' },
  { name: 'BibbyErrorsSlow', longMs: 24 * hourMs, shortMs: 2 * hourMs, factor: 3, told: 'day' },
  { name: 'BibbyErrorsSlow', longMs: 72 * hourMs, shortMs: 6 * hourMs, factor: 1, told: '3 days' },
] as const
/** A library that is asked six times an hour has no rate to speak of: three errors that are most of all are enough. */
const few = [
  { overMs: hourMs, share: 0.5, told: 'hour' },
  { overMs: 6 * hourMs, share: 0.9, told: '6 hours' },
] as const
const fewErrorsLeast = 3

/**
 * Which alerts hold. A rate alone misfires for a small library, where one error among six requests is 167 times the
 * budget: it takes a least count of errors. A small library whose every request fails is told by the rule for low traffic.
 */
export function burning(stretches: readonly Stretch[], rules: BurnRules, now: number): Burn[] {
  const sum = (ms: number) => summed(stretches.filter(({ at }) => at > now - ms && at <= now))
  const burns: Burn[] = []
  for (const { name, longMs, shortMs, factor, told } of windows) {
    const [long, short] = [sum(longMs), sum(shortMs)]
    const limit = factor * (1 - rules.objective)
    if (long.errors < rules.errorsLeast || rateOf(long) <= limit || rateOf(short) <= limit) continue
    if (!burns.some((burn) => burn.name === name)) {
      burns.push({
        name,
        sentence: `${long.errors} of ${long.requests} requests of the last ${told} failed.`,
      })
    }
  }
  for (const { overMs, share, told } of few) {
    const { requests, errors } = sum(overMs)
    if (
      errors < fewErrorsLeast ||
      errors < share * requests ||
      burns.some(({ name }) => name === 'BibbyErrorsFew')
    )
      continue
    burns.push({
      name: 'BibbyErrorsFew',
      sentence: `${errors} of the ${requests} requests of the last ${told} failed.`,
    })
  }
  return burns
}

function rateOf({ requests, errors }: { requests: number; errors: number }): number {
  return requests === 0 ? 0 : errors / requests
}

function summed(stretches: readonly Stretch[]): { requests: number; errors: number } {
  return {
    requests: Math.round(stretches.reduce((total, { requests }) => total + requests, 0)),
    errors: Math.round(stretches.reduce((total, { errors }) => total + errors, 0)),
  }
}

/** How much a counter grew. One that is lower than before began anew, with the process that it counts. */
export function grown(before: number, after: number): number {
  return after >= before ? after - before : after
}

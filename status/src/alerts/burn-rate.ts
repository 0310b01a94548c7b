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
  readonly name: 'BibbyErrorsBurnFast' | 'BibbyErrorsBurnSlowly' | 'BibbyErrorsAtLowTraffic'
  readonly sentence: string
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** The windows and factors of the SRE workbook. */
const windows = [
  { name: 'BibbyErrorsBurnFast', longMs: hourMs, shortMs: 5 * minuteMs, factor: 14.4, told: 'hour' },
  { name: 'BibbyErrorsBurnFast', longMs: 6 * hourMs, shortMs: 30 * minuteMs, factor: 6, told: '6 hours' },
  { name: 'BibbyErrorsBurnSlowly', longMs: 72 * hourMs, shortMs: 6 * hourMs, factor: 1, told: '3 days' },
] as const
/** Where a window holds too few requests for a rate, most of the few must have failed, and more than once. */
const low = { overMs: hourMs, requestsMost: 70, errorsLeast: 3, share: 0.5 } as const

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
  const few = sum(low.overMs)
  if (few.requests < low.requestsMost && few.errors >= low.errorsLeast && rateOf(few) >= low.share) {
    burns.push({
      name: 'BibbyErrorsAtLowTraffic',
      sentence: `${few.errors} of the ${few.requests} requests of the last hour failed.`,
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

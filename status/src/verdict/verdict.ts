import type { Verdict } from '../summary.ts'
import type { Seen, Standing } from './standing.ts'

/** What all probers say of one probe. */
export type Asked = { readonly probe: string; readonly seen: readonly Seen[] }

/** A verdict and the sentence for a reader. */
export type Judged = { readonly verdict: Verdict; readonly because: string }

/**
 * One probe, of the probers that report here. Down needs a majority of those that are heard; a silent one counts as
 * neither. Where several are set up, one alone cannot say that it is down.
 */
export function agreed({ seen }: Asked, probers: number): Seen {
  const heard = seen.filter(({ standing }) => standing !== 'unknown')
  const down = heard.filter(({ standing }) => standing === 'down')
  const slow = heard.filter(({ standing }) => standing === 'slow')
  if (heard.length === 0) return { standing: 'unknown', detail: 'Nothing was heard lately.' }
  if (down.length === 0 && slow.length * 2 <= heard.length) return { standing: 'up', detail: '' }
  const detail = (down[0] ?? slow[0])?.detail ?? ''
  if (down.length === 0) return { standing: 'slow', detail }
  if (heard.length === 1 && probers > 1) {
    return {
      standing: 'unknown',
      detail: `Only 1 of ${probers} probers is heard, and it gets no good answer.`,
    }
  }
  if (down.length * 2 > heard.length) return { standing: 'down', detail }
  return {
    standing: 'slow',
    detail: `${down.length} of ${heard.length} probers get no good answer: ${detail}`,
  }
}

/** One component, of all its probes. Operational is only what every probe says. */
export function verdictOf(
  asked: readonly Asked[],
  { probers, inMaintenance }: { probers: number; inMaintenance: boolean },
): Judged {
  if (inMaintenance) return { verdict: 'maintenance', because: 'Planned work is under way.' }
  const agreement = asked.map((each) => ({ ...agreed(each, probers), probe: each.probe }))
  const those = (standing: Standing) => agreement.filter((each) => each.standing === standing)
  const down = those('down')
  const slow = those('slow')
  const unknown = those('unknown')
  const told = (few: typeof agreement) => few[0]?.detail ?? ''
  if (down.length > 0) {
    const count = agreement.length === 1 ? '' : `${down.length} of ${agreement.length} probes fail: `
    return {
      verdict: down.length === agreement.length ? 'major-outage' : 'partial-outage',
      because: count + told(down),
    }
  }
  if (agreement.length === 0 || unknown.length > 0)
    return { verdict: 'unknown', because: told(unknown) || 'Nothing is asked.' }
  if (slow.length > 0) return { verdict: 'degraded', because: told(slow) }
  return { verdict: 'operational', because: '' }
}

const severity: readonly Verdict[] = [
  'operational',
  'maintenance',
  'unknown',
  'degraded',
  'partial-outage',
  'major-outage',
]

/** The worse of two verdicts, for a day or for the whole page. An outage outweighs what is not known. */
export function worse(one: Verdict, other: Verdict): Verdict {
  return severity.indexOf(one) >= severity.indexOf(other) ? one : other
}

/** The whole page: the worst of its components; without any, unknown. */
export function overall(verdicts: readonly Verdict[]): Verdict {
  return verdicts.length === 0 ? 'unknown' : verdicts.reduce(worse)
}

/** Of the measured time, in percent. A partial outage counts for a third, as is the custom of status pages. */
export function uptimePercent({
  goodMs,
  partialMs,
  majorMs,
}: {
  goodMs: number
  partialMs: number
  majorMs: number
}): number | null {
  const measuredMs = goodMs + partialMs + majorMs
  return measuredMs === 0 ? null : 100 * (1 - (majorMs + partialMs * 0.3) / measuredMs)
}

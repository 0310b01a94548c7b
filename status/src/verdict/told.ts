import type { Incident, Verdict } from '../summary.ts'
import { type Judged, worse } from './verdict.ts'

/** What an open incident says of what it names; while it is watched after the repair, no more than degraded. */
const weights: Readonly<Record<Incident['impact'], Verdict>> = {
  minor: 'degraded',
  major: 'partial-outage',
  critical: 'major-outage',
}

/**
 * What readers are told of a component: what was measured, or what a person says of it if that is worse. A person may
 * know what no probe asks; nothing that a person writes makes it better than it was measured.
 */
export function toldOf(measured: Judged, named: readonly Incident[]): Judged {
  const open = named.filter(({ state }) => state !== 'resolved')
  return open.reduce<Judged>((told, incident) => {
    const verdict = worse(told.verdict, said(incident))
    return verdict === told.verdict ? told : { verdict, because: `An incident is open: ${incident.title}` }
  }, measured)
}

/** What an open incident says by itself, also where it names no component. */
export function said({ impact, state }: Incident): Verdict {
  return state === 'monitoring' ? 'degraded' : weights[impact]
}

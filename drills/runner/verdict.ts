import type { Act } from './perform.ts'

/**
 * What a drill has shown. `held`: every harm was done without the safeguard and none with it. `harmed`: a harm was done in
 * spite of it. `proves-nothing`: without it some harm was not done, so that its absence says nothing. `broken`: an act did
 * not come to its end.
 */
export type Verdict = 'held' | 'harmed' | 'proves-nothing' | 'broken'

/** The verdict over two acts. What broke is told before what was found, and a harm before a proof that is missing. */
export function verdict({ unguarded, guarded }: Record<'unguarded' | 'guarded', Act | undefined>): Verdict {
  if (!unguarded || !guarded || unguarded.broke !== undefined || guarded.broke !== undefined) return 'broken'
  if (guarded.findings.some(({ isThere }) => isThere)) return 'harmed'
  const isShown = unguarded.findings.length > 0 && unguarded.findings.every(({ isThere }) => isThere)
  return isShown ? 'held' : 'proves-nothing'
}

/** What the command ends with when this is the worst of its verdicts; 2 is a command that was not understood. */
export const exitCodes: Readonly<Record<Verdict, number>> = {
  held: 0,
  broken: 1,
  'proves-nothing': 4,
  harmed: 5,
}

/** A verdict in words. */
export const verdictWords: Readonly<Record<Verdict, string>> = {
  held: 'The harm was done without the safeguard, and not with it.',
  harmed: 'The safeguard did not hold.',
  'proves-nothing': 'Without the safeguard the harm was not done either: the drill proves nothing.',
  broken: 'An act did not come to its end.',
}

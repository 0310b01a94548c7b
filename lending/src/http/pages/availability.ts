import type { CopyState } from '../../catalogue/copy.ts'
import type { Standing } from '../../catalogue/search.ts'
import type { Branch } from '../../circulation/places.ts'
import { type Html, html } from './html.ts'
import { listed } from './listed.ts'
import { type Tone, tag } from './notice.ts'
import type { Visit } from './visit.ts'
import { dayText } from './wording.ts'

/** Whether one can take it home today: `2 of 3 on the shelf`. */
export function availabilityTag(
  { say }: Pick<Visit, 'say'>,
  { copies, available }: { copies: number; available: number },
): Html {
  if (copies === 0) return tag('plain', say('availability.none'))
  if (available === 0) return tag('warn', say('availability.all-out', { copies }))
  return tag('good', say('availability.some', { copies, available }))
}

/** More branches than this are counted, not named. */
const namedMax = 3

/**
 * Where one can take it home today: `2 of 3 here, 1 at Hill Branch`. Here is where somebody reads or works. Undefined
 * where there is one branch, or nowhere to take it home from.
 */
export function whereAvailable(
  { say, language, who }: Visit,
  places: readonly Standing[],
  branches: readonly Branch[],
): Html | undefined {
  if (branches.length < 2) return undefined
  const here = places.find(({ branchId, available }) => branchId === who?.branchId && available > 0)
  const named = branches.flatMap(({ branchId, name }) => {
    const found = places.find((each) => each.branchId === branchId && each !== here)
    if (!found || found.available === 0) return []
    return [say('availability.at', { available: found.available, branch: html`<bdi>${name}</bdi>` })]
  })
  const parts = here ? [say('availability.here', here), ...named] : named
  if (parts.length === 0) return undefined
  const count = parts.length - namedMax
  const shown = parts.slice(0, namedMax)
  if (count > 0) shown.push(say('availability.more-branches', { count }))
  return listed(language, shown)
}

/** Where a copy is, in words. */
export function copyStateTag(
  visit: Visit,
  { state, dueAt }: { state: CopyState; dueAt: string | null },
): Html {
  const day = dueAt && html`<time datetime="${dueAt}">${dayText(visit, dueAt)}</time>`
  if (state === 'on-loan' && day) return tag('warn', visit.say('copy-state.on-loan-until', { day }))
  return tag(stateTones[state], visit.say(`copy-state.${state}`))
}

const stateTones: Record<CopyState, Tone> = {
  available: 'good',
  'on-loan': 'warn',
  'on-hold-shelf': 'warn',
  'in-transit': 'warn',
  missing: 'bad',
  'not-for-loan': 'plain',
  withdrawn: 'bad',
}

import type { CopyState } from '../../catalogue/copy.ts'
import { type Html, html } from './html.ts'
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
  'not-for-loan': 'plain',
  withdrawn: 'bad',
}

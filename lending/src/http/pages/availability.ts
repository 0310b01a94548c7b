import type { CopyState } from '../../catalogue/copy.ts'
import { type Html, html } from './html.ts'
import { tag } from './notice.ts'
import { dayText } from './wording.ts'

/** Whether one can take it home today: `2 of 3 on the shelf`. */
export function availabilityTag({ copies, available }: { copies: number; available: number }): Html {
  if (copies === 0) return tag('plain', 'No copies')
  if (available === 0)
    return tag('warn', copies === 1 ? 'Not on the shelf' : `None of ${copies} on the shelf`)
  return tag('good', copies === 1 ? 'On the shelf' : `${available} of ${copies} on the shelf`)
}

/** Where a copy is, in words. */
export function copyStateTag(
  { state, dueAt }: { state: CopyState; dueAt: string | null },
  zone: string,
): Html {
  switch (state) {
    case 'available':
      return tag('good', 'On the shelf')
    case 'on-loan':
      return tag(
        'warn',
        dueAt ? html`On loan, due <time datetime="${dueAt}">${dayText(visit, dueAt)}</time>` : 'On loan',
      )
    case 'on-hold-shelf':
      return tag('warn', 'Waits for a patron')
    case 'in-transit':
      return tag('warn', 'On its way between branches')
    case 'not-for-loan':
      return tag('plain', 'To read here')
    case 'withdrawn':
      return tag('bad', 'Withdrawn')
  }
}

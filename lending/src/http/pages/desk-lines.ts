import { type JournalEntry, journal } from '../../journal/journal.ts'
import { answerTo } from '../answers.ts'
import type { DeskLine } from './desk-view.ts'
import { type Html, html } from './html.ts'
import { tag } from './notice.ts'
import type { Served } from './serve-page.ts'
import type { Visit } from './visit.ts'
import { workLink } from './work-line.ts'

/** How many lines a desk shows of what was just done. */
const linesMax = 12
/** What was done longer ago is not of this working day. */
const shiftMs = 12 * 60 * 60 * 1_000

/** What this member of staff did last with these actions, from the journal: it outlives reloads and restarts. */
export async function deskLines(
  { library }: Served,
  { who, now }: Visit,
  actions: readonly string[],
): Promise<readonly DeskLine[]> {
  if (who?.kind !== 'staff') return []
  // Without a bound, somebody's first day would be looked for in the whole history.
  const since = new Date(now.getTime() - shiftMs)
  const rows = await journal(library.db, { actor: who.actor, since, limit: linesMax * 2 })
  return rows
    .filter(({ action }) => actions.includes(action))
    .slice(0, linesMax)
    .map((row) => ({ at: row.occurredAt, words: wordsOf(row) }))
}

/** The recorded answer of what this member of staff did last with a copy; undefined when they did nothing with it. */
export async function lastAnswer<Answer>(
  { library }: Served,
  { who }: Visit,
  { copyId, action }: { copyId: number; action: string },
): Promise<Answer | undefined> {
  if (who?.kind !== 'staff') return undefined
  const [row] = await journal(library.db, { actor: who.actor, copyId, action, limit: 1 })
  return row?.outcome === 'done' ? (row.answer as Answer) : undefined
}

/** What the recorded answers of lending, renewing and taking back have in common. */
type Recorded = {
  readonly title?: string
  readonly titleId?: number
  readonly patronName?: string | null
  readonly barcode?: string
  readonly overridden?: readonly string[]
  readonly refused?: string
  readonly next?: { readonly to: string; readonly branchName?: string }
}

function wordsOf({ action, outcome, answer }: JournalEntry): Html {
  const recorded = (answer ?? {}) as Recorded
  if (outcome === 'refused') {
    return html`<p>${tag('bad', 'Refused')} ${answerTo(recorded.refused ?? '').title}</p>`
  }
  const { titleId = null, title = '' } = recorded
  const isOverridden = (recorded.overridden ?? []).length > 0
  return html`<p>${tag('good', verbs[action] ?? action)} ${workLink({ titleId, title })}</p>
    <p class="under">${recorded.patronName && html`<bdi dir="auto">${recorded.patronName}</bdi>`}${
      recorded.next && html`${recorded.patronName && ' · '}${destination(recorded.next)}`
    }${isOverridden && html` · ${tag('warn', 'overridden')}`}</p>`
}

const verbs: Readonly<Record<string, string>> = { lend: 'Lent', renew: 'Renewed', 'take-back': 'Back' }

function destination({ to, branchName = '' }: NonNullable<Recorded['next']>): string {
  if (to === 'hold-shelf') return 'to the hold shelf'
  if (to === 'transit') return `to ${branchName}`
  return to === 'withdrawn' ? 'put aside' : 'back to the shelf'
}

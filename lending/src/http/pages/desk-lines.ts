import { type JournalEntry, journal } from '../../journal/journal.ts'
import { refusalIn } from '../answers.ts'
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

/** What a desk does with copies, as the journal names it. */
const deskActions = ['lend', 'renew', 'take-back'] as const
type DeskAction = (typeof deskActions)[number]

/** One thing that was done, or refused, at a desk. */
export type DeskEntry = { readonly entry: JournalEntry; readonly action: DeskAction }

/**
 * What this member of staff did last at the desk, newest first, from the journal: it outlives reloads and restarts. With a
 * patron, only what was done for them: the receipt that grows.
 */
export async function deskEntries(
  { library }: Served,
  who: Visit['who'],
  {
    patronId,
    actions = deskActions,
  }: { readonly patronId?: number | undefined; readonly actions?: readonly DeskAction[] } = {},
): Promise<readonly DeskEntry[]> {
  if (who?.kind !== 'staff') return []
  // Without a bound, somebody's first day would be looked for in the whole history.
  const since = new Date(library.clock().getTime() - shiftMs)
  const entries = await journal(library.db, { actor: who.actor, patronId, since, limit: linesMax * 2 })
  return entries
    .flatMap((entry) => {
      const action = actions.find((each) => each === entry.action)
      return action ? [{ entry, action }] : []
    })
    .slice(0, linesMax)
}

/** What was done at the desk, in words. */
export function deskLines(visit: Visit, entries: readonly DeskEntry[]): readonly DeskLine[] {
  return entries.map(({ entry, action }) => ({
    entryId: entry.id,
    at: entry.occurredAt,
    words: wordsOf(visit, entry, action),
  }))
}

/** The recorded answer of what this member of staff did last with a copy; undefined when they did nothing with it. */
export async function lastAnswer(
  { library }: Served,
  who: Visit['who'],
  { copyId, actions }: { readonly copyId: number; readonly actions: readonly DeskAction[] },
): Promise<{ readonly action: DeskAction; readonly answer: object } | undefined> {
  if (who?.kind !== 'staff') return undefined
  const [row] = await journal(library.db, { actor: who.actor, copyId, limit: 1 })
  const action = actions.find((each) => each === row?.action)
  return row?.outcome === 'done' && row.answer && action ? { action, answer: row.answer } : undefined
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

function wordsOf({ say }: Visit, { outcome, answer }: JournalEntry, action: DeskAction): Html {
  const recorded = (answer ?? {}) as Recorded
  if (outcome === 'refused') {
    return html`<p>${tag('bad', say('desk.refused'))} ${refusalIn(say, recorded.refused ?? '').title}</p>`
  }
  const { titleId = null, title = '' } = recorded
  const isOverridden = (recorded.overridden ?? []).length > 0
  const under = [
    recorded.patronName && html`<bdi dir="auto">${recorded.patronName}</bdi>`,
    recorded.next && destination(say, recorded.next),
    isOverridden && tag('warn', say('desk.overridden')),
  ].filter(Boolean)
  return html`<p>${tag('good', say(`desk.did.${action}`))} ${workLink({ titleId, title })}</p>
    <p class="under">${under.map((each, index) => html`${index > 0 && ' · '}${each}`)}</p>`
}

function destination(say: Visit['say'], { to, branchName = '' }: NonNullable<Recorded['next']>): string {
  if (to === 'hold-shelf') return say('desk.to-hold-shelf')
  if (to === 'transit') return say('desk.to-branch', { branch: branchName })
  return say(to === 'withdrawn' ? 'desk.put-aside' : 'desk.to-shelf')
}

import type { Patron } from './find.ts'
import { patronTexts } from './patron-fields.ts'

/** What two records of one person say between them. */
export type MergedFields = Pick<
  Patron,
  | 'email'
  | 'phone'
  | 'address'
  | 'note'
  | 'expiresOn'
  | 'blockedBecause'
  | 'blockedAt'
  | 'protected'
  | 'keepsHistory'
  | 'registeredAt'
>

/**
 * The kept record as it is after a merge. Name, category, branch and password are the kept one's. Contacts fill what
 * it does not have; notes and blocks of both stay; the card runs as long as either did. What was returned is
 * remembered only if both records said so: who declined once is not overruled by a second card.
 */
export function mergedFields(kept: MergedFields, gone: MergedFields): MergedFields {
  const blocks = bothTexts(kept.blockedBecause ?? '', gone.blockedBecause ?? '', '; ')
  return {
    email: kept.email || gone.email,
    phone: kept.phone || gone.phone,
    address: kept.address || gone.address,
    note: [...bothTexts(kept.note, gone.note, '\n')].slice(0, patronTexts.note.max).join(''),
    expiresOn: later(kept.expiresOn, gone.expiresOn),
    blockedBecause: blocks || null,
    blockedAt: earlier(kept.blockedAt, gone.blockedAt),
    protected: kept.protected || gone.protected,
    keepsHistory: kept.keepsHistory && gone.keepsHistory,
    registeredAt: earlier(kept.registeredAt, gone.registeredAt) ?? kept.registeredAt,
  }
}

/** An open hold, as far as it decides which of two for one title stays. */
export type RankedHold = {
  readonly holdId: number
  readonly titleId: number
  readonly state: 'waiting' | 'in-transit' | 'on-shelf'
  readonly placedAt: string | Date
}

/** Two holds of one person for one title: the one that stays, and the one that is given up. */
export type DoubledHold<Hold> = { readonly stays: Hold; readonly givenUp: Hold }

/** Of two holds for one title stays the one with a copy, nearest to the patron first; else the earlier place. */
export function doubledHolds<Hold extends RankedHold>(holds: readonly Hold[]): readonly DoubledHold<Hold>[] {
  const byTitle = Map.groupBy(holds, ({ titleId }) => titleId)
  return [...byTitle.values()].flatMap((ofTitle) => {
    const [stays, ...others] = ofTitle.toSorted(nearestFirst)
    return stays ? others.map((givenUp) => ({ stays, givenUp })) : []
  })
}

const nearness = { 'on-shelf': 0, 'in-transit': 1, waiting: 2 } as const

function nearestFirst(one: RankedHold, other: RankedHold): number {
  return (
    nearness[one.state] - nearness[other.state] ||
    new Date(one.placedAt).getTime() - new Date(other.placedAt).getTime() ||
    one.holdId - other.holdId
  )
}

function bothTexts(one: string, other: string, between: string): string {
  return one === other ? one : [one, other].filter(Boolean).join(between)
}

/** Days as `YYYY-MM-DD` are in the order of their letters. */
function later(one: string, other: string): string {
  return one > other ? one : other
}

/** Moments as ISO 8601 in UTC are too. */
function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other
  return one < other ? one : other
}

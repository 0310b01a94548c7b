import type { Database, Tx } from '../postgres/pool.ts'
import { triesMax, waitMs } from './backoff.ts'
import type { Deliver, Delivered } from './deliver.ts'
import type { Kind } from './kinds.ts'
import { type DueLetter, endDead, endNotSent, endSent, keepWords, putOff, takeLetter } from './letter.ts'

/** What became of the letter that was due. */
export type Sent =
  | { readonly what: 'nothing-due' }
  /** All that it would have told is overtaken or too old. */
  | { readonly what: 'nothing-to-tell' }
  | { readonly what: 'tried'; readonly id: string; readonly kind: Kind; readonly delivered: Delivered }

/** How to send. */
export type Sending = {
  readonly clock: () => Date
  readonly deliver: Deliver
  readonly signal: AbortSignal
  readonly chance?: () => number
  /** Whether a try counts: while the service is away for all, no letter dies of it. */
  readonly countsTries: boolean
}

/**
 * Sends the letter that is due. Its words are written down first. Then its row is locked for as long as it is being
 * sent: a process that dies lets go of it at once, and the same words go again under the same id, which the service
 * recognises.
 */
export async function sendNext(db: Database, sending: Sending): Promise<Sent> {
  const prepared = await db.transaction((tx) => prepare(tx, sending.clock()))
  if ('what' in prepared) return prepared
  return db.transaction(async (tx) => {
    const due = await takeLetter(tx, { now: sending.clock(), id: prepared.id })
    // Another sender was quicker.
    if (!due?.isKept || due.toSend.length === 0) return { what: 'nothing-to-tell' }
    const delivered = await sending.deliver(due.letter, sending.signal)
    await settle(tx, due, delivered, sending)
    return { what: 'tried', id: due.id, kind: due.kind, delivered }
  })
}

async function prepare(tx: Tx, now: Date): Promise<Sent | { readonly id: string }> {
  const due = await takeLetter(tx, { now })
  if (!due) return { what: 'nothing-due' }
  if (due.toSend.length === 0) {
    await endNotSent(tx, due, now)
    return { what: 'nothing-to-tell' }
  }
  if (!due.isKept) await keepWords(tx, due)
  return { id: due.id }
}

async function settle(tx: Tx, letter: DueLetter, delivered: Delivered, sending: Sending): Promise<void> {
  const now = sending.clock()
  const { outcome } = delivered
  if (outcome === 'sent') {
    await endSent(tx, letter, { messageId: delivered.messageId, now })
    return endNotSent(tx, letter, now)
  }
  const tries = letter.tries + 1
  const counts = sending.countsTries
  if (outcome === 'refused' || (counts && tries >= triesMax)) {
    await endDead(tx, letter, { because: delivered.because, mayBeSent: outcome === 'unknown', now })
    return endNotSent(tx, letter, now)
  }
  const askedMs = outcome === 'unavailable' ? delivered.askedMs : undefined
  const chance = (sending.chance ?? Math.random)()
  const afterMs = waitMs({ tries, chance, ...(askedMs === undefined ? {} : { askedMs }) })
  const said = outcome === 'unknown' ? 'unknown' : delivered.because
  await putOff(tx, letter, { nextAt: new Date(now.getTime() + afterMs), outcome: said, counts })
}

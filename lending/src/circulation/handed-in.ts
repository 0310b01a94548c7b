import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { digestOf } from '../postgres/write.ts'
import { keepScan, type Meant, sameScan } from './kept-scan.ts'
import { lend } from './lend.ts'
import { takeBack } from './take-back.ts'

/** A scan that a device hands in, as far as it tells one request from another. */
export type HandedIn = {
  /** Under which it is lent or taken back. */
  readonly key: string
  /** Under which it is listed where that cannot be done. */
  readonly listedUnder: string
  readonly meant: Meant
  readonly card: string
  readonly code: string
  /** Of the desk that scanned; undefined where its device does not know it. */
  readonly branchId: number | undefined
}

/** What a scan was answered before. */
export type AnsweredBefore =
  | { readonly became: 'done' }
  | { readonly became: 'listed' }
  | { readonly became: 'refused'; readonly refusal: { readonly refused: string } }

/**
 * What the keys of a scan have been answered before, whichever member of staff sent it: the answer was lost, and a colleague
 * hands in what is left on the device. Under a key of another request the refusal is `key-reused`, as it is for `write`.
 *
 * Nobody learns or does more by a key that is not theirs: it is 128 random bits that the device made, so that only who has
 * the device has it; only staff who may lend can hand in; they must name the same card and code; and they hear that it was
 * done, not what came of it.
 */
export async function handedInBefore(
  db: { readonly rows: Rows },
  scan: HandedIn,
): Promise<AnsweredBefore | undefined> {
  const { key, listedUnder } = scan
  // From `staff`, for the index of keys begins with the actor.
  const found = await db.rows<Found>(sql`
    select journal.idempotency_key as key, journal.outcome, journal.answer ->> 'refused' as refused,
      journal.request_sha256 as digest, staff.branch_id as "sentAt"
    from staff
    join journal
      on journal.actor = 'staff:' || staff.id and journal.idempotency_key in (${key}, ${listedUnder})
    where journal.action in (${lend.action}, ${takeBack.action}, ${keepScan.action})
    order by journal.outcome = 'done' desc, journal.recorded_at
    limit ${answersMax}
  `)
  const listing = digestOf({ action: keepScan.action, recognisedBy: sameScan }, scan)
  const isListed = (each: Found) => each.key === listedUnder && each.digest.equals(listing)
  if (found.some((each) => each.outcome === 'done' && isListed(each))) return { became: 'listed' }
  const answers = found.filter((each) => each.key === key)
  if (answers.length === 0) return undefined
  const same = answers.find((each) => isOf(scan, each))
  if (same?.outcome === 'done') return { became: 'done' }
  return { became: 'refused', refusal: { refused: same ? (same.refused ?? '') : 'key-reused' } }
}

/** Handed in it is done at the branch of the page, and live at that of whoever sent it: others may have opened the page. */
function isOf(scan: HandedIn, { digest, sentAt }: Found): boolean {
  return [scan.branchId ?? sentAt, sentAt].some((branchId) => digest.equals(doing(scan, branchId)))
}

function doing({ meant, card, code }: HandedIn, branchId: number): Buffer {
  const ask = { barcode: code, branchId }
  return meant === 'take-back' || card === '' ? digestOf(takeBack, ask) : digestOf(lend, { ...ask, card })
}

type Found = {
  readonly key: string
  readonly outcome: 'done' | 'refused'
  readonly refused: string | null
  readonly digest: Buffer
  /** The branch of whoever sent it. */
  readonly sentAt: number
}

/** One scan has no more: those who share a device are few. */
const answersMax = 20

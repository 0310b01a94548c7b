import { scanned } from '../../circulation/scanned.ts'
import type { Tx } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import type { Verb } from '../../postgres/write.ts'
import { copyLimits } from '../checked-copy.ts'
import type { Found } from './stock-take.ts'

/** Which shelf of which branch is looked through. */
export type StartStockTakeAsk = { readonly branch: string; readonly shelf: string }

/** The stock-take of that shelf; `isJoined` where one goes on already. */
export type StockTakeStarted = {
  readonly stockTakeId: number
  readonly branch: string
  readonly shelf: string
  readonly isJoined: boolean
}

/** Begins to look through a shelf, or joins whoever does already: there is one open stock-take of a shelf. */
export const startStockTake: Verb<
  StartStockTakeAsk,
  StockTakeStarted,
  { readonly refused: 'branch-unknown' }
> = {
  action: 'start-stock-take',
  about: () => ({}),
  work: async (tx, ask, { actor, occurredAt }) => {
    const shelf = ask.shelf.normalize('NFC').trim().slice(0, copyLimits.shelf)
    const [place] = await tx.rows<{ id: number; branch: string }>(sql`
      select id, code as branch from branch where code = ${ask.branch}
    `)
    if (!place) return { refused: 'branch-unknown' }
    const { branch } = place
    const [open] = await tx.rows<{ id: number }>(sql`
      select id from stock_take where branch_id = ${place.id} and shelf = ${shelf} and ended_at is null
    `)
    if (open) return { stockTakeId: open.id, branch, shelf, isJoined: true }
    const [made] = await tx.rows<{ id: number }>(sql`
      insert into stock_take (branch_id, shelf, started_by, started_at)
      values (${place.id}, ${shelf}, ${actor}, ${occurredAt})
      returning id
    `)
    if (!made) throw new Error('A stock-take was added and is not there.')
    return { stockTakeId: made.id, branch, shelf, isJoined: false }
  },
}

/** What was scanned before which shelf. */
export type ScanShelfAsk = { readonly stockTakeId: number; readonly barcode: string }

/** What the library knows of the copy in hand. */
export type ShelfScanned = {
  readonly stockTakeId: number
  readonly barcode: string
  readonly found: Found
  readonly copyId: number | null
  readonly titleId: number | null
  /** It was scanned before, here or by a colleague. */
  readonly isAgain: boolean
}

/** Why a scan is not taken. */
export type ScanShelfRefused =
  | { readonly refused: 'stock-take-unknown' }
  | { readonly refused: 'stock-take-ended' }
  | { readonly refused: 'barcode-unreadable' }

/**
 * Takes note of a copy that stands before somebody, and tells what the library knows of it. It changes nothing of the copy.
 * The same copy scanned twice is one scan, told by what is known of it now.
 */
export const scanShelf: Verb<ScanShelfAsk, ShelfScanned, ScanShelfRefused> = {
  action: 'scan-shelf',
  about: ({ copyId, titleId }) => ({ copyId, titleId }),
  work: async (tx, ask, { actor, occurredAt }) => {
    const { stockTakeId } = ask
    const refusal = await closedTo(tx, stockTakeId)
    if (refusal) return refusal
    const barcode = scanned(ask.barcode)
    if (barcode === '') return { refused: 'barcode-unreadable' }
    const seen = await inHand(tx, stockTakeId, barcode)
    const [row] = await tx.rows<{ isAgain: boolean }>(sql`
      insert into stock_take_scan (stock_take_id, barcode, copy_id, found, scanned_by, scanned_at)
      values (${stockTakeId}, ${barcode}, ${seen.copyId}, ${seen.found}, ${actor}, ${occurredAt})
      on conflict (stock_take_id, barcode) do update
      set copy_id = excluded.copy_id, found = excluded.found, scanned_at = excluded.scanned_at
      -- Only a row that was there before has been written over by a transaction.
      returning xmax::text <> '0' as "isAgain"
    `)
    return { stockTakeId, barcode, ...seen, isAgain: row?.isAgain === true }
  },
}

/** Which stock-take is over. */
export type EndStockTakeAsk = { readonly stockTakeId: number }

/** Ends a stock-take: nothing is scanned into it any more. Ended twice is ended once. */
export const endStockTake: Verb<
  EndStockTakeAsk,
  { readonly stockTakeId: number },
  { readonly refused: 'stock-take-unknown' }
> = {
  action: 'end-stock-take',
  about: () => ({}),
  work: async (tx, { stockTakeId }, { occurredAt }) => {
    const [ended] = await tx.rows<{ id: number }>(sql`
      update stock_take set ended_at = coalesce(ended_at, ${occurredAt}) where id = ${stockTakeId} returning id
    `)
    return ended ? { stockTakeId } : { refused: 'stock-take-unknown' }
  },
}

/** Held until the scan is in, so that nobody ends the stock-take in between. */
async function closedTo(tx: Tx, stockTakeId: number): Promise<ScanShelfRefused | undefined> {
  const [open] = await tx.rows<{ is_over: boolean }>(sql`
    select ended_at is not null as is_over from stock_take where id = ${stockTakeId} for share
  `)
  if (!open) return { refused: 'stock-take-unknown' }
  return open.is_over ? { refused: 'stock-take-ended' } : undefined
}

type InHand = Pick<ShelfScanned, 'found' | 'copyId' | 'titleId'>

/** The first that applies counts: what must not stand here at all goes before where it belongs. */
async function inHand(tx: Tx, stockTakeId: number, barcode: string): Promise<InHand> {
  const [copy] = await tx.rows<InHand>(sql`
    select copy.id as "copyId", copy.title_id as "titleId",
      case
        when copy.withdrawn_at is not null then 'withdrawn'
        when exists (select from loan where loan.copy_id = copy.id and loan.returned_at is null) then 'on-loan'
        when exists (select from hold where hold.copy_id = copy.id and hold.state = 'on-shelf') then 'waited-for'
        when copy.in_transit_to is not null then 'in-transit'
        when copy.branch_id = stock_take.branch_id and copy.shelf = stock_take.shelf then 'here'
        else 'elsewhere'
      end as found
    from copy
    join stock_take on stock_take.id = ${stockTakeId}
    where copy.barcode = ${barcode}
  `)
  return copy ?? { found: 'unknown', copyId: null, titleId: null }
}

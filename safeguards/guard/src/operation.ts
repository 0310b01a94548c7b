import type { Json } from './digest.ts'
import type { Rows } from './host.ts'
import type { Ending } from './refusal.ts'
import type { State } from './state.ts'

/** One operation as anybody may see it. Neither the code nor its HMAC is in it. */
export type Operation = {
  readonly id: string
  readonly name: string
  readonly arguments: { readonly [name: string]: Json }
  readonly state: State
  readonly requestedBy: string
  readonly plannedAt: Date
  readonly approveUntil: Date | null
  readonly confirmUntil: Date | null
  readonly approvedBy: string | null
  readonly count: number
  readonly total: number
  readonly samples: readonly string[]
  /** The digest of the plan, in hexadecimal. */
  readonly digest: string | null
  readonly phrase: string | null
  readonly codeUntil: Date | null
  /** Whether a code is out that can still be typed. */
  readonly codeHolds: boolean
  readonly tries: number
  readonly acted: number
  readonly undone: number
  /** Rows that undo left as they were, because somebody had changed them since. */
  readonly left: number
  readonly nextBatchAt: Date | null
  readonly undoUntil: Date | null
  readonly endedAt: Date | null
  readonly because: Ending | null
  /** Since when there is no way back for good: what undo needed is being forgotten, or is. */
  readonly forgottenAt: Date | null
  readonly isUndoable: boolean
}

/** The same under lock, with what only the guard may see. */
export type LockedOperation = Operation & {
  /** As it is written; `state` says `expired` as soon as the time is over. */
  readonly written: State
  readonly codeHmac: Buffer | null
  readonly codeIsOver: boolean
  readonly codes: number
  readonly waitMs: number
}

/** The longest that a timer holds; it is what an `integer` holds too. */
const timerMsMax = 2_147_483_647

/** Until when a plan may wait: for its approval, and from then on for its confirmation. */
const until = `coalesce(case when approved_by is null then approve_until end, confirm_until)`

const shown = `
  id, name, arguments,
  case when state in ('planned', 'armed') and ${until} <= clock_timestamp() then 'expired' else state end as state,
  requested_by as "requestedBy", planned_at as "plannedAt", approve_until as "approveUntil",
  confirm_until as "confirmUntil", approved_by as "approvedBy", count, total, samples,
  encode(digest, 'hex') as digest, phrase, code_until as "codeUntil",
  coalesce(code_until > clock_timestamp(), false) as "codeHolds", tries, acted, undone, left_alone as "left",
  next_batch_at as "nextBatchAt", undo_until as "undoUntil", ended_at as "endedAt", because,
  forgotten_at as "forgottenAt",
  state in ('done', 'failed') and acted > 0 and forgotten_at is null
    and coalesce(undo_until > clock_timestamp(), false) as "isUndoable"
`

/** One operation, as it stands. */
export async function operationOf(rows: Rows, id: string): Promise<Operation | undefined> {
  const [found] = await rows<Operation>(`select ${shown} from guard_operation where id = $1`, [id])
  return found
}

/** One operation, locked until the transaction ends. All that is asked of its times is asked of the database. */
export async function lockOperation(
  rows: Rows,
  id: string,
  ifLocked: 'wait' | 'skip',
): Promise<LockedOperation | undefined> {
  // Locked first and read then: else the time is the one before the wait for the lock.
  const lock = 'select id from guard_operation where id = $1 for update'
  const [locked] = await rows(ifLocked === 'skip' ? `${lock} skip locked` : lock, [id])
  if (!locked) return undefined
  const [found] = await rows<LockedOperation>(
    `
      select ${shown}, state as written, code_hmac as "codeHmac", codes,
        coalesce(code_until <= clock_timestamp(), true) as "codeIsOver",
        least($2, greatest(0, ceil(extract(epoch from next_batch_at - clock_timestamp()) * 1000)))::integer as "waitMs"
      from guard_operation
      where id = $1
    `,
    [id, timerMsMax],
  )
  return found
}

/** What to list: the latest first, from the one after `after` on. */
export type Listing = { readonly atMost: number; readonly states?: readonly State[]; readonly after?: string }

/** The operations, latest first. */
export async function listOperations(rows: Rows, { atMost, states, after }: Listing): Promise<Operation[]> {
  return rows<Operation>(
    `
      select *
      from (select ${shown} from guard_operation) as operation
      where ($1::text[] is null or state = any($1))
        and (
          $2::uuid is null
          or ("plannedAt", id) < (select planned_at, id from guard_operation as last where last.id = $2)
        )
      order by "plannedAt" desc, id desc
      limit $3
    `,
    [states ?? null, after ?? null, atMost],
  )
}

import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** Whether letters may go out now, and by which settings. */
export type QueueNow = {
  /** Why not; null when they may. */
  readonly stands: 'off' | 'elsewhere' | 'writes-stopped' | null
  readonly haltedSince: Date | null
  readonly haltedBecause: string | null
  readonly patronDayMax: number
  readonly lettersPerSecondMax: number
}

/** Reads whether this installation may send. */
export async function queueNow(db: { readonly rows: Rows }, installation: string): Promise<QueueNow> {
  const [row] = await db.rows<QueueNow>(sql`
    select
      case
        when notice_switch.installations = '{}' then 'off'
        when not ${installation} = any(notice_switch.installations) then 'elsewhere'
        when fence.mode <> 'normal' then 'writes-stopped'
      end as stands,
      notice_queue.halted_since as "haltedSince", notice_queue.halted_because as "haltedBecause",
      notice_setting.patron_day_max as "patronDayMax",
      notice_setting.letters_per_second_max as "lettersPerSecondMax"
    from notice_switch
    cross join fence
    cross join notice_queue
    cross join notice_setting
  `)
  if (!row) throw new Error('The database has no row that says whether notices are sent.')
  return row
}

/** Says that sending stands still from now on: until it goes on, no notice grows older. Where it does already, nothing. */
export async function haltQueue(db: { readonly rows: Rows }, because: string, now: Date): Promise<void> {
  await db.rows(sql`
    update notice_queue set halted_since = ${now}, halted_because = ${because} where halted_since is null
  `)
}

/** Says that sending goes on. */
export async function resumeQueue(db: { readonly rows: Rows }, now: Date): Promise<void> {
  await db.rows(sql`
    update notice_queue
    set stood_still = stood_still + greatest(${now}::timestamptz - halted_since, '0'),
        halted_since = null, halted_because = null
    where halted_since is not null
  `)
}

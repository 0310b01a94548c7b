import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'

/** The moment that a snapshot sees. */
export type Moment = {
  /** By the database's clock, as ISO 8601. */
  readonly takenAt: string
  /** Where the log stood. */
  readonly lsn: string
  /** Nothing was under way, and the log did not move: playing it back to `lsn` gives just what the snapshot sees. */
  readonly isStill: boolean
}

const triesMax = 400
const pauseMs = 25

/**
 * Begins a read-only transaction on `reader` whose snapshot is a moment at which nothing was being written, which on a
 * busy library comes within a second; and takes `copier` to the same snapshot. Where no such moment comes in some ten
 * seconds, any other is taken and said to be that; so is the first, where none `isWanted` because nothing will be played back.
 */
export async function beginStill(
  { reader, copier }: { readonly reader: pg.Client; readonly copier: pg.Client },
  { isWanted, signal }: { readonly isWanted: boolean; readonly signal: AbortSignal },
): Promise<Moment> {
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted()
    const moment = await looked(reader)
    if (moment.isStill || !isWanted || tries === triesMax) {
      const { rows } = await reader.query<{ id: string }>('select pg_export_snapshot() as id')
      await copier.query('begin transaction isolation level repeatable read, read only')
      await copier.query(`set transaction snapshot '${rows[0]?.id}'`)
      return moment
    }
    await reader.query('rollback')
    await wait(pauseMs)
  }
}

/** Where the log stood, and then a snapshot: in one message, so that a session behind everybody else loses no time between them. */
async function looked(reader: pg.Client): Promise<Moment> {
  const results = (await reader.query(`
    begin;
    select pg_current_wal_insert_lsn()::text as before;
    commit;
    begin transaction isolation level repeatable read, read only;
    select pg_current_wal_insert_lsn()::text as lsn,
      to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "takenAt",
      pg_snapshot_xmin(pg_current_snapshot()) = pg_snapshot_xmax(pg_current_snapshot()) as idle;
  `)) as unknown as readonly pg.QueryResult<{ before: string; lsn: string; takenAt: string; idle: boolean }>[]
  const [before, now] = [results[1]?.rows[0]?.before, results[4]?.rows[0]]
  if (!now) throw new Error('The server did not say where its log stands.')
  return { takenAt: now.takenAt, lsn: now.lsn, isStill: now.idle && now.lsn === before }
}

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
    const before = await lsnOf(reader)
    await reader.query('begin transaction isolation level repeatable read, read only')
    const { rows } = await reader.query<Omit<Moment, 'isStill'> & { idle: boolean }>(`
      select pg_current_wal_insert_lsn()::text as lsn,
        to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "takenAt",
        pg_snapshot_xmin(pg_current_snapshot()) = pg_snapshot_xmax(pg_current_snapshot()) as idle
    `)
    const [now] = rows
    if (!now) throw new Error('The server did not say where its log stands.')
    const isStill = now.idle && now.lsn === before
    if (isStill || !isWanted || tries === triesMax) {
      const { rows: exported } = await reader.query<{ id: string }>('select pg_export_snapshot() as id')
      await copier.query('begin transaction isolation level repeatable read, read only')
      await copier.query(`set transaction snapshot '${exported[0]?.id}'`)
      return { takenAt: now.takenAt, lsn: now.lsn, isStill }
    }
    await reader.query('rollback')
    await wait(pauseMs)
  }
}

async function lsnOf(session: pg.Client): Promise<string> {
  const { rows } = await session.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn')
  return rows[0]?.lsn ?? ''
}

import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Delivered } from './deliver.ts'
import { type Kind, kindNames } from './kinds.ts'

/** What a try to send came to. */
export type TryOutcome = Delivered['outcome']

/** Every outcome of a try. */
export const tryOutcomes: readonly TryOutcome[] = ['sent', 'refused', 'unavailable', 'put-off', 'unknown']

/** How many of a kind are in which state, and how old the oldest queued one is. */
export type KindFigures = { queued: number; dead: number; oldestSeconds: number }

/** The figures of notices in one process: the sender writes them, whoever watches reads them. */
export type NoticeFigures = {
  readonly tries: Readonly<Record<Kind, Record<TryOutcome, number>>>
  readonly queue: Readonly<Record<Kind, KindFigures>>
  /** By how many notices the ledger and the rows disagreed when they were last compared. */
  ledgerDifference: number
  /** Due by a sweep, and not caused because the run was full. */
  overRunMax: number
}

/** All at zero: a series that first shows with its first event hides that event. */
export function noFigures(): NoticeFigures {
  const each = <T>(make: () => T) =>
    Object.fromEntries(kindNames.map((kind) => [kind, make()])) as Record<Kind, T>
  return {
    tries: each(() => ({ sent: 0, refused: 0, unavailable: 0, 'put-off': 0, unknown: 0 })),
    queue: each(() => ({ queued: 0, dead: 0, oldestSeconds: 0 })),
    ledgerDifference: 0,
    overRunMax: 0,
  }
}

/** Looks at the queue and writes what it finds into the figures. */
export async function lookAtQueue(
  db: { readonly rows: Rows },
  figures: NoticeFigures,
  now: Date,
): Promise<void> {
  const rows = await db.rows<{ kind: Kind } & KindFigures>(sql`
    select
      kind, count(*) filter (where state = 'queued') as queued, count(*) filter (where state = 'dead') as dead,
      coalesce(
        greatest(extract(epoch from ${now}::timestamptz - min(caused_at) filter (where state = 'queued')), 0), 0
      )::float8 as "oldestSeconds"
    from notice
    where state = 'queued' or state = 'dead'
    group by kind
  `)
  for (const kind of kindNames) {
    const found = rows.find((row) => row.kind === kind)
    Object.assign(figures.queue[kind], {
      queued: found?.queued ?? 0,
      dead: found?.dead ?? 0,
      oldestSeconds: found?.oldestSeconds ?? 0,
    })
  }
}

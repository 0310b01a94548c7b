import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** How a process feels, in the figures that fit beside those of others. */
export type Feels = {
  readonly writesPerSecond: number
  /** Of the requests of the last seconds; null where there were none. */
  readonly checkoutP95Ms: number | null
  readonly searchP95Ms: number | null
  readonly lagMs: number
  readonly memoryBytes: number
}

/** A Bibby that is at work on this database, or was until a moment ago. */
export type Instance = {
  readonly name: string
  readonly version: string
  readonly commit: string
  readonly startedAt: Date
  readonly seenAt: Date
  /** Whether it has not been heard of for so long that it may be gone. */
  readonly isSilent: boolean
  readonly figures: Feels
}

/** Who is not heard of for so long may be gone. */
const silentSeconds = 30
/** And is forgotten after this long. */
const forgottenSeconds = 600
const listedMax = 100

/** Says that this process is there. The times are those of the database: clocks of machines differ. */
export async function beat(
  db: { readonly rows: Rows },
  { name, version, commit, startedAt, figures }: Omit<Instance, 'seenAt' | 'isSilent'>,
): Promise<void> {
  await db.rows(sql`
    with forgotten as (
      delete from instance where seen_at < now() - make_interval(secs => ${forgottenSeconds})
    )
    insert into instance (name, version, commit, started_at, seen_at, figures)
    values (${name}, ${version}, ${commit}, ${startedAt}, now(), ${JSON.stringify(figures)}::jsonb)
    on conflict (name) do update
    set seen_at = excluded.seen_at, figures = excluded.figures
  `)
}

/** Says that this process ends in order: nobody need wonder where it is. */
export async function endBeat(db: { readonly rows: Rows }, name: string): Promise<void> {
  await db.rows(sql`delete from instance where name = ${name}`)
}

/** Every Bibby that was heard of lately, the oldest first. */
export async function instances(db: { readonly rows: Rows }): Promise<readonly Instance[]> {
  return db.rows<Instance>(sql`
    select name, version, commit, started_at as "startedAt", seen_at as "seenAt", figures,
      seen_at < now() - make_interval(secs => ${silentSeconds}) as "isSilent"
    from instance
    where seen_at >= now() - make_interval(secs => ${forgottenSeconds})
    order by started_at, name
    limit ${listedMax}
  `)
}

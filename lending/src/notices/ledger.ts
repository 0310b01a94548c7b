import { worded } from '../language/worded.ts'
import type { Database, Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Kind } from './kinds.ts'

/** Where all notices are that were ever caused, and whether the rows agree with the ledger. */
export type Balance = {
  /** By the ledger. */
  readonly caused: number
  /** By the rows. */
  readonly sent: number
  readonly queued: number
  readonly dead: number
  readonly void: number
  /** By how many notices the two disagree: 0, or somebody went past Bibby. */
  readonly difference: number
  /** Where they disagree, as messages that are kept (`worded`); the first few. */
  readonly examples: readonly string[]
}

/** Of a difference so many places are told. */
const examplesMax = 5

/**
 * Counts the rows of `notice` against the ledger that its triggers wrote: by day, kind and state, and one by one those
 * that changed since lines were last added up. Caused = sent + queued + dead + void, or there is a difference.
 */
export async function noticeBalance(db: { readonly rows: Rows }): Promise<Balance> {
  const [counts] = await db.rows<Omit<Balance, 'examples' | 'difference'>>(sql`
    select
      (
        select coalesce((select sum(notices) from notice_ledger_sum), 0)
          + (select count(*) from notice_ledger_line where was is null)
      )::bigint as caused,
      count(*) filter (where state = 'sent') as sent, count(*) filter (where state = 'queued') as queued,
      count(*) filter (where state = 'dead') as dead, count(*) filter (where state = 'void') as void
    from notice
  `)
  if (!counts) throw new Error('A statement that always has one row had none.')
  const places = await db.rows<Place>(sql`
    with counted as (
      select caused_on, kind, state, notices as n from notice_ledger_sum
      union all select caused_on, kind, became, 1 from notice_ledger_line
      union all select caused_on, kind, was, -1 from notice_ledger_line where was is not null
    ),
    ledger as (select caused_on, kind, state, sum(n)::bigint as n from counted group by caused_on, kind, state),
    there as (select caused_on, kind, state, count(*) as n from notice group by caused_on, kind, state)
    select
      caused_on::text as day, kind, state, coalesce(ledger.n, 0) as ledger, coalesce(there.n, 0) as there
    from ledger
    full join there using (caused_on, kind, state)
    where coalesce(ledger.n, 0) <> coalesce(there.n, 0)
    order by caused_on desc, kind, state
  `)
  const single = await db.rows<Single>(sql`
    with last_line as (
      select distinct on (notice_id) notice_id, kind, became
      from notice_ledger_line
      order by notice_id, id desc
    )
    select
      last_line.notice_id::text as id, last_line.became as state, notice.state as there
    from last_line
    left join notice on notice.id = last_line.notice_id
    where notice.state is distinct from last_line.became or notice.kind <> last_line.kind
  `)
  const difference = places.reduce((sum, { ledger, there }) => sum + Math.abs(ledger - there), 0)
  return {
    ...counts,
    // One that is missing is one; one that stands elsewhere is counted at both places.
    difference: Math.max(Math.ceil(difference / 2), single.length),
    examples: [...single.map(toldSingle), ...places.map(toldPlace)].slice(0, examplesMax),
  }
}

type State = 'sent' | 'queued' | 'dead' | 'void'
/** So many there are by the ledger, and so many there. */
type Place = {
  readonly day: string
  readonly kind: Kind
  readonly state: State
  readonly ledger: number
  readonly there: number
}
/** A notice that stands elsewhere than its last line says, or not at all. */
type Single = { readonly id: string; readonly state: State; readonly there: State | null }

const toldPlace = ({ kind, state, ...counts }: Place) =>
  worded('ledger-differs.many', {
    ...counts,
    kind: { say: `notice-kind.${kind}` },
    state: { say: `notices.count.${state}` },
  })

const toldSingle = ({ id, state, there }: Single) => {
  const last = { id, state: { say: `notices.count.${state}` } } as const
  return there === null
    ? worded('ledger-differs.gone', last)
    : worded('ledger-differs.one', { ...last, there: { say: `notices.count.${there}` } })
}

/** Lines are added up when they are so old. */
const lineAgeHours = 24
/** One batch adds up at most so many. */
const linesABatch = 10_000

/** The sweep that adds up old lines of the ledger. The sums say the same; doing it twice does no harm. */
export async function addUpLedger(db: Database, now: Date): Promise<{ readonly lines: number }> {
  let lines = 0
  for (;;) {
    const batch = await db.transaction(async (tx) => {
      await tx.rows(sql`set local bibby.adding_up = 'on'`)
      const [added] = await tx.rows<{ lines: number }>(sql`
        with old as (
          delete from notice_ledger_line
          where id in (
            select id from notice_ledger_line
            where at < ${now}::timestamptz - make_interval(hours => ${lineAgeHours})
            order by id
            limit ${linesABatch}
          )
          returning caused_on, kind, was, became
        ),
        counted as (
          select caused_on, kind, became as state, 1 as n from old
          union all select caused_on, kind, was, -1 from old where was is not null
        ),
        added as (
          insert into notice_ledger_sum (caused_on, kind, state, notices)
          select caused_on, kind, state, sum(n) from counted group by caused_on, kind, state
          on conflict (caused_on, kind, state)
          do update set notices = notice_ledger_sum.notices + excluded.notices
        )
        select count(*)::integer as lines from old
      `)
      return added?.lines ?? 0
    })
    lines += batch
    if (batch < linesABatch) return { lines }
  }
}

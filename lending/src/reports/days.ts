import { type Sql, sql } from '../postgres/sql.ts'
import type { ReportAsk } from './report.ts'

/**
 * The branches of a report as `place`, each with the instants between which its days lie: a day begins at another moment in
 * another zone.
 */
export function places({ from, to, branchId }: Pick<ReportAsk, 'from' | 'to' | 'branchId'>): Sql {
  return sql`
    place as materialized (
      select id, name, time_zone,
        ${from}::date::timestamp at time zone time_zone as starts,
        (${to}::date + 1)::timestamp at time zone time_zone as ends
      from branch
      where ${branchId ?? null}::bigint is null or id = ${branchId ?? null}::bigint
    )
  `
}

/** The loans of those branches that were lent on those days. The outer bounds hold in every zone: the planner reckons with them. */
export function lentThere({ from, to }: Pick<ReportAsk, 'from' | 'to'>): Sql {
  return sql`
    loan.branch_id = place.id
    and loan.lent_at >= ${from}::date - 1
    and loan.lent_at < ${to}::date + 2
    and loan.lent_at >= place.starts
    and loan.lent_at < place.ends
  `
}

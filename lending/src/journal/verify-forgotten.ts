import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { timeText } from './audit-link.ts'
import type { Findings } from './audit-report.ts'

/** So many differences are told. */
const toldMax = 1_000

/**
 * Asks each write that took people out of entries how many it did: its own entry says, and is in the chain. Whoever
 * empties entries by another door has no such entry, or makes its count wrong.
 */
export async function checkForgotten(rows: Rows, findings: Findings): Promise<void> {
  const odd = await rows<{
    count: string
    accounted: string
    id: string | null
    action: string
    recordedAt: string
  }>(sql`
    with forgotten as (
      select by, count(*) as count
      from (
        select forgotten_by as by from audit_link where forgotten_by is not null
        union all
        select forgotten_by from audit_forgotten
      ) as each
      group by by
    ),
    accounted as (
      select forgotten.count, journal.id, journal.action, journal.recorded_at,
        case when jsonb_typeof(answer -> 'journalRows') = 'number' then (answer -> 'journalRows')::numeric else 0 end
          + case when jsonb_typeof(answer -> 'refusals') = 'number' then (answer -> 'refusals')::numeric else 0 end
          as accounted
      from forgotten
      left join journal
        on journal.actor = split_part(forgotten.by, ' ', 1)
        and journal.idempotency_key = substr(forgotten.by, strpos(forgotten.by, ' ') + 1)
        and journal.outcome = 'done'
    )
    select count, coalesce(accounted, 0) as accounted, id, action, ${timeText(sql`recorded_at`)} as "recordedAt"
    from accounted
    where count <> coalesce(accounted, 0)
    order by recorded_at
    limit ${toldMax}
  `)
  for (const { count, accounted, id, action, recordedAt } of odd) {
    const fact = `${count} entries, of which ${accounted} were said to be`
    findings.add('forgotten-unaccounted', id === null ? { fact } : { id, action, recordedAt, fact })
  }
}

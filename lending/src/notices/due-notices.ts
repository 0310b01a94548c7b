import type { Rows } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import type { Kind } from './kinds.ts'
import type { NoticeSettings } from './notice-settings.ts'
import { isWanted } from './wanted-notices.ts'

/** What time brings about. */
export type SweptKind = 'due-soon' | 'overdue' | 'card-expiring'

/** The kinds that sweeps cause, in the order in which they do. */
export const sweptKinds: readonly SweptKind[] = ['overdue', 'due-soon', 'card-expiring']

/** Whether sweeps cause notices of this kind. */
export function isSwept(kind: Kind): kind is SweptKind {
  return sweptKinds.some((swept) => swept === kind)
}

/** What is overdue for longer than this since its last step is told no more: it would be news of long ago. */
const stepLastsDays = 14

/**
 * The notices of a kind that are due now and were not caused yet, as `noticesOf` takes them, in the order in which a run
 * takes them. The one source of both the run and its preview. Protected patrons are left alone, as by every sweep.
 */
export function dueNow(kind: SweptKind, settings: NoticeSettings, now: Date): Sql {
  const due =
    kind === 'due-soon'
      ? dueSoon(settings, now)
      : kind === 'overdue'
        ? overdue(settings, now)
        : expiring(settings, now)
  return sql`
    select due.cause, due.patron_id, due.loan_id, null::bigint as hold_id, due.facts
    from (${due}) as due
    join patron on patron.id = due.patron_id
    where patron.email <> '' and patron.deleted_at is null and not patron.protected and ${isWanted(kind)}
      and not exists (select from notice where notice.cause = due.cause)
    order by due.cause
  `
}

function dueSoon({ dueSoonDays }: NoticeSettings, now: Date): Sql {
  return sql`
    select 'due-soon:' || id || ':' || due_on as cause, patron_id, id as loan_id, ${loanFacts} as facts
    from (${openLoans(sql`
      loan.due_at >= ${now}::timestamptz
        and loan.due_at < ${now}::timestamptz + make_interval(days => ${dueSoonDays}::integer + 1)
    `)}) as loan
    where ${dueSoonDays}::integer > 0
      and due_on <= (${now}::timestamptz at time zone time_zone)::date + ${dueSoonDays}::integer
  `
}

function overdue({ overdueDays }: NoticeSettings, now: Date): Sql {
  const longest = Math.max(0, ...overdueDays) + stepLastsDays
  return sql`
    select 'overdue-' || step.days || ':' || id || ':' || due_on as cause, patron_id, id as loan_id, ${loanFacts} as facts
    from (${openLoans(sql`
      loan.due_at < ${now}::timestamptz
        and loan.due_at > ${now}::timestamptz - make_interval(days => ${longest}::integer + 2)
    `)}) as loan
    -- Only the last step that it has come to: who was told nothing for weeks is not told all of it at once.
    join lateral (
      select max(days) as days
      from unnest(${overdueDays}::integer[]) as days
      where days <= (${now}::timestamptz at time zone time_zone)::date - due_on
    ) as step on true
    where (${now}::timestamptz at time zone time_zone)::date - due_on - step.days <= ${stepLastsDays}::integer
  `
}

function expiring({ cardExpiringDays }: NoticeSettings, now: Date): Sql {
  return sql`
    select 'card-expiring:' || patron.id || ':' || patron.expires_on as cause, patron.id as patron_id,
      null::bigint as loan_id, jsonb_build_object('expiresOn', patron.expires_on) as facts
    from patron
    join branch on branch.id = patron.branch_id
    where ${cardExpiringDays}::integer > 0
      and patron.expires_on between (${now}::timestamptz at time zone branch.time_zone)::date
        and (${now}::timestamptz at time zone branch.time_zone)::date + ${cardExpiringDays}::integer
  `
}

function openLoans(which: Sql): Sql {
  return sql`
    select loan.id, loan.patron_id, branch.time_zone, branch.name as branch, title.title,
      (loan.due_at at time zone branch.time_zone)::date as due_on
    from loan
    join branch on branch.id = loan.branch_id
    join copy on copy.id = loan.copy_id
    join title on title.id = copy.title_id
    where loan.returned_at is null and ${which}
  `
}

const loanFacts = sql`jsonb_build_object('title', title, 'branch', branch, 'dueOn', due_on)`

/** How many notices of a kind are due now. */
export async function countDue(
  db: { readonly rows: Rows },
  kind: SweptKind,
  { settings, now }: { readonly settings: NoticeSettings; readonly now: Date },
): Promise<number> {
  const [row] = await db.rows<{ due: number }>(
    sql`select count(*)::integer as due from (${dueNow(kind, settings, now)}) as all_due`,
  )
  return row?.due ?? 0
}

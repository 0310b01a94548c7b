import type { Database } from '../src/postgres/pool.ts'
import { type Sql, sql } from '../src/postgres/sql.ts'

/** Of each broken law at most so many examples are told. */
const examplesMax = 5

/**
 * Every law of circulation that this database breaks, one line an example; none when all hold. Each is read by
 * a statement of its own, so it may run beside writers too. `journalled: false` leaves out the laws that ask
 * for the journal row of each write, for libraries whose loans were inserted by hand.
 */
export async function invariantsOf(
  db: Pick<Database, 'rows'>,
  { journalled = true } = {},
): Promise<string[]> {
  const laws = journalled ? { ...stateLaws, ...journalLaws } : stateLaws
  const broken: string[] = []
  for (const [law, violations] of Object.entries(laws)) {
    const examples = await db.rows(sql`select * from (${violations}) as violation limit ${examplesMax}`)
    broken.push(...examples.map((example) => `${law}: ${JSON.stringify(example)}`))
  }
  return broken
}

const stateLaws: Readonly<Record<string, Sql>> = {
  'a copy has at most one open loan': sql`
    select copy_id, count(*) from loan where returned_at is null group by copy_id having count(*) > 1
  `,
  'an open loan has a patron': sql`select id from loan where returned_at is null and patron_id is null`,
  'a loan ends where and when it was returned, and not before it began': sql`
    select id from loan
    where (returned_at is null) <> (returned_branch_id is null) or returned_at < lent_at or due_at < lent_at
  `,
  'a withdrawn copy is not on loan': sql`
    select copy.id from copy
    join loan on loan.copy_id = copy.id and loan.returned_at is null
    where copy.withdrawn_at is not null
  `,
  'a copy on loan is not in transit': sql`
    select copy.id from copy
    join loan on loan.copy_id = copy.id and loan.returned_at is null
    where copy.in_transit_to is not null
  `,
  'a captured copy is not on loan': sql`
    select hold.id, hold.copy_id from hold
    join loan on loan.copy_id = hold.copy_id and loan.returned_at is null
    where hold.state in ('in-transit', 'on-shelf')
  `,
  'a captured hold has a copy of its title': sql`
    select hold.id from hold
    left join copy on copy.id = hold.copy_id
    where hold.state in ('in-transit', 'on-shelf') and copy.title_id is distinct from hold.title_id
  `,
  'a copy serves at most one hold': sql`
    select copy_id, count(*) from hold
    where state in ('in-transit', 'on-shelf') group by copy_id having count(*) > 1
  `,
  'a hold on the shelf knows its last day, and its copy lies there': sql`
    select hold.id from hold
    join copy on copy.id = hold.copy_id
    where hold.state = 'on-shelf' and (hold.shelf_until is null or copy.in_transit_to is not null)
  `,
  'a hold in transit has its copy on the way to its pickup branch': sql`
    select hold.id from hold
    join copy on copy.id = hold.copy_id
    where hold.state = 'in-transit'
      and (copy.in_transit_to is distinct from hold.pickup_branch_id or hold.shelf_until is not null)
  `,
  'a waiting hold has no copy': sql`
    select id from hold
    where state = 'waiting' and (copy_id is not null or captured_at is not null or shelf_until is not null)
  `,
  'a closed hold is over, an open one is not': sql`
    select id, state from hold
    where (closed_at is not null) <> (state in ('fulfilled', 'cancelled', 'expired'))
  `,
  'a patron waits for a title at most once': sql`
    select title_id, patron_id from hold
    where closed_at is null group by title_id, patron_id having count(*) > 1
  `,
  'a charge is for a returned loan of that patron': sql`
    select fine_line.id from fine_line
    join loan on loan.id = fine_line.loan_id
    where fine_line.kind = 'charge'
      and (
        loan.returned_at is null
        or (loan.patron_id is not null and fine_line.patron_id is not null and loan.patron_id <> fine_line.patron_id)
      )
  `,
  'a loan is charged at most once': sql`
    select loan_id from fine_line
    where kind = 'charge' and loan_id is not null group by loan_id having count(*) > 1
  `,
  'nobody has paid more than was charged': sql`
    select patron_id, sum(cents) from fine_line
    where patron_id is not null group by patron_id having sum(cents) < 0
  `,
  'who was merged into another has nothing left, and leads to somebody who is there': sql`
    select gone.id from patron as gone
    join patron as kept on kept.id = gone.merged_into
    where kept.merged_into is not null or gone.password_hash is not null
      or exists (select from loan where loan.patron_id = gone.id)
      or exists (select from hold where hold.patron_id = gone.id)
      or exists (select from fine_line where fine_line.patron_id = gone.id)
      or exists (select from session where session.patron_id = gone.id)
  `,
  'nobody has more holds than the most generous rule allows, but who took over another’s': sql`
    select patron_id, count(*) from hold
    where closed_at is null and not exists (select from patron where merged_into = hold.patron_id)
    group by patron_id
    having count(*) > (select coalesce(max(holds_max), 0) from loan_rule)
  `,
}

const journalLaws: Readonly<Record<string, Sql>> = {
  'a loan was journalled exactly once': sql`
    select loan.id, count(journal.id) from loan
    left join journal on journal.loan_id = loan.id and journal.action = 'lend' and journal.outcome = 'done'
    group by loan.id having count(journal.id) <> 1
  `,
  'a journalled loan is there, of the same copy': sql`
    select journal.id from journal
    left join loan on loan.id = journal.loan_id
    where journal.action = 'lend' and journal.outcome = 'done'
      and loan.copy_id is distinct from journal.copy_id
  `,
  'a return was journalled exactly once, and no other': sql`
    select loan.id, loan.returned_at, count(journal.id) from loan
    left join journal on journal.loan_id = loan.id and journal.action = 'take-back' and journal.outcome = 'done'
    group by loan.id having count(journal.id) <> (loan.returned_at is not null)::integer
  `,
  'each renewal was journalled': sql`
    select loan.id, loan.renewals, count(journal.id) from loan
    left join journal on journal.loan_id = loan.id and journal.action = 'renew' and journal.outcome = 'done'
    group by loan.id having count(journal.id) <> loan.renewals
  `,
  'a charge is what the desk was told at check-in': sql`
    select journal.id, fine_line.cents from journal
    left join fine_line on fine_line.loan_id = journal.loan_id and fine_line.kind = 'charge'
    where journal.action = 'take-back' and journal.outcome = 'done'
      and coalesce(fine_line.cents, 0) <> (journal.answer ->> 'fineCents')::integer
      and journal.loan_id is not null
  `,
  'a hold was journalled exactly once': sql`
    select hold.id, count(journal.id) from hold
    left join journal on journal.hold_id = hold.id
      and journal.action = 'place-hold' and journal.outcome = 'done'
    group by hold.id having count(journal.id) <> 1
  `,
  'a hold was ended exactly once, and journalled': sql`
    select hold.id, hold.state, count(journal.id) from hold
    left join journal on journal.outcome = 'done'
      and (
        (journal.hold_id = hold.id and journal.action in ('cancel-hold', 'expire-hold'))
        or (
          journal.action = 'merge-patrons' and (journal.answer ->> 'holdsGivenUp')::integer > 0
          and journal.occurred_at = hold.closed_at
          and journal.patron_id in (
            select id from patron where id = hold.patron_id or merged_into = hold.patron_id
          )
        )
      )
    -- A merge does not name the holds that it ended: of forgotten ones it cannot be known any more.
    where hold.patron_id is not null
    group by hold.id having count(journal.id) <> (hold.state in ('cancelled', 'expired'))::integer
  `,
  'nobody has more loans than their rules allow, but for overrides': sql`
    select loan.patron_id, count(*) from loan
    join loan_rule on loan_rule.id = loan.loan_rule_id
    where loan.returned_at is null
      and not exists (select from patron where merged_into = loan.patron_id)
      and not exists (
        select from journal
        where journal.loan_id = loan.id and journal.action = 'lend'
          and journal.answer -> 'overridden' ? 'loan-limit'
      )
    group by loan.patron_id having count(*) > max(loan_rule.loans_max)
  `,
}

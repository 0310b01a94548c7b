import type { Held, Target } from '@bibby/guard/guarded.ts'
import { worded } from '../language/worded.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { counted } from './counted.ts'

/** The patron who would be erased, what hangs on them, and what stands in the way. */
export type PatronMeant = {
  readonly patron: Target | undefined
  /** What stands in the way: each thing a row that cannot be done to. */
  readonly inTheWay: readonly Target[]
  /** What would go with them, line by line. Of returned loans only how many: whose they were is not to be browsed. */
  readonly shown: readonly string[]
}

/** Finds the patron with this card. Nobody, or one who is gone, stands in the way of the plan by name. */
export async function patronMeant(
  tx: Tx,
  { card, obstaclesMax }: { readonly card: string; readonly obstaclesMax: number },
): Promise<PatronMeant> {
  const [found] = await tx.rows<{ id: number; label: string }>(sql`
    select id, ${nameAndCard} as label from patron where card = ${card} and deleted_at is null
  `)
  if (!found) return { patron: undefined, inTheWay: [await nobody(tx, card)], shown: [] }
  const [held] = await patronsStanding(tx, [String(found.id)])
  return {
    patron: held && { ...held, label: found.label },
    inTheWay: (await inTheWay(tx, found.id)).slice(0, obstaclesMax),
    shown: [found.label, ...(await hangingOn(tx, found.id))],
  }
}

/**
 * How patrons stand, by identity. The version speaks for what was lent to them, held for them and charged; that of an
 * erased one only for the record, for the sweeps go on forgetting.
 */
export async function patronsStanding(tx: Tx, ids: readonly string[]): Promise<readonly Held[]> {
  return tx.rows<Held>(sql`
    select patron.id::text, ${nameAndCard} as label,
      case
        when patron.deleted_at is not null then patron.version || '/erased'
        else concat_ws(
          '/',
          patron.version,
          (select count(*) || '.' || coalesce(max(id), 0) from loan where patron_id = patron.id),
          (select count(*) || '.' || coalesce(max(id), 0) from hold where patron_id = patron.id),
          (select count(*) || '.' || coalesce(max(id), 0) from fine_line where patron_id = patron.id),
          (select count(*) from patron as merged where merged.merged_into = patron.id)
        )
      end as version
    from patron
    where patron.id = any(${ids}::bigint[])
    order by patron.id
  `)
}

const nameAndCard = sql`
  chr(31) || json_build_object(
    'say', 'plan-line.person',
    'name', concat_ws(' ', nullif(patron.given_name, ''), nullif(patron.family_name, '')), 'card', patron.card
  )
`

async function nobody(tx: Tx, card: string): Promise<Target> {
  const [gone] = await tx.rows<{ into: string | null }>(sql`
    select kept.card as into
    from patron
    left join patron as kept on kept.id = patron.merged_into and kept.deleted_at is null
    where patron.card = ${card}
  `)
  const target = { id: `card ${card}`, version: '0', label: card }
  if (!gone) return { ...target, obstacle: 'patron-unknown' }
  return gone.into === null
    ? { ...target, obstacle: 'patron-erased' }
    : {
        ...target,
        label: worded('plan-line.card-into', { card, into: gone.into }),
        obstacle: 'patron-merged',
      }
}

/** Each open loan and hold, a debt, and protection. Nothing of it is swept along. */
async function inTheWay(tx: Tx, patronId: number): Promise<readonly Target[]> {
  return tx.rows<Target>(sql`
    select 'open loan of ' || copy.barcode as id, '0' as version,
      '“' || title.title || '” (' || copy.barcode || ')' as label, 'on-loan' as obstacle
    from loan
    join copy on copy.id = loan.copy_id
    join title on title.id = copy.title_id
    where loan.patron_id = ${patronId} and loan.returned_at is null
    union all
    select 'hold on title ' || title.id, '0', '“' || title.title || '”',
      case hold.state when 'on-shelf' then 'on-hold-shelf' when 'in-transit' then 'in-transit' else 'on-hold' end
    from hold
    join title on title.id = hold.title_id
    where hold.patron_id = ${patronId} and hold.closed_at is null
    union all
    select 'debt', '0',
      to_char(sum(cents) / 100.0, 'FM999999990.00') || ' ' || coalesce((select currency from library), 'EUR'), 'owes'
    from fine_line
    where patron_id = ${patronId}
    having sum(cents) > 0
    union all
    select 'protection', '0', ${nameAndCard}, 'protected' from patron where id = ${patronId} and protected
  `)
}

type Hanging = {
  readonly mergedCards: readonly string[]
  readonly loans: number
  readonly holds: number
  readonly fineLines: number
  readonly notices: number
  readonly entries: number
  readonly sessions: number
  readonly hasPassword: boolean
}

async function hangingOn(tx: Tx, patronId: number): Promise<readonly string[]> {
  const [row] = await tx.rows<Hanging>(sql`
    select
      array(select card from patron where merged_into = ${patronId} and card is not null order by id) as "mergedCards",
      (select count(*)::integer from loan where patron_id = ${patronId} and returned_at is not null) as loans,
      (select count(*)::integer from hold where patron_id = ${patronId} and closed_at is not null) as holds,
      (select count(*)::integer from fine_line where patron_id = ${patronId}) as "fineLines",
      (select count(*)::integer from notice where patron_id = ${patronId}) as notices,
      (select count(*)::integer from journal where patron_id = ${patronId}) as entries,
      (select count(*)::integer from session where patron_id = ${patronId}) as sessions,
      exists (select from patron where id = ${patronId} and password_hash is not null) as "hasPassword"
  `)
  if (!row) throw new Error('A statement that always has one row had none.')
  return [
    ...row.mergedCards.slice(0, mergedShownMax).map((card) => worded('plan-line.merged-card', { card })),
    ...counted('plan-line.past-loans', row.loans),
    ...counted('plan-line.past-holds', row.holds),
    ...counted('plan-line.fine-lines', row.fineLines),
    ...counted('plan-line.notices', row.notices),
    ...counted('plan-line.entries', row.entries),
    ...(row.hasPassword ? [worded('plan-line.password')] : []),
    ...counted('plan-line.sessions', row.sessions),
  ]
}

/** Of many records that were merged into one, a plan shows so many. */
const mergedShownMax = 8

import type { Flaws } from '../language/flaw.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { plainText } from '../text.ts'
import { scanned } from './scanned.ts'

/** What a desk meant to do with what it scanned. */
export type Meant = 'lend' | 'take-back'

/** A scan that a desk had kept, and that could not be done when it was handed in. */
export type KeepScanAsk = {
  readonly branchId: number
  /** Where it is listed when nobody knows that branch. */
  readonly elseBranchId?: number
  readonly meant: Meant
  /** The card that stood open at the desk; '' where none did. */
  readonly card: string
  /** What was scanned. */
  readonly code: string
  /** ISO 8601. */
  readonly scannedAt: string
  /** The code of the refusal. */
  readonly refused: string
}

/** The scan is listed for somebody to look at. */
export type ScanKept = {
  readonly keptScanId: number
  readonly copyId: number | null
  readonly patronId: number | null
}

/** What a scan has in common with itself when it is handed in again: it is older then, and may be refused otherwise. */
export function sameScan({ card, code }: Pick<KeepScanAsk, 'card' | 'code'>) {
  return { card, code }
}

/** Lists a scan that could not be done for somebody to look at: what was scanned is never dropped. */
export const keepScan: Verb<KeepScanAsk, ScanKept, { readonly refused: 'branch-unknown' }> = {
  action: 'keep-scan',
  about: ({ copyId, patronId }) => ({ copyId, patronId }),
  recognisedBy: sameScan,
  work: async (tx, ask, by) => {
    const [card, code] = [scanned(ask.card), scanned(ask.code)]
    const [kept] = await tx.rows<ScanKept>(sql`
      insert into kept_scan (
        branch_id, meant, patron_id, unknown_card, copy_id, unknown_code, scanned_at, handed_in_at, handed_in_by,
        refused
      )
      select branch.id, ${ask.meant}, patron.id, case when patron.id is null and ${card} <> '' then ${card} end,
        copy.id, case when copy.id is null then ${code} end, ${ask.scannedAt}, ${by.occurredAt}, ${by.actor},
        ${ask.refused}
      from branch
      left join patron on patron.card = ${card} and patron.deleted_at is null
      left join copy on copy.barcode = ${code}
      where branch.id = coalesce((select id from branch where id = ${ask.branchId}), ${ask.elseBranchId ?? null}::bigint)
      returning id as "keptScanId", copy_id as "copyId", patron_id as "patronId"
    `)
    return kept ?? { refused: 'branch-unknown' }
  },
}

/** A kept scan has been seen to. */
export type ScanSettled = {
  readonly keptScanId: number
  readonly copyId: number | null
  readonly patronId: number | null
}

/** Why a kept scan is not settled. */
export type SettleScanRefused =
  | { readonly refused: 'scan-unknown' }
  | { readonly refused: 'scan-settled' }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }

/** Says that a kept scan has been seen to; what was done about it may be noted. */
export const settleScan: Verb<
  { readonly keptScanId: number; readonly note?: string | undefined },
  ScanSettled,
  SettleScanRefused
> = {
  action: 'settle-scan',
  about: ({ copyId, patronId }) => ({ copyId, patronId }),
  work: async (tx, ask, by) => {
    const note = plainText(ask.note ?? '', { max: 500, label: 'the-note' })
    if (!note.ok) return { refused: 'fields-invalid', problems: { note: note.problem } }
    const [known] = await tx.rows<ScanSettled & { isSettled: boolean }>(sql`
      select id as "keptScanId", copy_id as "copyId", patron_id as "patronId", settled_at is not null as "isSettled"
      from kept_scan
      where id = ${ask.keptScanId}
      for no key update
    `)
    if (!known) return { refused: 'scan-unknown' }
    const { isSettled, ...settled } = known
    if (isSettled) return { refused: 'scan-settled' }
    await tx.rows(sql`
      update kept_scan
      set settled_at = ${by.occurredAt}, settled_by = ${by.actor}, note = ${note.text}
      where id = ${ask.keptScanId}
    `)
    return settled
  },
}

/** A kept scan that nobody has seen to yet, with what is there now. Times are ISO 8601. */
export type KeptScan = {
  readonly keptScanId: number
  /** Where it was scanned. */
  readonly branchId: number
  readonly branchName: string
  readonly meant: Meant
  readonly refused: string
  readonly scannedAt: string
  readonly handedInAt: string
  /** Who handed it in. */
  readonly byName: string | null
  readonly patron: { readonly patronId: number; readonly card: string; readonly name: string } | null
  readonly unknownCard: string | null
  readonly copy: {
    readonly copyId: number
    readonly barcode: string
    readonly titleId: number
    readonly title: string
  } | null
  readonly unknownCode: string | null
  /** Who has the copy now. */
  readonly loan: {
    readonly card: string
    readonly name: string
    readonly lentAt: string
    readonly dueAt: string
  } | null
}

/** No list is longer; what was seen to is gone from the next one. */
const listMax = 200

/**
 * The kept scans of a branch that nobody has seen to, in the order in which they were scanned; with `orBy` also those that
 * this one handed in for other branches.
 */
export async function keptScans(
  db: { readonly rows: Rows },
  {
    branchId,
    orBy,
    keptScanId,
    orSettled = false,
  }: {
    readonly branchId: number
    readonly orBy?: string
    readonly keptScanId?: number
    readonly orSettled?: boolean
  },
): Promise<readonly KeptScan[]> {
  const rows = await db.rows<KeptScan & { scannedAt: Date; handedInAt: Date }>(sql`
    select kept_scan.id as "keptScanId", branch.id as "branchId", branch.name as "branchName", kept_scan.meant, kept_scan.refused, kept_scan.scanned_at as "scannedAt",
      kept_scan.handed_in_at as "handedInAt", staff.name as "byName", kept_scan.unknown_card as "unknownCard",
      kept_scan.unknown_code as "unknownCode",
      case when patron.id is not null then json_build_object(
        'patronId', patron.id, 'card', patron.card, 'name', patron.given_name || ' ' || patron.family_name
      ) end as patron,
      case when copy.id is not null then json_build_object(
        'copyId', copy.id, 'barcode', copy.barcode, 'titleId', title.id, 'title', title.title
      ) end as copy,
      (
        select json_build_object(
          'card', borrower.card, 'name', borrower.given_name || ' ' || borrower.family_name,
          'lentAt', loan.lent_at, 'dueAt', loan.due_at
        )
        from loan
        join patron as borrower on borrower.id = loan.patron_id
        where loan.copy_id = copy.id and loan.returned_at is null
      ) as loan
    from kept_scan
    join branch on branch.id = kept_scan.branch_id
    left join patron on patron.id = kept_scan.patron_id
    left join copy on copy.id = kept_scan.copy_id
    left join title on title.id = copy.title_id
    left join staff on kept_scan.handed_in_by = 'staff:' || staff.id
    where (kept_scan.branch_id = ${branchId} or kept_scan.handed_in_by = ${orBy ?? null})
      and (kept_scan.settled_at is null or ${orSettled})
      and (${keptScanId ?? null}::bigint is null or kept_scan.id = ${keptScanId ?? null})
    order by kept_scan.scanned_at, kept_scan.id
    limit ${listMax}
  `)
  return rows.map((row) => ({
    ...row,
    scannedAt: row.scannedAt.toISOString(),
    handedInAt: row.handedInAt.toISOString(),
  }))
}

/** How many kept scans wait for somebody, up to a hundred: of a branch, and with `orBy` of whoever handed them in. */
export async function keptScansCount(
  db: { readonly rows: Rows },
  { branchId, orBy }: { readonly branchId: number; readonly orBy?: string },
): Promise<number> {
  const [row] = await db.rows<{ count: number }>(sql`
    select count(*)::int as count
    from (
      select from kept_scan
      where settled_at is null and (branch_id = ${branchId} or handed_in_by = ${orBy ?? null})
      limit 100
    ) as waiting
  `)
  return row?.count ?? 0
}

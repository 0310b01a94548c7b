import { createHash, randomBytes } from 'node:crypto'
import { type Database, type Rows, sqlState, type Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import {
  type AccountRow,
  checkPassword,
  type PasswordChecked,
  type SignedIn,
  type SignInAsk,
  type SignInRefused,
  signedIn,
} from './account.ts'
import { failureWindowMs } from './sign-in-limit.ts'

export {
  type ConfirmRefused,
  confirmPassword,
  type SignedIn,
  type SignInAsk,
  type SignInRefused,
} from './account.ts'

/**
 * How long a session lasts: each use moves its end `idle` ahead, never past `most` after the sign-in. Staff: a
 * working day without a second sign-in, and never a second day. Patrons: a public terminal is soon left alone.
 */
export const sessionLimits = {
  staff: { idleMs: 8 * 3_600_000, mostMs: 24 * 3_600_000 },
  patron: { idleMs: 3_600_000, mostMs: 12 * 3_600_000 },
} as const

/** The end of a session moves at most this often, so that reading a page is seldom a write. */
const touchEveryMs = 60_000
/** The oldest sessions of a person past this many are ended by the next sign-in. */
const sessionsMax = 200
/**
 * Signs in. The token is 32 random bytes; only its SHA-256 is stored. Ten wrong passwords in 15 minutes stop the
 * account: even the right one is refused then, so guessing in parallel gains nothing. The price: who knows an
 * account's name can keep its owner out for a while.
 */
export async function signIn(
  db: Pick<Database, 'rows' | 'transaction'>,
  { kind, account, password, now }: SignInAsk,
): Promise<{ readonly token: string; readonly expiresAt: Date; readonly who: SignedIn } | SignInRefused> {
  const checked = await checkPassword(db, { kind, account, password, now })
  if ('refused' in checked) return checked
  const token = randomBytes(32).toString('base64url')
  const expiresAt = new Date(now.getTime() + sessionLimits[kind].idleMs)
  const begun = await db.transaction((tx) => beginSession(tx, checked, { token, expiresAt, now }))
  return begun ? { token, expiresAt, who: checked.who } : { refused: 'sign-in-wrong' }
}

/** Who this token belongs to, if it still counts; a session in use lasts longer. */
export async function session(
  db: { readonly rows: Rows },
  token: string,
  now: Date,
): Promise<SignedIn | undefined> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return undefined
  const digest = tokenDigest(token)
  const [row] = await db.rows<AccountRow & { createdAt: Date; seenAt: Date }>(sql`
    select session.created_at as "createdAt", session.seen_at as "seenAt",
      case when staff.id is not null then 'staff' else 'patron' end as kind,
      coalesce(staff.id, patron.id) as id,
      coalesce(staff.login, patron.card) as account,
      coalesce(staff.name, concat_ws(' ', nullif(patron.given_name, ''), nullif(patron.family_name, ''))) as name,
      staff.role, branch.id as "branchId", branch.code as "branchCode"
    from session
    left join staff on staff.id = session.staff_id and staff.deleted_at is null
    left join patron on patron.id = session.patron_id and patron.deleted_at is null
    join branch on branch.id = coalesce(staff.branch_id, patron.branch_id)
    where session.token_sha256 = ${digest} and session.expires_at > ${now}
  `)
  if (!row) return undefined
  if (now.getTime() - row.seenAt.getTime() >= touchEveryMs) await touch(db, digest, { ...row, now })
  return signedIn(row)
}

/** Ends this session. A token that no longer counts is ended already. */
export async function signOut(db: { readonly rows: Rows }, token: string): Promise<void> {
  await db.rows(sql`delete from session where token_sha256 = ${tokenDigest(token)}`)
}

/** Ends every session of this person, this one too. */
export async function signOutEverywhere(
  db: { readonly rows: Rows },
  who: SignedIn,
): Promise<{ readonly ended: number }> {
  return {
    ended: await endSessions(
      db,
      who.kind === 'staff' ? { staffId: who.staffId } : { patronId: who.patronId },
    ),
  }
}

/** Ends the sessions of one person but for the one with the token `keep`; tells how many. */
export async function endSessions(
  tx: { readonly rows: Rows },
  {
    staffId,
    patronId,
    keep,
  }: { readonly staffId?: number; readonly patronId?: number; readonly keep?: string | undefined },
): Promise<number> {
  const kept = keep === undefined ? null : tokenDigest(keep)
  const ended = await tx.rows(sql`
    delete from session
    where (staff_id = ${staffId ?? null} or patron_id = ${patronId ?? null})
      and token_sha256 is distinct from ${kept}
    returning 1
  `)
  return ended.length
}

const sweepRows = 5_000

/** The sweep: removes sessions that ended and failures that no longer count; tells how many rows. */
export async function sweepSessions(db: { readonly rows: Rows }, now: Date): Promise<number> {
  const before = new Date(now.getTime() - failureWindowMs)
  let removed = 0
  for (;;) {
    const sessions = await db.rows(sql`
      delete from session where token_sha256 in (
        select token_sha256 from session where expires_at <= ${now} limit ${sweepRows}
      )
      returning 1
    `)
    const failures = await db.rows(sql`
      delete from sign_in_failure where ctid in (
        select ctid from sign_in_failure where at <= ${before} limit ${sweepRows}
      )
      returning 1
    `)
    removed += sessions.length + failures.length
    if (sessions.length < sweepRows && failures.length < sweepRows) return removed
  }
}

/** False when the password was changed or the person removed since it was checked: then no session begins. */
async function beginSession(
  tx: Tx,
  { who, passwordHash }: PasswordChecked,
  { token, expiresAt, now }: { readonly token: string; readonly expiresAt: Date; readonly now: Date },
): Promise<boolean> {
  const staffId = who.kind === 'staff' ? who.staffId : null
  const patronId = who.kind === 'patron' ? who.patronId : null
  const unchanged = await tx.rows(
    who.kind === 'staff'
      ? sql`select from staff where id = ${staffId} and password_hash = ${passwordHash} and deleted_at is null for share`
      : sql`select from patron where id = ${patronId} and password_hash = ${passwordHash} and deleted_at is null for share`,
  )
  if (unchanged.length === 0) return false
  await tx.rows(sql`
    insert into session (token_sha256, staff_id, patron_id, created_at, seen_at, expires_at)
    values (${tokenDigest(token)}, ${staffId}, ${patronId}, ${now}, ${now}, ${expiresAt})
  `)
  await tx.rows(sql`
    delete from session where token_sha256 in (
      select token_sha256 from session
      where staff_id = ${staffId} or patron_id = ${patronId}
      order by created_at desc, token_sha256
      offset ${sessionsMax}
    )
  `)
  return true
}

async function touch(
  db: { readonly rows: Rows },
  digest: Buffer,
  {
    kind,
    createdAt,
    now,
  }: { readonly kind: 'staff' | 'patron'; readonly createdAt: Date; readonly now: Date },
): Promise<void> {
  const { idleMs, mostMs } = sessionLimits[kind]
  const expiresAt = new Date(Math.min(now.getTime() + idleMs, createdAt.getTime() + mostMs))
  try {
    await db.rows(sql`
      update session set seen_at = ${now}, expires_at = ${expiresAt} where token_sha256 = ${digest}
    `)
  } catch (error) {
    // On a server that only reads, people stay signed in until their session's end as it stands.
    if (sqlState(error) !== readOnlyTransaction) throw error
  }
}

const readOnlyTransaction = '25006'

function tokenDigest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

import { createHash } from 'node:crypto'
import type { Rows, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** This many wrong passwords in the window, and the account hears nothing but "later" until the window moves on. */
export const failuresMax = 10
/** How far back failures count. */
export const failureWindowMs = 15 * 60_000

/**
 * The name under which an account's failures are counted. A digest, because people type passwords into the field
 * for the name; and counted whether or not there is such an account, so that the limit tells nobody which exist.
 */
export function limitKey(kind: 'staff' | 'patron', account: string): string {
  return `${kind}:${createHash('sha256').update(account).digest('base64url')}`
}

/** How long this account must wait, in whole seconds; undefined when it need not. */
export async function mustWaitSeconds(
  db: { readonly rows: Rows },
  key: string,
  now: Date,
): Promise<number | undefined> {
  const since = new Date(now.getTime() - failureWindowMs)
  const recent = await db.rows<{ at: Date }>(sql`
    select at from sign_in_failure
    where account = ${key} and at > ${since}
    order by at desc
    limit ${failuresMax}
  `)
  const oldest = recent[failuresMax - 1]
  if (!oldest) return undefined
  return Math.max(1, Math.ceil((oldest.at.getTime() + failureWindowMs - now.getTime()) / 1_000))
}

/** First of the two keys of the advisory lock, so that no other use of advisory locks meets this one. */
const lockClass = 0x5191

/** From here to the end of the transaction nobody else settles a sign-in of this account. */
export async function oneAtATime(tx: Tx, key: string): Promise<void> {
  await tx.rows(sql`select pg_advisory_xact_lock(${lockClass}::integer, hashtext(${key}))`)
}

/** Counts one wrong password. */
export async function countFailure(tx: Tx, key: string, now: Date): Promise<void> {
  await tx.rows(sql`insert into sign_in_failure (account, at) values (${key}, ${now})`)
}

/** The right password was given: the wrong ones before it are forgiven. */
export async function forgiveFailures(tx: Tx, key: string): Promise<void> {
  await tx.rows(sql`delete from sign_in_failure where account = ${key}`)
}

import assert from 'node:assert/strict'
import type { Operation } from '@bibby/guard/operation.ts'
import type { Library } from '../src/library.ts'
import type { DirectMail, SendDirect } from '../src/operations/send-code.ts'
import type { Database } from '../src/postgres/pool.ts'
import { sql } from '../src/postgres/sql.ts'
import type { Role } from '../src/staff/permission.ts'
import { aCopy, aStaffMember } from './library-fixtures.ts'

/** A mailbox, and what puts mail into it. */
export function aMailbox(): { readonly mails: DirectMail[]; readonly sendDirect: SendDirect } {
  const mails: DirectMail[] = []
  return {
    mails,
    sendDirect: async (mail) => {
      if (mail.to.email === '') return { notSentBecause: 'your account has no mail address' }
      mails.push(mail)
      return { sent: true }
    },
  }
}

/** The code that the latest mail carries. */
export function codeIn(mails: readonly DirectMail[]): string {
  return /^ {4}([0-9A-Z]{4}-[0-9A-Z]{4})$/m.exec(mails.at(-1)?.text ?? '')?.[1] ?? 'no code'
}

/** A cataloguer with a mail address, as an actor. */
export async function aCataloguer(db: Database, branchId: number): Promise<string> {
  return aColleague(db, branchId, 'cataloguer')
}

/** Somebody of this role with a mail address, as an actor. */
export async function aColleague(db: Database, branchId: number, role: Role): Promise<string> {
  const { staffId, login } = await aStaffMember(db, { role, branchId })
  await db.rows(sql`update staff set email = ${`${login}@example.org`} where id = ${staffId}`)
  return `staff:${staffId}`
}

/** So many copies of one title on one shelf. */
export async function copiesOn(
  db: Database,
  shelf: string,
  count: number,
  over: Parameters<typeof aCopy>[1] = {},
): Promise<readonly Awaited<ReturnType<typeof aCopy>>[]> {
  const copies = []
  for (let n = 0; n < count; n++) copies.push(await aCopy(db, over))
  await db.rows(
    sql`update copy set shelf = ${shelf} where id = any(${copies.map(({ copyId }) => copyId)}::bigint[])`,
  )
  return copies
}

/** Confirms a plan with the code from the mailbox, and works on it until it is at rest. */
export async function carriedOut(
  library: Library,
  { id, phrase, requestedBy: by }: Operation,
  mails: readonly DirectMail[],
): Promise<Operation> {
  const { guard } = library.operations
  const sent = await guard.sendCode({ by, id })
  assert.ok('sentTo' in sent, JSON.stringify(sent))
  const told = await guard.confirm({ by, id, phrase: phrase ?? '', code: codeIn(mails) })
  assert.ok('confirmed' in told, JSON.stringify(told))
  return atRest(library, id)
}

/** Puts the clock of all operations past their way back, and past the time to confirm them. */
export async function closeWaysBack(db: Database): Promise<void> {
  await db.rows(sql`
    update guard_operation
    set undo_until = undo_until - interval '31 days', confirm_until = confirm_until - interval '31 days'
  `)
}

/** Works on an operation until it is at rest. */
export async function atRest(library: Library, id: string): Promise<Operation> {
  const told = await library.operations.guard.run({ id, signal: new AbortController().signal })
  assert.ok('id' in told, JSON.stringify(told))
  return told
}

/** Every table but those that only grow or say how the library is doing, to the last letter. */
export async function digestOfAll(db: Database): Promise<string> {
  const tables = await db.rows<{ name: string }>(sql`
    select table_name as name
    from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like 'guard\\_%'
      and table_name not in ('journal', 'session', 'schema_migration')
    order by table_name
  `)
  const digests = await db.withConnection((connection) =>
    Promise.all(
      tables.map(async ({ name }) => {
        const query = `select md5(coalesce(string_agg(row::text, chr(10) order by row::text), '')) as md5 from ${name} as row`
        return `${name} ${(await connection.query<{ md5: string }>(query)).rows[0]?.md5}`
      }),
    ),
  )
  return digests.join('\n')
}

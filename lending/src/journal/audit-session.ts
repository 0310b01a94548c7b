import type pg from 'pg'
import { DatabaseUnreachableError } from '../postgres/faults.ts'
import type { Database, Rows } from '../postgres/pool.ts'

/** The longest statement looks for entries without a link in the whole journal. Past this the server is stuck, or gone. */
const statementLimitMs = 10 * 60_000

/** A connection outside the pools: linking and verifying take nothing from the desks. The caller ends it. */
export async function openAuditSession(db: Pick<Database, 'connectAlone'>): Promise<pg.Client> {
  const session = await db.connectAlone({ statementLimitMs }).catch((cause: unknown) => {
    throw new DatabaseUnreachableError({ cause })
  })
  // It is told by the statement that fails; without a listener it would end the process.
  session.on('error', () => undefined)
  return session
}

/** Statements on such a connection. Identities come as text. */
export function rowsAlone(session: pg.Client): Rows {
  return async <R extends object>({ text, values }: Parameters<Rows>[0]) =>
    (await session.query<R>(text, [...values])).rows
}

import { type Database, type Rows, sqlState } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'

/** Whether this process holds the import; given back when disposed of, or when the process dies. */
export type ImportLock = AsyncDisposable & { readonly isOurs: boolean }

/** A process that was killed gives its lock back within moments; who asks waits that long for it. */
const waitMs = 2_000
const lockNotAvailable = '55P03'

/**
 * Takes an import for this process alone, on a connection of its own. When that connection is lost while the
 * import runs, another process may take over: each batch checks its place, so nothing doubles.
 */
export async function lockImport(db: Database, changeSetId: number): Promise<ImportLock> {
  const connection = await db.connectAlone()
  // A lost connection gives the lock back, which is all that matters here.
  connection.on('error', () => undefined)
  const release = () => connection.end().catch(() => undefined)
  try {
    await connection.query(`set lock_timeout = ${waitMs}`)
    await connection.query(`select pg_advisory_lock(hashtextextended('bibby import ' || $1::text, 0))`, [
      String(changeSetId),
    ])
    return { isOurs: true, [Symbol.asyncDispose]: release }
  } catch (error) {
    if (sqlState(error) === lockNotAvailable) return { isOurs: false, [Symbol.asyncDispose]: release }
    await release()
    throw error
  }
}

/** Whether anybody holds the import at this moment. Asking takes it for less than one who wants it waits. */
export async function isImportLocked(db: { readonly rows: Rows }, changeSetId: number): Promise<boolean> {
  const [row] = await db.rows<{ isFree: boolean }>(sql`
    select pg_try_advisory_xact_lock(hashtextextended('bibby import ' || ${String(changeSetId)}::text, 0)) as "isFree"
  `)
  return row?.isFree === false
}

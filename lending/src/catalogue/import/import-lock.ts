import type { Database } from '../../postgres/pool.ts'

/** Whether this process holds the import; given back when disposed of, or when the process dies. */
export type ImportLock = AsyncDisposable & { readonly isOurs: boolean }

/**
 * Takes an import for this process alone, on a connection of its own, without waiting. When that connection is
 * lost while the import runs, another process may take over: each batch checks its place, so nothing doubles.
 */
export async function lockImport(db: Database, changeSetId: number): Promise<ImportLock> {
  const connection = await db.connectAlone()
  // A lost connection gives the lock back, which is all that matters here.
  connection.on('error', () => undefined)
  try {
    const { rows } = await connection.query<{ locked: boolean }>(
      `select pg_try_advisory_lock(hashtextextended('bibby import ' || $1::text, 0)) as locked`,
      [String(changeSetId)],
    )
    return {
      isOurs: rows[0]?.locked ?? false,
      [Symbol.asyncDispose]: () => connection.end().catch(() => undefined),
    }
  } catch (error) {
    await connection.end().catch(() => undefined)
    throw error
  }
}

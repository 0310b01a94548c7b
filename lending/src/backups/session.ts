import pg from 'pg'
import type { PoolOptions } from '../postgres/pool.ts'
import { standLast } from '../scheduling.ts'
import { settle } from './fingerprint.ts'

const connectLimitMs = 10_000

/**
 * A session that may work at length, and on our own server does so behind everybody else. Numbers come as text where
 * they may be past what a number can carry. `await using` ends it.
 */
export async function openSession(
  connection: PoolOptions['connection'],
  name: string,
): Promise<pg.Client & AsyncDisposable> {
  const session = new pg.Client({
    ...(typeof connection === 'string' ? { connectionString: connection } : connection),
    application_name: name,
    connectionTimeoutMillis: connectLimitMs,
    keepAlive: true,
  })
  session.on('error', () => undefined)
  await session.connect()
  const { processID } = session as unknown as { processID: number }
  if (typeof connection !== 'string' && connection.isOurs) void standLast(processID)
  await settle(session)
  return Object.assign(session, {
    [Symbol.asyncDispose]: async () => void (await session.end().catch(() => undefined)),
  })
}

import type { Writable } from 'node:stream'
import pg from 'pg'
import { beginUse, endUse, mayBeStopped, mustWait, neverStopped, type Use, whoAsks } from './asker.ts'
import { type AloneLimits, connectAlone, makePool, type PoolOptions } from './connecting.ts'
import { AskerLeftError, ConnectionsBusyError, DatabaseUnreachableError } from './faults.ts'
import { watchAge } from './pool-age.ts'
import { type Sql, sql } from './sql.ts'
import { type Answered, begin, mayRide, send, together } from './statement.ts'

/** What a pool connects to: named here too, beside what opens it. */
export type { AloneLimits, PoolOptions } from './connecting.ts'

/** Runs one statement and gives its rows. */
export type Rows = <R extends object>(statement: Sql) => Promise<R[]>

/** An open transaction: everything that writes takes one as its first argument. */
export type Tx = {
  readonly rows: Rows
  /**
   * Sends a statement together with the commit, which saves a round trip: for a last write whose rows nobody reads.
   * If it fails, the transaction fails. A refusal drops it. It begins with `insert`, `update` or `delete`.
   */
  readonly withCommit: (statement: Sql) => void
  /** For pipelining: the connection itself. Only `write.ts` and bulk loads use it. */
  readonly connection: pg.PoolClient
}

/** A bounded set of connections that see one database under one set of limits. */
export type Database = AsyncDisposable & {
  readonly rows: Rows
  /** One transaction. Rolls back and throws when `work` throws. */
  readonly transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
  /** One connection for as long as `work` takes; it is given back, or closed when it turned bad. */
  readonly withConnection: <T>(work: (connection: pg.PoolClient) => Promise<T>) => Promise<T>
  /** A connection of its own outside the pool, for locks held over a lifetime. The caller ends it. */
  readonly connectAlone: (limits?: AloneLimits) => Promise<pg.Client>
  /** How many connections there are, how many of them idle, and how many callers wait for one. */
  readonly counts: () => { readonly open: number; readonly idle: number; readonly waiting: number }
}

/**
 * After these the connection is closed, never reused: read-only server (25006), a prepared statement that is gone (26000)
 * or gives other columns by now (0A000), server going away or starting (57P01 to 57P03) and every connection failure (08). Source: PostgreSQL manual, appendix A.
 */
const evicting = new Set(['0A000', '25006', '26000', '57P01', '57P02', '57P03'])
/** Of these one session is gone, and the others are as they were: ended by somebody, or by a limit for what idles. */
const ofOneSession: ReadonlySet<string | undefined> = new Set(['25P03', '26000', '57P01', '57P05'])

/** The server stopped a statement, or one before it in the same transaction. */
const ofStopped: ReadonlySet<string | undefined> = new Set(['57014', '25P02'])

/** Says whether this error means that the connection is gone or must not be used again. */
export function isConnectionLost(error: unknown, connection: pg.ClientBase): boolean {
  const code = sqlState(error)
  const isLost =
    code === undefined
      ? error instanceof Error && error.message === 'Query read timeout'
      : evicting.has(code) || code.startsWith('08')
  // Whatever is thrown on because of it, and before the connection has noticed by itself.
  if (isLost) breakDown(connection, error)
  return isLost || (code === undefined && broken.has(connection))
}

/**
 * Connections that are lost, by what one of their queries was answered or by an event of their own, before or after that. With each,
 * whether it says something of the server: by what the server said, where it said anything.
 */
const broken = new WeakMap<pg.ClientBase, { readonly isOfServer: boolean }>()

function breakDown(connection: pg.ClientBase, error?: unknown): void {
  const code = sqlState(error)
  if (code !== undefined || !broken.has(connection))
    broken.set(connection, { isOfServer: !ofOneSession.has(code) })
}

/** The SQLSTATE of an error that the server sent, if it did. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}

/** Opens a pool. No connection is made before the first statement. */
export function openPool(options: PoolOptions): Database {
  const pool = makePool(options, breakDown)
  const { isDoubtful, lost, isDue, refill } = watchAge(pool, options)
  const count = (connection: pg.ClientBase) => {
    if (broken.get(connection)?.isOfServer) lost(connection)
  }
  // An idle connection that breaks is dropped by the pool; without a listener it would end the process.
  pool.on('error', (_error, connection) => count(connection))
  let busy = 0
  const connect = async (): Promise<pg.PoolClient> => {
    for (;;) {
      const connection = await pool.connect().catch((cause: unknown) => {
        if (busy >= options.connectionsMax) throw new ConnectionsBusyError(options.name, { cause })
        throw new DatabaseUnreachableError({ cause })
      })
      if (!isDoubtful(connection)) return connection
      // Where nobody hears any more there is nobody to take leave of.
      streamOf(connection).destroy()
      connection.release(true)
    }
  }
  const withConnection = async <T>(work: (connection: pg.PoolClient) => Promise<T>): Promise<T> => {
    const asker = whoAsks()
    const connection = await connect()
    busy += 1
    let bad = false
    let use: Use | undefined
    try {
      use = asker && beginUse(asker, connection)
      if (options.readOnly) mayBeStopped(connection)
      return await work(connection)
    } catch (error) {
      bad = isConnectionLost(error, connection)
      throw use?.stopping && ofStopped.has(sqlState(error)) ? new AskerLeftError({ cause: error }) : error
    } finally {
      if (use && (await endUse(use))) bad = true
      busy -= 1
      // Also where the work has made something else of it.
      count(connection)
      const isGone = broken.has(connection) || connection.getTransactionStatus() !== 'I'
      const isBad = bad || isGone || isDoubtful(connection)
      const isOver = !isBad && isDue(connection)
      const open = pool.totalCount
      connection.release(isBad || isOver)
      if (isOver) refill(open)
    }
  }
  return {
    withConnection,
    rows: (statement) =>
      withConnection((connection) => {
        mayBeStopped(connection, statement)
        return rowsOn(connection)(statement)
      }),
    transaction: (work) => withConnection((connection) => inTransaction(connection, work)),
    connectAlone: (limits) => connectAlone(options, limits),
    counts: () => ({ open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

async function inTransaction<T>(connection: pg.PoolClient, work: (tx: Tx) => Promise<T>): Promise<T> {
  const tx = openTx(connection)
  try {
    const result = await work(tx)
    const { command } = await tx.commit()
    if (command !== 'COMMIT') throw new Error('The transaction had failed and was rolled back.')
    return result
  } catch (error) {
    // A connection that cannot even do that is closed when it is given back.
    await tx.rollBack().catch(() => undefined)
    throw error
  }
}

/** A transaction and its ends. After either it takes no more statements. */
export type OpenTx = Tx & {
  /** Drops what would go with the commit too. Throws when the connection is lost. */
  readonly rollBack: () => Promise<void>
  readonly commit: () => Promise<{ readonly command: string }>
}

/** A transaction on this connection. It begins with its first statement, in the same message where that can be. */
export function openTx(connection: pg.PoolClient): OpenTx {
  let state: 'not-begun' | 'begun' | 'over' = 'not-begun'
  const last: Sql[] = []
  const sent = async <R extends object>(statement: Sql, commit = false): Promise<Answered<R>> => {
    if (state === 'over') throw new Error('The transaction is over: a statement came too late.')
    mustWait(connection)
    sendTogether(connection)
    const isFirst = state === 'not-begun'
    state = commit ? 'over' : 'begun'
    const along = {
      begin: isFirst && mayRide('begin', connection, statement),
      commit: commit && mayRide('commit', connection, statement),
    }
    const before = isFirst && !along.begin ? connection.query(begin) : undefined
    const answer = send<R>(connection, statement, along)
    if (!commit || along.commit) return before ? (await together(before, answer))[1] : answer
    const [, { rows }, { command }] = await together(before, answer, connection.query('commit'))
    return { rows, command }
  }
  return {
    rows: async <R extends object>(statement: Sql) => {
      const isFirst = state === 'not-begun'
      const { rows } = await sent<R>(statement)
      if (isFirst) mayBeStopped(connection)
      return rows
    },
    connection,
    withCommit: (statement) => last.push(statement),
    rollBack: async () => {
      const was = state
      state = 'over'
      await neverStopped(connection)
      if (was !== 'not-begun') await connection.query('rollback')
    },
    commit: async () => {
      // Here is the line: whoever leaves before it stops the transaction, and nobody after it.
      mustWait(connection)
      void neverStopped(connection)
      const statements = inFewest(last)
      if (statements.length === 0) {
        const was = state
        state = 'over'
        return was === 'begun' ? connection.query('commit') : { command: 'COMMIT' }
      }
      const ends = await together(
        ...statements.map((statement, at) => sent(statement, at === statements.length - 1)),
      )
      return ends.at(-1) ?? { command: '' }
    },
  }
}

/** Two or three writes that nobody reads run as one statement, for the price of one: none sees what another has done. */
function inFewest(statements: readonly Sql[]): readonly Sql[] {
  const [first, second, third, ...more] = statements
  if (!first || !second || more.length > 0) return statements
  if (!third) return [sql`with first as (${first}) ${second}`]
  return [sql`with first as (${first}), second as (${second}) ${third}`]
}

/**
 * What is sent on this connection until the end of this turn of the event loop leaves in one write. A round trip
 * costs a checkout more than its statements do.
 */
export function sendTogether(connection: pg.ClientBase): void {
  const stream = streamOf(connection)
  stream.cork()
  process.nextTick(() => stream.uncork())
}

/** The socket of a connection: `pg` has it, and its types do not say so. */
export function streamOf(connection: pg.ClientBase): Writable {
  return (connection as unknown as { connection: { stream: Writable } }).connection.stream
}

/** Statements on one connection, prepared by name. */
export function rowsOn(connection: pg.ClientBase): Rows {
  return async <R extends object>(statement: Sql) => {
    mustWait(connection)
    sendTogether(connection)
    return (await send<R>(connection, statement)).rows
  }
}

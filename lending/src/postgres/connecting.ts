import pg from 'pg'
import { standBehind, standLast } from '../scheduling.ts'
import { actAs } from './act-as.ts'
import { knowCommit } from './statement.ts'
import { typeParser } from './type-parser.ts'

/** The limit of a connection outside the pool; left out, a statement there may take as long as it likes. */
export type AloneLimits = { readonly statementLimitMs?: number }

/** What a pool connects to, and its limits. */
export type PoolOptions = {
  /** `postgresql://` address, or the parts of one. The sessions of a server of our own stand behind Bibby. */
  readonly connection:
    | string
    | { host: string; port: number; user: string; database: string; password?: string; isOurs?: true }
  /** Shown in pg_stat_activity. */
  readonly name: string
  readonly connectionsMax: number
  /** So many stay open however long they idle, once they were needed: the next one to ask finds them warm. Default: 0. */
  readonly connectionsKept?: number
  /** The server stops a statement after this long (SQLSTATE 57014). */
  readonly statementLimitMs: number
  /** Refuse any write on these connections. Default: no. */
  readonly readOnly?: boolean
  /** A transaction left open so long is ended by the server. Default: 30 s. */
  readonly idleInTransactionLimitMs?: number
  /** Role to act as, where the server has it. */
  readonly role?: string
  /** Its sessions run while no desk wants the processor, where the server is ours. Default: no. */
  readonly standsLast?: boolean
}

/**
 * How long the list of entries that a GIN index has not sorted in yet may grow: a search reads it whole. Work on many
 * titles lets it grow for as long as it lasts; see catalogue/sort-in.ts.
 */
const pendingListKilobytes = 256
/** How long to wait for a connection before saying that there is none. */
const connectLimitMs = 5_000
/** When the server is silent for this much longer than a statement may take, the connection counts as lost. */
const silenceLimitMs = 5_000
/** A transaction left open this long is ended by the server, so that a stuck process frees its locks. */
const idleInTransactionLimitMs = 30_000
/** A peer that is gone without a word, as behind a cut cable, is found out in half a minute, and its locks are free. */
const deadPeers =
  '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4 -c tcp_user_timeout=30000'
/** When a connection is idle for this long, its machine asks the server's whether it is still there. */
const keepAliveAfterMs = 10_000

/** Connections as they are made here: their limits, their types, and whom they act as. Told of each that breaks. */
export function makePool(
  options: PoolOptions,
  isBroken: (connection: pg.ClientBase, error?: Error) => void,
): pg.Pool {
  return new pg.Pool({
    ...(typeof options.connection === 'string'
      ? { connectionString: options.connection }
      : options.connection),
    application_name: options.name,
    max: options.connectionsMax,
    min: Math.min(options.connectionsKept ?? 0, options.connectionsMax),
    statement_timeout: options.statementLimitMs,
    query_timeout: options.statementLimitMs + silenceLimitMs,
    idle_in_transaction_session_timeout: options.idleInTransactionLimitMs ?? idleInTransactionLimitMs,
    connectionTimeoutMillis: connectLimitMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
    pipeline: true,
    types: { getTypeParser: typeParser },
    options: `${deadPeers} -c gin_pending_list_limit=${pendingListKilobytes}${options.readOnly ? ' -c default_transaction_read_only=on' : ''}`,
    onConnect: async (client) => {
      client.on('error', (error) => isBroken(client, error))
      client.on('end', () => isBroken(client))
      if (options.role) await actAs(client, options.role)
      await knowCommit(client)
      giveWay(client, options)
    },
  })
}

/** Nothing waits for it. */
function giveWay(client: pg.ClientBase, { connection, standsLast }: PoolOptions): void {
  if (typeof connection === 'string' || !connection.isOurs) return
  // `pg` keeps it, and its types do not say so.
  const { processID } = client as unknown as { processID: number }
  void (standsLast ? standLast : standBehind)(processID)
}

/** A connection of its own outside the pool. The caller ends it. */
export async function connectAlone(
  options: PoolOptions,
  { statementLimitMs }: AloneLimits = {},
): Promise<pg.Client> {
  const client = new pg.Client({
    ...(typeof options.connection === 'string'
      ? { connectionString: options.connection }
      : options.connection),
    application_name: `${options.name}-alone`,
    connectionTimeoutMillis: connectLimitMs,
    keepAlive: true,
    options: deadPeers,
    ...(statementLimitMs === undefined
      ? {}
      : { statement_timeout: statementLimitMs, query_timeout: statementLimitMs + silenceLimitMs }),
  })
  await client.connect()
  giveWay(client, options)
  return client
}

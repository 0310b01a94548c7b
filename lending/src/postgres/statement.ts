import type { EventEmitter } from 'node:events'
import pg from 'pg'
import { preparedName, type Sql } from './sql.ts'

/** What a statement may bring along: the begin of its transaction before it, the commit behind it. */
export type Along = { readonly begin?: boolean; readonly commit?: boolean }

/** What came of it. `command` is the last that the server did. */
export type Answered<R extends object> = { readonly rows: R[]; readonly command: string }

/** Limits and `in_force` count on statements that see what was committed before each of them. */
export const begin = 'begin isolation level read committed'
const commit = { name: 'bibby-commit', text: 'commit' }

/** Makes a new connection know `commit` by name, so that it can ride along with others. */
export async function knowCommit(connection: pg.ClientBase): Promise<void> {
  await connection.query({ ...commit, values: [] })
}

/** The part of `pg`'s connection that puts messages on the wire. Source: pg 8, lib/connection.js. */
type Wire = EventEmitter & {
  readonly parsedStatements: Readonly<Record<string, string>>
  readonly parse: (config: { name: string; text: string }) => void
  readonly bind: (config: { statement: string; values: readonly unknown[] }) => void
  readonly describe: (config: { type: string; name: string }) => void
  readonly execute: (config: { portal?: string }) => void
  readonly sync: () => void
}

/** The part of `pg`'s query that asks for its own statement, and then for the answer. Source: pg 8, lib/query.js. */
type WiredQuery = pg.Query & {
  name: string
  prepare(wire: Wire): void
  _getRows(wire: Wire): void
  handleRowDescription(message: Description): void
  handleDataRow(message: object): void
  handleReadyForQuery(wire: Wire): void
  handleError(error: Error, wire: Wire): void
}
/** What the server says of the rows of a statement, before the first of them. */
type Description = { readonly fields: readonly object[] }
type Heard<R extends object> = (error: Error | undefined, results: Result<R> | Result<R>[]) => void
type Result<R extends object> = { readonly rows: R[]; readonly command: string }
const Base = pg.Query as unknown as new (
  text: string,
  values: readonly unknown[],
  heard: Heard<never>,
) => WiredQuery

/**
 * A statement and what rides along, before one `sync`. The server answers at each `sync` in a message of its own,
 * and every message wakes the receiver: `begin` and `commit` as queries would double both.
 */
class Query extends Base {
  along: Along = {}
  /** What its rows are like, as the server says it or has said it before. */
  #rows: Description | undefined
  #isTold = false

  override prepare(wire: Wire): void {
    if (this.along.begin) {
      // Read anew each time: a name can vanish from the server, and what follows would commit by itself.
      wire.parse({ name: '', text: begin })
      ride(wire, '')
    }
    const { told, silent } = knownOn(wire)
    this.#rows = told.get(this.name)
    super.prepare(this.#rows ? silent : wire)
  }

  override handleRowDescription(message: Description): void {
    this.#rows = message
    this.#isTold = true
    super.handleRowDescription(message)
  }

  override handleDataRow(message: object): void {
    if (!this.#isTold && this.#rows) this.handleRowDescription(this.#rows)
    super.handleDataRow(message)
  }

  override handleReadyForQuery(wire: Wire): void {
    if (this.name) knownOn(wire).told.set(this.name, this.#rows ?? { fields: [] })
    super.handleReadyForQuery(wire)
  }

  override _getRows(wire: Wire): void {
    wire.execute({})
    if (this.along.commit) ride(wire, commit.name)
    wire.sync()
  }

  /** The server tells an error at once, and the state of the transaction at the `sync`: both are there when it is heard. */
  override handleError(error: Error, wire: Wire): void {
    if (!(error instanceof pg.DatabaseError)) {
      super.handleError(error, wire)
      return
    }
    const heard = () => {
      wire.off('readyForQuery', heard).off('end', heard)
      super.handleError(error, wire)
    }
    wire.on('readyForQuery', heard).on('end', heard)
  }
}

/** What the server has told of statements that it keeps by name, and the wire without the question for it. */
type Known = { readonly told: Map<string, Description>; readonly silent: Wire }
const known = new WeakMap<Wire, Known>()

/**
 * What is known on this connection. The server keeps to what it has told of a query under one name, or fails; it does
 * not for `fetch` and `execute`, which are never sent here.
 */
function knownOn(wire: Wire): Known {
  const found = known.get(wire)
  if (found) return found
  const silent: Wire = Object.create(wire, { describe: { value: () => undefined } })
  const fresh = { told: new Map(), silent }
  known.set(wire, fresh)
  return fresh
}

function ride(wire: Wire, name: string): void {
  wire.bind({ statement: name, values: [] })
  wire.execute({})
}

/**
 * Whether others may ride along with this statement: it has a name, or `pg` would send it in another way; and, for a
 * begin, the server has read it before, since `pg` takes the first statement that is read for the query's own.
 */
export function mayRide(what: 'begin' | 'commit', connection: pg.ClientBase, statement: Sql): boolean {
  const name = nameOf(statement)
  if (name === undefined) return false
  const { connection: wire } = connection as unknown as { connection: Wire }
  return what === 'commit' || wire.parsedStatements[name] !== undefined
}

/** Sends one statement, prepared by name where it has one, and what rides along. */
export function send<R extends object>(
  connection: pg.ClientBase,
  statement: Sql,
  along: Along = {},
): Promise<Answered<R>> {
  return new Promise((resolve, reject) => {
    // As a query of its own it is not copied property by property, which a checkout would feel.
    const query = new Query(statement.text, [...statement.values], ((error, results) => {
      if (error) reject(error)
      else resolve(answered(Array.isArray(results) ? results : [results], along))
    }) satisfies Heard<R>)
    query.along = along
    connection.query(Object.assign(query, { name: nameOf(statement) }))
  })
}

function nameOf(statement: Sql): string | undefined {
  return statement.name ?? preparedName(statement.text)
}

function answered<R extends object>(results: readonly Result<R>[], along: Along): Answered<R> {
  const own = results[along.begin ? 1 : 0]
  return { rows: own?.rows ?? [], command: results.at(-1)?.command ?? '' }
}

/** What was sent in one go is heard when all of it has ended; the first failure is that of all, and none goes unheard. */
export async function together<T extends readonly unknown[]>(
  ...sent: T
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const ends = await Promise.allSettled(sent)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return ends.map((end) => (end as PromiseFulfilledResult<unknown>).value) as never
}

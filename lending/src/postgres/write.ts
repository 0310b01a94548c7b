import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { askedBy, nobody } from './asker.ts'
import { type FanOut, type TooMany, tooMany, tooManyInWords } from './fan-out.ts'
import { FanOutError, WriteContendedError, WriteLostError, WritesStoppedError } from './faults.ts'
import { type Halted, haltVerb } from './fence.ts'
import { isFencedOff, journalRow } from './journal-row.ts'
import { type Earlier, type Opened, openWrite } from './opening.ts'
import { type Database, isConnectionLost, openTx, type Rows, sqlState, type Tx } from './pool.ts'
import { requestDigest } from './request-digest.ts'
import type { Sql } from './sql.ts'
import { together } from './statement.ts'

/** An answer that a patron or a desk may hear. Its code is one of a closed union per operation. */
export type Refusal = { readonly refused: string }

/** Who asks, under which key, and when it happened. */
export type By = {
  /** `staff:12`, `patron:7` or `system:NAME`. */
  readonly actor: string
  /** The same key by the same actor is the same request: at most 200 characters. */
  readonly key: string
  /** When it happened for the person; the present unless the desk was offline. */
  readonly occurredAt: Date
  /** The process that writes. */
  readonly instance: string
  /** The versions that the actor had seen, by noun, as `{ title: 3 }`. */
  readonly believed?: Readonly<Record<string, number>>
  /** Told the epoch that the write was opened under, before any of it is done. */
  readonly onOpened?: (epoch: number) => void
}

/** Who writes, without what cannot be told to another thread. */
export type ByFromAfar = Omit<By, 'onOpened'>

/** What a write is about, for the journal. The names are its columns. */
export type About = {
  readonly titleId?: number | null
  readonly copyId?: number | null
  readonly patronId?: number | null
  readonly loanId?: number | null
  readonly holdId?: number | null
  readonly changeSetId?: number | null
}

/**
 * A commit has three outcomes. `unknown` means that the connection was lost while the commit was under way:
 * it may have landed. Asking again with the same key settles it.
 */
export type Outcome<Done, Refused extends Refusal> =
  | { readonly outcome: 'done'; readonly answer: Done; readonly repeated: boolean }
  | { readonly outcome: 'refused'; readonly refusal: Refused | KeyReused; readonly repeated: boolean }
  | { readonly outcome: 'unknown'; readonly key: string }

/** The key was used before, by the same actor, for another request. */
export type KeyReused = { readonly refused: 'key-reused'; readonly key: string }

/** What JSON carries unchanged: a recorded answer must read the same when it is given again. */
export type Plain = string | number | boolean | null | readonly Plain[] | PlainObject
/** An object of such values. */
export type PlainObject = { readonly [name: string]: Plain | undefined }

/** One thing that can be done to the library: what it is called, what it touches, and how it is done. */
export type Verb<Ask, Done extends PlainObject, Refused extends Refusal> = {
  /** As it stands in the journal: `lend`, `take-back`. */
  readonly action: string
  /** Picks from the answer what the journal row is about. */
  readonly about: (answer: Done) => About
  /**
   * What tells one request from another under the same key; by default the whole ask. A verb that is given a
   * password leaves it out: the digest is kept, and a quick digest of a password can be guessed back.
   */
  readonly recognisedBy?: (ask: Ask) => unknown
  /**
   * What it reads first, to ride on the statement that opens the write: a call of a function that gives a JSON object.
   * It is not made when the write does not go on.
   */
  readonly reads?: (ask: Ask) => Sql
  /**
   * How many rows of what it may change, where that is more than a few. The server counts, and rolls back a write that
   * goes over; the verb is then halted on every process.
   */
  readonly fanOut?: FanOut
  /** Goes on where writes are stopped: for halting and resuming themselves. */
  readonly passesFence?: true
  /**
   * Does it, in the transaction; `by.occurredAt` is the time to reckon with. `opened` brings what `reads` asked
   * for; a verb that is part of another has none. Either all of it or a refusal.
   */
  readonly work: (tx: Tx, ask: Ask, by: By, opened?: Promise<object>) => Promise<Done | Refused>
}

/** A transaction that met another is tried this often in all. */
const triesMax = 4
const uniqueViolation = '23505'
const readOnlyServer = '25006'
/** A verb that locks a whole table waits for it no longer than it says, lest all queue up behind it. */
const lockTimeout = '55P03'
/** Our own: what the write was reckoned by was changed meanwhile (see `in_force` in the first migration). */
const overtaken = 'BB002'
/**
 * Serialization failure, deadlock, and a unique index that decided a race: with the same key sent twice at once
 * the second finds the first one's rows in its way, and on its next try finds the recorded answer.
 */
const retriable = new Set(['40001', '40P01', uniqueViolation, lockTimeout, overtaken])

/**
 * The one door to the library's data. Opens a write transaction (the fence stands here), runs the verb, adds the
 * journal row and commits. A repeated key gets the recorded answer and runs nothing. A refusal rolls back
 * whatever the verb did and is recorded too, so that the same key keeps its answer.
 *
 * Throws WritesStoppedError, VerbHaltedError, FanOutError, WriteLostError, WriteContendedError, AskerLeftError,
 * DatabaseUnreachableError: in each, nothing was written.
 */
export async function write<Ask, Done extends PlainObject, Refused extends Refusal>(
  db: Database,
  by: By,
  verb: Verb<Ask, Done, Refused>,
  ask: Ask,
): Promise<Outcome<Done, Refused>> {
  let last: unknown
  for (let attempt = 1; attempt <= triesMax; attempt++) {
    const tried = await attemptOnce(db, by, verb, ask)
    if ('over' in tried) throw await haltedFor(db, by, { action: verb.action, over: tried.over })
    if (!('again' in tried)) return tried
    last = tried.again
  }
  if (sqlState(last) === uniqueViolation) throw last
  throw new WriteContendedError(verb.action, triesMax, { cause: last })
}

type Attempt<Done, Refused extends Refusal> =
  | Outcome<Done, Refused>
  | { readonly again: unknown }
  | { readonly over: readonly TooMany[] }

/** Halts a verb that went over its bound; what was done to it is in the journal. */
async function haltedFor(
  db: Database,
  by: By,
  { action, over }: { readonly action: string; readonly over: readonly TooMany[] },
): Promise<FanOutError> {
  const because = tooManyInWords(over)
  const bounded = { ...by, actor: 'system:fan-out', key: randomUUID() }
  // Also when whoever asked has left meanwhile.
  await askedBy(nobody('watch'), () => write(db, bounded, haltOne, { verb: action, because }))
  return new FanOutError(action, because)
}

const haltOne: Verb<{ readonly verb: string; readonly because: string }, Halted, never> = {
  action: 'halt',
  about: () => ({}),
  passesFence: true,
  work: haltVerb,
}

/** What tells this request from another one under the same key. */
export function digestOf<Ask>(
  { action, recognisedBy }: { readonly action: string; readonly recognisedBy?: (ask: Ask) => unknown },
  ask: Ask,
): Buffer {
  return requestDigest(action, recognisedBy ? recognisedBy(ask) : ask)
}

async function attemptOnce<Ask, Done extends PlainObject, Refused extends Refusal>(
  db: Database,
  by: By,
  verb: Verb<Ask, Done, Refused>,
  ask: Ask,
): Promise<Attempt<Done, Refused>> {
  const digest = digestOf(verb, ask)
  return db.withConnection(async (connection) => {
    const tx = openTx(connection)
    let committing = false
    // False when statements are still under way: then the connection is closed, and the server drops the rest.
    let isOver = true
    const reading = verb.reads?.(ask)
    try {
      const opening = openWrite(tx, by, { verb, reading })
      const read = reading && unanswered(opening)
      // What the verb sends before it first waits leaves with the opening, and is answered after it.
      const working = startWork(() => verb.work({ ...tx, rows: onceOpened(tx.rows, opening) }, ask, by, read))
      const all = Promise.allSettled([opening, working, read])
      const { epoch, earlier } = await opening.catch(async (error: unknown) => {
        isOver = await endsSoon(all)
        throw error
      })
      if (earlier) {
        isOver = await endsSoon(all)
        if (isOver) await tx.rollBack().catch(() => undefined)
        return earlierAnswer<Done, Refused>(earlier, digest, by.key)
      }
      const answer: Done | Refused = await working
      const refused = isRefusal(answer)
      if (refused) await tx.rollBack()
      const entry = refused
        ? { outcome: 'refused' as const, answer, about: {} }
        : { outcome: 'done' as const, answer, about: verb.about(answer as Done) }
      const row = { ...entry, verb, digest, epoch }
      committing = true
      // Sent in one go: without its journal row the transaction has failed, and is not committed.
      const last = refused ? openTx(connection) : tx
      last.withCommit(journalRow(by, row))
      const { command } = await last.commit()
      if (command !== 'COMMIT') throw new Error(`The server answered ${command} to a commit.`)
      return refused
        ? { outcome: 'refused', refusal: answer as Refused, repeated: false }
        : { outcome: 'done', answer: answer as Done, repeated: false }
    } catch (error) {
      const isLost = isConnectionLost(error, connection)
      // The server has become read-only: it said so, and nothing was committed.
      if (sqlState(error) === readOnlyServer) throw new WritesStoppedError('read-only', { cause: error })
      if (isLost) {
        if (committing) return { outcome: 'unknown', key: by.key }
        throw new WriteLostError(verb.action, { cause: error })
      }
      if (isOver) await tx.rollBack().catch(() => undefined)
      const over = tooMany(error, verb.fanOut)
      if (over) return { over }
      // Opened again, it learns what the fence says now.
      if (isFencedOff(error) || retriable.has(sqlState(error) ?? '')) return { again: error }
      throw error
    }
  })
}

/** Also when it throws before its first `await`. */
async function startWork<T>(work: () => Promise<T>): Promise<T> {
  return work()
}

/** Where writes are stopped or an answer is there, nobody waits for locks that the verb's first statement waits for. */
const patienceMs = 100

async function endsSoon(work: Promise<unknown>): Promise<boolean> {
  const soon = new AbortController()
  const late = setTimeout(patienceMs, false, { signal: soon.signal }).catch(() => false)
  const isOver = await Promise.race([work.then(() => true), late])
  soon.abort()
  return isOver
}

/** What the opening has read, unless the same key has an answer already: then the verb stops here. */
async function unanswered(opening: Promise<Opened>): Promise<object> {
  const { earlier, read } = await opening
  if (earlier) throw new Error('The same key has an answer already.')
  return read
}

/** Statements whose answers are given out when the write was opened; when it was not, the verb stops there. */
function onceOpened(rows: Rows, opening: Promise<Opened>): Rows {
  return async <R extends object>(statement: Sql) => {
    const [found] = await together(rows<R>(statement), unanswered(opening))
    return found
  }
}

function earlierAnswer<Done, Refused extends Refusal>(
  earlier: Earlier,
  digest: Buffer,
  key: string,
): Outcome<Done, Refused> {
  if (!earlier.request_sha256.equals(digest)) {
    return { outcome: 'refused', refusal: { refused: 'key-reused', key }, repeated: true }
  }
  return earlier.outcome === 'done'
    ? { outcome: 'done', answer: earlier.answer as Done, repeated: true }
    : { outcome: 'refused', refusal: earlier.answer as Refused, repeated: true }
}

/** A refusal names its code. An answer may well count what it refused, in a list of that name. */
function isRefusal(answer: object): answer is Refusal {
  return 'refused' in answer && typeof answer.refused === 'string'
}

import type { HaltedVerb } from './fence.ts'

/** The database did not answer: it is down, starting, or out of reach. Nothing was written. */
export class DatabaseUnreachableError extends Error {
  override readonly name = 'DatabaseUnreachableError'
  readonly code = 'BIBBY_DATABASE_UNREACHABLE'
  constructor(options?: ErrorOptions) {
    super('The database cannot be reached. Nothing was written. Try again when it is back.', options)
  }
}

/** All connections of its kind were busy for too long: the database is there. Nothing was written. */
export class ConnectionsBusyError extends Error {
  override readonly name = 'ConnectionsBusyError'
  readonly code = 'BIBBY_CONNECTIONS_BUSY'
  constructor(pool: string, options?: ErrorOptions) {
    super(`All connections of ${pool} are busy. Nothing was written. Ask again in a moment.`, options)
  }
}

/** Writes are stopped for now (read-only or halted). Reads go on; nothing was written. */
export class WritesStoppedError extends Error {
  override readonly name = 'WritesStoppedError'
  readonly code = 'BIBBY_WRITES_STOPPED'
  constructor(mode: string, options?: ErrorOptions) {
    super(`The library is ${mode}: nothing can be written now. Nothing was written.`, options)
  }
}

/** One kind of change is halted until a person lets it go on. All else goes on; nothing was written. */
export class VerbHaltedError extends Error {
  override readonly name = 'VerbHaltedError'
  readonly code = 'BIBBY_VERB_HALTED'
  /** The action that is halted, such as `lend`. */
  readonly verb: string
  constructor(action: string, { since, because }: HaltedVerb, options?: ErrorOptions) {
    super(`"${action}" is halted since ${since}: ${because} Nothing was written.`, options)
    this.verb = action
  }
}

/** A write changed more rows than one input may. Nothing of it remains, and the verb is halted. */
export class FanOutError extends Error {
  override readonly name = 'FanOutError'
  readonly code = 'BIBBY_FAN_OUT'
  constructor(action: string, what: string, options?: ErrorOptions) {
    super(
      `"${action}" was stopped, and is halted until a person resumes it. ${what} Nothing was written.`,
      options,
    )
  }
}

/** The connection was lost before anything was committed. The same request may be sent again. */
export class WriteLostError extends Error {
  override readonly name = 'WriteLostError'
  readonly code = 'BIBBY_WRITE_LOST'
  constructor(action: string, options?: ErrorOptions) {
    super(
      `The database went away during "${action}", before the commit. Nothing was written; ask again.`,
      options,
    )
  }
}

/** Whoever asked has gone, or their time is over: what ran for them was stopped before its commit. */
export class AskerLeftError extends Error {
  override readonly name = 'AskerLeftError'
  readonly code = 'BIBBY_ASKER_LEFT'
  constructor(options?: ErrorOptions) {
    super('Nobody waits for this any more: it was stopped before its commit. Nothing was written.', options)
  }
}

/** Too many others wanted the same rows at once. Nothing was written. */
export class WriteContendedError extends Error {
  override readonly name = 'WriteContendedError'
  readonly code = 'BIBBY_WRITE_CONTENDED'
  constructor(action: string, tries: number, options?: ErrorOptions) {
    super(`"${action}" met other writers ${tries} times over. Nothing was written; ask again.`, options)
  }
}

/** The connection was lost while a step of an operation was being committed. It may have landed; its state tells. */
export class OperationUnsettledError extends Error {
  override readonly name = 'OperationUnsettledError'
  readonly code = 'BIBBY_OPERATION_UNSETTLED'
  constructor(operationId: string) {
    super(
      `It is not known whether this step of operation ${operationId} was done. Look at its state; asking again is safe.`,
    )
  }
}

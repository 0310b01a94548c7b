import type { Json } from './digest.ts'
import type { State } from './state.ts'

/**
 * Runs one statement with `$1` places. Types come as `pg` brings them when nothing was changed: `timestamptz` as
 * Date, `jsonb` as it was, `bytea` as Buffer, `integer` as number.
 */
export type Rows = <R extends object>(text: string, values: readonly unknown[]) => Promise<R[]>

/** The steps that the guard takes, each in a transaction of its own. */
export type Step =
  | 'plan'
  | 'approve'
  | 'send-code'
  | 'confirm'
  | 'batch'
  | 'stop'
  | 'undo'
  | 'undo-batch'
  | 'forget'

/** Who takes a step, and on what. */
export type Stepping = { readonly step: Step; readonly operationId: string; readonly by: string }

/** What happened, for the audit trail. */
export type AuditEntry = Stepping & {
  readonly name: string
  readonly from: State | 'none'
  readonly to: State
  /** How many rows this step touched, or would. */
  readonly rows: number
  readonly because: Json
  /** What a purge says of itself; null of all other steps. */
  readonly noted: { readonly [name: string]: Json } | null
}

/** What is sent to the person, by a way that is not the one that they asked by. */
export type CodeMessage = {
  readonly to: string
  readonly code: string
  readonly until: Date
  readonly operationId: string
  readonly name: string
  readonly phrase: string
}

/** What the guard stands on. */
export type Host<Tx> = {
  /** For reading alone. */
  readonly read: Rows
  /** One transaction, read committed: it commits when `work` returns and rolls back when it throws. */
  readonly transaction: <T>(stepping: Stepping, work: (tx: Tx) => Promise<T>) => Promise<T>
  readonly rows: (tx: Tx) => Rows
  /**
   * Writes the audit row. It throws where that cannot be: then the step does not happen. A step that says nothing here
   * has changed nothing, and may as well be rolled back.
   */
  readonly audit: (tx: Tx, entry: AuditEntry) => Promise<void>
  /**
   * Whether whoever asked for an operation of this name, or approved it, may still do so. Asked in the transaction that
   * confirms it: between a plan and its confirmation people leave and roles change.
   */
  readonly mayStill: (
    tx: Tx,
    who: { readonly by: string; readonly as: 'requester' | 'approver'; readonly name: string },
  ) => Promise<boolean>
  /** Sends the code and says where to (`r***@example.org`), or why not. Never called inside a transaction. */
  readonly send: (
    message: CodeMessage,
  ) => Promise<{ readonly sentTo: string } | { readonly notSentBecause: string }>
  /** At least 32 bytes, the same for all processes, kept outside the database. */
  readonly secret: Uint8Array
  /** Waits, for the pace. It may return early; the database says whether it is time. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

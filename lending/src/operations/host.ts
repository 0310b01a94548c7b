import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { AuditEntry, Host, Step, Stepping } from '@bibby/guard/host.ts'
import { allowForgetting } from '../journal/forgetting.ts'
import { emptyingFanOut } from '../patrons/empty-erased.ts'
import type { FanOut } from '../postgres/fan-out.ts'
import { OperationUnsettledError } from '../postgres/faults.ts'
import type { Database, Tx } from '../postgres/pool.ts'
import { type PlainObject, type Verb, write } from '../postgres/write.ts'
import { plainRows } from './statement-of.ts'

/** What the guard of a library stands on. */
export type HostOptions = {
  readonly db: Database
  readonly instance: string
  readonly clock: () => Date
  readonly send: Host<Tx>['send']
  readonly mayStill: Host<Tx>['mayStill']
  /** Read when a code is first made or compared. */
  readonly secret: () => Uint8Array
}

/** How each step stands in the journal, and by which name it is halted. */
const actions: Readonly<Record<Step, string>> = {
  plan: 'plan-operation',
  approve: 'approve-operation',
  'send-code': 'send-operation-code',
  confirm: 'confirm-operation',
  batch: 'run-operation',
  stop: 'stop-operation',
  undo: 'undo-operation',
  'undo-batch': 'run-operation',
  forget: 'forget-operation',
}

const batch: FanOut = {
  title: 500,
  copy: 50_000,
  hold: 5_000,
  because: 'A batch of what was planned row by row, bounded and confirmed.',
}

/**
 * The guard's steps, each a write like any other: the fence stands before it and its journal row is in the same
 * transaction. A step that changes nothing is rolled back and leaves no row.
 */
export function guardHost({ db, instance, clock, send, mayStill, secret }: HostOptions): Host<Tx> {
  const noted = new WeakMap<Tx, AuditEntry>()
  return {
    read: plainRows(db),
    rows: plainRows,
    transaction: async <T>(stepping: Stepping, work: (tx: Tx) => Promise<T>) => {
      let told: T | undefined
      const verb: Verb<Stepping, PlainObject, never> = {
        action: actions[stepping.step],
        about: () => ({}),
        ...(stepping.step === 'batch' ? { fanOut: batch } : {}),
        ...(stepping.step === 'forget' ? { fanOut: emptyingFanOut } : {}),
        work: async (tx, _, by) => {
          if (stepping.step === 'forget') await allowForgetting(tx, by)
          told = await work(tx)
          const entry = noted.get(tx)
          if (!entry) throw new NothingChangedError()
          return journalled(entry)
        },
      }
      const asking = { actor: stepping.by, key: randomUUID(), occurredAt: clock(), instance }
      try {
        const { outcome } = await write(db, asking, verb, stepping)
        if (outcome === 'unknown') throw new OperationUnsettledError(stepping.operationId)
      } catch (error) {
        if (!(error instanceof NothingChangedError)) throw error
      }
      return told as T
    },
    audit: async (tx, entry) => {
      noted.set(tx, entry)
    },
    send,
    mayStill,
    get secret() {
      return secret()
    },
    wait: (ms, signal) => wait(ms, undefined, { signal, ref: false }),
  }
}

/** What the journal keeps of a step: which operation, from where to where, how many rows, and what a purge counted. */
function journalled({ operationId, name, from, to, rows, because, noted }: AuditEntry): PlainObject {
  return {
    ...noted,
    operationId,
    name,
    from,
    to,
    rows,
    ...(because === null ? {} : { because: because as PlainObject }),
  }
}

class NothingChangedError extends Error {
  override readonly name = 'NothingChangedError'
}

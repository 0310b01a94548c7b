import type { Ceiling } from './ceiling.ts'
import type { Json, Versioned } from './digest.ts'
import type { Part } from './floor.ts'
import type { Wording } from './phrase.ts'
import { seal } from './sealed.ts'

/** What an operation is asked to do. It is kept as JSON, and shown to whoever may see the list of operations. */
export type Arguments = { readonly [name: string]: Json }

/** One row as it stands now. */
export type Held = Versioned & {
  /** Why it cannot be done to this row. One such row refuses the operation; it is not left out quietly. */
  readonly obstacle?: string | null
  /** How a person recognises it; without one its id is told. */
  readonly label?: string
}

/** One row that would be touched. The plan shows the labels of some. */
export type Target = Held & { readonly label: string }

/** What was done to one row: what it takes to undo that, and the version that undo must find. */
export type Acted = { readonly id: string; readonly versionAfter: string; readonly before: Json }

/** All rows that stand for what depends on the targets, and how much each part would lose. */
export type Dependents = {
  readonly parts: readonly Part[]
  readonly losing: Readonly<Record<string, number>>
}

/** What became of rows that nobody can bring back any more. */
export type Purged = {
  /** Whether nothing is left of them. If something is, it is called again, in a transaction of its own. */
  readonly isWhole: boolean
  /** What the audit trail keeps of it: counts, nobody's name. */
  readonly noted: { readonly [name: string]: Json }
}

/** For whom and why a batch runs. */
export type Context<A extends Arguments> = {
  readonly operationId: string
  readonly by: string
  readonly arguments: A
}

/** One operation that destroys, declared whole. */
export type Declaration<Tx, A extends Arguments> = {
  /** In kebab-case: `withdraw-copies`. It is in the digest and in the list of operations. */
  readonly name: string
  readonly phrase: (given: A) => Wording
  readonly ceiling: Ceiling
  /** All rows that the arguments mean, at most `atMost` of them, and how many rows of the kind there are in all. */
  readonly find: (
    tx: Tx,
    given: A,
    limit: { readonly atMost: number },
  ) => Promise<{
    readonly targets: readonly Target[]
    readonly total: number
    /** What a plan shows, line by line, where the labels of some rows do not say it. */
    readonly shown?: readonly string[]
  }>
  /** Locks these rows until the transaction ends and says how each stands now, also those that were acted on. */
  readonly hold: (tx: Tx, ids: readonly string[]) => Promise<readonly Held[]>
  /** What depends on these rows, to the end of the chain; `none` says that nothing does. */
  readonly dependents: 'none' | ((tx: Tx, given: A, ids: readonly string[]) => Promise<Dependents>)
  /** Does it to these rows, all of them or throws. A soft delete, where there is a way back. */
  readonly act: (tx: Tx, ids: readonly string[], context: Context<A>) => Promise<readonly Acted[]>
  readonly undo:
    | 'none'
    | {
        readonly days: number
        /** Puts these rows back to what they were before. */
        readonly restore: (
          tx: Tx,
          rows: readonly { readonly id: string; readonly before: Json }[],
          context: Context<A>,
        ) => Promise<void>
      }
  /**
   * Takes away for good what a soft delete kept of these rows, in parts of bounded size, once nobody can undo it. Called
   * again for rows that it is done with, it does nothing. An operation that has this is about people: when it is over,
   * what was asked, what was shown, the digest and the reasons go too, and the audit trail never has them.
   */
  readonly purge?: (tx: Tx, ids: readonly string[], context: Context<A>) => Promise<Purged>
  /** How many rows one transaction touches. */
  readonly batchRows: number
  readonly pace: 'at-once' | { readonly rowsPerMinute: number }
  /** Asked before each batch. Anything but `true` (why not), a fault or no answer in five seconds stops the operation. */
  readonly health: 'not-asked' | ((signal: AbortSignal) => Promise<true | string>)
  /** How long one person has for all of it; or, with a second one, how long each step may wait. */
  readonly people:
    | { readonly needed: 1; readonly confirmMinutes: number }
    | { readonly needed: 2; readonly approveMinutes: number; readonly confirmMinutes: number }
}

declare const takes: unique symbol

/** A declared operation. It can be planned by a guard; what it does cannot be reached in any other way. */
export type Guarded<Tx, A extends Arguments> = {
  readonly name: string
  readonly [takes]?: (tx: Tx, given: A) => void
}

/** Declares an operation that destroys, and locks it in. */
export function guarded<Tx, A extends Arguments>(declaration: Declaration<Tx, A>): Guarded<Tx, A> {
  const { name, ceiling, batchRows, pace, people, undo } = declaration
  const counts = [
    ceiling.rows,
    batchRows,
    people.confirmMinutes,
    people.needed === 2 ? people.approveMinutes : 1,
    pace === 'at-once' ? 1 : pace.rowsPerMinute,
    undo === 'none' ? 1 : undo.days,
  ]
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name)) throw new Error(`"${name}" is no name in kebab-case.`)
  if (!counts.every((count) => Number.isSafeInteger(count) && count > 0)) {
    throw new Error(`"${name}": rows, minutes and days are whole numbers over 0.`)
  }
  if (!(ceiling.percent > 0 && ceiling.percent <= 100)) {
    throw new Error(`"${name}": the ceiling is over 0 and at most 100 percent.`)
  }
  return seal(name, declaration)
}

import { approve, type CodeSent, type Confirmed, confirm, sendCode } from './confirm.ts'
import { forget } from './forget.ts'
import type { Arguments, Declaration, Guarded } from './guarded.ts'
import type { Host } from './host.ts'
import { type Listing, listOperations, type Operation, operationOf } from './operation.ts'
import { type Planned, type PlanRefused, plan } from './plan.ts'
import type { Refusal } from './refusal.ts'
import { resume, run } from './run.ts'
import { unseal } from './sealed.ts'
import { isId } from './stepping.ts'
import { stop, undo } from './undo.ts'

/** Who asks, and for which operation. */
type On = { readonly by: string; readonly id: string }

/** All that can be done with operations that destroy. Every answer is what was done, or a refusal by its code. */
export type Guard<Tx> = {
  readonly plan: <A extends Arguments>(
    operation: Guarded<Tx, A>,
    ask: { readonly by: string; readonly given: A; readonly id?: string },
  ) => Promise<Planned | PlanRefused | Refusal>
  readonly approve: (ask: On) => Promise<{ readonly approved: Operation } | Refusal>
  readonly sendCode: (ask: On) => Promise<CodeSent | Refusal>
  readonly confirm: (
    ask: On & { readonly phrase: string; readonly code: string },
  ) => Promise<Confirmed | Refusal>
  readonly run: (ask: { readonly id: string; readonly signal: AbortSignal }) => Promise<Operation | Refusal>
  readonly resume: (ask: {
    readonly signal: AbortSignal
  }) => Promise<readonly { readonly id: string; readonly ended: Operation | Refusal | Error }[]>
  readonly stop: (
    ask: On & { readonly because: string },
  ) => Promise<{ readonly stopped: Operation } | Refusal>
  readonly undo: (
    ask: On & { readonly leavingChanged?: boolean },
  ) => Promise<{ readonly undoing: Operation; readonly repeated: boolean } | Refusal>
  readonly forget: (ask: { readonly by: string }) => Promise<number>
  readonly show: (id: string) => Promise<Operation | undefined>
  readonly list: (listing: Listing) => Promise<readonly Operation[]>
}

/** A guard over these operations. Its state is in the database: any number of processes may open the same one. */
export function openGuard<Tx>(host: Host<Tx>, operations: readonly { readonly name: string }[]): Guard<Tx> {
  const declared = new Map(
    operations.map((handle) => [handle.name, unseal(handle) as Declaration<Tx, Arguments>]),
  )
  if (declared.size !== operations.length) throw new Error('Two operations of one name cannot be told apart.')
  const guarding = { host, declared }
  return {
    plan: (operation, ask) => plan(guarding, operation, ask),
    approve: (ask) => approve(guarding, ask),
    sendCode: (ask) => sendCode(guarding, ask),
    confirm: (ask) => confirm(guarding, ask),
    run: (ask) => run(guarding, ask),
    resume: (ask) => resume(guarding, ask),
    stop: (ask) => stop(guarding, ask),
    undo: (ask) => undo(guarding, ask),
    forget: (ask) => forget(guarding, ask),
    show: async (id) => (isId(id) ? operationOf(host.read, id) : undefined),
    list: (listing) => listOperations(host.read, listing),
  }
}

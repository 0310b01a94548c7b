import assert from 'node:assert/strict'
import type { Json } from './digest.ts'
import type { Arguments, Declaration } from './guarded.ts'
import type { AuditEntry, Host, Rows, Stepping } from './host.ts'
import { type LockedOperation, lockOperation, type Operation, operationOf } from './operation.ts'
import { type Ending, type Refusal, withoutPeople } from './refusal.ts'
import { mayGo, type State } from './state.ts'

/** The host, and what was declared to this guard. */
export type Guarding<Tx> = {
  readonly host: Host<Tx>
  readonly declared: ReadonlyMap<string, Declaration<Tx, Arguments>>
}

/** An operation under lock, within the transaction of a step. */
export type At<Tx> = {
  readonly host: Host<Tx>
  readonly stepping: Stepping
  readonly tx: Tx
  readonly rows: Rows
  readonly operation: LockedOperation
  readonly declaration: Declaration<Tx, Arguments>
}

/**
 * One step on one operation: locked, its time looked at, in one transaction. A refusal commits what it noted. With
 * `ifBusy` it does not wait for whoever is at the operation, and answers that.
 */
export async function stepOn<Tx, T extends object>(
  { host, declared }: Guarding<Tx>,
  stepping: Stepping,
  work: (at: At<Tx>) => Promise<T | Refusal>,
  { ifBusy }: { readonly ifBusy?: T } = {},
): Promise<T | Refusal> {
  if (!isId(stepping.operationId)) return { refused: 'operation-unknown' }
  return host.transaction(stepping, async (tx) => {
    const rows = host.rows(tx)
    const operation = await lockOperation(rows, stepping.operationId, ifBusy ? 'skip' : 'wait')
    if (!operation) {
      const isThere = ifBusy && (await operationOf(rows, stepping.operationId))
      return isThere ? ifBusy : { refused: 'operation-unknown' }
    }
    const declaration = declared.get(operation.name)
    if (!declaration) throw new Error(`"${operation.name}" is not among the operations of this guard.`)
    const at = { host, stepping, tx, rows, operation, declaration }
    if (operation.state === 'expired' && operation.written !== 'expired') {
      await end(at, 'expired', { refused: 'expired' })
      return { refused: 'expired' }
    }
    return work(at)
  })
}

/** Whether this can be the id of an operation at all. */
export function isId(id: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
}

/** Notes in the audit trail what this step did. Without the note the step does not happen. */
export async function note<Tx>(
  { host, stepping, tx, operation, declaration }: At<Tx>,
  to: State,
  {
    rows = 0,
    because = null,
    noted = null,
  }: {
    readonly rows?: number
    readonly because?: Refusal | null
    readonly noted?: AuditEntry['noted']
  } = {},
): Promise<void> {
  const from = operation.written
  assert.ok(mayGo({ from, to }), `an operation cannot go from ${from} to ${to}`)
  await host.audit(tx, {
    ...stepping,
    name: operation.name,
    from,
    to,
    rows,
    because: forTrail(declaration, because),
    noted,
  })
}

/** Why, as the audit trail may keep it: it cannot be emptied later, as the operation's own row can. */
export function forTrail({ purge }: { readonly purge?: unknown }, because: Refusal | null): Json {
  return JSON.parse(JSON.stringify(because && (purge ? withoutPeople(because) : because)))
}

/** Ends an operation that will not be done, or that is. From here on only undo may touch it. */
export async function end<Tx>(
  at: At<Tx>,
  to: 'done' | 'failed' | 'refused' | 'expired',
  because: Ending | null,
  { rows = 0 }: { readonly rows?: number } = {},
): Promise<void> {
  const { undo } = at.declaration
  await at.rows(
    `
      update guard_operation
      set state = $2, because = $3, code_hmac = null, code_until = null, next_batch_at = null,
        ended_at = clock_timestamp(),
        undo_until = case when acted > 0 then clock_timestamp() + make_interval(days => $4::integer) end
      where id = $1
    `,
    [at.operation.id, to, because && JSON.stringify(because), undo === 'none' ? null : undo.days],
  )
  await note(at, to, { rows, because })
}

/** The operation as this step has left it. */
export async function asLeft<Tx>({ rows, operation }: At<Tx>): Promise<Operation> {
  const found = await operationOf(rows, operation.id)
  assert.ok(found, 'an operation is never removed')
  return found
}

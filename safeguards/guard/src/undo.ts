import { targetsOf } from './batch.ts'
import { difference } from './difference.ts'
import type { Operation } from './operation.ts'
import type { Refusal } from './refusal.ts'
import { asLeft, end, type Guarding, note, stepOn } from './stepping.ts'

/**
 * Begins to put everything back. Rows that somebody has changed since are a refusal that names them, unless the
 * caller says to leave those as they are.
 */
export async function undo<Tx>(
  guarding: Guarding<Tx>,
  { by, id, leavingChanged = false }: { readonly by: string; id: string; leavingChanged?: boolean },
): Promise<{ readonly undoing: Operation; readonly repeated: boolean } | Refusal> {
  return stepOn(guarding, { step: 'undo', operationId: id, by }, async (at) => {
    const { tx, rows, operation, declaration } = at
    const { state, undoUntil } = operation
    if (state === 'undoing' || state === 'undone') return { undoing: await asLeft(at), repeated: true }
    if (state !== 'done' && state !== 'failed') return { refused: 'not-now', state }
    if (!operation.isUndoable) return { refused: 'no-way-back', until: undoUntil }
    const acted = await targetsOf(at, 'acted')
    const left = acted.map(({ id: row, versionAfter }) => ({ id: row, version: versionAfter ?? '' }))
    const held = await declaration.hold(
      tx,
      left.map(({ id: row }) => row),
    )
    const changed = difference(left, held)
    if (changed && !leavingChanged) return { refused: 'changed-since', difference: changed }
    await rows(
      `update guard_operation set state = 'undoing', next_batch_at = clock_timestamp() where id = $1`,
      [id],
    )
    await note(at, 'undoing', { rows: acted.length })
    return { undoing: await asLeft(at), repeated: false }
  })
}

/** Takes an operation back before it is done: a plan is dropped, and what is under way stops after its batch. */
export async function stop<Tx>(
  guarding: Guarding<Tx>,
  { by, id, because }: { readonly by: string; readonly id: string; readonly because: string },
): Promise<{ readonly stopped: Operation } | Refusal> {
  return stepOn(guarding, { step: 'stop', operationId: id, by }, async (at) => {
    const { state } = at.operation
    const isPlan = state === 'planned' || state === 'armed'
    if (!isPlan && state !== 'executing') return { refused: 'not-now', state }
    await end(at, isPlan ? 'refused' : 'failed', { refused: 'stopped', by, because })
    return { stopped: await asLeft(at) }
  })
}

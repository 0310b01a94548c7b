import type { AuditEntry } from './host.ts'
import { withoutPeople } from './refusal.ts'
import { type At, type Guarding, note, stepOn } from './stepping.ts'

/** How many operations one call forgets. */
const forgottenMax = 100
/** In how many parts one call purges one operation; the next call goes on. */
const partsMax = 10_000

/**
 * Forgets the rows of operations that nobody can undo any more, and with them whatever of persons is in what undo
 * would have needed; what a soft delete has kept is purged first. The operation itself stays in the list. Says how many
 * were forgotten; ask again until none is. One that fails keeps none of the others, and is thrown at the end.
 */
export async function forget<Tx>(guarding: Guarding<Tx>, { by }: { readonly by: string }): Promise<number> {
  const over = await guarding.host.read<{ id: string }>(
    `
      select id from guard_operation as operation
      where coalesce(undo_until, confirm_until, approve_until, planned_at) <= clock_timestamp()
        and state not in ('executing', 'undoing')
        and (forgotten_at is null or exists (select from guard_target where operation_id = operation.id))
        and name = any($1)
      order by planned_at
      limit $2
    `,
    [[...guarding.declared.keys()], forgottenMax],
  )
  let forgotten = 0
  const faults: unknown[] = []
  for (const { id } of over) {
    try {
      if (await forgetOne(guarding, { id, by })) forgotten += 1
    } catch (error) {
      faults.push(error)
    }
  }
  if (faults.length > 0) throw faults[0]
  return forgotten
}

/** Part by part, each in a transaction of its own: ended anywhere, the next call goes on. */
async function forgetOne<Tx>(
  guarding: Guarding<Tx>,
  { id, by }: { readonly id: string; readonly by: string },
): Promise<boolean> {
  for (let part = 1; part <= partsMax; part++) {
    const told = await stepOn(guarding, { step: 'forget', operationId: id, by }, forgetPart)
    // A plan whose time was over has ended by this; now it can be forgotten.
    if ('refused' in told && told.refused === 'expired') continue
    if ('refused' in told || told.became === 'kept') return false
    if (told.became === 'forgotten') return true
  }
  return false
}

type Part = { readonly became: 'kept' | 'less' | 'forgotten' }

async function forgetPart<Tx>(at: At<Tx>): Promise<Part> {
  const { tx, rows, operation, declaration, stepping } = at
  const isOpen = ['planned', 'armed', 'executing', 'undoing'].includes(operation.state)
  if (operation.isUndoable || isOpen || (await isForgotten(at))) return { became: 'kept' }
  const ids = declaration.purge ? await stillDeleted(at) : []
  if (!declaration.purge || ids.length === 0) return forgetAll(at, null)
  const { isWhole, noted } = await declaration.purge(tx, ids, {
    operationId: operation.id,
    by: stepping.by,
    arguments: operation.arguments,
  })
  if (isWhole) {
    await rows('delete from guard_target where operation_id = $1 and id = any($2)', [operation.id, ids])
    if ((await stillDeleted(at)).length === 0) return forgetAll(at, noted)
  }
  // From the first part on there is no way back, whatever a clock says later.
  await rows(
    'update guard_operation set forgotten_at = coalesce(forgotten_at, clock_timestamp()) where id = $1',
    [operation.id],
  )
  await note(at, operation.written, { rows: isWhole ? ids.length : 0, noted })
  return { became: 'less' }
}

async function isForgotten<Tx>({ rows, operation }: At<Tx>): Promise<boolean> {
  if (operation.forgottenAt === null) return false
  const left = await rows('select from guard_target where operation_id = $1 limit 1', [operation.id])
  return left.length === 0
}

/** Rows that it was done to and that did not come back; one that was left alone by undo is among them. */
async function stillDeleted<Tx>({ rows, operation, declaration }: At<Tx>): Promise<readonly string[]> {
  const targets = await rows<{ id: string }>(
    `
      select id from guard_target
      where operation_id = $1 and state in ('acted', 'left')
      order by position
      limit $2
    `,
    [operation.id, declaration.batchRows],
  )
  return targets.map(({ id }) => id)
}

async function forgetAll<Tx>(at: At<Tx>, noted: AuditEntry['noted']): Promise<Part> {
  const { rows, operation, declaration } = at
  await rows('delete from guard_target where operation_id = $1', [operation.id])
  await rows(
    `
      update guard_operation
      set samples = '[]', forgotten_at = coalesce(forgotten_at, clock_timestamp())
      where id = $1
    `,
    [operation.id],
  )
  if (declaration.purge) {
    // From a digest and a list of all people anybody could work out who it was.
    await rows(
      `update guard_operation set arguments = '{}', digest = null, phrase = null, because = $2 where id = $1`,
      [operation.id, operation.because && JSON.stringify(withoutPeople(operation.because))],
    )
  }
  await note(at, operation.written, { rows: operation.count, noted })
  return { became: 'forgotten' }
}

import assert from 'node:assert/strict'
import { difference } from './difference.ts'
import { type Json, planDigest, type Versioned } from './digest.ts'
import type { Arguments, Declaration } from './guarded.ts'
import { found, inTheWay, refusalOf, underFloor } from './plan.ts'
import type { Ending, Refusal } from './refusal.ts'
import { type At, end, type Guarding, note, stepOn } from './stepping.ts'

/** What came of one turn: the operation is at rest, or there is more to do, so many milliseconds from now. */
export type Turn = 'at-rest' | { readonly waitMs: number }

/** Somebody else is at it: look again after this long. */
const elsewhereMs = 250

/**
 * One turn of work on an operation that is executing or being undone: one batch, in one transaction. Whoever has
 * locked its row does it. The lock goes with the connection, so that nobody waits for the dead.
 */
export async function turn<Tx>(guarding: Guarding<Tx>, id: string, by: string): Promise<Turn | Refusal> {
  const told = await stepOn<Tx, { readonly turn: Turn }>(
    guarding,
    { step: 'batch', operationId: id, by },
    async (at) => {
      const { state, waitMs } = at.operation
      if (state !== 'executing' && state !== 'undoing') return { turn: 'at-rest' }
      // No batch makes the next one wait for longer than twice its pace: then the database's clock was put back.
      if (waitMs > 0 && waitMs <= 2 * paceMs(at.declaration, at.declaration.batchRows))
        return { turn: { waitMs } }
      return { turn: state === 'executing' ? await actOnBatch(at) : await undoBatch(at) }
    },
    { ifBusy: { turn: { waitMs: elsewhereMs } } },
  )
  return 'turn' in told ? told.turn : told
}

/** How long the next batch waits after one of so many rows. */
function paceMs<Tx>({ pace }: Declaration<Tx, Arguments>, rows: number): number {
  return pace === 'at-once' ? 0 : Math.ceil((rows * 60_000) / pace.rowsPerMinute)
}

/** Stops an operation that is under way: what is done stays done, is written down, and can be undone. */
export async function fail<Tx>(
  guarding: Guarding<Tx>,
  id: string,
  by: string,
  because: Ending,
): Promise<void> {
  await stepOn(guarding, { step: 'stop', operationId: id, by }, async (at) => {
    if (at.operation.state === 'executing') await end(at, 'failed', because)
    return {}
  })
}

async function actOnBatch<Tx>(at: At<Tx>): Promise<Turn> {
  const { tx, rows, operation, declaration, stepping } = at
  const isFirst = operation.acted === 0
  const batch = await targetsOf(at, 'planned', declaration.batchRows)
  const because = await changedSince(at, batch, isFirst)
  if (because) {
    await end(at, isFirst ? 'refused' : 'failed', because)
    return 'at-rest'
  }
  const ids = batch.map(({ id }) => id)
  const acted = await declaration.act(tx, ids, {
    operationId: operation.id,
    by: stepping.by,
    arguments: operation.arguments,
  })
  const isWhole =
    acted.length === ids.length && new Set([...ids, ...acted.map(({ id }) => id)]).size === ids.length
  assert.ok(isWhole, `"${operation.name}" did not say of each row what it did to it`)
  await rows(
    `
      update guard_target as target
      set state = 'acted', before = acted.before, version_after = acted.version_after
      from unnest($2::text[], $3::jsonb[], $4::text[]) as acted (id, before, version_after)
      where target.operation_id = $1 and target.id = acted.id and target.state = 'planned'
        and target.position between $5 and $6
    `,
    [
      operation.id,
      acted.map(({ id }) => id),
      acted.map(({ before }) => JSON.stringify(before)),
      acted.map(({ versionAfter }) => versionAfter),
      batch[0]?.position,
      batch.at(-1)?.position,
    ],
  )
  const waitMs = paceMs(declaration, batch.length)
  await rows(
    `
      update guard_operation
      set acted = acted + $2, next_batch_at = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
      where id = $1
    `,
    [operation.id, batch.length, waitMs],
  )
  if (operation.acted + batch.length === operation.count) {
    await end(at, 'done', null, { rows: batch.length })
    return 'at-rest'
  }
  await note(at, 'executing', { rows: batch.length })
  return { waitMs }
}

/**
 * Whether what is about to be done is still what was confirmed. Before the first batch all that the plan saw is found
 * again; before the others, their own rows. The rows of the batch are locked first: what holds then holds until the
 * commit.
 */
async function changedSince<Tx>(
  at: At<Tx>,
  batch: readonly Versioned[],
  isFirst: boolean,
): Promise<Ending | undefined> {
  const { tx, operation, declaration } = at
  const { name, arguments: given } = operation
  const ids = batch.map(({ id }) => id)
  const held = await declaration.hold(tx, ids)
  if (!isFirst) {
    const changed = difference(batch, held)
    if (changed) return { refused: 'set-changed', difference: changed }
    return inTheWay(held) ?? underFloor(tx, declaration.dependents, given, await idsOf(at, 'planned'))
  }
  if (operation.confirmUntil && (await isOver(at, operation.confirmUntil))) return { refused: 'expired' }
  const now = await found(tx, declaration, given)
  const isSame = planDigest(name, given, now.targets).toString('hex') === operation.digest
  const labels = new Map(held.map(({ id, label }) => [id, label]))
  const changed = isSame
    ? difference(batch, held)
    : difference(
        // What is no longer meant is often still there, and then it has a name.
        (await targetsOf(at, 'planned')).map((row) => ({ ...row, label: labels.get(row.id) ?? row.id })),
        now.targets,
      )
  if (changed) return { refused: 'set-changed', difference: changed }
  assert.ok(isSame, 'a digest that differs has a difference')
  return inTheWay(held) ?? refusalOf(tx, declaration, { given, ...now })
}

async function isOver<Tx>({ rows }: At<Tx>, until: Date): Promise<boolean> {
  const [row] = await rows<{ over: boolean }>('select $1::timestamptz <= clock_timestamp() as over', [until])
  return row?.over ?? true
}

async function undoBatch<Tx>(at: At<Tx>): Promise<Turn> {
  const { tx, rows, operation, declaration, stepping } = at
  assert.ok(declaration.undo !== 'none', 'what cannot be undone is never being undone')
  const batch = await targetsOf(at, 'acted', declaration.batchRows)
  const ids = batch.map(({ id }) => id)
  const now = new Map((await declaration.hold(tx, ids)).map(({ id, version }) => [id, version]))
  const asWeLeftThem = batch.filter(({ id, versionAfter }) => now.get(id) === versionAfter)
  if (asWeLeftThem.length > 0) {
    await declaration.undo.restore(
      tx,
      asWeLeftThem.map(({ id, before }) => ({ id, before })),
      { operationId: operation.id, by: stepping.by, arguments: operation.arguments },
    )
  }
  await rows(
    `
      update guard_target
      set state = case when position = any($2::integer[]) then 'undone' else 'left' end
      where operation_id = $1 and position = any($3::integer[])
    `,
    [operation.id, asWeLeftThem.map(({ position }) => position), batch.map(({ position }) => position)],
  )
  const left = batch.length - asWeLeftThem.length
  const isLast = operation.undone + operation.left + batch.length === operation.acted
  const to = isLast ? 'undone' : 'undoing'
  await rows(
    `
      update guard_operation
      set undone = undone + $2, left_alone = left_alone + $3, state = $4
      where id = $1
    `,
    [operation.id, asWeLeftThem.length, left, to],
  )
  await note(at, to, { rows: asWeLeftThem.length })
  return isLast ? 'at-rest' : { waitMs: 0 }
}

type TargetRow = Versioned & {
  readonly position: number
  readonly before: Json
  readonly versionAfter: string | null
}

/** The rows of an operation in one state, in the order of the plan. */
export async function targetsOf<Tx>(
  { rows, operation }: Pick<At<Tx>, 'rows' | 'operation'>,
  state: 'planned' | 'acted',
  atMost: number = operation.count,
): Promise<TargetRow[]> {
  return rows<TargetRow>(
    `
      select position, id, version, before, version_after as "versionAfter"
      from guard_target
      where operation_id = $1 and state = $2
      order by position
      limit $3
    `,
    [operation.id, state, atMost],
  )
}

async function idsOf<Tx>(at: At<Tx>, state: 'planned'): Promise<readonly string[]> {
  return at.declaration.dependents === 'none' ? [] : (await targetsOf(at, state)).map(({ id }) => id)
}

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { overCeiling } from './ceiling.ts'
import { some } from './difference.ts'
import { inOrder, planDigest } from './digest.ts'
import { breaches } from './floor.ts'
import type { Arguments, Declaration, Guarded, Held, Target } from './guarded.ts'
import type { Stepping } from './host.ts'
import { type Operation, operationOf } from './operation.ts'
import { phraseOf } from './phrase.ts'
import type { PlanRefusal, Refusal } from './refusal.ts'
import { unseal } from './sealed.ts'
import { forTrail, type Guarding, isId } from './stepping.ts'

/** What was planned. `repeated` says that this id was planned before. */
export type Planned = { readonly planned: Operation; readonly repeated: boolean }

/** A plan that must not go on, and what it found. It stands in the list of operations. */
export type PlanRefused = PlanRefusal & { readonly operation: Operation }

/** How many rows a plan shows by their labels. */
const samplesMax = 5
/** And how many lines, where the operation says itself what is shown. */
const shownMax = 20

/**
 * Finds out what the operation would touch, and writes it down: every row with its version. Touches nothing. The
 * same id asked again gets the same plan.
 */
export async function plan<Tx, A extends Arguments>(
  { host }: Guarding<Tx>,
  handle: Guarded<Tx, A>,
  { by, given, id = randomUUID() }: { readonly by: string; readonly given: A; readonly id?: string },
): Promise<Planned | PlanRefused | Refusal> {
  const declaration = unseal(handle) as Declaration<Tx, A>
  assert.ok(isId(id), 'the id of an operation is a UUID in small letters')
  const stepping: Stepping = { step: 'plan', operationId: id, by }
  return host.transaction(stepping, async (tx) => {
    const rows = host.rows(tx)
    const known = await operationOf(rows, id)
    if (known) return repeatedPlan(known, { name: declaration.name, by, given })
    const { targets, total, shown } = await found(tx, declaration, given)
    const refusal = await refusalOf(tx, declaration, { given, targets, total })
    const digest = planDigest(declaration.name, given, targets)
    const written = await rows(
      `
        insert into guard_operation (
          id, name, arguments, state, requested_by, approve_until, confirm_until, count, total, samples, digest,
          phrase, because, ended_at
        )
        values (
          $1, $2, $3, $4, $5, clock_timestamp() + make_interval(mins => $6::integer),
          clock_timestamp() + make_interval(mins => $7::integer), $8, $9, $10, $11, $12, $13,
          case when $4 = 'refused' then clock_timestamp() end
        )
        on conflict (id) do nothing
        returning id
      `,
      [
        id,
        declaration.name,
        JSON.stringify(given),
        refusal ? 'refused' : 'planned',
        by,
        declaration.people.needed === 2 ? declaration.people.approveMinutes : null,
        declaration.people.needed === 2 ? null : declaration.people.confirmMinutes,
        targets.length,
        total,
        JSON.stringify(shown?.slice(0, shownMax) ?? targets.slice(0, samplesMax).map(({ label }) => label)),
        refusal ? null : digest,
        refusal ? null : phraseOf(declaration.phrase(given), targets.length, digest),
        refusal && JSON.stringify(refusal),
      ],
    )
    if (written.length > 0 && !refusal) {
      await rows(
        `
          insert into guard_target (operation_id, position, id, version)
          select $1, position, id, version
          from unnest($2::text[], $3::text[]) with ordinality as target (id, version, position)
        `,
        [id, targets.map((target) => target.id), targets.map(({ version }) => version)],
      )
    }
    const operation = await operationOf(rows, id)
    assert.ok(operation, 'what was written is there')
    if (written.length === 0) return repeatedPlan(operation, { name: declaration.name, by, given })
    await host.audit(tx, {
      ...stepping,
      name: declaration.name,
      from: 'none',
      to: operation.state,
      rows: targets.length,
      because: forTrail(declaration, refusal ?? null),
      noted: null,
    })
    return refusal ? { ...refusal, operation } : { planned: operation, repeated: false }
  })
}

/** Why these rows must not be touched by this operation, if so. Asked in the plan and again before it begins. */
export async function refusalOf<Tx, A extends Arguments>(
  tx: Tx,
  { ceiling, dependents }: Declaration<Tx, A>,
  { given, targets, total }: { given: A; targets: readonly Target[]; total: number },
): Promise<PlanRefusal | undefined> {
  if (targets.length === 0) return { refused: 'nothing-found' }
  const over = overCeiling({ count: targets.length, total }, ceiling)
  if (over) return { refused: 'over-ceiling', over }
  return (
    inTheWay(targets) ??
    underFloor(
      tx,
      dependents,
      given,
      targets.map(({ id }) => id),
    )
  )
}

/** The rows to which it cannot be done, by why not. */
export function inTheWay(targets: readonly Held[]): PlanRefusal | undefined {
  const obstacles = Map.groupBy(
    targets.filter(({ obstacle }) => typeof obstacle === 'string'),
    ({ obstacle }) => obstacle ?? '',
  )
  if (obstacles.size === 0) return undefined
  return {
    refused: 'in-the-way',
    obstacles: [...obstacles].map(([obstacle, rows]) => ({
      obstacle,
      ...some(rows),
    })),
  }
}

/** What would fail if these rows went, if anything. */
export async function underFloor<Tx, A extends Arguments>(
  tx: Tx,
  dependents: Declaration<Tx, A>['dependents'],
  given: A,
  ids: readonly string[],
): Promise<PlanRefusal | undefined> {
  if (dependents === 'none') return undefined
  const { parts, losing } = await dependents(tx, given, ids)
  const found = breaches(parts, new Map(Object.entries(losing)))
  return found.length > 0 ? { refused: 'under-floor', breaches: found } : undefined
}

/** What the arguments mean now. One row past the ceiling is looked for, and no more. */
export async function found<Tx, A extends Arguments>(
  tx: Tx,
  { name, find, ceiling }: Declaration<Tx, A>,
  given: A,
): ReturnType<Declaration<Tx, A>['find']> {
  const atMost = ceiling.rows + 1
  const all = await find(tx, given, { atMost })
  const { targets } = all
  assert.ok(targets.length <= atMost, `"${name}" found more rows than it was asked for`)
  assert.equal(new Set(targets.map(({ id }) => id)).size, targets.length, `"${name}" found a row twice`)
  return all
}

function repeatedPlan(
  operation: Operation,
  { name, by, given }: { name: string; by: string; given: Arguments },
): Planned | PlanRefused | Refusal {
  const isSame =
    operation.name === name && operation.requestedBy === by && inOrder(operation.arguments) === inOrder(given)
  if (!isSame) return { refused: 'id-reused' }
  return operation.state === 'refused' && operation.phrase === null && operation.because
    ? { ...(operation.because as PlanRefusal), operation }
    : { planned: operation, repeated: true }
}

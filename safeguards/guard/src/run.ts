import { fail, turn } from './batch.ts'
import type { Arguments, Declaration } from './guarded.ts'
import { type Operation, operationOf } from './operation.ts'
import type { Refusal } from './refusal.ts'
import { type Guarding, isId } from './stepping.ts'

/** Health that does not answer within this time is not well. */
const healthMs = 5_000
/** How many operations one resume takes up. */
const resumedMax = 100

/**
 * Works on an operation until it is at rest: batch after batch, at its pace, as long as health holds. Any process may
 * run any operation at any time; what is confirmed goes on, and all else is left alone. A fault (also one of the
 * audit trail) is thrown and loses only the batch that it hit: run it again.
 */
export async function run<Tx>(
  guarding: Guarding<Tx>,
  { id, signal }: { readonly id: string; readonly signal: AbortSignal },
): Promise<Operation | Refusal> {
  const { host, declared } = guarding
  for (;;) {
    signal.throwIfAborted()
    const operation = isId(id) ? await operationOf(host.read, id) : undefined
    if (!operation) return { refused: 'operation-unknown' }
    const { state, requestedBy } = operation
    if (state !== 'executing' && state !== 'undoing') return operation
    const declaration = declared.get(operation.name)
    const ill = state === 'executing' && declaration ? await illness(declaration, signal) : undefined
    if (ill !== undefined) {
      await fail(guarding, id, requestedBy, { refused: 'unhealthy', because: ill })
      continue
    }
    const next = await turn(guarding, id, requestedBy)
    if (next === 'at-rest') continue
    if ('refused' in next) return next
    if (next.waitMs > 0) await host.wait(next.waitMs, signal)
  }
}

/** What was under way when a process died, taken up again: once at the start, and now and then. */
export async function resume<Tx>(
  guarding: Guarding<Tx>,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly { readonly id: string; readonly ended: Operation | Refusal | Error }[]> {
  const underWay = await guarding.host.read<{ id: string; name: string }>(
    `
      select id, name from guard_operation
      where state in ('executing', 'undoing')
      order by planned_at
      limit $1
    `,
    [resumedMax],
  )
  const ours = underWay.filter(({ name }) => guarding.declared.has(name))
  return Promise.all(
    ours.map(async ({ id }) => ({
      id,
      ended: await run(guarding, { id, signal }).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      ),
    })),
  )
}

/** Why it is not well, if it is not. What cannot be asked is not well. */
async function illness<Tx>(
  { health }: Declaration<Tx, Arguments>,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (health === 'not-asked') return undefined
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error(`no answer in ${healthMs / 1_000} seconds`)), healthMs)
  const limit = AbortSignal.any([signal, late.signal])
  const { promise: ended, reject } = Promise.withResolvers<never>()
  limit.addEventListener('abort', () => reject(limit.reason), { once: true })
  try {
    const told = await Promise.race([health(limit), ended])
    return told === true ? undefined : told
  } catch (error) {
    signal.throwIfAborted()
    return error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
  }
}

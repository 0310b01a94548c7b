import { type Health, type Host, healthSeconds } from './host.ts'
import { CleanupRefusedError } from './refusal.ts'

/** Asks for health. No answer in time, a fault and being told to stop are told as something that is not well. */
export async function lookedAt(host: Host, signal?: AbortSignal | undefined): Promise<Health> {
  const late = Promise.withResolvers<Health>()
  const timer = setTimeout(
    () => late.resolve({ health: `gave no answer in ${healthSeconds} s` }),
    healthSeconds * 1_000,
  )
  const stop = () => late.resolve({ health: 'was not waited for: it was told to stop' })
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted) stop()
  try {
    return await Promise.race([late.promise, host.health()])
  } catch (error) {
    return { health: `cannot be told: ${error instanceof Error ? error.message : 'unknown fault'}` }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

/** Refuses while anything is not well: what is wrong afterwards could not be told from what was wrong before. */
export function mustBeWell(health: Health): void {
  const ill = illIn(health)
  if (ill.length === 0) return
  throw new CleanupRefusedError(
    'unhealthy',
    `Not all is well: ${ill.join('; ')}. Mend that first; nothing was touched.`,
  )
}

/** What is wrong now and was not before, in words; what is no longer looked at counts as wrong. */
export function worse(before: Health, after: Health): readonly string[] {
  const lost = Object.keys(before).filter((name) => !(name in after))
  return [...illIn(after), ...lost.map((name) => `${name}: is not there any more`)]
}

function illIn(health: Health): readonly string[] {
  return Object.entries(health).flatMap(([name, ill]) => (ill === undefined ? [] : [`${name}: ${ill}`]))
}

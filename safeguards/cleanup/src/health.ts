import type { Health } from './host.ts'
import { CleanupRefusedError } from './refusal.ts'

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

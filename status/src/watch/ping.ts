import type { Config } from '../config/config.ts'
import { ask } from '../probes/ask.ts'
import { everyMsOf } from '../probes/rounds.ts'
import { targets } from '../publish/publish.ts'
import type { Store } from '../store/store.ts'

/**
 * Tells the one outside that all is well here, but only when the loop really went round: each probe was asked lately and
 * the page was published lately. Who hears nothing raises the alarm.
 */
export async function ping(
  store: Store,
  config: Config,
  {
    clock,
    lastTold,
    warn,
  }: { clock: () => number; lastTold: ReadonlyMap<string, number>; warn: (line: string) => void },
): Promise<void> {
  if (!config.ping || !wentRound(store, config, { now: clock(), lastTold, monotonic: performance.now() }))
    return
  try {
    const { status } = await ask(config.ping.url, { timeoutMs: config.ping.timeoutMs })
    if (status > 299) warn(`The dead-man's switch answers with status ${status}.`)
  } catch (error) {
    warn(`The dead-man's switch does not hear us. ${(error as Error).message}`)
  }
}

/** Whether every probe was asked lately and a target has what was published lately. */
export function wentRound(
  store: Store,
  config: Config,
  { now, lastTold, monotonic }: { now: number; lastTold: ReadonlyMap<string, number>; monotonic: number },
): boolean {
  const isAsked = config.components.every(({ id, probes }) =>
    probes.every((probe) => {
      const at = lastTold.get(`${id}/${probe.id}`)
      return at !== undefined && monotonic - at <= 2 * everyMsOf(config, probe) + probe.timeoutMs
    }),
  )
  return (
    isAsked &&
    targets(store).some(
      ({ published_at: at }) => at !== null && Math.abs(now - at) <= config.page.staleAfterMs,
    )
  )
}

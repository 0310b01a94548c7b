import { setTimeout as pause } from 'node:timers/promises'
import type { Config, Probe } from '../config/config.ts'
import { type Finding, isNetworkWell, probeOnce } from './probe.ts'

/** One finding and of what. */
export type Told = Finding & { readonly component: string; readonly probe: string }

const networkHeldMs = 5_000
const jitterShare = 0.1

/**
 * Asks each probe again and again until the signal ends it, each at its own pace with a little jitter, never more than
 * `atOnceMax` at once. A failure is believed only when our own network is well.
 */
export async function keepAsking(
  config: Config,
  tell: (told: Told) => void,
  signal: AbortSignal,
): Promise<void> {
  const gate = places(config.atOnceMax)
  const network = heldFor(networkHeldMs, () => isNetworkWell(config.network))
  const loops = config.components.flatMap(({ id, probes }) =>
    probes.map((probe) => keepAskingOne(probe, { component: id, config, gate, network, tell, signal })),
  )
  await Promise.all(loops)
}

type Loop = {
  readonly component: string
  readonly config: Config
  readonly gate: ReturnType<typeof places>
  readonly network: () => Promise<boolean>
  readonly tell: (told: Told) => void
  readonly signal: AbortSignal
}

async function keepAskingOne(
  probe: Probe,
  { component, config, gate, network, tell, signal }: Loop,
): Promise<void> {
  const desk = { token: undefined, password: probe.kind === 'loan' ? config.secretAt(probe.password) : '' }
  const everyMs = everyMsOf(config, probe)
  while (!signal.aborted) {
    const began = performance.now()
    const finding = await gate(async () => believed(await probeOnce(probe, desk), network))
    if (signal.aborted) return
    tell({ ...finding, component, probe: probe.id })
    const paceMs = everyMs * (1 - jitterShare + 2 * jitterShare * Math.random())
    const leftMs = Math.max(0, paceMs - (performance.now() - began))
    await pause(leftMs, undefined, { signal }).catch(() => undefined)
  }
}

/** How often a probe is asked. */
export function everyMsOf(config: Config, { everyMs }: Probe): number {
  return everyMs ?? config.intervalMs
}

async function believed(finding: Finding, network: () => Promise<boolean>): Promise<Finding> {
  if (finding.outcome !== 'failed' || (await network())) return finding
  return { outcome: 'unknown', latencyMs: null, detail: 'The network of the prober itself does not work.' }
}

/** Asks at most once in this time; who asks meanwhile hears the same. */
function heldFor<T>(ms: number, work: () => Promise<T>): () => Promise<T> {
  let held: { readonly until: number; readonly answer: Promise<T> } | undefined
  return () => {
    if (!held || performance.now() > held.until) held = { until: performance.now() + ms, answer: work() }
    return held.answer
  }
}

/** Lets so many in at once; the others wait in order. */
function places(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = most
  const waiting: (() => void)[] = []
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free += 1
    }
  }
}

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { deadlineIn } from '@bibby/policies/deadline.ts'
import { protect } from '@bibby/policies/protect.ts'
import {
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  retry,
  SamplingBreaker,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel'
import CircuitBreaker from 'opossum'
import { percentiles } from './percentiles.ts'
import type { Row } from './row.ts'

const rounds = 9
const calls = 20_000
const deadlineMs = 2_000

/** What a protected call costs that is answered at once: the price of the protection alone, in time of the processor. */
export async function policies(): Promise<readonly Row[]> {
  const opossum = new CircuitBreaker(answer, { timeout: deadlineMs })
  const variants: Readonly<Record<string, () => Promise<unknown>>> = {
    bare: answer,
    ...ours(),
    ...cockatiel(),
  }
  const costs = await costOf({ ...variants, opossum: () => opossum.fire() })
  opossum.shutdown()

  const ns = (name: string) => costs.get(name) ?? 0
  const row = (what: string, name: string, { label, peer }: { label: string; peer: string }): Row => ({
    what,
    measured: `${ns(name).toFixed(0)} ns`,
    against: `${label}: ${ns(peer).toFixed(0)} ns`,
    ratio: ns(name) / ns(peer),
    size: `median of ${rounds} × ${calls.toLocaleString('en')} calls`,
  })
  const all = 'deadline, retry and breaker'
  const its = `cockatiel ${versionOf('cockatiel')}, retry, breaker and timeout`
  return [
    row(all, 'ours', { label: 'the bare call', peer: 'bare' }),
    row(`${all}, signal used`, 'ours with signal', { label: 'the bare call', peer: 'bare' }),
    row(`${all}, signal used`, 'ours with signal', { label: its, peer: 'cockatiel' }),
    row(`${all}, signal used`, 'ours with signal', {
      label: `${its} with abortOnReturn: false`,
      peer: 'cockatiel tuned',
    }),
    row(`${all}, signal used`, 'ours with signal', {
      label: `opossum ${versionOf('opossum')}, breaker and timeout, no signal`,
      peer: 'opossum',
    }),
  ]
}

async function answer(): Promise<number> {
  return 1
}

function ours() {
  const { call } = protect('The bench', { classify: () => 'transient', atOnceMax: 100, waitingMax: 100 })
  return {
    ours: () => call(answer, { deadline: deadlineIn(deadlineMs) }),
    'ours with signal': () =>
      call(({ signal }) => (signal.aborted ? Promise.reject(signal.reason) : answer()), {
        deadline: deadlineIn(deadlineMs),
      }),
  }
}

function cockatiel() {
  const policy = (abortOnReturn: boolean) =>
    wrap(
      retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() }),
      circuitBreaker(handleAll, {
        halfOpenAfter: 10_000,
        breaker: new SamplingBreaker({ threshold: 0.5, duration: 30_000 }),
      }),
      timeout(deadlineMs, { strategy: TimeoutStrategy.Aggressive, abortOnReturn }),
    )
  const [usual, tuned] = [policy(true), policy(false)]
  return { cockatiel: () => usual.execute(answer), 'cockatiel tuned': () => tuned.execute(answer) }
}

/** Nanoseconds of the processor for one call of each; the order turns from round to round. */
async function costOf(
  variants: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number[]>(Object.keys(variants).map((name) => [name, []]))
  const order = Object.entries(variants)
  for (let round = 0; round <= rounds; round += 1) {
    order.push(...order.splice(0, 1))
    for (const [name, call] of order) {
      const before = process.cpuUsage()
      for (let nth = 0; nth < calls; nth += 1) await call()
      const { user, system } = process.cpuUsage(before)
      if (round > 0) found.get(name)?.push(((user + system) * 1_000) / calls) // The first one warms up.
    }
  }
  return new Map([...found].map(([name, each]) => [name, percentiles(each).p50]))
}

function versionOf(name: string): string {
  const file = fileURLToPath(import.meta.resolve(`${name}/package.json`))
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

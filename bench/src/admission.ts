import type { FastifyInstance } from 'fastify'
import { guardedApp } from './guarded-app.ts'
import { percentiles } from './percentiles.ts'
import type { Row } from './row.ts'

const rounds = 15
const requests = 3_000

/** What letting a request in costs it when nothing stands in its way, in time of the processor. */
export async function admission(): Promise<readonly Row[]> {
  const guards = ['none', 'under-pressure', 'bibby'] as const
  // One request after another keeps the loop wholly busy, which is not what is measured.
  const settings = { maxEventLoopUtilization: 1 }
  const apps = await Promise.all(
    guards.map(async (guard) => ({ guard, app: await guardedApp(guard, 0, settings) })),
  )
  const costs = new Map<string, number[]>(guards.map((guard) => [guard, []]))
  // In turns, so that what else the machine does falls on all of them; the first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const { guard, app } of apps) {
      const ns = await nsPerRequest(app)
      if (round > 0) costs.get(guard)?.push(ns)
    }
  }
  await Promise.all(apps.map(({ app }) => app.close()))
  const median = (guard: string) => percentiles(costs.get(guard) ?? []).p50
  return guards.slice(1).map((guard) => ({
    what: `a request let in by ${guard}`,
    measured: `${median(guard).toFixed(0)} ns, ${(median(guard) - median('none')).toFixed(0)} more`,
    against: `Fastify alone: ${median('none').toFixed(0)} ns`,
    ratio: median(guard) / median('none'),
    size: `median of ${rounds} × ${requests.toLocaleString('en')} check-ins that do nothing, given to Fastify without a socket`,
  }))
}

async function nsPerRequest(app: FastifyInstance): Promise<number> {
  const before = process.cpuUsage()
  for (let n = 0; n < requests; n++) {
    const { statusCode } = await app.inject({ method: 'POST', url: '/api/v1/returns' })
    if (statusCode !== 200) throw new Error(`A check-in was answered ${statusCode}.`)
  }
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1_000) / requests
}

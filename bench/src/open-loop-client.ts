import { Agent, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import type { Arrivals, Arrived } from './open-loop.ts'
import { percentiles } from './percentiles.ts'

// Sends what standard input says and tells on standard output what became of it. See open-loop.ts.

const { address, token, requests, perSecond, seconds, spacing, patienceMs } = (await json(
  process.stdin,
)) as Arrivals
const count = Math.round(perSecond * seconds)
const { hostname, port } = new URL(address)
/** A connection for whoever comes and finds none free, as many as want one: nobody waits in line on our side. */
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, scheduling: 'lifo' })
const ready = requests.map(({ path, body }) => {
  const bytes = Buffer.from(JSON.stringify(body))
  return {
    bytes,
    options: {
      agent,
      hostname,
      port,
      path,
      method: 'POST',
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        'content-type': 'application/json',
        'content-length': bytes.length,
      },
    },
  }
})

/** The same times in every run: xorshift of 32 bits. */
let seed = 0x9e3779b9
function random(): number {
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return (seed >>> 0) / 2 ** 32
}

type Outcome = { readonly status: number; readonly ms: number }

function send(nth: number, dueAt: number): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const { options, bytes } = ready[nth % ready.length] as (typeof ready)[number]
  const lost = () => resolve({ status: 0, ms: patienceMs })
  const asked = request(options, (reply) => {
    reply.resume()
    reply.once('end', () => {
      clearTimeout(patience)
      resolve({ status: reply.statusCode ?? 0, ms: performance.now() - dueAt })
    })
    reply.once('error', lost)
  })
  const patience = setTimeout(() => {
    asked.destroy()
    lost()
  }, patienceMs)
  asked.once('error', () => {
    clearTimeout(patience)
    lost()
  })
  asked.end(bytes)
  return promise
}

const outcomes: Promise<Outcome>[] = []
const late: number[] = []
let dueAt = performance.now()
for (let nth = 0; nth < count; nth++) {
  dueAt += (spacing === 'even' ? 1 : -Math.log(1 - random())) * (1_000 / perSecond)
  const early = dueAt - performance.now()
  if (early > 0) await wait(early)
  late.push(performance.now() - dueAt)
  outcomes.push(send(nth, dueAt))
}
const all = await Promise.all(outcomes)
agent.destroy()
const statuses: Record<string, number> = {}
for (const { status } of all) statuses[status] = (statuses[status] ?? 0) + 1
const told: Arrived = {
  asked: count,
  statuses,
  times: all.map(({ ms }) => ms),
  sentLateMs: percentiles(late).p99,
}
process.stdout.write(JSON.stringify(told))

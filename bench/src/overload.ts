import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { percentiles } from './percentiles.ts'
import type { Row } from './row.ts'

const server = fileURLToPath(new URL('guarded-server.ts', import.meta.url))
const searchMs = 8
/** Of one thread. */
const capacityPerSecond = 1_000 / searchMs
const timesCapacity = 5
const deskPerSecond = 25
const seconds = 7
/** Who stands at a desk gives up after this. */
const patienceMs = 1_000

/** The desk's answers, second by second; times in milliseconds. */
type Desk = { readonly answered: number; readonly asked: number; readonly p95: number }
type Heavy = { readonly answered: number; readonly shed: number }

/** A desk beside five times as many searches as the process can do, behind each guard. */
export async function overload(): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const guard of ['none', 'under-pressure', 'bibby'] as const) {
    await using running = await startGuarded(guard)
    const idle = await atTheDesk(running.address, 3)
    const heavy = searches(running.address)
    const busy = await atTheDesk(running.address, seconds)
    const { answered, shed } = await heavy
    const size = `${timesCapacity} × capacity (${timesCapacity * capacityPerSecond} searches/s of ${searchMs} ms) beside ${deskPerSecond} at the desk, ${seconds} s; searches/s answered ${Math.round(answered / seconds)}, refused ${Math.round(shed / seconds)}`
    rows.push(
      {
        what: `desk answered within ${patienceMs} ms, guard: ${guard}`,
        measured: `${busy.answered} of ${busy.asked}`,
        against: 'all',
        ratio: busy.answered / busy.asked,
        size,
      },
      {
        what: `desk p95, guard: ${guard}`,
        measured: `${busy.p95.toFixed(1)} ms`,
        against: `idle ${idle.p95.toFixed(1)} ms`,
        ratio: busy.p95 / idle.p95,
        size,
      },
    )
  }
  return rows
}

async function startGuarded(guard: string): Promise<AsyncDisposable & { readonly address: string }> {
  const child = spawn(process.execPath, [server, guard, String(searchMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [address] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function searches(address: string): Promise<Heavy> {
  const options = {
    url: `${address}/api/v1/books/search`,
    method: 'POST' as const,
    connections: 250,
    duration: seconds,
    overallRate: timesCapacity * capacityPerSecond,
    timeout: 2,
  }
  const run = autocannon(options, () => undefined)
  const [result] = (await once(run, 'done')) as [autocannon.Result]
  return { answered: result['2xx'], shed: result.non2xx }
}

/** At a steady pace, whether or not the one before was answered: nobody waits in line to ask. */
async function atTheDesk(address: string, forSeconds: number): Promise<Desk> {
  const asked: Promise<number | undefined>[] = []
  const bySecond: (readonly (number | undefined)[])[] = []
  for (let second = 0; second < forSeconds; second++) {
    const these: Promise<number | undefined>[] = []
    for (let each = 0; each < deskPerSecond; each++) {
      these.push(checkIn(address))
      await wait(1_000 / deskPerSecond)
    }
    asked.push(...these)
    void Promise.all(these).then((all) => bySecond.push(all))
  }
  const times = await Promise.all(asked)
  const answered = times.filter((ms) => ms !== undefined)
  for (const [second, all] of bySecond.entries()) {
    const told = all.filter((ms) => ms !== undefined)
    process.stderr.write(
      `  second ${second + 1}: ${told.length} of ${all.length} answered, slowest ${Math.round(Math.max(0, ...told))} ms\n`,
    )
  }
  // Whoever was not answered waited all their patience.
  const waited = times.map((ms) => ms ?? patienceMs)
  return { answered: answered.length, asked: times.length, p95: percentiles(waited).p95 }
}

async function checkIn(address: string): Promise<number | undefined> {
  const began = performance.now()
  try {
    const reply = await fetch(`${address}/api/v1/returns`, {
      method: 'POST',
      signal: AbortSignal.timeout(patienceMs),
    })
    await reply.arrayBuffer()
    return reply.ok ? performance.now() - began : undefined
  } catch {
    return undefined
  }
}

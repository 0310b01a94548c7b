import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Order } from './library-process.ts'

const program = fileURLToPath(new URL('./library-process.ts', import.meta.url))

/** A real process of the library. It waits for `go`. */
export type Started = {
  readonly go: () => void
  /** All that it said, and the signal that ended it, when it has ended. */
  readonly ended: Promise<{ readonly said: readonly unknown[]; readonly signal: string | null }>
}

/** Starts one with this order, and returns when it is ready. */
export async function start(order: Order): Promise<Started> {
  const child = spawn(process.execPath, [program, JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said: unknown[] = []
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const told: unknown = JSON.parse(line)
    if (told === 'ready') resolve()
    else said.push(told)
  })
  const ended = once(child, 'close').then(([, signal]) => ({ said, signal: signal as string | null }))
  await Promise.race([ready, ended])
  return { go: () => child.stdin.write('go\n'), ended }
}

/** The same, gone off at once and waited for. */
export async function finish(
  order: Order,
): Promise<{ readonly said: readonly unknown[]; readonly signal: string | null }> {
  const started = await start(order)
  started.go()
  return started.ended
}

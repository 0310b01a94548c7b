import { spawn } from 'node:child_process'
import { json, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { on } from './apart.ts'

/** What is asked, and how: each arrives at its time, whether or not those before it were answered. */
export type Arrivals = {
  readonly address: string
  /** Sent as a bearer token. */
  readonly token?: string
  /** What is posted, one after the other; from the first again when there are no more. */
  readonly requests: readonly { readonly path: string; readonly body: object }[]
  readonly perSecond: number
  readonly seconds: number
  /** At times that know nothing of each other, as people come, or evenly. */
  readonly spacing: 'random' | 'even'
  /** Who is not answered after this leaves: their connection is closed. */
  readonly patienceMs: number
}

/** What became of them. Times are in milliseconds from when a request was due to the last byte of its answer. */
export type Arrived = {
  readonly asked: number
  /** How many had each status; 0: not answered in time, or cut off. */
  readonly statuses: Readonly<Record<string, number>>
  /** Of each request, in their order; who left waited all their patience. */
  readonly times: readonly number[]
  /** The 99th percentile of how late they were sent: where this is not small, the times are the client's own. */
  readonly sentLateMs: number
}

const program = fileURLToPath(new URL('open-loop-client.ts', import.meta.url))

/** Sends them from a process of its own, on these processors or anywhere. */
export async function arrive(arrivals: Arrivals, processors?: string): Promise<Arrived> {
  const [first, ...rest] = on(processors, [process.execPath, program])
  const child = spawn(first, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(JSON.stringify(arrivals))
  const [told, complaint] = await Promise.all([json(child.stdout).catch(() => undefined), text(child.stderr)])
  if (!told) throw new Error(`The client ended without a word of what it did. ${complaint}`)
  return told as Arrived
}

import { type MessagePort, workerData } from 'node:worker_threads'

/** What a thread is given when it starts. */
export type Given = { readonly port: MessagePort; readonly marks: SharedArrayBuffer; readonly with: unknown }

type Asked = { readonly id: number; readonly ask: unknown }

/** What comes back for the question of that number; 0 is the thread saying that it takes questions. */
export type Answered = { readonly id: number } & ({ readonly answer: unknown } | { readonly fault: string })

/** What the thread was started with, beside its port. */
export const given = (workerData as Given).with

/**
 * Answers one question at a time. Before it begins, the thread writes down which, and how much processor time it had
 * used by then, where the other side can read it even while this one is stuck in a match.
 */
export function serve(answer: (ask: never) => unknown): void {
  const { port, marks } = workerData as Given
  const begun = new Int32Array(marks, 0, 1)
  const usedBefore = new Float64Array(marks, 8, 1)
  port.on('message', ({ id, ask }: Asked) => {
    const { user, system } = process.threadCpuUsage()
    usedBefore[0] = user + system
    Atomics.store(begun, 0, id)
    try {
      port.postMessage({ id, answer: answer(ask as never) } satisfies Answered)
    } catch (error) {
      port.postMessage({ id, fault: String(error) } satisfies Answered)
    }
  })
  port.postMessage({ id: 0, answer: 'ready' } satisfies Answered)
}

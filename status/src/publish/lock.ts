import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'

const lookEachMs = 50
const busyCode = 5

/** A lock between processes of one machine. The system frees it when its holder dies, however it dies. */
export function lock(folder: string, name: string): Disposable | undefined {
  mkdirSync(join(folder, 'locks'), { recursive: true, mode: 0o700 })
  const db = new DatabaseSync(join(folder, 'locks', `${name}.lock`), { timeout: 0 })
  try {
    db.exec('begin exclusive')
    return { [Symbol.dispose]: () => db.close() }
  } catch (error) {
    db.close()
    if ((error as { errcode?: number }).errcode === busyCode) return undefined
    throw error
  }
}

/** Waits for the lock, at most so long. */
export async function lockWithin(folder: string, name: string, ms: number): Promise<Disposable | undefined> {
  const until = performance.now() + ms
  for (;;) {
    const held = lock(folder, name)
    if (held || performance.now() >= until) return held
    await pause(lookEachMs)
  }
}

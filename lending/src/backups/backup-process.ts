import { setPriority } from 'node:os'
import type { PoolOptions } from '../postgres/pool.ts'
import { toldLeftOut } from './left-out.ts'
import { type Backups, runBackup } from './run-backup.ts'

// The process of one backup: it is told what to back up, tells only what went wrong, and ends with it.

type Told = { readonly backups: Backups; readonly connection: PoolOptions['connection'] }

/** As a search: desks come first. */
const niceness = 15

const gone = new AbortController()
process.once('disconnect', () => gone.abort())
process.once('message', (told: Told) => void run(told))
try {
  setPriority(niceness)
} catch {
  // Then it runs as any other.
}

async function run({ backups, connection }: Told): Promise<void> {
  try {
    const running = { signal: gone.signal, now: new Date(), step: () => undefined }
    const { proof, manifest } = await runBackup(backups, connection, running)
    if (manifest?.coversLeftOut) process.send?.(toldLeftOut(manifest.coversLeftOut))
    if (backups.keepsLog && proof?.isBaseProven !== true) process.send?.(proof?.baseBecause)
  } catch (error) {
    if (!gone.signal.aborted) process.send?.(error instanceof Error ? error.message : 'The backup failed.')
  } finally {
    if (process.connected) process.disconnect()
  }
}

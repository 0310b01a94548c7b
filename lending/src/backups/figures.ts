import { backupsNow } from './backups-now.ts'
import type { OfLibrary } from './last-run.ts'

/** How it goes with backups, in seconds since 1970 where it is a time; 0 is never. */
export type BackupFigures = {
  readonly newestProven: number
  readonly lastRun: Readonly<Record<'proven' | 'failed', number>>
  readonly recoverySeconds: number
}

/** Reads those of one library from the folder of backups. */
export async function backupFigures(place: OfLibrary): Promise<BackupFigures> {
  const {
    proven: newest,
    lastRuns: { proven, failed },
  } = await backupsNow(place)
  const seconds = (at: string | undefined) => (at === undefined ? 0 : new Date(at).getTime() / 1_000)
  return {
    newestProven: seconds(newest?.takenAt),
    lastRun: { proven: seconds(proven?.at), failed: seconds(failed?.at) },
    recoverySeconds: newest?.proof?.recoverySeconds ?? 0,
  }
}

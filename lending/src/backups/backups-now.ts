import { type LastRuns, lastRuns, type OfLibrary } from './last-run.ts'
import { type Backup, listBackups, ofLibrary } from './place.ts'

/** How it goes with the backups of a library. */
export type BackupsNow = {
  /** The newest one that was restored and compared. */
  readonly proven: Backup | undefined
  readonly lastRuns: LastRuns
}

/** Reads it from the folder of backups. */
export async function backupsNow(place: OfLibrary): Promise<BackupsNow> {
  const [all, runs] = await Promise.all([listBackups(place.backups), lastRuns(place)])
  return {
    proven: ofLibrary(all, place.libraryId).find(({ state }) => state === 'proven'),
    lastRuns: runs,
  }
}

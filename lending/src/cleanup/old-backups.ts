import type { Choose } from '@bibby/cleanup/host.ts'
import { listBackups, ofLibrary } from '../backups/place.ts'
import { toRemove } from '../backups/retention.ts'

/**
 * Chooses the files of this library's backups that retention lets go: never the newest proven one, nor anything newer. The log beside them
 * stays; `backup prune` knows what of it no backup needs.
 */
export async function oldBackups({
  folder,
  libraryId,
  keep,
  now,
}: {
  readonly folder: string
  readonly libraryId: string
  readonly keep: number
  readonly now: Date
}): Promise<Choose> {
  const backups = ofLibrary(await listBackups(folder), libraryId)
  const going = new Set(
    toRemove(
      backups.map(({ name, takenAt, state }) => ({ name, takenAt, isProven: state === 'proven' })),
      { keep, now },
    ),
  )
  return ({ path }) => {
    const [name = '', ...below] = path.split('/')
    return below.length > 0 && going.has(name) ? 'a backup beyond those that are kept' : undefined
  }
}

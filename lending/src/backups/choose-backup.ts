import { BackupError } from './backup-error.ts'
import { type Backup, findBackup, listBackups, ofLibrary } from './place.ts'
import { givenUpAt, givenUpOf } from './put-back.ts'
import type { Span } from './reach.ts'
import type { Place } from './take-backup.ts'

/** A backup, and whether it is of a history that was given up: such a one is taken only by its name. */
export type Chosen = { readonly backup: Backup; readonly isGivenUp: boolean }

/** One backup by its name, of whichever library; without one, the newest of this library that is proven. Throws BackupError where there is none. */
export async function chooseBackup(place: Place, name: string | undefined): Promise<Chosen> {
  const { all, givenUp } = await backupsToChoose(place, name)
  const chosen = all.map((backup) => ({
    backup,
    isGivenUp: givenUpAt(givenUp, Date.parse(backup.takenAt)) !== undefined,
  }))
  const found = chosen.find(
    ({ backup, isGivenUp }) => name !== undefined || (backup.state === 'proven' && !isGivenUp),
  )
  if (found) return found
  const isThere = chosen.some(({ backup }) => backup.state === 'proven')
  const isOthers = chosen.length === 0 && (await listBackups(place.backups)).length > 0
  throw new BackupError(
    'BIBBY_BACKUP_UNKNOWN',
    isThere
      ? `All proven backups in ${place.backups} are of a history that was given up. Take one by bibby backup run, or name one of those, by bibby backup list.`
      : isOthers
        ? `The backups in ${place.backups} are of another library. Take one by bibby backup run, or name one of those, by bibby backup list, to have that library here.`
        : `There is no proven backup in ${place.backups}. Take one by bibby backup run, or name another folder by BIBBY_BACKUP_FOLDER.`,
  )
}

/** The backups among which one is chosen, the newest first, and what of their past was given up. */
export async function backupsToChoose(
  { dataFolder, libraryId, backups }: Place,
  name: string | undefined,
): Promise<{ readonly all: readonly Backup[]; readonly givenUp: readonly Span[] }> {
  const all =
    name === undefined ? ofLibrary(await listBackups(backups), libraryId) : [await findBackup(backups, name)]
  const whose = all[0]?.manifest?.libraryId ?? libraryId
  const library = { libraryId: whose, dataFolder: whose === libraryId ? dataFolder : undefined }
  return { all, givenUp: await givenUpOf(backups, library) }
}

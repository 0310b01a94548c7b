import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Backups } from './run-backup.ts'

/** Where backups of this library go, by the settings. */
export function backupsOf(
  { backups, databaseUrl }: Pick<Config, 'backups' | 'databaseUrl'>,
  folder: { readonly path: string; readonly libraryId: string },
): Backups {
  return {
    dataFolder: folder.path,
    libraryId: folder.libraryId,
    backups: backups.folder ?? join(folder.path, 'backups'),
    second: backups.second,
    keep: backups.keep,
    keepsLog: backups.isOn && databaseUrl === undefined,
  }
}

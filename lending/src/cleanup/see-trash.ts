import { join } from 'node:path'
import { openCleanup } from '@bibby/cleanup/cleanup.ts'
import type { Library } from '../library.ts'
import { cleanupHost } from './cleanup-host.ts'

/**
 * Looks at the trash once more: its age is reckoned from what was seen, so that no clock that was set can end the seven
 * days. Gives how many runs lie there.
 */
export async function seeTrash({ dataFolder, isProduction, backups }: Library, now: Date): Promise<number> {
  const { runs } = openCleanup(
    cleanupHost({
      dataFolder,
      open: () => Promise.reject(new Error('Nobody asks the database for a look at the trash.')),
      environment: isProduction ? 'production' : 'development',
      address: '',
      backups: {
        folder: backups?.backups ?? join(dataFolder, 'backups'),
        libraryId: backups?.libraryId ?? '',
        keep: 1,
      },
      clock: () => now,
    }),
  ).trash()
  return runs.filter(({ state }) => state === 'done').length
}

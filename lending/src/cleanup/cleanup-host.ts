import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Choose, Host, RootSetting } from '@bibby/cleanup/host.ts'
import type { Database, PoolOptions } from '../postgres/pool.ts'
import { coversWithoutTitle } from './covers.ts'
import { deepHealth } from './deep-health.ts'
import { oldBackups } from './old-backups.ts'
import { runningInstance } from './running-bibby.ts'

/** The database of the library, for questions, and how others may connect to it. */
export type Opened = {
  readonly db: Pick<Database, 'rows'>
  readonly connection: PoolOptions['connection']
}

/** What cleanup is opened with. */
export type CleanupOf = {
  readonly dataFolder: string
  /** Asked by what needs the database, and not before: files go back without it. */
  readonly open: () => Promise<Opened>
  readonly environment: 'development' | 'production'
  /** Where a Bibby of this machine answers, when no word of it lies in the data folder. */
  readonly address: string
  /** Where backups lie, of which library, and how many proven ones are kept. */
  readonly backups: { readonly folder: string; readonly libraryId: string; readonly keep: number }
  readonly clock: () => Date
  readonly progress?: Host['progress']
}

const project = fileURLToPath(new URL('../../../', import.meta.url))
const dayMs = 24 * 60 * 60_000
const gigabyte = 1_000_000_000
/** Files that a library exports are read soon or never. */
const exportDays = 90
/** What an import set aside is mended within a term, or the import is made again. */
const rejectDays = 90

/** Cleanup as Bibby does it: fixed folders of the data folder, by name. Nobody types a path. */
export function cleanupHost({
  dataFolder,
  open,
  environment,
  address,
  backups,
  clock,
  progress,
}: CleanupOf): Host {
  const folder = (name: string) => join(dataFolder, name)
  const roots: readonly RootSetting[] = [
    {
      name: 'covers',
      path: folder('covers'),
      // A catalogue that was emptied by mistake owns no cover: then most of them would go, and none does.
      limits: { filesMax: 20_000, bytesMax: 10 * gigabyte, percentMax: 20, filesLeftMin: 0 },
      chooser: async (now) => coversWithoutTitle((await open()).db, { folder: folder('covers'), now }),
    },
    {
      name: 'exports',
      path: folder('exports'),
      limits: { filesMax: 5_000, bytesMax: 500 * gigabyte, percentMax: 100, filesLeftMin: 0 },
      chooser: async (now) => olderThan(exportDays, now),
    },
    {
      name: 'rejects',
      path: folder('rejects'),
      limits: { filesMax: 5_000, bytesMax: 50 * gigabyte, percentMax: 100, filesLeftMin: 0 },
      chooser: async (now) => olderThan(rejectDays, now),
    },
    {
      name: 'backups',
      path: backups.folder,
      limits: { filesMax: 100_000, bytesMax: 2_000 * gigabyte, percentMax: 100, filesLeftMin: 1 },
      chooser: (now) => oldBackups({ ...backups, now }),
    },
  ]
  return {
    roots,
    protect: [
      ...['postgres', 'uploads', 'notices'].map(folder),
      ...['.git', 'lending', 'node_modules', 'operator', 'safeguards'].map((name) => join(project, name)),
    ],
    environment,
    confirms: environment === 'production',
    health: async () => deepHealth((await open()).connection, { dataFolder, address }),
    serviceInstance: () => runningInstance({ dataFolder, address }),
    clock,
    progress,
  }
}

/** Chooses what was last written to so many days ago. */
function olderThan(days: number, now: Date): Choose {
  return ({ modifiedAt }) =>
    now.getTime() - modifiedAt.getTime() > days * dayMs ? `older than ${days} days` : undefined
}

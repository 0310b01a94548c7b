import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { clusterFolder } from '../postgres/cluster.ts'
import { BackupError } from './backup-error.ts'
import { keepPutBacks } from './put-back.ts'
import { archiveFolder, keepHistories, keptSegments, takeIn } from './wal-archive.ts'

const keptLimitMs = 120_000
const pollMs = 50

/** Names the cluster of this session's server, and with it the archive of its log. */
export async function systemIdOf(session: pg.Client): Promise<string> {
  const { rows } = await session.query<{ id: string }>(
    'select system_identifier::text as id from pg_control_system()',
  )
  const id = rows[0]?.id
  if (id === undefined) throw new Error('The server did not say which cluster it is.')
  return id
}

/**
 * Closes the file of the log that is written now, and waits until the archive has it: all that was committed before this
 * call can be restored from there then. A commit of now comes first, behind which a recovery can stop.
 */
export async function closeLog(
  session: pg.Client,
  {
    place,
    signal,
  }: {
    readonly place: { readonly dataFolder: string; readonly libraryId: string; readonly backups: string }
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { dataFolder, backups } = place
  const archive = archiveFolder(backups, await systemIdOf(session))
  // Of a restore that is in force since, of which nobody may have taken a round yet.
  await keepHistories(clusterFolder(dataFolder), archive)
  await keepPutBacks(archive, place)
  await session.query('select pg_current_xact_id()')
  const { rows } = await session.query<{ name: string }>('select pg_walfile_name(pg_switch_wal()) as name')
  const name = rows[0]?.name
  for (const until = performance.now() + keptLimitMs; ; ) {
    signal.throwIfAborted()
    await takeIn(clusterFolder(dataFolder), archive)
    if ((await keptSegments(archive)).some((segment) => segment.name === name)) return
    if (performance.now() > until) {
      throw new BackupError(
        'BIBBY_BACKUP_FAILED',
        `The server did not put the file ${name} of its log into the archive in ${keptLimitMs / 1_000} s. Look into postgres.log in the data folder, then run this again.`,
      )
    }
    await wait(pollMs)
  }
}

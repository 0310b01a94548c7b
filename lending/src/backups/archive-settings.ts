import { chown, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'

/** Where our own server puts each finished file of its log: in its own folder, so that it goes where that goes. */
export const archiveName = 'archive_incoming'

/**
 * Has our own server keep every finished file of its log, by PostgreSQL's own basic_archive, which flushes each to the
 * disk. `session` is a superuser's.
 */
export async function keepLog(session: pg.ClientBase, cluster: string): Promise<void> {
  const folder = join(cluster, archiveName)
  if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) {
    const { uid, gid } = await stat(cluster)
    await chown(folder, uid, gid)
  }
  await session.query(`load 'basic_archive'`)
  await session.query(`alter system set archive_command = ''`)
  await session.query(`alter system set archive_library = 'basic_archive'`)
  await session.query(`alter system set basic_archive.archive_directory = '${archiveName}'`)
  await session.query('select pg_reload_conf()')
}

/**
 * Lets our own server drop its log as it is no longer needed, as a server without an archive does. From here on no
 * second can be reached until the next base.
 */
export async function dropLog(session: pg.ClientBase): Promise<void> {
  await session.query(`alter system set archive_library = ''`)
  await session.query(`alter system set archive_command = 'exit 0'`)
  await session.query('select pg_reload_conf()')
}

/** What our own server does with its log. */
export type LogKept = {
  readonly isKept: boolean
  /** Neither kept nor dropped: the log would grow without end. */
  readonly isUnset: boolean
  /** Files that wait to be taken to the archive. */
  readonly waiting: number
  readonly lastFailure: string | null
}

/** Asks how it is set and how far the archive is behind. */
export async function howLogIsKept(session: pg.ClientBase): Promise<LogKept> {
  const { rows } = await session.query<LogKept>(`
    select current_setting('archive_library') = 'basic_archive' as "isKept",
      current_setting('archive_library') = '' and current_setting('archive_command') in ('', '(disabled)')
        and current_setting('archive_mode') = 'on' as "isUnset",
      (select count(*)::int from pg_ls_archive_statusdir() where name like '%.ready') as waiting,
      (select last_failed_wal from pg_stat_archiver
        where last_failed_time > coalesce(last_archived_time, '-infinity')) as "lastFailure"
  `)
  const [kept] = rows
  if (!kept) throw new Error('The server did not say how its log is kept.')
  return kept
}

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import type pg from 'pg'
import { archiveName } from './archive-settings.ts'
import { BackupError } from './backup-error.ts'
import { measuring, newFile } from './files.ts'
import type { BaseCopy, FileCopy } from './manifest.ts'
import { entriesBelow, type TarEntry, tarOf } from './tar-file.ts'

/** The file of a base within a backup. */
export const baseName = 'base.tar.zst'

/** What is known of a base as soon as it is copied. */
type CopiedBase = Omit<BaseCopy, 'stillAt' | 'sequences'>

/** The fastest: pages of a database halve at once, and the disk is what one waits for. */
const compression = {
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
}

/**
 * Copies the files of a running cluster into the backup, between `pg_backup_start` and `pg_backup_stop`: torn and mixed,
 * and made whole by the log from `startSegment` on. `session` is a superuser's.
 */
export async function copyBase(
  session: pg.Client,
  cluster: string,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<{ readonly base: CopiedBase; readonly file: FileCopy }> {
  if ((await readdir(join(cluster, 'pg_tblspc'))).length > 0) {
    throw new BackupError(
      'BIBBY_BACKUP_FAILED',
      `The database in ${cluster} has tablespaces, whose files lie elsewhere. Move its tables into the default one and run bibby backup run.`,
    )
  }
  const { rows } = await session.query<CopiedBase>(`
    select system_identifier::text as "systemId",
      (select timeline_id from pg_control_checkpoint()) as timeline,
      pg_walfile_name(pg_backup_start('bibby', true)) as "startSegment",
      (select bytes_per_wal_segment from pg_control_init()) as "segmentBytes"
    from pg_control_system()
  `)
  const [base] = rows
  if (!base) throw new Error('The server did not begin a backup.')
  const { stream, digest } = measuring()
  await pipeline(
    Readable.from(tarOf(filesOf(cluster, session))),
    createZstdCompress(compression),
    stream,
    newFile(join(folder, baseName)),
    { signal },
  )
  return { base, file: { path: baseName, part: 'base', ...digest() } }
}

/** Made anew by every start, or of this server's life only. Source: PostgreSQL manual, "Base Backup Protocol". */
const emptied = [
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]
const left = [
  'postmaster.pid',
  'postmaster.opts',
  'server.log',
  'backup_label',
  'tablespace_map',
  archiveName,
]

async function* filesOf(cluster: string, session: pg.Client): AsyncGenerator<TarEntry> {
  const control = 'global/pg_control'
  yield* entriesBelow(cluster, (name) => {
    const [top = ''] = name.split('/')
    const isInEmptied = name !== top && (emptied.includes(top) || top === 'pg_wal')
    const last = name.slice(name.lastIndexOf('/') + 1)
    return isInEmptied || left.includes(name) || name === control || isPassing(last)
  })
  yield { name: 'pg_wal/archive_status', isFolder: true }
  // Last, as pg_basebackup has it: it names the checkpoint that all other files are as new as.
  yield { name: control, path: join(cluster, control), bytes: controlBytes }
  const { rows } = await session.query<{ label: string }>(
    'select labelfile as label from pg_backup_stop(false)',
  )
  yield { name: 'backup_label', text: rows[0]?.label ?? '' }
}

/** PG_CONTROL_FILE_SIZE, of pg_control.h. */
const controlBytes = 8_192

const isPassing = (name: string) => name.startsWith('pgsql_tmp') || name === 'pg_internal.init'

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadLibrary, proveTables } from '@bibby/lending/backups/prove-tables.ts'
import { proveBase } from '@bibby/lending/backups/recover.ts'
import { type Backups, runBackup } from '@bibby/lending/backups/run-backup.ts'
import { copyBase } from '@bibby/lending/backups/server-files.ts'
import { openSession } from '@bibby/lending/backups/session.ts'
import { takeBackup } from '@bibby/lending/backups/take-backup.ts'
import { openDataFolder } from '@bibby/lending/postgres/data-folder.ts'
import { initialise, startServer } from '@bibby/lending/postgres/embedded.ts'
import { migrate } from '@bibby/lending/postgres/migrate.ts'
import { openOurServer } from '@bibby/lending/postgres/our-server.ts'
import { openPool } from '@bibby/lending/postgres/pool.ts'
import { serverIdentity } from '@bibby/lending/postgres/unprivileged.ts'
import { bibbyVersion } from '@bibby/lending/version.ts'
import { fillLibrary } from './filled-library.ts'
import type { Row } from './row.ts'

const programs = '/usr/lib/postgresql/15/bin'
/** About a gigabyte with its indexes. */
const filling = { patrons: 200_000, copies: 3_600_000 }
const tell = { step: () => undefined, warn: () => undefined }
const { signal } = new AbortController()

/** What backups cost beside PostgreSQL's own programs, on the same rows. */
export async function backups(): Promise<readonly Row[]> {
  if (!existsSync(join(programs, 'pg_dump')))
    throw new Error(`There is no pg_dump in ${programs} to measure against.`)
  const root = await mkdtemp(join(tmpdir(), 'bibby-bench-'))
  await chmod(root, 0o711)
  try {
    return await measure(root)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function measure(root: string): Promise<readonly Row[]> {
  const dataFolder = join(root, 'data')
  const { libraryId } = await openDataFolder(dataFolder, bibbyVersion())
  const server = await openOurServer(dataFolder, tell, signal)
  try {
    await fill(server.connection)
    const place: Backups = {
      dataFolder,
      libraryId,
      backups: join(root, 'backups'),
      second: undefined,
      keep: 7,
      keepsLog: true,
    }
    const whole = await timed(() => runBackup(place, server.connection, at(0)))
    const { folder, manifest, bytes } = whole.came
    if (!manifest?.base) throw new Error('The backup has no files of the server.')
    const from = { folder, manifest: { ...manifest, base: manifest.base }, backups: place.backups }
    await using control = await openSession(server.connection, 'bench')
    const source = { connection: server.connection, withBase: false }
    const tables = await timed(() => takeBackup(control, { place, source, running: at(1) }))
    const proof = await timed(() => proveTables(folder, manifest, { dataFolder, signal }))
    const played = await timed(() => proveBase(from, { dataFolder, signal }))
    const half = join(root, 'base')
    await mkdir(half)
    const base = await timed(() => copyBase(control, join(dataFolder, 'postgres'), { folder: half, signal }))
    const peer = await measurePeer(join(root, 'peer'), { folder, manifest, signal })
    const size = `${(manifest.databaseBytes / 1e9).toFixed(2)} GB database, ${(bytes / 1e9).toFixed(2)} GB kept`
    const row = (what: string, ms: number, against: string, peerMs: number): Row => ({
      what,
      measured: `${(ms / 1_000).toFixed(1)} s`,
      against: `${against}: ${(peerMs / 1_000).toFixed(1)} s`,
      ratio: ms / peerMs,
      size,
    })
    return [
      row('tables and fingerprints, packed', tables.ms, 'pg_dump 15 -Fc', peer.dump),
      row('tables and fingerprints, packed', tables.ms, 'pg_dump 15 -Fc -Z0', peer.dumpPlain),
      row('restored into a new server, compared', proof.ms, 'pg_restore 15', peer.restore),
      row('files of the server, packed', base.ms, 'pg_basebackup 15, not packed', peer.base),
      row('files and log played back, compared', played.ms, 'pg_basebackup 15, not packed', peer.base),
      row('a whole run: both taken, both proven', whole.ms, 'pg_dump 15 -Fc', peer.dump),
    ]
  } finally {
    await server.close()
  }
}

const at = (n: number) => ({ signal, now: new Date(Date.now() + n * 1_000), step: () => undefined })

async function timed<T>(work: () => Promise<T>): Promise<{ readonly came: T; readonly ms: number }> {
  const begun = performance.now()
  const came = await work()
  return { came, ms: performance.now() - begun }
}

async function fill(connection: Parameters<typeof openSession>[0]): Promise<void> {
  await using db = openPool({ connection, name: 'bench', connectionsMax: 2, statementLimitMs: 30 * 60_000 })
  await migrate(db, bibbyVersion())
  await fillLibrary(db, filling)
}

type Peer = { dump: number; dumpPlain: number; restore: number; base: number }

/** The same rows on a PostgreSQL 15, by its own programs. */
async function measurePeer(root: string, given: Parameters<typeof loadLibrary>[2]): Promise<Peer> {
  const identity = await serverIdentity()
  const rest = identity ? { identity } : {}
  await mkdir(root)
  if (identity) await chown(root, identity.uid, identity.gid)
  await initialise(join(root, 'data'), programs, identity)
  const socketFolder = join(root, 'socket')
  const settings = { shared_buffers: '1GB', max_wal_size: '4GB', maintenance_work_mem: '256MB' }
  // Beside its folder: pg_basebackup copies all that lies in it, and the log is ours.
  const logFile = join(root, 'postgres.log')
  const folder = join(root, 'data')
  const server = await startServer({ folder, socketFolder, programs, logFile, settings, ...rest })
  const run = (program: string, ...words: string[]) =>
    execFileSync(join(programs, program), ['-h', socketFolder, '-U', 'bibby', ...words], {
      ...rest,
      cwd: '/',
    })
  try {
    run('createdb', 'bench')
    run('createdb', 'again')
    const connection = { host: socketFolder, port: 5432, user: 'bibby', database: 'bench' }
    await using session = await openSession(connection, 'bench')
    await loadLibrary(session, connection, given)
    run('psql', '-qc', 'checkpoint', 'bench')
    const clock = async (work: () => unknown) => (await timed(async () => work())).ms
    return {
      dump: await clock(() => run('pg_dump', '-Fc', '-f', join(root, 'dump'), 'bench')),
      dumpPlain: await clock(() => run('pg_dump', '-Fc', '-Z0', '-f', join(root, 'plain'), 'bench')),
      restore: await clock(() => run('pg_restore', '-d', 'again', join(root, 'dump'))),
      base: await clock(() => run('pg_basebackup', '-D', join(root, 'copy'), '-c', 'fast')),
    }
  } finally {
    await server.stop()
  }
}

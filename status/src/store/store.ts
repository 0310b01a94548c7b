import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { lock } from '../publish/lock.ts'
import { StatusError } from '../status-error.ts'
import { schema, schemaVersion } from './schema.ts'

const busyMs = 5_000
const fileName = 'status.sqlite'

/** The one database of a status page. The daemon and the commands write to it, one at a time. */
export type Store = Disposable & {
  /** The rows of a question. */
  readonly all: <Row>(sql: string, values?: readonly SQLInputValue[]) => Row[]
  /** Does it, and tells how many rows it changed. */
  readonly run: (sql: string, values?: readonly SQLInputValue[]) => number
  /** All or nothing, on disk when it returns; nobody else writes meanwhile. */
  readonly atomically: <T>(work: () => T) => T
  /** Where a damaged database was put, when this opening found one. */
  readonly setAside: string | null
  /** Whether the file of this name is still the one that was opened. SQLite does not notice: it goes on writing to the one that it has. */
  readonly isInPlace: () => boolean
}

/**
 * Opens it, or makes it. A damaged file is set aside by another name, never deleted; a newer one is refused. Beside a daemon that
 * lives nothing is set aside: it would go on with the file that was taken away from under it.
 */
export function openStore(
  folder: string,
  { nowMs = Date.now(), isDaemon = false }: { nowMs?: number; isDaemon?: boolean } = {},
): Store {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, fileName)
  let setAside: string | null = null
  let file = opened(path)
  if (!file) {
    using alone = isDaemon ? undefined : lock(folder, 'daemon')
    if (!isDaemon && !alone) {
      throw new StatusError(
        'STATUS_STORE_DAMAGED',
        `${path} is damaged, and bibby-status runs on it. Stop that one, which then sets the file aside at its next start. Nothing was written.`,
      )
    }
    setAside = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix)
    }
    file = opened(path)
    if (!file)
      throw new StatusError('STATUS_STORE_DAMAGED', `${path} was just made and is damaged. Look at the disk.`)
  }
  return storeOn(file, setAside)
}

type Opened = { readonly db: DatabaseSync; readonly path: string; readonly identity: string }

function storeOn({ db, path, identity }: Opened, setAside: string | null): Store {
  const prepared = new Map<string, StatementSync>()
  const statement = (sql: string) => {
    const known = prepared.get(sql)
    if (known) return known
    const made = db.prepare(sql)
    prepared.set(sql, made)
    return made
  }
  const isInPlace = () => identityOf(statSync(path, { throwIfNoEntry: false })) === identity
  return {
    all: <Row>(sql: string, values: readonly SQLInputValue[] = []) => statement(sql).all(...values) as Row[],
    run: (sql, values = []) => Number(statement(sql).run(...values).changes),
    atomically: (work) => {
      if (db.isTransaction) return work()
      db.exec('begin immediate')
      try {
        const result = work()
        db.exec('commit')
        return result
      } catch (error) {
        if (db.isTransaction) db.exec('rollback')
        throw error
      }
    },
    setAside,
    isInPlace,
    [Symbol.dispose]: () => {
      if (!db.isOpen) return
      try {
        // SQLite leaves the log of a file that was moved behind, and whoever opens the new file would replay it into that.
        if (!isInPlace()) db.exec('pragma wal_checkpoint(truncate)')
      } catch {
        // A disk that is full or gone keeps nobody from closing.
      } finally {
        db.close()
      }
    },
  }
}

/** Undefined when the file is damaged. */
function opened(path: string): Opened | undefined {
  // Mail addresses and secrets: for its owner only, and so for the files that SQLite puts beside it.
  const descriptor = openSync(path, 'a', 0o600)
  const identity = identityOf(fstatSync(descriptor))
  closeSync(descriptor)
  const db = new DatabaseSync(path, { timeout: busyMs })
  try {
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
    const [row] = db.prepare('pragma quick_check(1)').all()
    if (row?.quick_check !== 'ok') throw Object.assign(new Error('quick_check'), { errcode: 11 })
    migrate(db, path)
    return { db, path, identity }
  } catch (error) {
    db.close()
    if (isDamage(error)) return undefined
    throw error
  }
}

function identityOf(stats: { readonly dev: number; readonly ino: number } | undefined): string {
  return stats ? `${stats.dev} ${stats.ino}` : 'none'
}

function migrate(db: DatabaseSync, path: string): void {
  const version = () => Number(db.prepare('pragma user_version').all()[0]?.user_version)
  if (version() === schemaVersion) return
  if (version() > schemaVersion) {
    throw new StatusError(
      'STATUS_STORE_NEWER',
      `${path} was written by a newer bibby-status (version ${version()}, this one knows ${schemaVersion}). Run the newer one.`,
    )
  }
  db.exec('begin immediate')
  // Somebody else may have made it while we waited.
  if (version() === 0) db.exec(`${schema}; pragma user_version = ${schemaVersion}`)
  db.exec('commit')
}

/** Whether a fault says that another process holds the database: SQLITE_BUSY. */
export function isHeld(error: unknown): boolean {
  return (((error as { errcode?: number } | null)?.errcode ?? 0) & 0xff) === 5
}

/** Whether a fault says that the file is damaged or no database: SQLITE_CORRUPT, SQLITE_NOTADB. */
export function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode
  return code !== undefined && [11, 26].includes(code & 0xff)
}

import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readManifest, writeManifest } from '../src/backups/manifest.ts'
import { writeProof } from '../src/backups/place.ts'
import { type Backups, runBackup } from '../src/backups/run-backup.ts'
import type { Running } from '../src/backups/take-backup.ts'
import { lend } from '../src/circulation/lend.ts'
import { openDataFolder } from '../src/postgres/data-folder.ts'
import { migrate } from '../src/postgres/migrate.ts'
import { openOurServer } from '../src/postgres/our-server.ts'
import { type Database, openPool, type PoolOptions } from '../src/postgres/pool.ts'
import { write } from '../src/postgres/write.ts'
import { aCopy, aSmallLibrary, besides, by, type SmallLibrary } from './library-fixtures.ts'

/** A library on a server of its own, with its log kept, and where its backups go. */
export type BackedUp = AsyncDisposable & {
  readonly db: Database
  readonly small: SmallLibrary
  readonly connection: Exclude<PoolOptions['connection'], string>
  readonly backups: Backups
  /** Takes a backup of it as it is now. */
  readonly run: (over?: Partial<Running>) => ReturnType<typeof runBackup>
  /** Stops the server; the files stay. */
  readonly stop: () => Promise<void>
}

const tell = { step: () => undefined, warn: () => undefined }
let taken = 0

/** A run's name is its second: each of the tests' runs has another. */
export function running(over: Partial<Running> = {}): Running {
  taken += 1
  return {
    signal: new AbortController().signal,
    now: new Date(Date.now() + taken * 1_000),
    step: () => undefined,
    ...over,
  }
}

/** Starts one: `await using library = await backedUpLibrary()`. */
export async function backedUpLibrary(): Promise<BackedUp> {
  const root = await mkdtemp(join(tmpdir(), 'bibby-backups-'))
  await chmod(root, 0o711)
  const dataFolder = join(root, 'data')
  const { libraryId } = await openDataFolder(dataFolder, '0.1.0')
  const server = await openOurServer(dataFolder, tell, new AbortController().signal)
  const db = openPool({
    connection: server.connection,
    name: 'test',
    connectionsMax: 4,
    statementLimitMs: 60_000,
  })
  const backups: Backups = {
    dataFolder,
    libraryId,
    backups: join(root, 'backups'),
    second: undefined,
    keep: 7,
    keepsLog: true,
  }
  let isUp = true
  const stop = async () => {
    if (!isUp) return
    isUp = false
    await db[Symbol.asyncDispose]()
    await server.close()
  }
  const close = async () => {
    await stop()
    await rm(root, { recursive: true, force: true })
  }
  const small = await fill(db, dataFolder).catch(async (error: unknown) => {
    // A server that nobody ends would keep the run waiting for ever.
    await close()
    throw error
  })
  return {
    db,
    small,
    connection: server.connection,
    backups,
    run: (over) => runBackup(backups, server.connection, running(over)),
    stop,
    [Symbol.asyncDispose]: close,
  }
}

/** The id of another library, whose backups lie in the same folder. */
export const anotherLibrary = '00000000-0000-4000-8000-00000000000b'

/** Puts a proven backup of another library beside one, under a name; its log is another cluster's. */
export async function besideOf(
  { backups }: Pick<Backups, 'backups'>,
  { from, name }: { readonly from: string; readonly name: string },
): Promise<void> {
  const folder = join(backups, name)
  await cp(join(backups, from), folder, { recursive: true, preserveTimestamps: true })
  const { manifest } = await readManifest(folder)
  if (!manifest.base) throw new Error('The backup has no files of the server.')
  const base = { ...manifest.base, systemId: '1' }
  const takenAt = `${name.slice(0, 10)}T00:00:00.000Z`
  await writeManifest(folder, { ...manifest, name, takenAt, libraryId: anotherLibrary, base })
  const { sha256 } = await readManifest(folder)
  await writeProof(folder, {
    manifestSha256: sha256,
    at: takenAt,
    recoverySeconds: 1,
    isBaseProven: true,
    baseBecause: null,
  })
}

async function fill(db: Database, dataFolder: string): Promise<SmallLibrary> {
  await migrate(db, '0.1.0')
  await writeFile(join(dataFolder, 'covers', '9780141439518.jpg'), 'A picture of Pride and Prejudice')
  return aSmallLibrary(db)
}

/** Lends a new copy to the patron of the library, at a desk, at `at`: a loan, and its row in the journal. */
export async function lendSomething(
  { db, small }: Pick<BackedUp, 'db' | 'small'>,
  at: Date = new Date(),
): Promise<{ readonly barcode: string }> {
  const { barcode } = await aCopy(db, besides(small))
  const outcome = await write(db, by({ occurredAt: at }), lend, { ...small, barcode })
  if (outcome.outcome !== 'done') throw new Error(`Nothing was lent: ${JSON.stringify(outcome)}`)
  return { barcode }
}

import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { signalled } from '../postgres/postmaster.ts'
import { BackupError } from './backup-error.ts'
import { syncFolder, writeWhole } from './files.ts'
import { type Manifest, missingFile, readManifest } from './manifest.ts'

/** What restoring a backup came to, written beside it. */
export type Proof = {
  /** Of the manifest that was proven: a proof is of nothing else. */
  readonly manifestSha256: string
  readonly at: string
  /** How long it took from an empty folder to a database that was compared. */
  readonly recoverySeconds: number
  /** Whether the base and the log were played back too: only then can any second be restored. */
  readonly isBaseProven: boolean
  /** Why it was not, in a sentence. */
  readonly baseBecause: string | null
}

/** A backup as it is listed. */
export type Backup = {
  readonly name: string
  readonly folder: string
  /** `unproven` was taken and not restored yet; `failed` was restored and was not the same; `damaged` is not whole. */
  readonly state: 'proven' | 'unproven' | 'failed' | 'damaged'
  readonly takenAt: string
  readonly bytes: number
  /** Why it does not count, in a sentence. */
  readonly because: string | null
  readonly proof: Proof | null
  readonly manifest: Manifest | null
}

/** Whether all that was taken came back: where it has the server's files, the log too. */
export function isProvenWhole(manifest: Manifest | null, proof: Proof | null): boolean {
  return proof !== null && (proof.isBaseProven || !manifest?.base)
}

const backupName = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z$/
const provenName = 'proven.json'
const failedName = 'failed.json'

/**
 * How a backup is called that is taken now: by its second, or by the next one that no backup has. Two may begin in the same
 * second, and a clock may be set back.
 */
export async function freeName(backups: string, now: Date): Promise<string> {
  const names = new Set(await readdir(backups))
  for (let ms = now.getTime(); ; ms += 1_000) {
    const name = `${new Date(ms).toISOString().slice(0, 19).replaceAll(':', '-')}Z`
    if (!names.has(name)) return name
  }
}

/** All backups in a folder, the newest first. What is half made or half removed is none. */
export async function listBackups(backups: string): Promise<readonly Backup[]> {
  const names = (await readdir(backups).catch(() => [])).filter((name) => backupName.test(name))
  return Promise.all(
    names
      .toSorted()
      .toReversed()
      .map((name) => lookAt(backups, name)),
  )
}

/**
 * The backups of one library among all in a folder, which others may share. What cannot be read says no more whose it is: it is
 * taken for this one's only where no other's lies there.
 */
export function ofLibrary(all: readonly Backup[], libraryId: string): readonly Backup[] {
  const isShared = all.some(({ manifest }) => manifest !== null && manifest.libraryId !== libraryId)
  return all.filter(({ manifest }) => (manifest === null ? !isShared : manifest.libraryId === libraryId))
}

/** One backup by its name. Throws BackupError where there is none. */
export async function findBackup(backups: string, name: string): Promise<Backup> {
  const found = (await listBackups(backups)).find((each) => each.name === name)
  if (found) return found
  throw new BackupError(
    'BIBBY_BACKUP_UNKNOWN',
    `There is no backup ${name.slice(0, 100)} in ${backups}. bibby backup list has those that there are.`,
  )
}

async function lookAt(backups: string, name: string): Promise<Backup> {
  const folder = join(backups, name)
  // The name has the time with dashes, for file systems that take no colons.
  const takenAt = `${name.slice(0, 10)}T${name.slice(11, 19).replaceAll('-', ':')}.000Z`
  const bare = { name, folder, takenAt, bytes: 0, proof: null, manifest: null }
  try {
    const { manifest, sha256 } = await readManifest(folder)
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0)
    const known = { ...bare, takenAt: manifest.takenAt, bytes, manifest }
    const missing = await missingFile(folder, manifest)
    if (missing !== undefined) return { ...known, state: 'damaged', because: `${missing}.` }
    const failure = (await read(join(folder, failedName))) as { because?: string } | undefined
    if (failure) return { ...known, state: 'failed', because: failure.because ?? 'It was not the same.' }
    const proof = (await read(join(folder, provenName))) as Proof | undefined
    if (proof?.manifestSha256 === sha256) return { ...known, state: 'proven', because: null, proof }
    return { ...known, state: 'unproven', because: 'It was not restored yet: bibby backup verify does.' }
  } catch (error) {
    return { ...bare, state: 'damaged', because: error instanceof Error ? error.message : 'unknown fault' }
  }
}

async function read(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown
  } catch {
    return undefined
  }
}

/** Writes down that a backup was restored and was the same. */
export async function writeProof(folder: string, proof: Proof): Promise<void> {
  await writeWhole(join(folder, provenName), `${JSON.stringify(proof, null, 2)}\n`)
  await rm(join(folder, failedName), { force: true })
}

/** Writes down that a backup does not count, and why. */
export async function writeFailure(folder: string, because: string, at: Date): Promise<void> {
  await writeWhole(
    join(folder, failedName),
    `${JSON.stringify({ at: at.toISOString(), because }, null, 2)}\n`,
  )
  await rm(join(folder, provenName), { force: true })
}

/** Removes a backup. It stops being listed first, so that a half removed one is never taken for whole. */
export async function removeBackup(
  { backups, libraryId }: { readonly backups: string; readonly libraryId: string },
  name: string,
): Promise<void> {
  const going = join(backups, `${name}.removing-${libraryId}`)
  await rename(join(backups, name), going)
  await syncFolder(backups)
  await rm(going, { recursive: true, force: true })
}

/** How a backup is called while it is made: whose it is, and by which process. */
export function halfName(name: string, libraryId: string): string {
  return `${name}.partial-${libraryId}-${process.pid}`
}

const halfMade = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z\.partial-([0-9a-f-]{36})-(\d{1,10})$/
const halfWritten = /^[a-z0-9-]{1,60}\.json\.new-(\d{1,10})$/
const halfRemoved = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z\.removing-([0-9a-f-]{36})$/

/**
 * Makes the folder of backups, private, and removes what runs of this library left there that were killed: only what carries
 * such a name, and of a process that is gone. A run of another library may be under way there, on another machine. To be called
 * by whoever has the run; without a library nothing is removed.
 */
export async function readyPlace(backups: string, libraryId?: string): Promise<void> {
  await mkdir(backups, { recursive: true, mode: 0o700 })
  for (const name of await readdir(backups)) {
    const [, maker, pid] = halfMade.exec(name) ?? []
    const isLeft = (maker === libraryId && isOfDead(pid)) || isOfDead(halfWritten.exec(name)?.[1])
    if (!isLeft && (libraryId === undefined || halfRemoved.exec(name)?.[1] !== libraryId)) continue
    await rm(join(backups, name), { recursive: true, force: true })
  }
}

/** Whether what carries this number is left over. Ours too: who asks has made nothing yet, so it was another's before. */
export function isOfDead(pid: string | undefined): boolean {
  return pid !== undefined && (Number(pid) === process.pid || !signalled(Number(pid), 0))
}

/** Whether two folders are on one disk. */
export async function isSameDisk(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one), stat(other)])
  return a.dev === b.dev
}

import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { systemCode } from '../start-error.ts'
import { BackupError } from './backup-error.ts'
import { newFile, syncFolder } from './files.ts'
import { checkFiles, type Manifest, readManifest } from './manifest.ts'
import { type Backup, readyPlace } from './place.ts'
import { type TarEntry, tarOf, untarFile } from './tar-file.ts'

/**
 * Writes a backup into one file, from which another machine with nothing but Bibby can be set up: the tables, the covers
 * and the manifest, as a tar file. It has no files of the server, whose log stays here.
 */
export async function writeBundle(
  { folder, name }: Backup,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const { manifest } = await readManifest(folder)
  await checkFiles(folder, manifest, ['tables', 'covers'])
  const portable: Manifest = {
    ...manifest,
    base: null,
    files: manifest.files.filter(({ part }) => part !== 'base'),
  }
  const text = `${JSON.stringify(portable, null, 2)}\n`
  const sum = createHash('sha256').update(text).digest('hex')
  const entries: TarEntry[] = [
    { name: `${name}/manifest.json`, text },
    { name: `${name}/manifest.sha256`, text: `${sum}  manifest.json\n` },
    ...portable.files.map(({ path, bytes }) => ({
      name: `${name}/${path}`,
      path: join(folder, path),
      bytes,
    })),
  ]
  try {
    await pipeline(Readable.from(tarOf(entries)), newFile(file), { signal })
    await syncFolder(dirname(file))
  } catch (error) {
    if (systemCode(error) === 'EEXIST') {
      throw new BackupError('BIBBY_BACKUP_FAILED', `${file} exists. Name a new file: none is overwritten.`)
    }
    await rm(file, { force: true })
    throw error
  }
}

/** Unpacks a bundle into a folder of backups, where it is then a backup like any other; gives its name. */
export async function unpackBundle(file: string, backups: string): Promise<string> {
  if (!(await stat(file).catch(() => undefined))) {
    throw new BackupError(
      'BIBBY_BACKUP_UNKNOWN',
      `There is no bundle ${file}. Name the file that bibby backup bundle wrote.`,
    )
  }
  await readyPlace(backups)
  const half = join(backups, `.bundle-${process.pid}`)
  await mkdir(half, { mode: 0o700 })
  try {
    await untarFile(file, half).catch((cause: unknown) => {
      throw new BackupError(
        'BIBBY_BACKUP_DAMAGED',
        `${file} is not a whole bundle: ${cause instanceof Error ? cause.message : 'unknown fault'} Copy it again, or write it again by bibby backup bundle.`,
        { cause },
      )
    })
    const name = await onlyName(half, file)
    const { manifest } = await readManifest(join(half, name))
    await checkFiles(join(half, name), manifest, ['tables', 'covers'])
    await rename(join(half, name), join(backups, name)).catch((error: unknown) => {
      // It is there already: whoever restores it looks at every file again.
      if (systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST') throw error
    })
    await syncFolder(backups)
    return name
  } finally {
    await rm(half, { recursive: true, force: true })
  }
}

async function onlyName(folder: string, file: string): Promise<string> {
  const [name = ''] = await readdir(folder)
  if (/^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z$/.test(name)) return name
  throw new BackupError('BIBBY_BACKUP_DAMAGED', `${file} is not a bundle that bibby backup bundle wrote.`)
}

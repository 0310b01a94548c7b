import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from './manifest.ts'
import { listBackups, ofLibrary, removeBackup } from './place.ts'
import { toRemove } from './retention.ts'
import { archiveFolder, keptSegments } from './wal-archive.ts'

/** Removes the backups that are too many, and the log that no backup needs any more; says which backups. */
export async function removeOld(
  backups: string,
  { keep, libraryId, now }: { readonly keep: number; readonly libraryId: string; readonly now: Date },
): Promise<readonly string[]> {
  const all = await listBackups(backups)
  const going = toRemove(
    // Those of another library in the same folder are none of ours.
    ofLibrary(all, libraryId).map(({ name, takenAt, state }) => ({
      name,
      takenAt,
      isProven: state === 'proven',
    })),
    { keep, now },
  )
  for (const name of going) await removeBackup({ backups, libraryId }, name)
  const stay = all.filter(({ name }) => !going.includes(name))
  // One whose manifest cannot be read may need any of the log.
  if (stay.every(({ manifest }) => manifest !== null)) {
    await removeLog(
      { backups, libraryId },
      stay.flatMap(({ manifest }) => (manifest ? [manifest] : [])),
    )
  }
  return going
}

async function removeLog(
  { backups, libraryId }: { backups: string; libraryId: string },
  manifests: readonly Manifest[],
): Promise<void> {
  const bases = manifests.flatMap(({ base }) => (base ? [base] : []))
  const others = new Set(
    manifests.flatMap((each) => (each.libraryId === libraryId ? [] : (each.base?.systemId ?? []))),
  )
  for (const systemId of await readdir(join(backups, 'wal')).catch(() => [])) {
    const archive = archiveFolder(backups, systemId)
    const [oldest] = bases
      .filter((base) => base.systemId === systemId)
      .map(({ startSegment }) => startSegment.slice(8))
      .toSorted()
    // A server that has just begun has no base yet, and needs its log for the first one.
    if (oldest === undefined || others.has(systemId)) continue
    for (const { name, file } of await keptSegments(archive)) {
      const isNeeded = name.endsWith('.history') || name.slice(8) >= oldest
      if (!isNeeded) await rm(join(archive, file), { force: true })
    }
  }
}

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from './manifest.ts'
import { listBackups, removeBackup } from './place.ts'
import { toRemove } from './retention.ts'
import { archiveFolder, keptSegments } from './wal-archive.ts'

/** Removes the backups that are too many, and the log that no backup needs any more; says which backups. */
export async function removeOld(backups: string, keep: number): Promise<readonly string[]> {
  const all = await listBackups(backups)
  const going = toRemove(
    all.map(({ name, takenAt, state }) => ({ name, takenAt, isProven: state === 'proven' })),
    { keep },
  )
  for (const name of going) await removeBackup(backups, name)
  const stay = all.filter(({ name }) => !going.includes(name))
  // One whose manifest cannot be read may need any of the log.
  if (stay.every(({ manifest }) => manifest !== null)) {
    await removeLog(
      backups,
      stay.flatMap(({ manifest }) => (manifest ? [manifest] : [])),
    )
  }
  return going
}

async function removeLog(backups: string, manifests: readonly Manifest[]): Promise<void> {
  const bases = manifests.flatMap(({ base }) => (base ? [base] : []))
  for (const systemId of await readdir(join(backups, 'wal')).catch(() => [])) {
    const archive = archiveFolder(backups, systemId)
    const [oldest] = bases
      .filter((base) => base.systemId === systemId)
      .map(({ startSegment }) => startSegment.slice(8))
      .toSorted()
    // Without any base the log of a server leads nowhere; a server that has just begun has none yet.
    if (oldest === undefined && bases.length === 0) continue
    for (const { name, file } of await keptSegments(archive)) {
      const isNeeded = oldest !== undefined && (name.endsWith('.history') || name.slice(8) >= oldest)
      if (!isNeeded) await rm(join(archive, file), { force: true })
    }
  }
}

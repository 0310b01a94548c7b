import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { archiveName } from './archive-settings.ts'
import { archiveFolder, takeIn } from './wal-archive.ts'

/**
 * Takes in what a server of ours has put down of its log that does not come up any more. Nobody can ask it which cluster
 * it is: the first page of each file of its log says so.
 */
export async function takeInLeft(cluster: string, backups: string): Promise<void> {
  const incoming = join(cluster, archiveName)
  const names = await readdir(incoming).catch(() => [])
  const segment = names.find((name) => /^[0-9A-F]{24}$/.test(name))
  if (segment !== undefined)
    await takeIn(cluster, archiveFolder(backups, await systemIdIn(join(incoming, segment))))
}

/** Where xlp_sysid lies in XLogLongPageHeaderData. Source: PostgreSQL, xlog_internal.h. */
const systemIdAt = 24

async function systemIdIn(segment: string): Promise<string> {
  await using file = await open(segment, 'r')
  const bytes = new DataView(new ArrayBuffer(8))
  await file.read(bytes, 0, 8, systemIdAt)
  // In the byte order of the machine that wrote it, which is this one.
  return new BigUint64Array(bytes.buffer)[0]?.toString() ?? ''
}

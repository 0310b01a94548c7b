import { readdirSync, readFileSync, statSync } from 'node:fs'
import { nameOfText } from './file-name.ts'
import type { Entry } from './walk.ts'

/** A chosen file that a process has open or mapped. */
type OpenFile = { readonly entry: Entry; readonly process: number }

/** What was found, and how many processes may not be looked into: those of others, when we are not root. */
export type OpenFiles = { readonly open: readonly OpenFile[]; readonly closedToUs: number }

/** Looks through all processes for these files, by inode; a name says nothing of what is open. Source: proc(5). */
export function openFiles(
  entries: readonly Entry[],
  { device, path }: { device: bigint; path: string },
): OpenFiles {
  const wanted = new Map(entries.map((entry) => [entry.inode, entry]))
  const open: OpenFile[] = []
  let closedToUs = 0
  for (const name of readdirSync('/proc')) {
    const process = Number(name)
    if (!Number.isInteger(process)) continue
    const inodes = inodesOf(name, { device, below: nameOfText(`${path}/`) })
    if (!inodes) closedToUs += 1
    for (const inode of inodes ?? []) {
      const entry = wanted.get(inode)
      if (entry) open.push({ entry, process })
    }
  }
  return { open, closedToUs }
}

/** The inodes on that device that a process has open or mapped; undefined when we may not know. */
function inodesOf(
  process: string,
  { device, below }: { device: bigint; below: string },
): Set<string> | undefined {
  const inodes = new Set<string>()
  let names: readonly string[]
  try {
    names = readdirSync(`/proc/${process}/fd`)
  } catch (error) {
    // It has ended, or is closed to us.
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? undefined : inodes
  }
  for (const name of names) {
    try {
      const { dev, ino } = statSync(`/proc/${process}/fd/${name}`, { bigint: true })
      if (dev === device) inodes.add(String(ino))
    } catch {
      // Closed since.
    }
  }
  for (const { device: where, inode, path } of mapped(process)) {
    // An overlay tells another device here than for the file itself.
    if (where === hexOf(device) || path.startsWith(below)) inodes.add(inode)
  }
  return inodes
}

function mapped(process: string): { device: string; inode: string; path: string }[] {
  try {
    return readFileSync(`/proc/${process}/maps`, 'latin1')
      .split('\n')
      .map((line) => line.split(/ +/))
      .filter(([, , , , inode = '0']) => inode !== '0')
      .map(([, , , device = '', inode = '', ...path]) => ({ device, inode, path: path.join(' ') }))
  } catch {
    // It has ended, or is closed to us.
    return []
  }
}

/** As `maps` writes a device. Source: Linux, new_decode_dev. */
function hexOf(device: bigint): string {
  const major = (device >> 8n) & 0xfffn
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff00n)
  return [major, minor].map((part) => part.toString(16).padStart(2, '0')).join(':')
}

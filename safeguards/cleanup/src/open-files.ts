import { readdirSync, readFileSync, statSync } from 'node:fs'
import { nameOfText } from './file-name.ts'
import type { Entry } from './walk.ts'

/** A chosen file that a process has open or mapped. */
type OpenFile = { readonly entry: Entry; readonly process: number }

/**
 * Looks through all processes for these files, by inode; a name says nothing of what is open. Processes of others are closed to
 * whoever is not root. Source: proc(5).
 */
export function openFiles(
  entries: readonly Entry[],
  { device, path }: { device: bigint; path: string },
): readonly OpenFile[] {
  const wanted = new Map(entries.map((entry) => [entry.inode, entry]))
  const open: OpenFile[] = []
  for (const name of readdirSync('/proc')) {
    const process = Number(name)
    if (!Number.isInteger(process)) continue
    for (const inode of inodesOf(name, { device, below: nameOfText(`${path}/`) })) {
      const entry = wanted.get(inode)
      if (entry) open.push({ entry, process })
    }
  }
  return open
}

/** The inodes on that device that a process has open or mapped. */
function inodesOf(process: string, { device, below }: { device: bigint; below: string }): Set<string> {
  const inodes = new Set<string>()
  let names: readonly string[]
  try {
    names = readdirSync(`/proc/${process}/fd`)
  } catch {
    // It has ended, or is closed to us.
    return inodes
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

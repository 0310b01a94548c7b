import { readFileSync } from 'node:fs'
import { type FileName, nameOf } from './file-name.ts'

/** Whether this system tells its mount points and lets a folder be held while working in it: Linux, with /proc. */
export function canHoldFolders(): boolean {
  return process.platform === 'linux'
}

/**
 * Where something is mounted, bind mounts of the same file system too, which no device number shows. Source:
 * proc(5), mountinfo: the fifth field, with space, tab, newline and backslash written as three octal digits.
 */
export function mountPoints(): ReadonlySet<FileName> {
  return new Set(pointsIn(nameOf(readFileSync('/proc/self/mountinfo'))))
}

/** The mount points that a text of that form names. */
export function pointsIn(mountinfo: string): readonly FileName[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point) => point !== undefined)
    .map((point) =>
      point.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
}

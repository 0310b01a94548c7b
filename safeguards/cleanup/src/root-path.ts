import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, normalize } from 'node:path'
import { nameOfText } from './file-name.ts'
import type { Host, RootSetting } from './host.ts'
import { mountPoints } from './mounts.ts'
import { CleanupRefusedError } from './refusal.ts'

/** The system's own, and what stands right below them: never a root. Source: Filesystem Hierarchy Standard 3.0, and macOS. */
const systemFolders = [
  '/bin',
  '/boot',
  '/etc',
  '/lib',
  '/lib64',
  '/proc',
  '/root',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
]
/** Folders whose own children are as broad as they are: a root lies deeper. */
const broadFolders = [
  '/',
  '/dev',
  '/dev/shm',
  '/home',
  '/media',
  '/mnt',
  '/opt',
  '/srv',
  '/tmp',
  '/Users',
  '/var',
  '/var/lib',
]

/**
 * The path of a root, when it is one that may be cleaned. What is refused here is refused by its text alone and by what
 * the system says of mounts, before anything is opened.
 */
export function rootPath({ name, path }: RootSetting, host: Host): string {
  const refuse = (code: ConstructorParameters<typeof CleanupRefusedError>[0], why: string) =>
    new CleanupRefusedError(code, `The root ${name} ${why} Nothing was touched.`)
  if (path === undefined || path.trim() === '')
    throw refuse(
      'root-path-empty',
      'has no path: its setting is empty or missing. Set it, or leave the root out.',
    )
  if (!isAbsolute(path)) throw refuse('root-path-not-absolute', 'has a path that does not begin with /.')
  if (path !== path.trim() || !/^[^\p{C}]*$/u.test(path) || normalize(path) !== path || /.\/$/.test(path)) {
    throw refuse(
      'root-path-not-plain',
      'has a path with a space at an end, a control character, a //, a /./, a /../ or a slash at its end. Write it plainly.',
    )
  }
  if (isTooBroad(path))
    throw refuse('root-protected', 'would be a folder of the system, a home, or one as broad as these.')
  for (const kept of [...host.protect, ...systemFolders]) {
    if (isWithin(path, kept)) throw refuse('root-protected', `lies in ${kept}, which is never cleaned.`)
    if (isWithin(kept, path)) throw refuse('root-holds-protected', `holds ${kept}, which is never cleaned.`)
  }
  for (const other of host.roots) {
    if (other.name === name || other.path === undefined) continue
    if (isWithin(path, other.path) || isWithin(other.path, path))
      throw refuse('root-nested', `and the root ${other.name} lie one in the other, or are the same folder.`)
  }
  if (mountPoints().has(nameOfText(path)))
    throw refuse('root-is-mount-point', 'is where a file system is mounted. Use a folder below it.')
  return path
}

function isTooBroad(path: string): boolean {
  if (broadFolders.includes(path) || homes().includes(path)) return true
  return /^\/(?:home|Users)\/[^/]+$/.test(path) || path.split('/').length <= 2
}

/** The homes of all who have one here, whoever we are and whatever HOME says. */
function homes(): readonly string[] {
  const passwd = existing(() => readFileSync('/etc/passwd', 'utf8')) ?? ''
  const others = passwd.split('\n').flatMap((line) => line.split(':')[5] ?? [])
  return [existing(homedir), ...others].flatMap((home) => home || [])
}

function existing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Whether a path is the other one, or lies below it. */
export function isWithin(path: string, other: string): boolean {
  return path === other || path.startsWith(other.endsWith('/') ? other : `${other}/`)
}

import { randomUUID } from 'node:crypto'
import { closeSync, constants, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { type HeldFolder, syncFolder, within } from './held-folder.ts'
import type { Host } from './host.ts'
import { CleanupRefusedError, systemCodeOf } from './refusal.ts'

/** The file that says that a folder may be cleaned, for whom and where. */
export const markerName = '.cleanup-root.json'

/** What stands in it. */
export type Marker = {
  readonly id: string
  readonly name: string
  readonly host: string
  readonly environment: string
  readonly markedAt: string
}

/** Larger is no marker of ours. */
const bytesMax = 4_096

/** Marks a folder as a root. Written once: who wants it otherwise removes the file by hand. */
export function mark(folder: HeldFolder, { name, host }: { name: string; host: Host }): Marker {
  const marker: Marker = {
    id: randomUUID(),
    name,
    host: hostname(),
    environment: host.environment,
    markedAt: host.clock().toISOString(),
  }
  const file = openNew(folder, name)
  try {
    writeSync(
      file,
      `${JSON.stringify({ what: 'bibby cleanup may move files from here to its trash', ...marker }, null, 2)}\n`,
    )
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  syncFolder(folder)
  return marker
}

function openNew(folder: HeldFolder, name: string): number {
  try {
    return openSync(
      within(folder, markerName),
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    )
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EEXIST') throw cause
    throw new CleanupRefusedError('root-marked-already', `The root ${name} is marked already.`, { cause })
  }
}

/** The marker of a folder; refuses when it is not there, is not ours, or was made for another machine or purpose. */
export function readMarker(folder: HeldFolder, { name, host }: { name: string; host: Host }): Marker {
  const marker = parsed(textOf(folder, name))
  if (!marker) {
    throw new CleanupRefusedError(
      'marker-unreadable',
      `${markerName} in the root ${name} is no marker of ours. Look at it; nothing was touched.`,
    )
  }
  const wrong = (
    [
      ['root', marker.name, name],
      ['machine', marker.host, hostname()],
      ['environment', marker.environment, host.environment],
    ] as const
  ).find(([, is, wanted]) => is !== wanted)
  if (!wrong) return marker
  throw new CleanupRefusedError(
    'marker-elsewhere',
    `The folder of the root ${name} was marked for the ${wrong[0]} ${JSON.stringify(wrong[1])}, and this is ${JSON.stringify(wrong[2])}. Nothing was touched.`,
  )
}

function textOf(folder: HeldFolder, name: string): string {
  let file: number
  try {
    file = openSync(
      within(folder, markerName),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') {
      throw new CleanupRefusedError(
        'marker-missing',
        `The folder of the root ${name} has no ${markerName}: it was never said that it may be cleaned. Look whether it is the right one, then mark it.`,
        { cause },
      )
    }
    throw new CleanupRefusedError(
      'marker-unreadable',
      `${markerName} in the root ${name} cannot be read. Nothing was touched.`,
      {
        cause,
      },
    )
  }
  try {
    const bytes = Buffer.alloc(bytesMax + 1)
    const length = readSync(file, bytes, 0, bytes.length, 0)
    return length > bytesMax ? '' : bytes.toString('utf8', 0, length)
  } catch {
    return ''
  } finally {
    closeSync(file)
  }
}

function parsed(text: string): Marker | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { id, name, host, environment, markedAt } = value as Record<string, unknown>
  if (typeof id !== 'string' || typeof name !== 'string' || typeof host !== 'string') return undefined
  if (typeof environment !== 'string' || typeof markedAt !== 'string') return undefined
  return { id, name, host, environment, markedAt }
}

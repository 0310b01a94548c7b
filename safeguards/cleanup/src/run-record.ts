import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { type FileName, isEntryName } from './file-name.ts'
import { type HeldFolder, holdIn, namesIn, statIn, syncFolder, within } from './held-folder.ts'
import { CleanupRefusedError, systemCodeOf } from './refusal.ts'
import { madeIn, type Root } from './root.ts'
import type { Entry } from './walk.ts'

/**
 * How far a run has come. `moving` and `putting-back` of a process that has ended are unfinished: `resume` tells and ends
 * them.
 */
export type RunState = 'moving' | 'done' | 'putting-back' | 'put-back' | 'purging' | 'purged'

/** One line of the state of a run. */
export type Step = {
  readonly state: RunState
  readonly at: string
  readonly because?: string
  /** Of the first `done`: the service as it ran after the last move; null when it did not. */
  readonly service?: string | null
}

/** When the trash was looked at: what its age is reckoned from. */
export type Sighting = { readonly at: string; readonly boot: string; readonly uptimeMs: number }

/** The first line of a journal. */
export type Header = {
  readonly id: string
  readonly root: string
  readonly digest: string
  readonly files: number
  readonly bytes: number
}

/** A run as its folder tells it. Dispose of it. */
export type Run = Disposable & {
  readonly id: string
  readonly header: Header
  /** In the order of their slots: entry n lies in `files` as `n`. */
  readonly entries: readonly Entry[]
  readonly steps: readonly Step[]
  readonly state: RunState
  /** Where its files lie. */
  readonly trash: HeldFolder
  readonly folder: HeldFolder
}

const runsName = 'runs'
const journalName = 'journal'
const stepsName = 'steps'
const filesName = 'files'
const probeName = 'probe'
const sightingsName = 'sightings'
/** What else lies there is not ours. */
const runName = /^\d{8}T\d{9}Z-[0-9a-f]{8}-[0-9a-f]{4}$/
const writeNew = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const append = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW
const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW

/** Writes down what is about to be moved, on the disk before this returns. Nothing has been moved by then. */
export function beginRun(
  root: Root,
  { header, entries }: { header: Header; entries: readonly Entry[] },
): void {
  try {
    using runs = madeIn(root.state, runsName)
    if (statIn(runs, header.id)) throw new Error('A run of this name is there already.')
    using folder = madeIn(runs, header.id)
    using trash = madeIn(folder, filesName)
    writeWhole(folder, journalName, [JSON.stringify(header), ...entries.map(lineOf)])
    mustLink(folder)
    syncFolder(trash)
    syncFolder(folder)
    syncFolder(runs)
    syncFolder(root.state)
  } catch (cause) {
    if (cause instanceof CleanupRefusedError || systemCodeOf(cause) === undefined) throw cause
    throw new CleanupRefusedError(
      'cannot-write',
      `The journal of the run cannot be written (${systemCodeOf(cause)}), and without one nothing is moved. Nothing was touched.`,
      { cause },
    )
  }
}

/** What is moved goes back by a second name, so as to write over nothing: without such names nothing is moved. */
function mustLink(folder: HeldFolder): void {
  try {
    linkSync(within(folder, journalName), within(folder, probeName))
    unlinkSync(within(folder, probeName))
  } catch (cause) {
    if (systemCodeOf(cause) === undefined) throw cause
    throw new CleanupRefusedError(
      'cannot-put-back',
      `The file system gives no file a second name (${systemCodeOf(cause)}), so that nothing could be put back without writing over something. Nothing was touched.`,
      { cause },
    )
  }
}

const lineOf = ({ path, inode, bytes, modifiedNs }: Entry) => JSON.stringify([path, inode, bytes, modifiedNs])

/** All in one go and on the disk; written nowhere half. */
function writeWhole(folder: HeldFolder, name: FileName, lines: readonly string[]): void {
  const file = openSync(within(folder, name), writeNew, 0o600)
  try {
    const bytes = Buffer.from(`${lines.join('\n')}\nend\n`)
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Appends a line and has it on the disk. */
function appendLine(folder: HeldFolder, name: FileName, value: object): void {
  const file = openSync(within(folder, name), append, 0o600)
  try {
    const bytes = Buffer.from(`\n${JSON.stringify(value)}\n`)
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Says how far a run has come, on the disk before this returns. */
export function note(run: { readonly folder: HeldFolder }, step: Step): void {
  appendLine(run.folder, stepsName, step)
  syncFolder(run.folder)
}

/** The same where what follows must not depend on it: with a full disk files are put back all the same. */
export function noteIfPossible(run: { readonly folder: HeldFolder }, step: Step): void {
  try {
    note(run, step)
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error
  }
}

/** Says that the trash was looked at; one that cannot be written down counts as not seen. */
export function noteSighting(run: Run, sighting: Sighting): void {
  try {
    appendLine(run.folder, sightingsName, sighting)
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error
  }
}

/** The sightings so far; lines that were cut off are passed over. */
export function sightingsOf(run: Run): readonly Sighting[] {
  return linesOf<Sighting>(run.folder, sightingsName)
}

/** The ids of all runs of a root, oldest first. */
export function runIds(root: Root): readonly string[] {
  if (!statIn(root.state, runsName)) return []
  using runs = holdIn(root.state, runsName)
  return namesIn(runs)
    .filter((name) => runName.test(name))
    .toSorted()
}

/** Opens a run; one that was cut off before its journal was whole has moved nothing, and is told as undefined. */
export function openRun(root: Root, id: string): Run | undefined {
  using runs = holdRuns(root, id)
  const folder = holdIn(runs, id)
  try {
    const read = statIn(folder, journalName) ? journalOf(folder, id) : undefined
    if (!read) {
      folder[Symbol.dispose]()
      return undefined
    }
    const trash = holdIn(folder, filesName)
    const steps = linesOf<Step>(folder, stepsName)
    return {
      id,
      ...read,
      steps,
      // The journal is whole and nothing was noted yet: nothing was moved, and `moving` is what is looked into.
      state: steps.at(-1)?.state ?? 'moving',
      trash,
      folder,
      [Symbol.dispose]: () => {
        trash[Symbol.dispose]()
        folder[Symbol.dispose]()
      },
    }
  } catch (error) {
    folder[Symbol.dispose]()
    throw error
  }
}

function holdRuns(root: Root, id: string): HeldFolder {
  const unknown = (cause?: unknown) =>
    new CleanupRefusedError(
      'run-unknown',
      `The trash of ${root.setting.name} has no run ${JSON.stringify(id)}.`,
      { cause },
    )
  try {
    const runs = holdIn(root.state, runsName)
    if (/^[0-9A-Za-z-]+$/.test(id) && statIn(runs, id)) return runs
    runs[Symbol.dispose]()
  } catch (cause) {
    throw unknown(cause)
  }
  throw unknown()
}

function journalOf(folder: HeldFolder, id: string): Pick<Run, 'header' | 'entries'> | undefined {
  const lines = textOf(folder, journalName).split('\n')
  if (lines.at(-2) !== 'end') return undefined
  const damaged = (cause?: unknown) =>
    new CleanupRefusedError(
      'run-damaged',
      `The journal of the run ${id} is damaged: its files lie in its folder ${filesName}, by number, and are left there.`,
      { cause },
    )
  try {
    const header = JSON.parse(lines[0] ?? '') as Header
    const entries = lines.slice(1, -2).map((line): Entry => {
      const [path, inode, bytes, modifiedNs] = JSON.parse(line) as [string, string, number, string]
      if (typeof inode !== 'string' || !path.split('/').every(isEntryName)) throw damaged()
      return { path, inode, bytes, modifiedNs }
    })
    if (header.id !== id || entries.length !== header.files) throw damaged()
    return { header, entries }
  } catch (error) {
    throw error instanceof CleanupRefusedError ? error : damaged(error)
  }
}

function linesOf<T>(folder: HeldFolder, name: FileName): T[] {
  if (!statIn(folder, name)) return []
  return textOf(folder, name)
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as T]
      } catch {
        return []
      }
    })
}

function textOf(folder: HeldFolder, name: FileName): string {
  const file = openSync(within(folder, name), readOnly)
  try {
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

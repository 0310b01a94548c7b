import { mkdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { noteRestored } from '../journal/restored-heads.ts'
import { signalled } from '../postgres/postmaster.ts'
import { StartError } from '../start-error.ts'
import { syncFolder, writeWhole } from './files.ts'

/** How far a restore has come. What is in force is the old library until it is `done`, and from then on the new one. */
export type RestoreState = {
  /** Of the plan. */
  readonly id: string
  readonly step: 'preparing' | 'swapping' | 'done'
  readonly pid: number
  readonly at: string
  readonly backup: string
  /** The moment that the library goes back to. */
  readonly to: string
  /** The end of the audit chain in what is restored. */
  readonly lastLink: number
}

const stateName = 'restore.json'

/** Below it lie `new`, what is to come into force, and `old`, what was before. */
export const restoreFolder = (dataFolder: string, id: string): string => join(dataFolder, `restore-${id}`)

/** Those that this process has begun; in a container its number may be that of a dead one. */
const begunHere = new Set<string>()

/** Writes down how far it is; from then on a crash is taken up from there. */
export async function writeState(dataFolder: string, state: RestoreState): Promise<void> {
  begunHere.add(state.id)
  await writeWhole(join(dataFolder, stateName), `${JSON.stringify(state, null, 2)}\n`)
}

/** How far the last restore of this data folder came; undefined where there was none. */
export async function readState(dataFolder: string): Promise<RestoreState | undefined> {
  const text = await readFile(join(dataFolder, stateName), 'utf8').catch(() => '')
  return text === '' ? undefined : (JSON.parse(text) as RestoreState)
}

/** What the swap exchanges: each is renamed as a whole. */
const parts = ['postgres', 'covers']

/**
 * Brings a restore that has begun to swap to its end: the old is renamed away and the new into its place, part by part.
 * Each rename is done or not, so that after a crash at any point the same is done again.
 */
export async function finishSwap(dataFolder: string, state: RestoreState): Promise<RestoreState> {
  const folder = restoreFolder(dataFolder, state.id)
  await mkdir(join(folder, 'old'), { recursive: true, mode: 0o711 })
  for (const part of parts) {
    const [live, next, before] = [
      join(dataFolder, part),
      join(folder, 'new', part),
      join(folder, 'old', part),
    ]
    if (!(await isThere(next))) continue
    if (!(await isThere(before)) && (await isThere(live))) await rename(live, before)
    await rename(next, live)
    await syncFolder(dataFolder)
  }
  await noteRestored(dataFolder, { restored: state.id, to: state.to, at: state.at, position: state.lastLink })
  const done: RestoreState = { ...state, step: 'done' }
  await writeState(dataFolder, done)
  await rm(join(folder, 'new'), { recursive: true, force: true })
  return done
}

/** Forgets a restore that had not begun to swap: the old library is in force as it was. */
export async function dropPrepared(dataFolder: string, { id }: Pick<RestoreState, 'id'>): Promise<void> {
  const folder = restoreFolder(dataFolder, id)
  await rm(join(folder, 'new'), { recursive: true, force: true })
  // What was before an earlier restore may lie there: then it stays.
  await rmdir(folder).catch(() => undefined)
  await rm(join(dataFolder, stateName), { force: true })
}

/**
 * Before a data folder is used: a restore that was cut off in its swap is brought to its end, one that was being
 * prepared is dropped. Tells what it did. Throws StartError while the process of the restore lives.
 */
export async function settleRestore(dataFolder: string): Promise<string | undefined> {
  const state = await readState(dataFolder)
  if (!state || state.step === 'done' || begunHere.has(state.id)) return undefined
  if (state.pid !== process.pid && signalled(state.pid, 0)) {
    throw new StartError(
      'BIBBY_ALREADY_RUNNING',
      `A backup is being restored over ${dataFolder}: process ${state.pid}, since ${state.at}. Wait until it has ended; bibby restore status says how far it is.`,
    )
  }
  if (state.step === 'preparing') {
    await dropPrepared(dataFolder, state)
    return `A restore of ${state.backup} was cut off while it was prepared, and is dropped: the library is as it was.`
  }
  await finishSwap(dataFolder, state)
  return `A restore of ${state.backup} was cut off, and is finished: the library is as of ${state.to}.`
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

import { mkdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { noteRestored } from '../journal/restored-heads.ts'
import { signalled } from '../postgres/postmaster.ts'
import { StartError } from '../start-error.ts'
import { dropNext, type Exchange, isExchanged } from './external-exchange.ts'
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
  /** On the operator's own server: what is exchanged there. */
  readonly databases?: Exchange
  /** The last restore that was done before this one began: should this one come to nothing, it is still the last. */
  readonly earlier?: RestoreState
}

/** Which library is in force; unknown while the server that would know does not answer. */
export type InForce = 'old' | 'new' | 'unknown'

const stateName = 'restore.json'

/** Below it lie `new`, what is to come into force, and `old`, what was before. */
export const restoreFolder = (dataFolder: string, id: string): string => join(dataFolder, `restore-${id}`)

/** Those that this process has begun; in a container its number may be that of a dead one. */
const begunHere = new Set<string>()

/** Writes down how far it is; from then on a crash is taken up from there. */
export async function writeState(dataFolder: string, state: RestoreState): Promise<void> {
  begunHere.add(state.id)
  const last = await readState(dataFolder)
  const earlier = last?.step === 'done' && last.id !== state.id ? last : last?.earlier
  const bare = withoutEarlier(state)
  const isLast = state.step === 'done' || !earlier
  await keep(dataFolder, isLast ? bare : { ...bare, earlier: withoutEarlier(earlier) })
}

async function keep(dataFolder: string, state: RestoreState): Promise<void> {
  await writeWhole(join(dataFolder, stateName), `${JSON.stringify(state, null, 2)}\n`)
}

function withoutEarlier({ earlier: _, ...state }: RestoreState): RestoreState {
  return state
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
  const state = await readState(dataFolder)
  // Refused before it began, it was never noted: what is noted is another.
  if (state?.id !== id) return
  if (state.earlier) await keep(dataFolder, state.earlier)
  else await rm(join(dataFolder, stateName), { force: true })
}

/**
 * Before a data folder is used: a restore that was cut off in its swap is brought to its end, one that was being
 * prepared is dropped. On the operator's own server the databases are asked which of the two it is. Tells what it did.
 * Throws StartError while the process of the restore lives, or where that server is not to be found.
 */
export async function settleRestore(
  dataFolder: string,
  databaseUrl: string | undefined,
): Promise<string | undefined> {
  const state = await readState(dataFolder)
  if (!state || state.step === 'done' || begunHere.has(state.id)) return undefined
  if (state.pid !== process.pid && signalled(state.pid, 0)) {
    throw new StartError(
      'BIBBY_ALREADY_RUNNING',
      `A backup is being restored over ${dataFolder}: process ${state.pid}, since ${state.at}. Wait until it has ended; bibby restore status says how far it is.`,
    )
  }
  const { databases } = state
  const isNew =
    state.step === 'swapping' && (!databases || (await isNewThere(dataFolder, databases, databaseUrl)))
  if (!isNew) {
    if (databases && databaseUrl !== undefined) await dropNext(databaseUrl, databases)
    await dropPrepared(dataFolder, state)
    const left =
      databases && databaseUrl === undefined ? ` Drop the database ${databases.next} on its server.` : ''
    return `A restore of ${state.backup} was cut off while it was prepared, and is dropped: the library is as it was.${left}`
  }
  await finishSwap(dataFolder, state)
  return `A restore of ${state.backup} was cut off, and is finished: the library is as of ${state.to}.`
}

/** Which library is in force while a restore is at this step, or was cut off at it. */
export async function inForce(state: RestoreState, databaseUrl: string | undefined): Promise<InForce> {
  if (state.step === 'done') return 'new'
  if (state.step === 'preparing') return 'old'
  if (!state.databases) return 'new'
  if (databaseUrl === undefined) return 'unknown'
  const isNew = await isExchanged(databaseUrl, state.databases).catch(() => undefined)
  return isNew === undefined ? 'unknown' : isNew ? 'new' : 'old'
}

async function isNewThere(
  dataFolder: string,
  databases: Exchange,
  databaseUrl: string | undefined,
): Promise<boolean> {
  const found = databaseUrl === undefined ? undefined : await isExchanged(databaseUrl, databases)
  if (found !== undefined) return found
  throw new StartError(
    'BIBBY_SETTINGS_INVALID',
    `A restore into the database ${databases.live} was cut off, and only that database tells how far it came. Set BIBBY_DATABASE_URL to it, and run bibby restore resume; nothing was changed. If its server is gone for good, remove ${join(dataFolder, stateName)}.`,
  )
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

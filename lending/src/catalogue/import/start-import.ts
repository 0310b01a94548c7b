import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Flaws } from '../../language/flaw.ts'
import type { Library } from '../../library.ts'
import { askedBy } from '../../postgres/asker.ts'
import type { Database, PoolOptions } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import { type By, type KeyReused, write } from '../../postgres/write.ts'
import { plainText } from '../../text.ts'
import { isImportLocked } from './import-lock.ts'
import { type ImportThread, openImportThread, type Told } from './import-thread.ts'
import { addImport, fileDigest, type ImportFile, type ImportFileRefused, importSetup } from './new-import.ts'
import type { ImportEnd, ImportProgress } from './run-import.ts'
import { forgetUpload, isHere, removeUpload } from './uploaded-file.ts'

/** The part of a library that imports need. */
export type ImportLibrary = {
  readonly db: Database
  readonly instance: string
  readonly clock: () => Date
  /** How to reach the database: an import opens connections of its own. */
  readonly connection: PoolOptions['connection']
  /** Files in its `uploads/` are removed when their import is over. */
  readonly dataFolder?: string
}

/** A file to import, under a name, for somebody. */
export type StartImportAsk = ImportFile & {
  readonly name: string
  /** `staff:ID` or `system:NAME`. */
  readonly actor: string
  /** The idempotency key: the same key again is the same import. Default: a new one. */
  readonly key?: string
}

/** Why an import was not started. */
export type StartImportRefused =
  | ImportFileRefused
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }
  /** The database never said whether it was added. The file must stay: if it was, the next start goes on with it. */
  | { readonly refused: 'start-unknown'; readonly key: string }
  | KeyReused

/** A commit whose answer was lost is asked about this often. */
const settleTriesMax = 5

/**
 * Adds an import and starts it on a thread of its own; `waitForImport` tells when it is over. The file must stay
 * where it is until then.
 */
export async function startImport(
  library: ImportLibrary & Pick<Library, 'patterns'>,
  ask: StartImportAsk,
): Promise<{ readonly changeSetId: number } | StartImportRefused> {
  const problem = nameProblem('name', ask.name) ?? nameProblem('fileName', ask.fileName)
  if (problem) return { refused: 'fields-invalid', problems: problem }
  const setup = await importSetup(library, ask)
  if ('refused' in setup) return setup
  const { fileBytes, fileSha256 } = await fileDigest(ask.filePath)
  const by: By = {
    actor: ask.actor,
    key: ask.key ?? randomUUID(),
    occurredAt: library.clock(),
    instance: library.instance,
  }
  const verb = addImport({ filePath: ask.filePath, fileBytes })
  const request = { name: ask.name, fileName: ask.fileName, fileSha256: fileSha256.toString('hex'), setup }
  for (let tries = 1; ; tries++) {
    const made = await write(library.db, by, verb, request)
    // Nobody knows whether it was added: the same key settles it.
    if (made.outcome === 'unknown' && tries < settleTriesMax) continue
    if (made.outcome === 'unknown') return { refused: 'start-unknown', key: by.key }
    if (made.outcome === 'refused') return made.refusal
    if (made.repeated) await forgetSecond(library, ask.filePath, made.answer.changeSetId)
    // Whoever waits hears of a fault; an import that nobody waits for is gone on with at the next start.
    runImport(library, made.answer.changeSetId).catch(() => undefined)
    return made.answer
  }
}

/** The same request again brought its file again; the import has the first one. */
async function forgetSecond(library: ImportLibrary, filePath: string, changeSetId: number): Promise<void> {
  const [first] = await library.db.rows<{ file_path: string }>(sql`
    select file_path from change_set where id = ${changeSetId}
  `)
  if (first && first.file_path !== filePath) await removeUpload(library, filePath)
}

/** The longest name of an import or of its file, in characters. */
const nameMax = 200

function nameProblem(field: string, value: unknown): Flaws | undefined {
  const checked = plainText(value, { label: 'the-name', max: nameMax, required: true })
  return checked.ok ? undefined : { [field]: checked.problem }
}

type Running = {
  readonly end: Promise<ImportEnd>
  readonly listeners: Set<(progress: ImportProgress) => void>
  readonly stop: () => void
  /** Another import waits behind it: it need not put the catalogue in order at its end. */
  readonly makeWay: () => void
}

/** The imports that this process runs, by library: one at a time each, so that the desk keeps a processor. */
type Turns = {
  readonly imports: Map<number, Running>
  last: Promise<unknown>
  /** New titles that no import has put in the order of search yet. */
  unplaced: number
  /** Kept from one import to the next for a while. */
  thread: ImportThread | undefined
}

const running = new WeakMap<Database, Turns>()

/**
 * Runs an import from where it is, on a thread of its own, behind those that this process already runs, and says
 * how it ended. Asked for twice, it runs once. Where the database goes away or the thread dies, it is tried again
 * for some minutes; then it rejects: what is committed stays and the next run goes on.
 */
export function runImport(
  library: ImportLibrary,
  changeSetId: number,
  options: { onProgress?: (progress: ImportProgress) => void; signal?: AbortSignal } = {},
): Promise<ImportEnd> {
  const turns = turnsOf(library)
  const known = turns.imports.get(changeSetId)
  // It goes on when whoever asked for it has left.
  const run = known ?? askedBy(undefined, () => begin(library, changeSetId, turns))
  if (!known) {
    for (const before of turns.imports.values()) before.makeWay()
    turns.imports.set(changeSetId, run)
    turns.last = run.end.catch(() => undefined).finally(() => turns.imports.delete(changeSetId))
  }
  if (options.onProgress) run.listeners.add(options.onProgress)
  options.signal?.addEventListener('abort', run.stop, { once: true })
  if (options.signal?.aborted) run.stop()
  return run.end
}

function turnsOf({ db }: ImportLibrary): Turns {
  const known = running.get(db)
  if (known) return known
  const turns: Turns = { imports: new Map(), last: Promise.resolve(), unplaced: 0, thread: undefined }
  running.set(db, turns)
  return turns
}

/**
 * Says that a file to import is on its way, so that the thread makes itself ready while it comes. If none comes after
 * all, nothing is lost.
 */
export function expectImport(library: ImportLibrary): void {
  readyThread(turnsOf(library))
}

/** How the import ended, once it has: at once when it is not running here. */
export function waitForImport(library: ImportLibrary, changeSetId: number): Promise<ImportEnd> {
  return runImport(library, changeSetId)
}

/**
 * Whether somebody is at this import: this process, which may also wait for its turn or for the database, or another
 * one that holds its lock. One that is `running` and that nobody is at was cut off.
 */
export async function isUnderWay(library: ImportLibrary, changeSetId: number): Promise<boolean> {
  if (running.get(library.db)?.imports.has(changeSetId)) return true
  return isImportLocked(library.db, changeSetId)
}

/** Stops all imports that this process runs, each after the batch it is at, and waits until they have. */
export async function stopImports(library: ImportLibrary): Promise<void> {
  const turns = running.get(library.db)
  if (!turns) return
  const imports = [...turns.imports.values()]
  for (const { stop } of imports) stop()
  await Promise.allSettled(imports.map(({ end }) => end))
  await turns.thread?.end()
}

/** How many cut-off imports one start takes up again. */
const resumedMax = 100

/**
 * Goes on with every import that was cut off or never begun. Those that another process runs are left to it, and
 * those whose file is not here to the machine that has it, for several may share one database.
 */
export async function resumeImports(library: ImportLibrary): Promise<readonly number[]> {
  const rows = await library.db.rows<{ id: number; file_path: string | null }>(sql`
    select id, file_path
    from change_set
    where kind = 'import' and state in ('waiting', 'running')
    order by id
    limit ${resumedMax}
  `)
  const resumed: number[] = []
  for (const { id, file_path } of rows) {
    if (!(await isHere(file_path))) continue
    runImport(library, id).catch(() => undefined)
    resumed.push(id)
  }
  return resumed
}

function begin(library: ImportLibrary, changeSetId: number, turns: Turns): Running {
  const listeners: Running['listeners'] = new Set()
  const stopping = new AbortController()
  const leaving = new AbortController()
  const told = { listeners, signal: stopping.signal, leave: leaving.signal }
  const end = turns.last.then(() => withPatience({ library, turns }, changeSetId, told))
  return { end, listeners, stop: () => stopping.abort(), makeWay: () => leaving.abort() }
}

/** Before each further try of an import whose database went away; after the last it is left to the next start. */
const pausesMs = [1_000, 5_000, 30_000, 60_000, 300_000]

/** Nobody would begin again an import that lost its database for a moment: it would seem to run for ever. */
async function withPatience(at: AtLibrary, changeSetId: number, told: Told): Promise<ImportEnd> {
  for (let tries = 0; ; tries++) {
    try {
      const end = await onThread(at, changeSetId, told)
      // What is left behind here is found by the sweep.
      await forgetUpload(at.library, changeSetId).catch(() => undefined)
      return end
    } catch (error) {
      const pauseMs = pausesMs[tries]
      if (pauseMs === undefined || told.signal.aborted) throw error
      const stopped = await wait(pauseMs, false, { signal: told.signal, ref: false }).catch(() => true)
      if (stopped) throw error
    }
  }
}

type AtLibrary = { readonly library: ImportLibrary; readonly turns: Turns }

function onThread({ library, turns }: AtLibrary, changeSetId: number, told: Told): Promise<ImportEnd> {
  const { connection, instance } = library
  const job = { connection, instance, changeSetId, unplaced: turns.unplaced }
  return readyThread(turns)
    .run(job, told)
    .then(({ end, unplaced }) => {
      turns.unplaced = unplaced
      return end
    })
}

function readyThread(turns: Turns): ImportThread {
  if (!turns.thread?.isAlive()) turns.thread = openImportThread()
  return turns.thread
}

import { randomUUID } from 'node:crypto'
import type { Patterns } from '@bibby/patterns/patterns.ts'
import { worded, wordedMark } from '../../language/worded.ts'
import type { Database } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'
import {
  type By,
  type Outcome,
  type PlainObject,
  type Refusal,
  type Verb,
  write,
} from '../../postgres/write.ts'
import { sortIn } from '../sort-in.ts'
import { batches } from './batches.ts'
import { type ChangeSet, changeSet } from './change-set.ts'
import { type Batch, type BatchImported, type ImportBatchAsk, importBatch } from './import-batch.ts'
import { lockImport } from './import-lock.ts'
import { fileDigest } from './new-import.ts'
import { recordsOf } from './records-of.ts'

/** What running an import needs. */
export type ImportRun = {
  readonly db: Database
  readonly instance: string
  readonly clock: () => Date
  /** Where patterns run that staff have written, of shelf plans and of the mapping. */
  readonly patterns: () => Promise<Patterns>
  /** Told after each batch. */
  readonly onProgress?: (progress: ImportProgress) => void
  /** Stops between two batches; the import can be run again and goes on there. */
  readonly signal?: AbortSignal
}

/** How far an import is: all of it committed. */
export type ImportProgress = {
  readonly changeSetId: number
  readonly read: number
  readonly imported: number
  readonly updated: number
  readonly unchanged: number
  readonly rejected: number
  readonly positionBytes: number
}

/** How a run ended. */
export type ImportEnd =
  | { readonly ended: 'done' | 'stopped' | 'failed'; readonly changeSet: ChangeSet }
  /** Another process runs it, or its turn is over: nothing was done here. */
  | { readonly ended: 'elsewhere' | 'over'; readonly changeSet: ChangeSet }
  | { readonly ended: 'unknown-import' }

/**
 * Runs an import from where it is: a new one from its beginning, one that was cut off behind its last committed
 * batch. Safe to call at any time and from any process: one runs it, all others are told so. Throws when the
 * database goes away; what is committed stays, and the next run goes on.
 */
export async function runImportHere(run: ImportRun, changeSetId: number): Promise<ImportEnd> {
  await using lock = await lockImport(run.db, changeSetId)
  const found = await stored(run, changeSetId)
  if (!found) return { ended: 'unknown-import' }
  if (!lock.isOurs) return { ended: 'elsewhere', changeSet: found.changeSet }
  if (!runnable.has(found.changeSet.state)) return { ended: 'over', changeSet: found.changeSet }
  const by = byOf(run, found.changeSet)
  await settled(() => write(run.db, by('begin'), setState, { changeSetId, state: 'running' }))
  try {
    await refuseOtherFile(found)
    const isWhole = await importAll(run, found, by)
    const state = isWhole ? 'done' : 'waiting'
    await settled(() => write(run.db, by('end'), setState, { changeSetId, state }))
    return await ended(run, changeSetId, isWhole ? 'done' : 'stopped')
  } catch (error) {
    // What the database says is for the next run; what the file says is for people.
    if (isOfTheDatabase(error)) throw error
    const because = whyTheFile(error)
    const ask = { changeSetId, state: 'failed', because } as const
    await settled(() => write(run.db, by('end'), setState, ask))
    return await ended(run, changeSetId, 'failed')
  }
}

/** States from which an import goes on. `running` without its lock was cut off. */
const runnable: ReadonlySet<string> = new Set(['waiting', 'running', 'failed'])

/** A commit whose answer was lost is asked about this often. */
const triesMax = 5

type Stored = { changeSet: ChangeSet; filePath: string; fileSha256: Buffer; options: string }

async function stored(run: ImportRun, changeSetId: number): Promise<Stored | undefined> {
  const found = await changeSet(run.db, changeSetId)
  const [file] = await run.db.rows<{ file_path: string; file_sha256: Buffer; options: string }>(sql`
    select file_path, file_sha256, options::text as options
    from change_set
    where id = ${changeSetId} and kind = 'import'
  `)
  if (!found || !file) return undefined
  return { changeSet: found, filePath: file.file_path, fileSha256: file.file_sha256, options: file.options }
}

async function refuseOtherFile({ changeSet: set, filePath, fileSha256 }: Stored): Promise<void> {
  const now = await fileDigest(filePath).catch((cause: unknown) => {
    throw new Error(worded('import-failed.file-gone', { path: filePath }), { cause })
  })
  if (now.fileSha256.equals(fileSha256)) return
  throw new Error(worded('import-failed.file-changed', { name: set.fileName }))
}

/**
 * Takes in batch after batch; the next two are read while the database works on one, for every second one also sorts
 * in and takes longer than its neighbours.
 */
async function importAll(run: ImportRun, found: Stored, by: (part: string) => By): Promise<boolean> {
  const { changeSet: set } = found
  const seenFrom = {
    changeSetId: set.changeSetId,
    fileSha256: found.fileSha256,
    options: found.options,
  }
  let read = set.read
  let progress: ImportProgress = progressOf(set)
  let writing: Promise<void> = Promise.resolve()
  let before = writing
  let isWhole = true
  const store = async (ask: ImportBatchAsk, batch: Pick<Batch, 'records' | 'position'>) => {
    if (run.signal?.aborted) {
      isWhole = false
      return
    }
    const verb = importBatch({ ...batch, setup: set.setup, seenFrom })
    const counts = await settled(() => write(run.db, by(`batch-${ask.from}-${ask.to}`), verb, ask))
    progress = added(progress, counts, batch.position)
    run.onProgress?.(progress)
  }
  const from = { position: set.positionBytes, number: set.read }
  try {
    for await (const batch of batches(
      run,
      recordsOf({ filePath: found.filePath, setup: set.setup, patterns: run.patterns }, from),
      set.setup,
    )) {
      await before
      if (run.signal?.aborted) {
        isWhole = false
        break
      }
      const ask = { changeSetId: set.changeSetId, from: read, to: read + batch.records.length }
      read = ask.to
      before = writing
      writing = writing.then(() => store(ask, batch))
      // Heard at an `await` to come; until then it must not count as unheard.
      writing.catch(() => undefined)
    }
  } finally {
    // Also when the file broke off: what was read of it is good.
    await writing
  }
  return isWhole
}

/** The answer of a write, asked for again under its key while nobody can say whether it was committed. */
async function settled<Done, Refused extends Refusal>(
  ask: () => Promise<Outcome<Done, Refused>>,
): Promise<Done> {
  for (let attempt = 1; attempt <= triesMax; attempt++) {
    const outcome = await ask()
    if (outcome.outcome === 'done') return outcome.answer
    if (outcome.outcome === 'refused') throw new ImportMovedOnError(outcome.refusal.refused)
  }
  throw new ImportMovedOnError('unknown')
}

/** The import is no longer where this run left it. Nothing more was written by this run. */
export class ImportMovedOnError extends Error {
  override readonly name = 'ImportMovedOnError'
  readonly code = 'BIBBY_IMPORT_MOVED_ON'
  constructor(because: string, options?: ErrorOptions) {
    super(`The import was taken further or ended by somebody else (${because}). This run stopped.`, options)
  }
}

type SetStateAsk = {
  readonly changeSetId: number
  readonly state: 'running' | 'waiting' | 'done' | 'failed'
  readonly because?: string
}

const setState: Verb<SetStateAsk, PlainObject & { readonly changeSetId: number }, never> = {
  action: 'import-state',
  about: ({ changeSetId }) => ({ changeSetId }),
  work: async (tx, { changeSetId, state, because }, { occurredAt }) => {
    await tx.rows(sql`
      update change_set
      set state = ${state}, failed_because = ${because ?? null},
        ended_at = ${state === 'running' || state === 'waiting' ? null : occurredAt}
      where id = ${changeSetId} and state in ('waiting', 'running', 'failed')
    `)
    if (state !== 'running') await sortIn(tx)
    return { changeSetId, state }
  },
}

/**
 * The keys are of this run: a batch that came too late was refused, and its key would give that answer for ever. No
 * batch doubles, for each checks its place.
 */
function byOf(run: ImportRun, set: ChangeSet): (part: string) => By {
  const runId = randomUUID()
  return (part) => ({
    actor: set.actor,
    key: `import-${set.changeSetId}-${part}-${runId}`,
    occurredAt: run.clock(),
    instance: run.instance,
  })
}

async function ended(
  run: ImportRun,
  changeSetId: number,
  how: 'done' | 'stopped' | 'failed',
): Promise<ImportEnd> {
  const set = await changeSet(run.db, changeSetId)
  return set ? { ended: how, changeSet: set } : { ended: 'unknown-import' }
}

function whyTheFile(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, 500)
  const isPacking = 'code' in error && String(error.code).startsWith('Z_')
  return isPacking
    ? worded('import-failed.packed')
    : error.message.startsWith(wordedMark)
      ? error.message
      : error.message.slice(0, 500)
}

function isOfTheDatabase(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  const code = String(error.code)
  // Ours begin so; five signs are a SQLSTATE; the rest is Node's, of a file or of a socket.
  return code.startsWith('BIBBY_') || /^[0-9A-Z]{5}$/.test(code) || code === 'ECONNRESET' || code === 'EPIPE'
}

function progressOf(set: ChangeSet): ImportProgress {
  const { changeSetId, read, imported, updated, unchanged, rejected, positionBytes } = set
  return { changeSetId, read, imported, updated, unchanged, rejected, positionBytes }
}

function added(progress: ImportProgress, counts: BatchImported, positionBytes: number): ImportProgress {
  return {
    changeSetId: progress.changeSetId,
    read: progress.read + counts.read,
    imported: progress.imported + counts.imported,
    updated: progress.updated + counts.updated,
    unchanged: progress.unchanged + counts.unchanged,
    rejected: progress.rejected + counts.rejected,
    positionBytes,
  }
}

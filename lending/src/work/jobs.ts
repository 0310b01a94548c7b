import { createReadStream } from 'node:fs'
import { type ExportFormat, exportTitles } from '../catalogue/export.ts'
import type { ImportFile } from '../catalogue/import/new-import.ts'
import { previewImport } from '../catalogue/import/preview-import.ts'
import type { AuditStep } from '../journal/audit-report.ts'
import { auditSteps } from '../journal/verify-audit.ts'
import type { Library } from '../library.ts'
import { type ImportProgress, importKeptHere, type KeptAsk } from '../patrons/import-kept-file.ts'
import { importPatrons, type PatronFileOptions } from '../patrons/import-patrons.ts'
import { previewPatrons } from '../patrons/preview-patrons.ts'
import type { ByFromAfar } from '../postgres/write.ts'

/** What a job works with. */
export type At = Pick<Library, 'db' | 'patterns'> & { readonly signal: AbortSignal }

/** Hands on a part of the answer; settles when there is room for the next. */
export type Tell<Part> = (part: Part) => Promise<void>

/** The epoch that a write was opened under. */
type Opened = { readonly epoch: number }

type PatronFile = { readonly path: string; readonly options: PatronFileOptions }

/**
 * What runs on threads: all that takes the processor for more than some milliseconds on end, or for seconds in all. Each
 * is given plain data and what to tell its parts to, and ends with plain data.
 */
export const jobs = {
  export: async (
    { db }: At,
    ask: { readonly format: ExportFormat; readonly copies: boolean },
    tell: Tell<Uint8Array>,
  ) => {
    for await (const part of exportTitles(db, ask)) await tell(part)
  },
  'verify-audit': async ({ db }: At, { dataFolder }: { dataFolder: string }, tell: Tell<AuditStep>) => {
    const steps = await auditSteps({ db, dataFolder })
    // It has begun: what is verified was reached.
    await tell({ checked: 0, of: 0 })
    for await (const step of steps) await tell(step)
  },
  'preview-import': (at: At, file: ImportFile) => previewImport(at, file),
  'preview-patrons': (at: At, { path, options }: PatronFile) =>
    previewPatrons(at, createReadStream(path), options),
  'import-patrons': (
    at: At,
    { by, path, options }: PatronFile & { readonly by: ByFromAfar },
    tell: Tell<Opened>,
  ) => {
    const told = newestOnly(tell)
    const onOpened = (epoch: number) => told({ epoch })
    return importPatrons(at, { ...by, onOpened }, createReadStream(path), { ...options, signal: at.signal })
  },
  'import-kept-patrons': (at: At, ask: KeptAsk, tell: Tell<ImportProgress>) =>
    importKeptHere(at, ask, { signal: at.signal, told: newestOnly(tell) }),
}

/** Tells what there is when there is room, and passes over what comes before. */
function newestOnly<Part>(tell: Tell<Part>): (part: Part) => void {
  let isFull = false
  return (part) => {
    if (isFull) return
    isFull = true
    const again = () => {
      isFull = false
    }
    // Who is stopped hears it by the signal.
    tell(part).then(again, again)
  }
}

/** The name of a job. */
export type JobName = keyof typeof jobs

/** Those that write: their sessions hold locks that a desk may want, so they run beside the desks, not after them. */
export const writing: ReadonlySet<JobName> = new Set(['import-patrons', 'import-kept-patrons'])

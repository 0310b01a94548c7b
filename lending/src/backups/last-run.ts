import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeWhole } from './files.ts'

/** What became of the last run, and of the last one of each kind. */
export type RunNoted = {
  readonly at: string
  readonly outcome: 'proven' | 'failed'
  readonly because: string | null
}

/** The last run of each outcome. */
export type LastRuns = Readonly<Partial<Record<RunNoted['outcome'], RunNoted>>>

/** A folder of backups, which libraries may share, and one of them. */
export type OfLibrary = { readonly backups: string; readonly libraryId: string }

const fileOf = ({ backups, libraryId }: OfLibrary) => join(backups, `last-run-${libraryId}.json`)

/** Writes down what became of a run. */
export async function noteRun(place: OfLibrary, run: RunNoted): Promise<void> {
  const before = await lastRuns(place)
  await writeWhole(fileOf(place), `${JSON.stringify({ ...before, [run.outcome]: run }, null, 2)}\n`)
}

/** What became of the last runs; nothing where there was none. */
export async function lastRuns(place: OfLibrary): Promise<LastRuns> {
  try {
    return JSON.parse(await readFile(fileOf(place), 'utf8')) as LastRuns
  } catch {
    return {}
  }
}

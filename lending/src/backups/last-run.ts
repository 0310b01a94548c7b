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

const lastRunName = 'last-run.json'

/** Writes down what became of a run. */
export async function noteRun(backups: string, run: RunNoted): Promise<void> {
  const before = await lastRuns(backups)
  await writeWhole(
    join(backups, lastRunName),
    `${JSON.stringify({ ...before, [run.outcome]: run }, null, 2)}\n`,
  )
}

/** What became of the last runs; nothing where there was none. */
export async function lastRuns(backups: string): Promise<LastRuns> {
  try {
    return JSON.parse(await readFile(join(backups, lastRunName), 'utf8')) as LastRuns
  } catch {
    return {}
  }
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeWhole } from './backups/files.ts'

/** What a drill may show; see drills/runner/verdict.ts. */
export const drillVerdicts = ['held', 'harmed', 'proves-nothing', 'broken'] as const

/** What a drill showed when it was last played, and when that was, as ISO 8601. */
export type DrillNoted = {
  readonly name: string
  readonly verdict: (typeof drillVerdicts)[number]
  readonly at: string
}

const notedMax = 200
const fileOf = (dataFolder: string) => join(dataFolder, 'drills.json')

/** Writes down what drills showed, for the page of operators; those that were not played now stay as they were. */
export async function noteDrills(dataFolder: string, played: readonly DrillNoted[]): Promise<void> {
  const names = new Set(played.map(({ name }) => name))
  const others = (await drillsNoted(dataFolder)).filter(({ name }) => !names.has(name))
  const all = [...others, ...played].toSorted((one, other) => one.name.localeCompare(other.name, 'en'))
  await writeWhole(fileOf(dataFolder), `${JSON.stringify(all.slice(0, notedMax), null, 2)}\n`)
}

/** What was written down; nothing where none was played for this library, or the file says something else. */
export async function drillsNoted(dataFolder: string): Promise<readonly DrillNoted[]> {
  try {
    const found: unknown = JSON.parse(await readFile(fileOf(dataFolder), 'utf8'))
    return Array.isArray(found) ? found.filter(isNoted).slice(0, notedMax) : []
  } catch {
    return []
  }
}

function isNoted(each: unknown): each is DrillNoted {
  const { name, verdict, at } = (each ?? {}) as Readonly<Record<string, unknown>>
  const isKnown = drillVerdicts.some((known) => known === verdict)
  return typeof name === 'string' && isKnown && typeof at === 'string' && !Number.isNaN(Date.parse(at))
}

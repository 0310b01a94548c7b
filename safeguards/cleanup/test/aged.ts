import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lab } from './lab.ts'

const dayMs = 86_400_000

/** As if a run had been seen on these days, the last of them today, with a restart of the machine between every two. */
export function aged(here: Lab, run: string, days: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8]): void {
  const last = days.at(-1) ?? 0
  const lines = days.map((day) =>
    JSON.stringify({
      at: new Date(Date.now() - (last - day) * dayMs).toISOString(),
      boot: `boot ${day}`,
      uptimeMs: 0,
    }),
  )
  writeFileSync(join(here.root, '.cleanup', 'runs', run, 'sightings'), `${lines.join('\n')}\n`)
}

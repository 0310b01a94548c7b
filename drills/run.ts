import { mkdir, writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { noteDrills } from '@bibby/lending/drills-noted.ts'
import { drills } from './drills.ts'
import { indexOf, pageOf } from './runner/page.ts'
import { perform, type Report } from './runner/perform.ts'
import { playAll } from './runner/programme.ts'
import { turnsOn } from './runner/screen.ts'
import { openStage } from './runner/stage.ts'
import { tellOn } from './runner/terminal.ts'
import { exitCodes } from './runner/verdict.ts'

const folder = fileURLToPath(new URL('reports/', import.meta.url))
const misunderstood = 2

/**
 * `npm run drill [NAME…] [-- --seed N --data FOLDER]`: plays the named drills, or all, and draws each. What they showed is
 * written into the data folder of a library, for its page of operators, where one is given. Exit codes: runner/verdict.ts,
 * the highest of all; 2 when a name or option is not known.
 */
async function run(words: readonly string[]): Promise<number> {
  const asked = read(words)
  if ('wrong' in asked) {
    process.stderr.write(`${asked.wrong}\nThere are: ${drills.map(({ name }) => name).join(', ')}.\n`)
    return misunderstood
  }
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('It was stopped.')))
  process.once('SIGTERM', () => stop.abort(new Error('It was stopped.')))
  const turn = turnsOn(process.stdout)
  await using stage = openStage()
  await mkdir(folder, { recursive: true })
  const chosen = drills.filter(({ name }) => asked.names.length === 0 || asked.names.includes(name))
  const reports = await playAll(chosen, {
    signal: stop.signal,
    play: async (drill) => {
      const screen = turn()
      const tell = tellOn(screen)
      tell.opens(drill, asked.seed)
      const report = await perform(drill, { seed: asked.seed, stage, watching: tell, signal: stop.signal })
      const page = `${folder}${drill.name}.html`
      await writeFile(page, pageOf(report))
      tell.closes(report, relative(process.cwd(), page))
      screen.ends()
      return report
    },
  })
  await writeFile(`${folder}index.html`, indexOf(reports))
  if (asked.data !== undefined) await noteDrills(asked.data, reports.map(noted))
  await writeFile(`${folder}latest.json`, `${JSON.stringify(reports.map(brief), null, 2)}\n`)
  return Math.max(0, ...reports.map(({ verdict }) => exitCodes[verdict]))
}

type Asked =
  | { readonly names: readonly string[]; readonly seed: number; readonly data: string | undefined }
  | { readonly wrong: string }

const seedsMax = 2 ** 31

function read(words: readonly string[]): Asked {
  try {
    const { positionals, values } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: { seed: { type: 'string' }, data: { type: 'string' } },
    })
    const strange = positionals.filter((name) => !drills.some((drill) => drill.name === name))
    if (strange.length > 0) return { wrong: `There is no drill ${strange.join(', ')}.` }
    const seed = values.seed === undefined ? Math.floor(Math.random() * seedsMax) : Number(values.seed)
    if (!Number.isInteger(seed) || seed < 0 || seed >= seedsMax) {
      return { wrong: `A seed is a whole number from 0 to ${seedsMax - 1}, not ${values.seed}.` }
    }
    return { names: positionals, seed, data: values.data }
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : 'The command was not understood.' }
  }
}

function noted({ drill: { name }, verdict, startedAt }: Report) {
  return { name, verdict, at: startedAt.toISOString() }
}

function brief({ drill, seed, startedAt, acts, verdict }: Report): object {
  return { name: drill.name, seed, startedAt, verdict, acts: acts.map(({ series: _, ...act }) => act) }
}

process.exitCode = await run(process.argv.slice(2))

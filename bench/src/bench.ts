import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { bibbyVersion } from '@bibby/lending/version.ts'
import { admission } from './admission.ts'
import { backupBesideDesks } from './backup-beside-desks.ts'
import { backups } from './backups.ts'
import { checkouts } from './checkouts.ts'
import { cleanup } from './cleanup.ts'
import { deskOnScreen } from './desk-on-screen.ts'
import { hasRealSets } from './generated-titles.ts'
import { guard } from './guard.ts'
import { imports } from './imports.ts'
import { memory } from './memory.ts'
import { notices } from './notices.ts'
import { overload } from './overload.ts'
import { overloadOfBibby } from './overload-of-bibby.ts'
import { patterns } from './patterns.ts'
import { policies } from './policies.ts'
import { receipts } from './receipts.ts'
import type { Row } from './row.ts'
import { searchRows } from './search-rows.ts'
import { startTimes } from './start-times.ts'
import { stolenFromNow } from './stolen.ts'

const generated = hasRealSets()
const benches: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  admission,
  'backup-beside-desks': backupBesideDesks,
  backups,
  checkouts,
  cleanup,
  'desk-on-screen': deskOnScreen,
  guard,
  imports,
  memory,
  notices,
  overload,
  patterns,
  policies,
  receipts,
  ...(generated
    ? {
        'overload-of-bibby': overloadOfBibby,
        'overload-of-bibby-shared': () => overloadOfBibby({ isShared: true }),
        'search-10k': () => searchRows(10_000),
        'search-100k': () => searchRows(100_000),
        'search-1m': () => searchRows(1_000_000),
        'start-10k': () => startTimes(10_000),
        'start-1m': () => startTimes(1_000_000),
      }
    : {}),
}
const results = fileURLToPath(new URL('../results/', import.meta.url))

const print = (line: string) => process.stdout.write(`${line}\n`)
const talk = (line: string) => process.stderr.write(`${line}\n`)

/** Runs the named benches, or all of them, and prints a row for each figure with its ratio. */
async function run(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !(name in benches))
  if (unknown.length > 0) {
    talk(`There is no bench ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`)
    return 2
  }
  if (!generated) talk('The sets of ../shared/data are not here: search and start are left out.')
  print(
    `Bibby ${bibbyVersion()} at ${commit()}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  )
  print('')
  print('| what | measured | against | ratio | size |\n|---|---|---|---|---|')
  const rows: Row[] = []
  for (const name of names.length > 0 ? names : Object.keys(benches)) {
    talk(`${name} …`)
    const stolen = stolenFromNow()
    for (const row of await (benches[name] as () => Promise<readonly Row[]>)()) {
      rows.push(row)
      print(`| ${row.what} | ${row.measured} | ${row.against} | ${row.ratio.toFixed(2)} | ${row.size} |`)
    }
    const share = stolen()
    if (share !== undefined)
      talk(`${name}: ${(share * 100).toFixed(1)}% of the processors' time went to others.`)
  }
  await mkdir(results, { recursive: true })
  await writeFile(
    `${results}latest.json`,
    `${JSON.stringify({ at: new Date().toISOString(), rows }, null, 2)}\n`,
  )
  return 0
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'an unknown commit'
  }
}

process.exitCode = await run(process.argv.slice(2))

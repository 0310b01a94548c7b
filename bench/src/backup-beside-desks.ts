import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openPool } from '@bibby/lending/postgres/pool.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { desk, fillLibrary } from './filled-library.ts'
import { lendAtPace } from './lend-at-pace.ts'
import { percentiles } from './percentiles.ts'
import type { Row } from './row.ts'
import { dataFolder, startBibby } from './running-bibby.ts'
import { signIn } from './sign-in.ts'

const patrons = 20_000
const copies = 400_000
/** Several times what a large consortium lends; see checkouts.ts. */
const perSecond = 80
const warmSeconds = 20
/** Of each stretch without a backup. One with a backup goes on until the backup has ended. */
const stretchSeconds = 20
const turns = 3
const [, ...bibbyArguments] = packageJson.scripts.bibby.split(' ')

/** What desks notice of a backup that is taken and proven by command beside them, in turns with stretches without one. */
export async function backupBesideDesks(): Promise<readonly Row[]> {
  await using folder = await dataFolder()
  await using backups = await dataFolder()
  const env = { BIBBY_BACKUP_FOLDER: backups.path }
  await using bibby = await startBibby(folder.path, { env })
  await using db = openPool({
    connection: bibby.connection,
    name: 'bench',
    connectionsMax: 2,
    statementLimitMs: 600_000,
  })
  await fillLibrary(db, { patrons, copies })
  const token = await signIn(bibby.address, desk)
  let from = 0
  const lendFor = async (seconds: number) => {
    const begun = from
    from += seconds * perSecond
    const at = { address: bibby.address, token, patrons, perSecond }
    return lendAtPace(at, { from: begun, count: seconds * perSecond })
  }
  await lendFor(warmSeconds)
  const [beside, without]: [number[], number[]] = [[], []]
  let seconds = 0
  for (let turn = 0; turn < turns; turn++) {
    without.push(...(await lendFor(stretchSeconds)))
    const backup = runBackup(folder.path, env)
    const ended = once(backup, 'exit')
    while (backup.exitCode === null) {
      beside.push(...(await lendFor(1)))
      seconds++
    }
    const [code] = await ended
    if (code !== 0) throw new Error(`bibby backup run ended with ${code}.`)
  }
  const [here, there] = [percentiles(beside), percentiles(without)]
  const size = `${beside.length} and ${without.length} checkouts at ${perSecond}/s, ${copies.toLocaleString('en')} copies; ${turns} backups of ${(seconds / turns).toFixed(0)} s each`
  const row = (of: 'p50' | 'p95' | 'p99'): Row => ({
    what: `checkout ${of} while a backup is taken and proven`,
    measured: ms(here[of]),
    against: `without one, in turn with it: ${ms(there[of])}`,
    ratio: here[of] / there[of],
    size,
  })
  return [row('p50'), row('p95'), row('p99')]
}

function runBackup(data: string, env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [...bibbyArguments, 'backup', 'run'], {
    // Why a run failed is said there; the table is ours.
    stdio: ['ignore', 2, 'inherit'],
    env: { PATH: '/usr/bin:/bin', BIBBY_DATA: data, ...env },
  })
}

const ms = (value: number) => `${value.toFixed(1)} ms`

import { readFile } from 'node:fs/promises'
import { openPool } from '@bibby/lending/postgres/pool.ts'
import { desk, fillLibrary } from './filled-library.ts'
import { hardQueries } from './hard-queries.ts'
import { dayAtTheDesk } from './load.ts'
import type { Row } from './row.ts'
import { dataFolder, startBibby } from './running-bibby.ts'
import { signIn } from './sign-in.ts'

const patrons = 5_000
const copies = 100_000
/** An hour of PINES at its published peak (548 loans a minute) with as many returns and a search for every loan. */
const thirds = 3
const requestsPerHour = 3 * 548 * 60
const limitMiB = 200

/** Resident memory of the Bibby process before and after each third of an hour’s requests, sent as fast as they are answered. */
export async function memory(): Promise<readonly Row[]> {
  await using folder = await dataFolder()
  await using bibby = await startBibby(folder.path)
  await using db = openPool({
    connection: bibby.connection,
    name: 'bench',
    connectionsMax: 1,
    statementLimitMs: 600_000,
  })
  await fillLibrary(db, { patrons, copies })
  const token = await signIn(bibby.address, desk)
  const resident = [await residentMiB(bibby.pid)]
  for (let third = 0; third < thirds; third++) {
    await dayAtTheDesk(bibby.address, token, {
      requests: requestsPerHour / thirds,
      patrons,
      copies,
      queries: hardQueries,
    })
    resident.push(await residentMiB(bibby.pid))
  }
  const last = resident.at(-1) ?? 0
  return [
    {
      what: 'resident memory, before and after each third of an hour’s requests',
      measured: `${resident.map((each) => each.toFixed(0)).join(' → ')} MiB`,
      against: `a limit of ${limitMiB} MiB`,
      ratio: last / limitMiB,
      size: `${requestsPerHour} requests, a third each checkouts, returns and searches`,
    },
  ]
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kibibytes = Number(/VmRSS:\s{1,20}(\d{1,12}) kB/.exec(status)?.[1])
  return kibibytes / 1024
}

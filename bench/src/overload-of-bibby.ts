import { existsSync } from 'node:fs'
import { openPool } from '@bibby/lending/postgres/pool.ts'
import { apart } from './apart.ts'
import { barcodeOf, cardOf, desk, fillLibrary } from './filled-library.ts'
import { fillCatalogue } from './generated-catalogue.ts'
import { hardQueries } from './hard-queries.ts'
import { type Arrived, arrive } from './open-loop.ts'
import { percentiles } from './percentiles.ts'
import type { Row } from './row.ts'
import { dataFolder, inMemory, startBibby } from './running-bibby.ts'
import { signIn } from './sign-in.ts'
import { searchesByWrk, wrkMissing } from './wrk.ts'

const titles = 50_000
const patrons = 2_000
const copies = 20_000
const timesCapacity = 5
/** Enough to keep what answers searches busy, and no more. */
const capacityConnections = 16
const deskPerSecond = 25
const seconds = 15
const warmSeconds = 8
/** Who stands at a desk gives up after this. */
const patienceMs = 1_000
/** Who searches waits longer. */
const searchPatienceMs = 2_000
const hook = new URL('other-guard.ts', import.meta.url).href

type Desk = { readonly answered: number; readonly asked: number; readonly p50: number; readonly p95: number }
type At = { readonly address: string; readonly token: string }

/** Desks of the whole of Bibby beside five times as many searches as it can do, behind each guard. */
export async function overloadOfBibby(): Promise<readonly Row[]> {
  const missing = wrkMissing()
  if (missing) {
    process.stderr.write(`${missing} Without it this bench is left out.\n`)
    return []
  }
  const { server, clients } = apart() ?? {}
  // A shared disk that takes 100 ms for a sync now and then would be all that is measured.
  const isInMemory = existsSync(inMemory)
  await using folder = await dataFolder(isInMemory ? inMemory : undefined)
  await fill(folder.path)
  const rows: Row[] = []
  let perSecond: number | undefined
  let scans = 0
  for (const guard of ['none', 'under-pressure', 'bibby'] as const) {
    await using bibby = await startBibby(folder.path, {
      ...(guard === 'bibby' ? {} : { env: { NODE_OPTIONS: `--import ${hook}?guard=${guard}` } }),
      ...(server ? { processors: server } : {}),
    })
    const token = await signIn(bibby.address, desk)
    const at = { address: bibby.address, token }
    const capacity = async () => {
      const load = { queries: hardQueries, connections: capacityConnections, seconds: warmSeconds }
      const { answered } = await searchesByWrk(at.address, token, { ...load, processors: clients })
      return answered / warmSeconds
    }
    const atTheDesk = async (forSeconds: number) => {
      const told = await scan(at, { from: scans, forSeconds, processors: clients })
      scans += told.asked
      return told
    }
    await Promise.all([capacity(), atTheDesk(warmSeconds)])
    perSecond ??= await capacity()
    const idle = await atTheDesk(seconds)
    const [searched, busy] = await Promise.all([
      search(at, { perSecond: timesCapacity * perSecond, processors: clients }),
      atTheDesk(seconds),
    ])
    rows.push(
      ...rowsOf(guard, { idle, busy, searched, perSecond, isApart: server !== undefined, isInMemory }),
    )
  }
  return rows
}

function rowsOf(
  guard: string,
  {
    idle,
    busy,
    searched,
    perSecond,
    isApart,
    isInMemory,
  }: { idle: Desk; busy: Desk; searched: Arrived; perSecond: number; isApart: boolean; isInMemory: boolean },
): readonly Row[] {
  const became = Object.entries(searched.statuses)
    .map(([status, count]) => `${status === '0' ? 'no answer' : status}: ${Math.round(count / seconds)}/s`)
    .join(', ')
  const place = isApart ? 'who asks has a processor of their own' : 'who asks shares the processors'
  const size = `${titles} titles; ${timesCapacity} × ${Math.round(perSecond)} searches/s, the most that are answered without a guard, arriving whether or not those before were answered (sent late by at most ${searched.sentLateMs.toFixed(1)} ms, p99; ${became}; patience ${searchPatienceMs} ms) beside ${deskPerSecond} scans/s, ${seconds} s; ${place}; data ${isInMemory ? 'in memory' : 'on the disk'}`
  return [
    {
      what: `whole of Bibby, desk answered within ${patienceMs} ms, guard: ${guard}`,
      measured: `${busy.answered} of ${busy.asked}`,
      against: 'all',
      ratio: busy.answered / busy.asked,
      size,
    },
    {
      what: `whole of Bibby, desk p95, guard: ${guard}`,
      measured: `${busy.p95.toFixed(1)} ms (p50 ${busy.p50.toFixed(1)})`,
      against: `idle ${idle.p95.toFixed(1)} ms (p50 ${idle.p50.toFixed(1)})`,
      ratio: busy.p95 / idle.p95,
      size,
    },
  ]
}

async function fill(folder: string): Promise<void> {
  await using bibby = await startBibby(folder)
  await using db = openPool({
    connection: bibby.connection,
    name: 'bench',
    connectionsMax: 4,
    statementLimitMs: 600_000,
  })
  await fillCatalogue(db, titles, folder)
  await fillLibrary(db, { patrons, copies })
}

function search(
  at: At,
  { perSecond, processors }: { readonly perSecond: number; readonly processors: string | undefined },
): Promise<Arrived> {
  const requests = hardQueries.map((query) => ({ path: '/api/v1/books/search', body: { query } }))
  const arrivals = { ...at, requests, perSecond, seconds, patienceMs: searchPatienceMs }
  return arrive({ ...arrivals, spacing: 'random' }, processors)
}

/** Lends and takes back in turn, at a steady pace, whether or not the one before was answered. */
async function scan(
  at: At,
  {
    from,
    forSeconds,
    processors,
  }: { readonly from: number; readonly forSeconds: number; readonly processors: string | undefined },
): Promise<Desk> {
  const requests = Array.from({ length: forSeconds * deskPerSecond }, (_, nth) => scanOf(from + nth))
  const load = { ...at, requests, perSecond: deskPerSecond, seconds: forSeconds, patienceMs }
  const { asked, statuses, times } = await arrive({ ...load, spacing: 'even' }, processors)
  // A copy that is lent already is told as a conflict, and the desk goes on.
  const answered = (statuses['200'] ?? 0) + (statuses['201'] ?? 0) + (statuses['409'] ?? 0)
  const { p50, p95 } = percentiles(times)
  return { answered, asked, p50, p95 }
}

function scanOf(n: number): { readonly path: string; readonly body: object } {
  // What was lent a second ago is brought back.
  const isLoan = n % 2 === 0
  const copy = isLoan ? n : Math.max(0, n - deskPerSecond + ((n - deskPerSecond) % 2))
  const body = {
    barcode: barcodeOf(copy % copies),
    branch: desk.branch,
    ...(isLoan ? { card: cardOf(n % patrons) } : {}),
  }
  return { path: isLoan ? '/api/v1/loans' : '/api/v1/returns', body }
}

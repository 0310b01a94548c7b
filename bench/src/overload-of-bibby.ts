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
const seconds = 12
const rounds = 3
const warmSeconds = 8
/** Who stands at a desk gives up after this. */
const patienceMs = 1_000
/** Who searches waits longer. */
const searchPatienceMs = 2_000
const hook = new URL('other-guard.ts', import.meta.url).href

type Desk = {
  readonly answered: number
  readonly asked: number
  /** Answered with 409: the copy was lent already. */
  readonly conflicts: number
  readonly p50: number
  readonly p95: number
  readonly sentLateMs: number
}
type At = { readonly address: string; readonly token: string }
type Round = { readonly idle: Desk; readonly busy: Desk; readonly searched: Arrived }

const guards = ['none', 'under-pressure', 'bibby'] as const
type Guard = (typeof guards)[number]

/**
 * Desks of the whole of Bibby beside five times as many searches as it can do, behind each guard. `isShared`: who asks runs on
 * the processors of Bibby, as where both are one machine.
 */
export async function overloadOfBibby({ isShared = false } = {}): Promise<readonly Row[]> {
  const missing = wrkMissing()
  if (missing) {
    process.stderr.write(`${missing} Without it this bench is left out.\n`)
    return []
  }
  const processors = isShared ? undefined : apart()
  // A shared disk that takes 100 ms for a sync now and then would be all that is measured.
  const isInMemory = existsSync(inMemory)
  await using folder = await dataFolder(isInMemory ? inMemory : undefined)
  await fill(folder.path)
  const seen: Record<Guard, Round[]> = { none: [], 'under-pressure': [], bibby: [] }
  let perSecond: number | undefined
  let scans = 0
  for (let nth = 0; nth < rounds; nth++) {
    // Each guard is the first in one of the rounds: what a machine does meanwhile falls on all of them.
    for (const guard of [...guards.slice(nth % guards.length), ...guards.slice(0, nth % guards.length)]) {
      await using bibby = await startBibby(folder.path, {
        ...(guard === 'bibby' ? {} : { env: { NODE_OPTIONS: `--import ${hook}?guard=${guard}` } }),
        ...(processors ? { processors: processors.server } : {}),
      })
      const at = { address: bibby.address, token: await signIn(bibby.address, desk) }
      const clients = processors?.clients
      const capacity = async () => {
        const load = { queries: hardQueries, connections: capacityConnections, seconds: warmSeconds }
        const { answered } = await searchesByWrk(at.address, at.token, { ...load, processors: clients })
        return answered / warmSeconds
      }
      const atTheDesk = async (forSeconds: number) => {
        const told = await scan(at, { from: scans, forSeconds, processors: clients })
        scans += told.asked
        return told
      }
      await Promise.all([capacity(), atTheDesk(warmSeconds)])
      if (perSecond === undefined) {
        perSecond = await capacity()
        // As all the others find it: busy a moment ago, then with a desk.
        await Promise.all([capacity(), atTheDesk(warmSeconds)])
      }
      const idle = await atTheDesk(seconds)
      const [searched, busy] = await Promise.all([
        search(at, { perSecond: timesCapacity * perSecond, processors: clients }),
        atTheDesk(seconds),
      ])
      seen[guard].push({ idle, busy, searched })
    }
  }
  const place = processors ? 'who asks has a processor of their own' : 'who asks shares the processors'
  const idle = p95sOf(guards.flatMap((guard) => seen[guard].map(({ idle: each }) => each)))
  return guards.flatMap((guard) =>
    rowsOf(guard, seen[guard], {
      idle,
      load: `${titles} titles; ${timesCapacity} × ${Math.round(perSecond ?? 0)} searches/s, the most that are answered without a guard, arriving whether or not those before were answered, beside ${deskPerSecond} scans/s; ${rounds} rounds of ${seconds} s, each guard the first in one; ${place}; data ${isInMemory ? 'in memory' : 'on the disk'}`,
    }),
  )
}

type Spread = { readonly middle: number; readonly told: string }

/** The median of these, and all that lies around it. */
function spread(values: readonly number[]): Spread {
  const { p50, max } = percentiles(values)
  return {
    middle: p50,
    told: `${p50.toFixed(1)} ms (${Math.min(...values).toFixed(1)} to ${max.toFixed(1)})`,
  }
}

function p95sOf(desks: readonly Desk[]): Spread {
  return spread(desks.map(({ p95 }) => p95))
}

function rowsOf(
  guard: Guard,
  of: readonly Round[],
  { idle, load }: { readonly idle: Spread; readonly load: string },
): readonly Row[] {
  const sum = (what: (round: Round) => number) => of.reduce((all, round) => all + what(round), 0)
  const answered = sum(({ busy }) => busy.answered)
  const asked = sum(({ busy }) => busy.asked)
  const busy = p95sOf(of.map((round) => round.busy))
  const late = (what: (round: Round) => { readonly sentLateMs: number }) =>
    Math.max(...of.map((round) => what(round).sentLateMs)).toFixed(1)
  const statuses = new Set(of.flatMap(({ searched }) => Object.keys(searched.statuses)))
  const became = [...statuses]
    .map((status) => {
      const each = sum(({ searched }) => searched.statuses[status] ?? 0) / rounds / seconds
      return `${status === '0' ? `none within ${searchPatienceMs} ms` : status}: ${each.toFixed(0)}/s`
    })
    .join(', ')
  const size = `${load}; searches answered ${became}; sent late by at most ${late(({ searched }) => searched)} ms (searches) and ${late((round) => round.busy)} ms (scans), p99; copies found lent already: ${sum((round) => round.busy.conflicts)}`
  return [
    {
      what: `whole of Bibby, desk answered within ${patienceMs} ms, guard: ${guard}`,
      measured: `${answered} of ${asked}`,
      against: 'all',
      ratio: answered / asked,
      size,
    },
    {
      what: `whole of Bibby, desk p95, guard: ${guard}`,
      measured: `${busy.told}, p50 ${spread(of.map((round) => round.busy.p50)).told}`,
      against: `idle, all guards: ${idle.told}`,
      ratio: busy.middle / idle.middle,
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
  const { asked, statuses, times, sentLateMs } = await arrive({ ...load, spacing: 'even' }, processors)
  // A copy that is lent already is told as a conflict, and the desk goes on.
  const conflicts = statuses['409'] ?? 0
  const answered = (statuses['200'] ?? 0) + (statuses['201'] ?? 0) + conflicts
  const { p50, p95 } = percentiles(times)
  return { answered, asked, conflicts, p50, p95, sentLateMs }
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

import { setTimeout as wait } from 'node:timers/promises'
import { openPool } from '@bibby/lending/postgres/pool.ts'
import { barcodeOf, cardOf, desk, fillLibrary } from './filled-library.ts'
import { fillCatalogue } from './generated-catalogue.ts'
import { hardQueries } from './hard-queries.ts'
import { percentiles } from './percentiles.ts'
import type { Row } from './row.ts'
import { dataFolder, startBibby } from './running-bibby.ts'
import { signIn } from './sign-in.ts'
import { type Searched, searchesByWrk, wrkMissing } from './wrk.ts'

const titles = 50_000
const patrons = 2_000
const copies = 20_000
const timesCapacity = 5
/** So many that what is asked does not wait for what was answered, also where an answer takes two seconds. */
const searchConnections = 1_000
/** Enough to keep what answers searches busy, and no more. */
const capacityConnections = 16
const deskPerSecond = 25
const seconds = 15
const warmSeconds = 8
/** Who stands at a desk gives up after this. */
const patienceMs = 1_000
const hook = new URL('other-guard.ts', import.meta.url).href

type Desk = { readonly answered: number; readonly asked: number; readonly p50: number; readonly p95: number }

/** Desks of the whole of Bibby beside five times as many searches as it can do, behind each guard. */
export async function overloadOfBibby(): Promise<readonly Row[]> {
  const missing = wrkMissing()
  if (missing) {
    process.stderr.write(`${missing} Without it this bench is left out.\n`)
    return []
  }
  await using folder = await dataFolder()
  await fill(folder.path)
  const rows: Row[] = []
  let perSecond: number | undefined
  let scans = 0
  for (const guard of ['none', 'under-pressure', 'bibby'] as const) {
    const env = guard === 'bibby' ? {} : { NODE_OPTIONS: `--import ${hook}?guard=${guard}` }
    await using bibby = await startBibby(folder.path, env)
    const token = await signIn(bibby.address, desk)
    const at = { address: bibby.address, token }
    const search = (load: { connections: number; seconds: number; perSecond?: number }) =>
      searchesByWrk(bibby.address, token, { queries: hardQueries, ...load })
    const atTheDesk = async (forSeconds: number) => {
      const told = await scan(at, { from: scans, forSeconds })
      scans += told.asked
      return told
    }
    await Promise.all([
      search({ connections: capacityConnections, seconds: warmSeconds }),
      atTheDesk(warmSeconds),
    ])
    perSecond ??=
      (await search({ connections: capacityConnections, seconds: warmSeconds })).answered / warmSeconds
    const idle = await atTheDesk(seconds)
    const [searched, busy] = await Promise.all([
      search({ connections: searchConnections, seconds, perSecond: timesCapacity * perSecond }),
      atTheDesk(seconds),
    ])
    rows.push(...rowsOf(guard, { idle, busy, searched, perSecond }))
  }
  return rows
}

function rowsOf(
  guard: string,
  { idle, busy, searched, perSecond }: { idle: Desk; busy: Desk; searched: Searched; perSecond: number },
): readonly Row[] {
  const size = `${titles} titles; ${timesCapacity} × ${Math.round(perSecond)} searches/s, the most that were answered without a guard, over ${searchConnections} connections beside ${deskPerSecond} scans/s, ${seconds} s; searches/s answered ${Math.round(searched.answered / seconds)}, refused ${Math.round(searched.refused / seconds)}`
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

/** Lends and takes back in turn, at a steady pace, whether or not the one before was answered. */
async function scan(
  at: { readonly address: string; readonly token: string },
  { from, forSeconds }: { readonly from: number; readonly forSeconds: number },
): Promise<Desk> {
  const asked: Promise<number | undefined>[] = []
  const begun = performance.now()
  for (let n = 0; n < forSeconds * deskPerSecond; n++) {
    await wait(Math.max(0, begun + (n * 1_000) / deskPerSecond - performance.now()))
    asked.push(scanned(at, from + n))
  }
  const times = await Promise.all(asked)
  const answered = times.filter((ms) => ms !== undefined).length
  // Whoever was not answered waited all their patience.
  const { p50, p95 } = percentiles(times.map((ms) => ms ?? patienceMs))
  return { answered, asked: times.length, p50, p95 }
}

/** How long the answer took; nothing where there was none that a desk can go on with. */
async function scanned(
  { address, token }: { readonly address: string; readonly token: string },
  n: number,
): Promise<number | undefined> {
  // What was lent a second ago is brought back.
  const isLoan = n % 2 === 0
  const copy = isLoan ? n : Math.max(0, n - deskPerSecond + ((n - deskPerSecond) % 2))
  const body = {
    barcode: barcodeOf(copy % copies),
    branch: desk.branch,
    ...(isLoan ? { card: cardOf(n % patrons) } : {}),
  }
  const began = performance.now()
  try {
    const reply = await fetch(`${address}/api/v1/${isLoan ? 'loans' : 'returns'}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patienceMs),
    })
    await reply.arrayBuffer()
    return reply.status < 300 || reply.status === 409 ? performance.now() - began : undefined
  } catch {
    return undefined
  }
}

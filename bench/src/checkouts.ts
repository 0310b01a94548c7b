import { lend } from '@bibby/lending/circulation/lend.ts'
import { type Database, openPool } from '@bibby/lending/postgres/pool.ts'
import { sql } from '@bibby/lending/postgres/sql.ts'
import { write } from '@bibby/lending/postgres/write.ts'
import { barcodeOf, cardOf, desk, fillLibrary } from './filled-library.ts'
import { checkoutsFrom } from './load.ts'
import { pgbench, pgbenchMissing, scriptOf } from './pgbench.ts'
import { type Recorded, recording } from './recorded-statements.ts'
import type { Row } from './row.ts'
import { dataFolder, type RunningBibby, startBibby } from './running-bibby.ts'
import { signIn } from './sign-in.ts'
import { checkoutsByWrk, wrkMissing } from './wrk.ts'

const patrons = 20_000
const copies = 240_000
const connections = 24
const seconds = 15
/** Node compiles for longer than one thinks: after 5 s a checkout still takes a quarter more than after 20. */
const warmSeconds = 20
/** Copies are used up: each phase has a range of its own. */
const ranges = { warm: 1_000, peak: 60_000, calm: 110_000, pgbench: 115_000 }
/** Numbers that occur nowhere else in the recorded statements, so that each is found by its value. */
const recordedPatron = 1_234
const recordedCopy = 77
const copiesPerClient = 5_000
/** The pace of a day at a large consortium, several times over: PINES has had 9 a second. */
const calmPerSecond = 50

/** Checkouts through HTTP, against pgbench running the same statements on the same server. */
export async function checkouts(): Promise<readonly Row[]> {
  await using folder = await dataFolder()
  await using bibby = await startBibby(folder.path)
  await using db = openPool({
    connection: bibby.connection,
    name: 'bench',
    connectionsMax: 4,
    statementLimitMs: 600_000,
  })
  await fillLibrary(db, { patrons, copies })
  const token = await signIn(bibby.address, desk)
  const missing = wrkMissing()
  if (missing) process.stderr.write(`${missing}\n`)
  const checkoutsBy = missing ? checkoutsFrom : checkoutsByWrk
  await checkoutsBy(bibby.address, token, { from: ranges.warm, patrons, connections, seconds: warmSeconds })
  // As a library that has been open for some days: the server knows its tables, and nothing waits to be tidied.
  await db.withConnection((connection) => connection.query('vacuum analyze loan, journal, patron, copy'))
  const peak = await checkoutsBy(bibby.address, token, { from: ranges.peak, patrons, connections, seconds })
  const calm = await checkoutsBy(bibby.address, token, {
    from: ranges.calm,
    patrons,
    seconds,
    connections,
    perSecond: calmPerSecond,
  })
  const peer = await peerPerSecond(db, bibby)
  await oneLoanPerCopy(db)
  const size = `${patrons} patrons, ${copies} copies, ${connections} connections, ${seconds} s, ${missing ? 'autocannon' : 'wrk'} on the same two cores`
  return [
    {
      what: 'checkouts/s through HTTP, peak',
      measured: `${peak.perSecond.toFixed(0)}/s (p50 ${ms(peak.p50)}, p95 ${ms(peak.p95)}, p99 ${ms(peak.p99)})`,
      against: 'a limit of 1,500/s',
      ratio: peak.perSecond / 1_500,
      size,
    },
    ...(peer
      ? [
          {
            what: 'checkouts/s against pgbench with the same statements',
            measured: `${peak.perSecond.toFixed(0)}/s`,
            against: `${peer.version}: ${peer.perSecond.toFixed(0)}/s`,
            ratio: peak.perSecond / peer.perSecond,
            size,
          },
        ]
      : []),
    {
      what: `checkout p95 at ${calmPerSecond}/s`,
      measured: `${ms(calm.p95)} (p50 ${ms(calm.p50)}, p99 ${ms(calm.p99)}; ${calm.perSecond.toFixed(0)}/s)`,
      against: 'a limit of 20 ms',
      ratio: calm.p95 / 20,
      size,
    },
  ]
}

const ms = (value: number) => `${value.toFixed(1)} ms`

async function peerPerSecond(
  db: Database,
  bibby: RunningBibby,
): Promise<{ perSecond: number; version: string } | undefined> {
  const missing = pgbenchMissing()
  if (missing) {
    process.stderr.write(`${missing}\n`)
    return undefined
  }
  const recorded: Recorded[] = []
  // The first loan of a process also reads the policy: it is not the one to record.
  const first = { card: cardOf(recordedPatron), barcode: barcodeOf(recordedCopy + 1) }
  const [ids] = await db.rows<{ patron: number; copy: number; branch: number }>(sql`
    select patron.id as patron, copy.id as copy, patron.branch_id as branch
    from patron, copy
    where card = ${cardOf(recordedPatron)} and barcode = ${barcodeOf(recordedCopy)}
  `)
  if (!ids) throw new Error('The library was not filled.')
  const by = { actor: 'system:bench', key: 'bench-0', occurredAt: new Date(), instance: 'bench' }
  await write(db, { ...by, key: 'bench-first' }, lend, { ...first, branchId: ids.branch })
  const ask = { card: cardOf(recordedPatron), barcode: barcodeOf(recordedCopy), branchId: ids.branch }
  const lent = await write(recording(db, recorded), by, lend, ask)
  if (lent.outcome !== 'done') throw new Error(`Nothing was lent: ${JSON.stringify(lent)}`)
  const names = new Map<unknown, string>([
    [ask.card, 'card'],
    [ask.barcode, 'barcode'],
    [ids.patron, 'patron'],
    [ids.copy, 'copy'],
    [by.key, 'key'],
    [lent.answer.loanId, 'loan'],
  ])
  const { script, constants } = scriptOf(recorded, {
    varying: (value) => names.get(value),
    // A client's variables live on from one transaction to the next: n counts its copies.
    preamble: [
      '\\set n :n + 1',
      `\\set nth ${ranges.pgbench} + :client_id * ${copiesPerClient} + :n`,
      `\\set card 1000000000 + :nth % ${patrons}`,
      '\\set barcode 3000000000 + :nth',
      `\\set patron ${ids.patron - recordedPatron} + :nth % ${patrons}`,
      '\\set key :nth',
      '\\set loan 1000000000 + :nth',
      `\\set copy ${ids.copy - recordedCopy} + :nth`,
    ],
  })
  return pgbench({
    connection: bibby.connection,
    script,
    constants: ['n=0', ...constants],
    clients: connections,
    seconds,
  })
}

/** A fast wrong answer is worth nothing: what was lent is lent once, and journalled. */
async function oneLoanPerCopy(db: Database): Promise<void> {
  const [found] = await db.rows<{ loans: number; copies: number; journalled: number }>(sql`
    select
      (select count(*) from loan) as loans,
      (select count(distinct copy_id) from loan) as copies,
      (select count(*) from journal where action = 'lend' and outcome = 'done') as journalled
  `)
  if (!found || found.loans !== found.copies || found.loans !== found.journalled) {
    throw new Error(`The loans do not add up: ${JSON.stringify(found)}`)
  }
}

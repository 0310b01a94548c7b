import { noticesOf } from '@bibby/lending/notices/cause.ts'
import { noticeBalance } from '@bibby/lending/notices/ledger.ts'
import { type Database, openPool } from '@bibby/lending/postgres/pool.ts'
import { sql } from '@bibby/lending/postgres/sql.ts'
import {
  type Act,
  type FaultyMailServer,
  faultyMailServer,
  type Step,
} from '@bibby/notices/test/mail-server.ts'
import { serviceProcess } from '@bibby/notices/test/service-process.ts'
import { desk, fillLibrary } from './filled-library.ts'
import { lendAtPace } from './lend-at-pace.ts'
import { percentiles } from './percentiles.ts'
import type { Row } from './row.ts'
import { dataFolder, startBibby } from './running-bibby.ts'
import { signIn } from './sign-in.ts'

const patrons = 20_000
const copies = 40_000
/** Queued before, so that the sender has work all the while. */
const queued = 10_000
/** Several times what a large consortium lends; see checkouts.ts. */
const perSecond = 80
/** By then the sender is at its most: it begins with a letter a second, which doubles every ten. */
const warmSeconds = 60
/** Of each stretch: mail goes well for so long, and then fails for so long, or the other way round. */
const stretchSeconds = 15

/**
 * Checkouts, every other one with a receipt, through HTTP: while mail fails in each of four ways against the stretches beside
 * them in which it goes well; and those with a receipt against those without, in turns.
 */
export async function receipts(): Promise<readonly Row[]> {
  await using folder = await dataFolder()
  await using letters = await dataFolder()
  await using mail = await openMail(letters.path)
  const env = { BIBBY_NOTICE_URL: mail.url, BIBBY_NOTICE_TOKEN: mail.token }
  await using bibby = await startBibby(folder.path, { env })
  await using db = openPool({
    connection: bibby.connection,
    name: 'bench',
    connectionsMax: 2,
    statementLimitMs: 600_000,
  })
  const token = await prepare(db, bibby.address)
  let from = 0
  const lendFor = (seconds: number) => {
    const begun = from
    from += seconds * perSecond
    return lendAtPace(
      { address: bibby.address, token, patrons, perSecond },
      { from: begun, count: seconds * perSecond },
    )
  }
  await lendFor(warmSeconds)
  await db.withConnection((connection) =>
    connection.query('vacuum analyze loan, journal, patron, copy, notice'),
  )
  const stretches = await inTurns(mail, db, lendFor)
  await allCaused(db, from / 2)
  return [...faults.map(({ what }) => faultRow(what, stretches)), receiptRow(stretches)]
}

type Stretch = {
  readonly what: string
  readonly goesWell: boolean
  /** In the order in which they were asked: every other one with a receipt. */
  readonly times: readonly number[]
  readonly letters: number
}

/** Each fault twice, once after the stretch in which mail goes well and once before it. */
async function inTurns(
  mail: Mail,
  db: Database,
  lendFor: (seconds: number) => Promise<readonly number[]>,
): Promise<readonly Stretch[]> {
  const stretches: Stretch[] = []
  for (const turn of [
    [true, false],
    [false, true],
  ]) {
    for (const { what, begin, end } of faults) {
      for (const goesWell of turn) {
        const { sent } = await noticeBalance(db)
        if (!goesWell) await begin(mail)
        const times = await lendFor(stretchSeconds)
        if (!goesWell) await end(mail)
        stretches.push({ what, goesWell, times, letters: (await noticeBalance(db)).sent - sent })
      }
    }
  }
  return stretches
}

async function allCaused(db: Database, wanted: number): Promise<void> {
  const [told] = await db.rows<{ receipts: number }>(
    sql`select count(*)::integer as receipts from notice where kind = 'loan-receipt'`,
  )
  if (told?.receipts !== wanted) throw new Error(`${told?.receipts} receipts came of ${wanted} checkouts.`)
  const ledger = await noticeBalance(db)
  if (ledger.difference !== 0) throw new Error(`The ledger: ${JSON.stringify(ledger)}`)
}

type Mail = AsyncDisposable & {
  readonly server: FaultyMailServer
  readonly url: string
  readonly token: string
  readonly kill: () => Promise<void>
  readonly again: () => Promise<void>
}

/** A mail server, and the notice service as a process of its own. */
async function openMail(folder: string): Promise<Mail> {
  const server = await faultyMailServer()
  const start = (port: string) =>
    serviceProcess(folder, { BIBBY_SMTP_URL: server.url, BIBBY_NOTICE_PORT: port })
  let service = await start('0')
  const { url, token } = service
  const kill = async () => {
    service.child.kill('SIGKILL')
    await service.ended
  }
  return {
    server,
    url,
    token,
    kill,
    again: async () => {
      service = await start(new URL(url).port)
    },
    [Symbol.asyncDispose]: async () => {
      await kill()
      await server[Symbol.asyncDispose]()
    },
  }
}

type Fault = {
  readonly what: string
  readonly begin: (mail: Mail) => unknown
  readonly end: (mail: Mail) => unknown
}

function faultOfMail(what: string, step: Step, act: Act): Fault {
  return {
    what,
    begin: ({ server }) => {
      server.act(step, act)
      server.hangUp()
    },
    end: ({ server }) => {
      server.act(step, undefined)
      server.hangUp()
    },
  }
}

const faults: readonly Fault[] = [
  faultOfMail('the mail server refuses', 'greeting', 'drop'),
  faultOfMail('the mail server hangs', 'greeting', 'hang'),
  faultOfMail('the mail server takes mail and drops the connection', 'end', 'keep-and-drop'),
  { what: 'the notice service is killed', begin: ({ kill }) => kill(), end: ({ again }) => again() },
]

/** Fills the library, turns notices on and queues some; gives the token of a desk. */
async function prepare(db: Database, address: string): Promise<string> {
  await fillLibrary(db, { patrons, copies })
  // Every other patron wants receipts.
  await db.rows(sql`
    update patron set email = 'reader-' || card || '@example.org', wants_receipts = true where card::bigint % 2 = 1
  `)
  await db.rows(sql`update staff set role = 'operator' where login = ${desk.account}`)
  const token = await signIn(address, desk)
  const reply = await fetch(`${address}/api/v1/notices/switch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ on: true }),
  })
  if (!reply.ok) throw new Error(`Turning notices on was answered ${reply.status}.`)
  await queue(db)
  return token
}

/** One hold expired for each patron who wants receipts. */
async function queue(db: Database): Promise<void> {
  const rows = sql`
    select 'hold-expired:' || id as cause, id as patron_id, null::bigint as loan_id, null::bigint as hold_id,
      jsonb_build_object('title', 'A book', 'branch', 'Bench') as facts
    from patron
    where wants_receipts
  `
  await db.rows(noticesOf('hold-expired', { at: new Date(Date.now() - 600_000), rows, rowsMax: queued }))
}

function faultRow(what: string, stretches: readonly Stretch[]): Row {
  const those = stretches.filter((stretch) => stretch.what === what)
  const [bad, well] = [those.filter((one) => !one.goesWell), those.filter((one) => one.goesWell)]
  const [inBad, inWell] = [lettersOf(bad), lettersOf(well)]
  if (inWell <= inBad) throw new Error(`While ${what} ${inBad} letters went out, and ${inWell} beside it.`)
  return row(`checkout p95 while ${what}`, {
    times: bad.flatMap(({ times }) => times),
    against: 'mail goes well, before and after it',
    beside: well.flatMap(({ times }) => times),
    meanwhile: `${inBad} and ${inWell} letters went out meanwhile`,
  })
}

function receiptRow(stretches: readonly Stretch[]): Row {
  const everyOther = (rest: number) =>
    stretches.flatMap(({ times }) => times.filter((_, nth) => nth % 2 === rest))
  return row('checkout p95 with a receipt, which is a row more in its transaction', {
    times: everyOther(1),
    against: 'without one, in turn with them',
    beside: everyOther(0),
    meanwhile: 'all stretches',
  })
}

const lettersOf = (stretches: readonly Stretch[]) => stretches.reduce((sum, { letters }) => sum + letters, 0)

function row(
  what: string,
  {
    times,
    against,
    beside,
    meanwhile,
  }: {
    readonly times: readonly number[]
    readonly against: string
    readonly beside: readonly number[]
    readonly meanwhile: string
  },
): Row {
  const [here, there] = [percentiles(times), percentiles(beside)]
  return {
    what,
    measured: `${ms(here.p95)} (p50 ${ms(here.p50)})`,
    against: `${against}: ${ms(there.p95)} (p50 ${ms(there.p50)})`,
    ratio: here.p95 / there.p95,
    size: `${times.length} and ${beside.length} checkouts at ${perSecond}/s, every other with a receipt, ${patrons.toLocaleString('en')} patrons, ${copies.toLocaleString('en')} copies; ${meanwhile}`,
  }
}

const ms = (value: number) => `${value.toFixed(1)} ms`

import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { noticesOf } from '@bibby/lending/notices/cause.ts'
import { noticeBalance } from '@bibby/lending/notices/ledger.ts'
import { type Database, openPool } from '@bibby/lending/postgres/pool.ts'
import { sql } from '@bibby/lending/postgres/sql.ts'
import { barcodeOf, cardOf, desk, fillLibrary } from './filled-library.ts'
import { percentiles } from './percentiles.ts'
import type { Row } from './row.ts'
import { dataFolder, type RunningBibby, startBibby } from './running-bibby.ts'
import { signIn } from './sign-in.ts'

const patrons = 20_000
const copies = 40_000
/** Queued before, so that the sender has work all the while. */
const queued = 10_000
const connections = 24
/** Several times what a large consortium lends; see checkouts.ts. */
const perSecond = 80
/** By then the sender is at its most: it begins with a letter a second, which doubles every ten. */
const warmSeconds = 60
const seconds = 30

/**
 * Checkouts of patrons who want receipts against those of patrons who do not, one after the other in the same run,
 * through HTTP: once while the sender is at work, and once while there is no notice service.
 */
export async function receipts(): Promise<readonly Row[]> {
  await using folder = await dataFolder()
  const at = { from: 0 }
  const atWork = await measured(folder.path, at, {}, async (db, bibby) => {
    await fillLibrary(db, { patrons, copies })
    // Every other patron wants receipts.
    await db.rows(sql`
      update patron set email = 'reader-' || card || '@example.org', wants_receipts = true where card::bigint % 2 = 1
    `)
    await db.rows(sql`update staff set role = 'operator' where login = ${desk.account}`)
    await turnOn(bibby.address, await signIn(bibby.address, desk))
    await queue(db)
  })
  const dead = await measured(folder.path, at, await nobodyThere(), async () => undefined)
  if (atWork.letters === 0) throw new Error('The sender sent nothing: this says nothing about it.')
  if (dead.letters > 0) throw new Error('Letters went out although there was no notice service.')
  return [
    row('while the sender is at work', atWork, `${atWork.letters} letters went out meanwhile`),
    row('while there is no notice service', dead, `${dead.waiting.toLocaleString('en')} notices waited`),
  ]
}

type Measured = {
  readonly withReceipt: readonly number[]
  readonly without: readonly number[]
  /** Sent while it was measured. */
  readonly letters: number
  readonly waiting: number
}

async function measured(
  folder: string,
  at: { from: number },
  settings: Readonly<Record<string, string>>,
  prepare: (db: Database, bibby: RunningBibby) => Promise<void>,
): Promise<Measured> {
  await using bibby = await startBibby(folder, { env: settings })
  await using db = openPool({
    connection: bibby.connection,
    name: 'bench',
    connectionsMax: 2,
    statementLimitMs: 600_000,
  })
  await prepare(db, bibby)
  const token = await signIn(bibby.address, desk)
  await lendAtPace(bibby.address, token, at, warmSeconds)
  await db.withConnection((connection) =>
    connection.query('vacuum analyze loan, journal, patron, copy, notice'),
  )
  const before = await noticeBalance(db)
  const times = await lendAtPace(bibby.address, token, at, seconds)
  const after = await noticeBalance(db)
  const [told] = await db.rows<{ receipts: number }>(
    sql`select count(*)::integer as receipts from notice where kind = 'loan-receipt'`,
  )
  const wanted = at.from / 2
  if (told?.receipts !== wanted) throw new Error(`${told?.receipts} receipts came of ${wanted} checkouts.`)
  if (after.difference !== 0 || after.dead > 0) throw new Error(`The ledger: ${JSON.stringify(after)}`)
  return {
    withReceipt: times.filter((_, nth) => nth % 2 === 1),
    without: times.filter((_, nth) => nth % 2 === 0),
    letters: after.sent - before.sent,
    waiting: after.queued,
  }
}

/** Lends at an even pace, whatever the answers take; gives the time of each, in the order in which they were asked. */
async function lendAtPace(
  address: string,
  token: string,
  at: { from: number },
  forSeconds: number,
): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const under: Promise<number>[] = []
  const begun = performance.now()
  for (let n = 0; n < forSeconds * perSecond; n++) {
    await wait(Math.max(0, begun + (n * 1_000) / perSecond - performance.now()))
    const body = { card: cardOf(at.from % patrons), barcode: barcodeOf(at.from), branch: desk.branch }
    at.from += 1
    under.push(lendOne(`${address}/api/v1/loans`, { agent, token, body: JSON.stringify(body) }))
  }
  const times = await Promise.all(under)
  agent.destroy()
  return times
}

async function lendOne(
  url: string,
  { agent, token, body }: { readonly agent: Agent; readonly token: string; readonly body: string },
): Promise<number> {
  const begun = performance.now()
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  const asked = request(url, { method: 'POST', agent, headers })
  asked.end(body)
  const [reply] = (await once(asked, 'response')) as [IncomingMessage]
  reply.resume()
  await once(reply, 'end')
  if (reply.statusCode !== 201) throw new Error(`A checkout was answered ${reply.statusCode}.`)
  return performance.now() - begun
}

async function turnOn(address: string, token: string): Promise<void> {
  const reply = await fetch(`${address}/api/v1/notices/switch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ on: true }),
  })
  if (!reply.ok) throw new Error(`Turning notices on was answered ${reply.status}.`)
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

/** An address of this machine at which nobody listens. */
async function nobodyThere(): Promise<Readonly<Record<string, string>>> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const found = server.address()
  const port = typeof found === 'object' ? found?.port : 0
  server.close()
  await once(server, 'close')
  return { BIBBY_NOTICE_URL: `http://127.0.0.1:${port}`, BIBBY_NOTICE_TOKEN: 'nobody-reads-this-token' }
}

function row(when: string, { withReceipt, without }: Measured, meanwhile: string): Row {
  const [wanted, plain] = [percentiles(withReceipt), percentiles(without)]
  return {
    what: `checkout p95 with a receipt, ${when}`,
    measured: `${ms(wanted.p95)} (p50 ${ms(wanted.p50)})`,
    against: `without one, in turn with them: ${ms(plain.p95)} (p50 ${ms(plain.p50)})`,
    ratio: wanted.p95 / plain.p95,
    size: `${withReceipt.length} and ${without.length} checkouts at ${perSecond}/s after ${warmSeconds} s, ${patrons.toLocaleString('en')} patrons, ${copies.toLocaleString('en')} copies; ${meanwhile}`,
  }
}

const ms = (value: number) => `${value.toFixed(1)} ms`

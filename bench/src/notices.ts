import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { noticesOf } from '@bibby/lending/notices/cause.ts'
import { wayTo } from '@bibby/lending/notices/deliver.ts'
import { noFigures } from '@bibby/lending/notices/figures.ts'
import { gatherLetters } from '@bibby/lending/notices/gather.ts'
import { noticeBalance } from '@bibby/lending/notices/ledger.ts'
import { openSender } from '@bibby/lending/notices/sender.ts'
import { type Database, openPool } from '@bibby/lending/postgres/pool.ts'
import { sql } from '@bibby/lending/postgres/sql.ts'
import { serviceProcess } from '@bibby/notices/test/service-process.ts'
import { fillLibrary } from './filled-library.ts'
import type { Row } from './row.ts'
import { dataFolder, type RunningBibby, startBibby } from './running-bibby.ts'

const letters = 2_000
/** As many as the sender has. */
const lanes = 5
const installation = 'bench'
/** By then the sender is past its ramp, which is meant and no cost. */
const rampMs = 10 * 60_000
const looksMax = 10_000

/** Notices a second from the outbox to a mail server, against the outbox alone, which sends nothing. */
export async function notices(): Promise<readonly Row[]> {
  await using folder = await dataFolder()
  await using bibby = await startBibby(folder.path)
  await using db = openPool({
    connection: bibby.connection,
    name: 'bench',
    connectionsMax: lanes + 1,
    statementLimitMs: 60_000,
  })
  await fillLibrary(db, { patrons: letters, copies: 8 })
  await db.rows(sql`update patron set email = 'reader-' || card || '@example.org'`)
  await db.rows(sql`update notice_setting set letters_per_second_max = 1000, patron_day_max = 100`)
  await queue(db, 'bare')
  const bare = await bareOutbox(db)
  await db.rows(sql`update notice_switch set installations = ${[installation]}`)
  await queue(db, 'sent')
  const sent = await throughTheSender(db, bibby)
  const { difference } = await noticeBalance(db)
  if (difference !== 0) throw new Error(`The ledger disagrees by ${difference}.`)
  return [
    {
      what: 'notices/s from the outbox to a mail server',
      measured: `${sent.toFixed(0)}/s`,
      against: `the bare outbox, nothing sent: ${bare.toFixed(0)}/s`,
      ratio: sent / bare,
      size: `${letters.toLocaleString('en')} letters, ${lanes} at once; the notice service is a process of its own, its SMTP catcher syncs each mail`,
    },
  ]
}

/** One hold expired for each patron. */
async function queue(db: Database, round: string): Promise<void> {
  const rows = sql`
    select 'hold-expired:' || ${round}::text || ':' || id as cause, id as patron_id, null::bigint as loan_id,
      null::bigint as hold_id, jsonb_build_object('title', 'A book', 'branch', 'Bench') as facts
    from patron
  `
  const at = new Date(Date.now() - rampMs)
  await db.rows(noticesOf('hold-expired', { at, rows, rowsMax: letters }))
  await db.withConnection((connection) => connection.query('vacuum analyze notice, notice_ledger_line'))
}

/** Each letter taken under a lock that nobody waits for, in a transaction of its own, and marked sent. */
async function bareOutbox(db: Database): Promise<number> {
  return perSecond(async () => {
    while ((await gatherLetters(db, { now: new Date(), patronDayMax: 100 })) > 0);
    await Promise.all(Array.from({ length: lanes }, () => drain(db)))
    await allSent(db, letters)
  })
}

async function drain(db: Database): Promise<void> {
  const takeOne = () =>
    db.transaction(async (tx) => {
      const [next] = await tx.rows<{ id: string }>(sql`
        select id from notice
        where state = 'queued' and letter_id = id and next_at <= now()
        order by next_at, id
        limit 1
        for update skip locked
      `)
      if (!next) return false
      await tx.rows(sql`
        update notice set state = 'sent', message_id = 'bare', ended_at = now(), tries = tries + 1 where id = ${next.id}
      `)
      return true
    })
  while (await takeOne());
}

async function throughTheSender(db: Database, { connection }: RunningBibby): Promise<number> {
  await using folder = await dataFolder()
  const service = await serviceProcess(folder.path)
  try {
    let aheadMs = 0
    await using sender = openSender({
      connection,
      installation,
      clock: () => new Date(Date.now() + aheadMs),
      deliver: wayTo(service),
      figures: noFigures(),
      tell: { warn: talk, error: talk },
    })
    await sender.look()
    await sender.idle()
    const before = await sentOf(db)
    aheadMs = rampMs
    const rate = await perSecond(
      async () => {
        for (let looks = 0; (await sentOf(db)) < 2 * letters; looks++) {
          if (looks === looksMax) throw new Error('The sender does not come to an end.')
          await sender.look()
          await sender.idle()
        }
      },
      2 * letters - before,
    )
    await allSent(db, 2 * letters)
    const mails = (await readdir(join(folder.path, 'notices', 'mail'))).filter((name) =>
      name.endsWith('.eml'),
    )
    if (mails.length !== letters) throw new Error(`${mails.length} mails came of ${letters} letters.`)
    return rate
  } finally {
    service.child.kill('SIGTERM')
    await service.ended
  }
}

async function sentOf(db: Database): Promise<number> {
  const [found] = await db.rows<{ n: number }>(
    sql`select count(*)::integer as n from notice where state = 'sent'`,
  )
  return found?.n ?? 0
}

async function allSent(db: Database, wanted: number): Promise<void> {
  const sent = await sentOf(db)
  if (sent !== wanted) throw new Error(`${sent} of ${wanted} notices are sent.`)
}

async function perSecond(work: () => Promise<void>, count = letters): Promise<number> {
  const begun = performance.now()
  await work()
  return count / ((performance.now() - begun) / 1_000)
}

function talk(text: string): void {
  process.stderr.write(`${text}\n`)
}

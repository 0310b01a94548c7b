import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type FaultyMailServer, faultyMailServer, messageIdIn } from '@bibby/notices/test/mail-server.ts'
import { type ServiceProcess, serviceProcess } from '@bibby/notices/test/service-process.ts'
import { ask } from './runner/ask.ts'
import { openDesks, type Shift } from './runner/desks.ts'
import { type Drill, drill, type Lab } from './runner/drill.ts'
import { type FullLibrary, openFullLibrary, signedInAs, warmUp } from './runner/full-library.ts'
import { served } from './runner/served.ts'

type Seen = {
  readonly shift: Shift
  readonly caused: number
  /** Receipts that are in no mailbox and wait in no queue, though the loan or return was done. */
  readonly lost: number
  readonly waiting: number
  /** Mails about something that another mail under another Message-ID had told already. */
  readonly twice: number
}

const desksPerSecond = 20
/** A checkout is slow now and then; what is more than this is not now and then. */
const lateShareMax = 0.05
/** A row is waited for no longer. */
const settleMs = 20_000
/** Longer than the slowest answer of the mail server: what a desk could still send is there. */
const lastMailMs = 3_500
/** Few enough that all their letters go out in that time: sending begins at one a second and doubles slowly. */
const withReceipts = 5

const told: Omit<Drill<Seen>, 'unguarded' | 'guarded'> = {
  name: 'mail-down',
  outage: 'Mail that is dead, slow and flapping, while desks lend books',
  safeguard:
    'an outbox row in the transaction of the loan, a sender behind a breaker, one Message-ID for one notice',
  judgedBy: 'waits',
  story: 'docs/incidents/mail-down.md',
  plot: { axis: 'answer of a desk, ms', scale: 'log', series: { 'desk, ms': 'points' } },
  harms: [
    {
      what: 'desks that waited over a second for mail',
      isThere: ({ shift }) => shift.late > shift.asked * lateShareMax,
      tell: ({ shift }) => `${shift.late} of ${shift.asked}`,
    },
    {
      what: 'receipts that never arrived',
      isThere: ({ lost }) => lost > 0,
      tell: ({ lost, caused, waiting }) =>
        `${lost} of ${caused}${waiting > 0 ? `, ${waiting} on their way` : ''}`,
    },
    {
      what: 'receipts that arrived again, under an identity that does not show it',
      isThere: ({ twice }) => twice > 0,
      tell: ({ twice }) => `${twice}`,
    },
  ],
}

/** The mail server and the notice service fail in four ways, one after the other; then the desk’s process is killed. */
export const mailDown = drill<Seen>({ ...told, unguarded, guarded })

async function unguarded(lab: Lab): Promise<Seen> {
  const library = await openFullLibrary(lab)
  await using mail = await openMail(lab)
  const { rows } = await library.db.query<{ id: string }>("select id::text from branch where code = 'main'")
  const branchId = rows[0]?.id ?? ''
  const desk = await naiveDesk(lab, library, { branchId, mail })
  lab.curtain()
  const desks = openDesks(lab, { ...library, address: desk.address, branch: branchId, ...pace })
  await failInTurn(lab, mail)
  const shift = await desks.close()
  desk.child.kill('SIGKILL')
  lab.mark('the desks close; the process is killed and started again')
  await naiveDesk(lab, library, { branchId, mail })
  await wait(lastMailMs)
  const loans = await library.db.query<{ id: string }>(
    "select id::text from loan where lent_at > now() - interval '5 minutes' and copy_id in (select id from copy where barcode like '77%')",
  )
  const mailsOf = Map.groupBy(mail.server.mails, (text) => /^Subject: Loan (\d+)/m.exec(text)?.[1] ?? '')
  return {
    shift,
    caused: loans.rows.length,
    lost: loans.rows.filter(({ id }) => !mailsOf.has(id)).length,
    waiting: 0,
    twice: [...mailsOf.values()].filter((mails) => new Set(mails.map(messageIdIn)).size > 1).length,
  }
}

async function guarded(lab: Lab): Promise<Seen> {
  await using mail = await openMail(lab)
  const env = { BIBBY_NOTICE_URL: mail.url, BIBBY_NOTICE_TOKEN: mail.token }
  const library = await openFullLibrary(lab, { env })
  const operator = { ...library, token: await signedInAs(library, 'operator') }
  await warmUp(library)
  await ask(operator, 'POST', 'notices/switch', { on: true })
  await library.db.query(
    "update patron set wants_receipts = true, email = card || '@example.org' where card = any ($1)",
    [library.cards.slice(0, withReceipts)],
  )
  await library.db.query('update notice_setting set letters_per_second_max = 1000, patron_day_max = 100')
  lab.curtain()
  const desks = openDesks(lab, { ...library, branch: 'main', ...pace })
  await failInTurn(lab, mail)
  const shift = await desks.close()
  library.bibby.kill('SIGKILL')
  lab.mark('the desks close; Bibby is killed and started again')
  await library.bibby.ended
  await library.home.start(env).ready
  const db = await library.home.connect()
  lab.atTheEnd(() => db.end())
  await untilSent(db)
  const { rows } = await db.query<{ message_id: string | null; state: string }>(
    'select message_id, state from notice',
  )
  const arrived = new Set(mail.server.mails.map(messageIdIn))
  const sent = new Set(rows.map(({ message_id }) => message_id))
  if (arrived.size === 0) throw new Error(`Of ${rows.length} receipts none arrived: this act shows nothing.`)
  return {
    shift: served(shift),
    caused: rows.length,
    lost: rows.filter(({ message_id, state }) => state !== 'queued' && !arrived.has(message_id ?? '')).length,
    waiting: rows.filter(({ state }) => state === 'queued').length,
    twice: [...arrived].filter((id) => !sent.has(id)).length,
  }
}

const pace = { perSecond: desksPerSecond, to: 'desk, ms' } as const

/** The waits between tries, minutes long by day, are skipped: what is tried, and how, stays as it is. */
async function untilSent(db: FullLibrary['db']): Promise<void> {
  const until = performance.now() + settleMs
  while (performance.now() < until) {
    await db.query("update notice set next_at = now() where state = 'queued' and next_at > now()")
    const { rows } = await db.query("select from notice where state = 'queued' limit 1")
    if (rows.length === 0) return
    await wait(250)
  }
}

type Mail = AsyncDisposable & {
  readonly server: FaultyMailServer
  readonly url: string
  readonly token: string
  /** Kills the notice service; `again` starts it on the port that it had. */
  readonly kill: () => void
  readonly again: () => Promise<void>
}

async function openMail(lab: Lab): Promise<Mail> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-drill-mail-'))
  lab.atTheEnd(() => rm(folder, { recursive: true, force: true }))
  const server = await faultyMailServer()
  const env = { BIBBY_SMTP_URL: server.url }
  let service: ServiceProcess = await serviceProcess(folder, env)
  const { url, token } = service
  return {
    server,
    url,
    token,
    kill: () => void service.child.kill('SIGKILL'),
    again: async () => {
      service = await serviceProcess(folder, { ...env, BIBBY_NOTICE_PORT: new URL(url).port })
    },
    [Symbol.asyncDispose]: async () => {
      service.child.kill('SIGKILL')
      await service.ended
      await server[Symbol.asyncDispose]()
    },
  }
}

async function failInTurn(lab: Lab, { server, kill, again }: Mail): Promise<void> {
  const pause = (ms: number) => wait(ms, undefined, { signal: lab.signal })
  lab.mark('mail goes well')
  await pause(1_000)
  lab.mark('the mail server refuses connections')
  server.act('greeting', 'drop')
  server.hangUp()
  await pause(1_500)
  lab.mark('the mail server takes mail, and says so after 3 s')
  server.act('greeting', undefined)
  server.act('end', { afterMs: 3_000, say: '250 taken' })
  await pause(3_000)
  lab.mark('the notice service is killed')
  kill()
  await pause(1_000)
  lab.mark('the notice service is back, and the mail server flaps')
  await again()
  server.act('end', undefined)
  for (let turn = 0; turn < 6; turn++) {
    server.act('mail', turn % 2 === 0 ? '451 not now' : undefined)
    await pause(250)
  }
  lab.mark('the mail server is slow once more')
  server.act('end', { afterMs: 3_000, say: '250 taken' })
  await pause(1_000)
  server.act('end', undefined)
}

async function naiveDesk(
  lab: Lab,
  { home, db }: FullLibrary,
  { branchId, mail }: { branchId: string; mail: Mail },
): Promise<{ child: ChildProcess; address: string }> {
  const { rows } = await db.query<{ host: string; user: string }>(
    "select current_setting('unix_socket_directories') as host, current_user as user",
  )
  const { host = '', user = '' } = rows[0] ?? {}
  const child = fork(
    fileURLToPath(new URL('desk-that-mails.ts', import.meta.url)),
    ['--host', host, '--user', user, '--branch', branchId, '--notices', mail.url, '--token', mail.token],
    { cwd: home.data },
  )
  lab.atTheEnd(async () => void child.kill('SIGKILL'))
  const ended = once(child, 'exit').then(([code, by]) =>
    Promise.reject(new Error(`The desk ended before it listened (${code ?? by}).`)),
  )
  const [port] = (await Promise.race([once(child, 'message'), ended])) as [number]
  // From now on it is killed in its turn.
  ended.catch(() => undefined)
  return { child, address: `http://127.0.0.1:${port}/` }
}

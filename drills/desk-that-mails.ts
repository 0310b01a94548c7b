// A desk that tells the patron before it answers: “send, and when that fails put it on a queue”. The lending is Bibby’s own.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { type LendAsk, lend } from '@bibby/lending/circulation/lend.ts'
import { takeBack } from '@bibby/lending/circulation/take-back.ts'
import { openPool } from '@bibby/lending/postgres/pool.ts'
import { write } from '@bibby/lending/postgres/write.ts'

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '' },
    user: { type: 'string', default: '' },
    branch: { type: 'string', default: '' },
    notices: { type: 'string', default: '' },
    token: { type: 'string', default: '' },
  },
})
const db = openPool({
  connection: { host: values.host, port: 5432, user: values.user, database: 'bibby' },
  name: 'naive-desk',
  connectionsMax: 10,
  statementLimitMs: 5_000,
})

type Mail = { readonly loan: number; readonly to: string }

// Whoever started it is gone.
process.once('disconnect', () => process.exit())

const queue: Mail[] = []
const sendLimitMs = 2_000
const triesMax = 3
const againAfterMs = 1_000

const server = createServer(async (request, reply) => {
  try {
    const ask = (await bodyOf(request)) as unknown as LendAsk
    const by = {
      actor: 'staff:1',
      key: String(request.headers['idempotency-key']),
      occurredAt: new Date(),
      instance: 'naive-desk',
    }
    const branchId = Number(values.branch)
    const outcome = await (request.url === '/api/v1/loans'
      ? write(db, by, lend, { ...ask, branchId })
      : write(db, by, takeBack, { ...ask, branchId }))
    if (outcome.outcome === 'done' && 'loanId' in outcome.answer && request.url === '/api/v1/loans') {
      await sendEmail({ loan: Number(outcome.answer.loanId), to: 'reader@example.org' })
    }
    const code = outcome.outcome === 'refused' ? outcome.refusal.refused : undefined
    reply.writeHead(code ? 409 : 201, { 'content-type': 'application/json' })
    reply.end(JSON.stringify({ code }))
  } catch {
    reply.writeHead(500).end()
  }
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
setInterval(() => {
  const next = queue.shift()
  if (next) void sendOnce(next).catch(() => queue.push(next))
}, againAfterMs / 10)

async function sendEmail(mail: Mail): Promise<void> {
  for (let tries = 1; tries <= triesMax; tries++) {
    try {
      await sendOnce(mail)
      return
    } catch {
      // The next try, or else the queue.
    }
  }
  queue.push(mail)
}

async function sendOnce({ loan, to }: Mail): Promise<void> {
  const reply = await fetch(new URL('api/v1/notifications', values.notices), {
    method: 'POST',
    headers: { authorization: `Bearer ${values.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      id: crypto.randomUUID(),
      to: { email: to },
      subject: `Loan ${loan}`,
      text: `You have borrowed a book. Loan ${loan}.\n`,
    }),
    signal: AbortSignal.timeout(sendLimitMs),
  })
  if (!reply.ok) throw new Error(`The notice service answered ${reply.status}.`)
}

async function bodyOf(request: IncomingMessage): Promise<object> {
  let text = ''
  for await (const part of request.setEncoding('utf8')) text += part
  return JSON.parse(text) as object
}

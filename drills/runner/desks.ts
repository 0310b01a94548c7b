import { request } from 'node:http'
import type { Lab } from './drill.ts'

/** What the desks went through while they were open. */
export type Shift = {
  readonly asked: number
  readonly done: number
  /** Answered with a refusal: the library says no. */
  readonly refused: Readonly<Record<string, number>>
  /** Not answered, or with a fault. */
  readonly failed: number
  /** Answered later than a person at a desk puts up with (`lateMs`), or not at all. */
  readonly late: number
  /** The longest wait, of requests that were never answered up to when the desks closed. */
  readonly worstMs: number
}

/** Desks at work on a running Bibby: each lends a copy and takes it back, again and again. */
export type Desks = { readonly close: () => Promise<Shift> }

/** Longer than this, and the person at the desk looks up. */
const lateMs = 1_000
const answerLimitMs = 20_000

/**
 * Opens desks that send their requests at times of their own, whether the one before was answered or not, as people who
 * come to a desk do; a wait counts from when the person came. Each answer is a point of the series `to`.
 */
export function openDesks(
  lab: Lab,
  {
    address,
    token,
    branch,
    cards,
    barcodes,
    perSecond,
    to,
  }: {
    address: string
    /** Of a session that may lend and take back. */
    token: string
    branch: string
    cards: readonly string[]
    barcodes: readonly string[]
    perSecond: number
    to: string
  },
): Desks {
  const tally = { asked: 0, done: 0, refused: {} as Record<string, number>, failed: 0, late: 0, worstMs: 0 }
  const closing = new AbortController()
  const underWay = new Set<Promise<void>>()
  const ask = async () => {
    const number = tally.asked++
    const pair = Math.floor(number / 2)
    const barcode = barcodes[pair % barcodes.length] as string
    const card = cards[pair % cards.length] as string
    const came = performance.now()
    const isLoan = number % 2 === 0
    const answer = await post(
      new URL(isLoan ? 'api/v1/loans' : 'api/v1/returns', address),
      { token, body: isLoan ? { card, barcode, branch } : { barcode, branch } },
      closing.signal,
    ).catch(() => undefined)
    const ms = performance.now() - came
    lab.measure(to, ms, came)
    tally.worstMs = Math.max(tally.worstMs, ms)
    if (ms > lateMs) tally.late++
    if (!answer || answer.status >= 500) tally.failed++
    else if (answer.status >= 400) {
      const code = answer.code ?? String(answer.status)
      tally.refused[code] = (tally.refused[code] ?? 0) + 1
    } else tally.done++
  }
  const timer = setInterval(() => {
    const asked = ask().finally(() => underWay.delete(asked))
    underWay.add(asked)
  }, 1_000 / perSecond)
  const stop = () => clearInterval(timer)
  lab.atTheEnd(async () => stop())
  return {
    close: async () => {
      stop()
      const patience = AbortSignal.timeout(answerLimitMs)
      patience.addEventListener('abort', () => closing.abort(), { once: true })
      await Promise.all(underWay)
      return tally
    },
  }
}

type Answer = { readonly status: number; readonly code: string | undefined }

function post(
  to: URL,
  { token, body }: { token: string; body: object },
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      to,
      {
        method: 'POST',
        signal,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          'idempotency-key': crypto.randomUUID(),
        },
      },
      (reply) => {
        let text = ''
        reply.setEncoding('utf8')
        reply.on('data', (part: string) => {
          text += part
        })
        reply.on('error', reject)
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, code: codeIn(text) }))
      },
    )
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })
}

function codeIn(text: string): string | undefined {
  try {
    const { code } = JSON.parse(text) as { code?: string }
    return code
  } catch {
    return undefined
  }
}

import { setTimeout as wait } from 'node:timers/promises'
import { inEnglish } from '../language/messages.ts'
import { readWords } from '../language/worded.ts'
import { type Database, openPool, type PoolOptions } from '../postgres/pool.ts'
import { type Deliver, deliveryLimitMs } from './deliver.ts'
import { lookAtQueue, type NoticeFigures } from './figures.ts'
import { gatherLetters } from './gather.ts'
import { noticeBalance } from './ledger.ts'
import { afterTry, type Going, goingWell, mayTry } from './outage.ts'
import { haltQueue, queueNow, resumeQueue } from './queue.ts'
import { type Allowance, allowanceAt, lettersPerSecond } from './ramp.ts'
import { type Sent, sendNext } from './send-next.ts'

/** What a sender works with. */
export type SenderOptions = {
  readonly connection: PoolOptions['connection']
  /** Names this installation to the switch. */
  readonly installation: string
  readonly clock: () => Date
  /** Whether the service is there at all; while it starts nothing is tried. Default: it is. */
  readonly isReady?: () => boolean
  /** Gives one letter to the notice service; `signal` cuts it short. */
  readonly deliver: Deliver
  readonly figures: NoticeFigures
  readonly tell: { readonly warn: (text: string) => void; readonly error: (text: string) => void }
  /** From 0 up to 1, for the waits between tries. */
  readonly chance?: () => number
  /** The database takes a letter away from a sender that stands still with it for so long. Default: a little more than a delivery may take. */
  readonly holdMs?: number
}

/** Sends what is queued, for as long as it is open. */
export type Sender = AsyncDisposable & {
  /** Looks once: begins to send what may go now. */
  readonly look: () => Promise<void>
  /** Settles when nothing is being sent. */
  readonly idle: () => Promise<void>
}

/** Each letter that is being sent holds a connection; the one left over is for looking. */
const connectionsMax = 6
const lanesMax = connectionsMax - 1
const pollMs = 500
const balanceEveryMs = 60_000
const figuresEveryMs = 10_000
/** When Bibby is stopped, letters under way have so long; then their outcome is unknown. */
const closeLimitMs = 5_000

/** Opens a sender that looks when it is told to. */
export function openSender(options: SenderOptions): Sender {
  const db = openPool({
    connection: options.connection,
    name: 'bibby-sender',
    connectionsMax,
    statementLimitMs: 30_000,
    // The lock on a letter lasts as long as it is being sent, and not much longer.
    idleInTransactionLimitMs: options.holdMs ?? deliveryLimitMs + 30_000,
  })
  const closing = new AbortController()
  const lanes = new Set<Promise<void>>()
  const state: State = { going: goingWell, allowance: { letters: 1, at: 0 }, looked: new Map() }
  const idle = async () => {
    while (lanes.size > 0) await Promise.allSettled(lanes)
  }
  return {
    look: async () => {
      if (!(await mayGo(db, state, options))) return
      const free = Math.min(lanesMax - lanes.size, freeLanes(state))
      for (let n = 0; n < free; n++) {
        const lane = sendMore(db, state, { ...options, signal: closing.signal })
          .catch((error: unknown) => options.tell.warn(`A letter was not sent: ${words(error)}`))
          .finally(() => lanes.delete(lane))
        lanes.add(lane)
      }
    },
    idle,
    [Symbol.asyncDispose]: async () => {
      const late = new AbortController()
      const given = wait(closeLimitMs, undefined, { signal: late.signal, ref: false }).catch(() => undefined)
      await Promise.race([idle(), given])
      late.abort()
      closing.abort()
      await idle()
      await db[Symbol.asyncDispose]()
    },
  }
}

/** Looks twice a second until closed. */
export function keepSending(options: SenderOptions): AsyncDisposable {
  const sender = openSender(options)
  const closing = new AbortController()
  const rounds = async () => {
    let failed = false
    while (!closing.signal.aborted) {
      await sender.look().then(
        () => {
          failed = false
        },
        (error: unknown) => {
          // The database is away; it is told once.
          if (!failed) options.tell.warn(`Notices cannot be looked at: ${words(error)}`)
          failed = true
        },
      )
      await wait(pollMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
    }
  }
  const ended = rounds()
  return {
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await ended
      await sender[Symbol.asyncDispose]()
    },
  }
}

type State = {
  going: Going
  allowance: Allowance
  /** When something that is done now and then was last done. */
  readonly looked: Map<string, number>
}

/** Halts, resumes, gathers; says whether letters may go out now. */
async function mayGo(db: Database, state: State, options: SenderOptions): Promise<boolean> {
  const now = options.clock()
  const queue = await queueNow(db, options.installation)
  await lookNowAndThen(db, state, options)
  if (queue.stands !== null) {
    // Stopped writes are an incident. What is off was turned off by a person: it grows old.
    if (queue.stands === 'writes-stopped') await haltQueue(db, queue.stands, now)
    if (queue.stands === 'off' && queue.haltedSince) await resumeQueue(db, now)
    state.going = goingWell
    state.allowance = { letters: 1, at: now.getTime() }
    return false
  }
  if (queue.haltedBecause === 'writes-stopped') await resumeQueue(db, now)
  // In full batches: what is left over is gathered when the poll comes again.
  await gatherLetters(db, { now, patronDayMax: queue.patronDayMax })
  if (!mayTry(state.going, now.getTime()) || options.isReady?.() === false) return false
  const since = state.going.state === 'well' ? (state.going.since ?? now.getTime()) : now.getTime()
  if (state.going.state === 'well' && state.going.since === undefined) state.going = { ...state.going, since }
  const perSecond = lettersPerSecond(now.getTime() - since, queue.lettersPerSecondMax)
  state.allowance = allowanceAt(state.allowance, { now: now.getTime(), perSecond })
  return true
}

/** While the service is away one lane probes. */
function freeLanes({ going, allowance }: State): number {
  return going.state === 'away' ? 1 : Math.floor(allowance.letters)
}

async function sendMore(
  db: Database,
  state: State,
  options: SenderOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const { clock, signal } = options
  while (!signal.aborted && (state.going.state === 'away' || state.allowance.letters >= 1)) {
    if (!mayTry(state.going, clock().getTime())) return
    state.allowance = { ...state.allowance, letters: state.allowance.letters - 1 }
    const wasAway = state.going.state === 'away'
    const sent = await sendNext(db, { ...options, countsTries: !wasAway })
    if (sent.what === 'nothing-due') {
      state.allowance = { ...state.allowance, letters: state.allowance.letters + 1 }
      return
    }
    await learn(db, state, options, sent)
    if (wasAway) return
  }
}

async function learn(
  db: Database,
  state: State,
  { clock, figures, tell }: SenderOptions,
  sent: Sent,
): Promise<void> {
  if (sent.what !== 'tried') return
  figures.tries[sent.kind][sent.delivered.outcome] += 1
  const now = clock()
  const before = state.going
  state.going = afterTry(before, { id: sent.id, outcome: sent.delivered.outcome }, now.getTime())
  if (before.state === 'well' && state.going.state === 'away') {
    const because = 'because' in sent.delivered ? sent.delivered.because : 'away'
    await haltQueue(db, because, now)
    tell.warn(
      `Notices wait: the notice service does not take them (${because}). They are kept and tried again.`,
    )
  }
  if (before.state === 'away' && state.going.state === 'well') {
    await resumeQueue(db, now)
    state.allowance = { letters: 1, at: now.getTime() }
    tell.warn('The notice service takes notices again.')
  }
}

async function lookNowAndThen(db: Database, state: State, options: SenderOptions): Promise<void> {
  const now = options.clock()
  const isTime = (what: string, everyMs: number) => {
    const last = state.looked.get(what)
    if (last !== undefined && now.getTime() - last < everyMs) return false
    state.looked.set(what, now.getTime())
    return true
  }
  if (isTime('queue', figuresEveryMs)) await lookAtQueue(db, options.figures, now)
  if (!isTime('balance', balanceEveryMs)) return
  const { difference, examples } = await noticeBalance(db)
  options.figures.ledgerDifference = difference
  if (difference === 0) return
  options.tell.error(
    `The ledger of notices disagrees with the notices by ${difference}: ${examples.map((each) => readWords(inEnglish, each)).join(' ')} ` +
      'Somebody or something went past Bibby: find out who before notices are deleted or sent again.',
  )
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown fault'
}

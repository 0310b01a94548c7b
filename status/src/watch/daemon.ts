import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { watchTraffic } from '../alerts/watch-traffic.ts'
import type { Config, Target } from '../config/config.ts'
import { keepTimes } from '../incidents/maintenance.ts'
import { keepAsking } from '../probes/rounds.ts'
import { lock } from '../publish/lock.ts'
import { publishTo } from '../publish/publish.ts'
import { servePage } from '../serve/page-server.ts'
import { route } from '../serve/routes.ts'
import { StatusError } from '../status-error.ts'
import { keepFact, revision } from '../store/facts.ts'
import { keepSample } from '../store/samples.ts'
import { closeSlices } from '../store/slices.ts'
import { isDamage, openStore, type Store } from '../store/store.ts'
import { tidy } from '../store/tidy.ts'
import { changeMessage } from '../tell/changes.ts'
import { deliverDue } from '../tell/deliver.ts'
import { maintenanceMessage, tellContacts, tellSubscribers } from '../tell/outbox.ts'
import { evaluate, here } from './evaluate.ts'
import { whatIsShared } from './independence.ts'
import { watchPeers } from './peers.ts'
import { ping } from './ping.ts'
import { isReplaced, placeOf, replaced, tellReplaced } from './replaced.ts'
import { type Bell, bell, inTurns, rest } from './turns.ts'
import { patient, type Voice } from './voice.ts'

const lookEachMs = 250
const tidyEachMs = 60_000
const sharedEachMs = 3_600_000
const judgedEachMs = 5_000
const lastWordsMs = 1_000
const damaged = 'The database is damaged. The next start sets it aside.'

type Running = {
  readonly store: Store
  readonly config: Config
  readonly voice: Voice
  readonly clock: () => number
  readonly published: Bell
  readonly judged: Bell
  readonly signal: AbortSignal
  /**
   * What went wrong is told; a damaged database ends the process, so that the next start sets it aside, and one that was
   * exchanged does, so that the next start opens the new one.
   */
  readonly fault: (what: string) => (error: unknown) => void
}

/** The status page at work: asks, judges, publishes, serves, tells; until the signal. */
export async function runDaemon(config: Config, loud: Voice, stop: AbortSignal): Promise<void> {
  const own = config.publish.flatMap((target) => (target.kind === 'folder' ? [target.folder] : []))[0]
  if (!own)
    throw new StatusError(
      'STATUS_CONFIG_INVALID',
      'publish must hold at least one folder: it is what this process serves.',
    )
  const clock = Date.now
  const voice = patient(loud, clock)
  using only = lock(config.data, 'daemon')
  if (!only) throw new StatusError('STATUS_ALREADY_RUNS', `A status page runs on ${config.data} already.`)
  using store = openStore(config.data, { isDaemon: true })
  const place = placeOf(config.data)
  if (store.setAside)
    voice.warn(
      `The database was damaged. It was set aside as ${store.setAside}; a new one was begun, and all is unknown until it is asked.`,
    )
  const ended = new AbortController()
  let broken: Error | undefined
  const running: Running = {
    store,
    config,
    voice,
    clock,
    published: bell(),
    judged: bell(),
    signal: AbortSignal.any([stop, ended.signal]),
    fault: (what) => (error) => {
      // What is said after the first is what came of it.
      if (broken) return
      voice.warn(`${what}: ${error instanceof Error ? error.message : 'fault'}.`)
      if (isReplaced(error)) {
        broken = error
        // At once: a command may open the new file at any moment.
        store[Symbol.dispose]()
      } else if (!isDamage(error)) return
      else broken = new StatusError('STATUS_STORE_DAMAGED', damaged, { cause: error })
      ended.abort()
    },
  }
  const heard = () => running.judged.ring()
  const page = await servePage({ folder: own, ...config.listen }, (asked) =>
    route({ store, config, clock, heard }, asked),
  )
  page.ended.then((why) => {
    if (running.signal.aborted) return
    broken = new Error(`The page is served no longer: ${why}.`)
    ended.abort()
  })
  voice.say(`The page is at ${page.url}`)
  try {
    // What is under way at the end is asked or sent again by the next; nobody waits for a server that hangs.
    await Promise.race([work(running), lastWords(running.signal)])
  } finally {
    await page.stop()
  }
  if (isReplaced(broken)) {
    // Where its disk is gone, nothing is begun in the place where it was.
    if (placeOf(config.data) === place) tellReplaced(config, broken.message, clock())
    else voice.warn(`The disk of ${config.data} is gone, or another one: nothing was written there.`)
  }
  if (broken) throw broken
}

async function lastWords(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
  await pause(lastWordsMs)
}

async function work(running: Running): Promise<void> {
  const { store, config, voice, clock, signal, fault, published, judged } = running
  const lastTold = new Map<string, number>()
  const turns = (what: string, everyMs: number, doIt: () => void | Promise<void>) =>
    inTurns({ everyMs, signal, fault: fault(what) }, doIt)
  await Promise.all([
    keepAsking(
      config,
      (told) => {
        lastTold.set(`${told.component}/${told.probe}`, performance.now())
        try {
          keepSample(store, { ...told, prober: here, at: clock() })
        } catch (error) {
          fault('A sample cannot be kept')(error)
        }
        judged.ring()
      },
      signal,
    ),
    keepJudging(running),
    keepLooking(running),
    ...config.publish.map((target) => keepPublishing(running, target)),
    turns('Old rows cannot be removed', tidyEachMs, () => {
      closeSlices(
        store,
        config.components.map(({ id }) => id),
        clock(),
      )
      tidy(store, clock())
    }),
    turns('What is shared cannot be found out', sharedEachMs, async () => {
      keepFact(store, { name: 'shares', value: JSON.stringify(await whatIsShared(config)) })
      published.ring()
    }),
    turns('Messages cannot be sent', Math.min(1_000, config.intervalMs), () =>
      deliverDue(store, config, { clock, warn: voice.warn }),
    ),
    turns('The ping fails', config.intervalMs, () =>
      ping(store, config, { clock, lastTold, warn: voice.warn }),
    ),
    turns('Peers cannot be watched', config.intervalMs, () => watchPeers(store, config, { clock })),
    turns('The figures of the library cannot be watched', Math.max(config.intervalMs, 1_000), () =>
      watchTraffic(store, config, { clock }),
    ),
  ])
}

/** Judges after each sample, and now and then without one: silence is a change too. */
async function keepJudging({
  store,
  config,
  voice,
  clock,
  signal,
  fault,
  judged,
  published,
}: Running): Promise<void> {
  while (!signal.aborted) {
    const rung = judged.next()
    try {
      keepTimes(store, clock(), (maintenance) =>
        tellSubscribers(store, config, maintenanceMessage(config, maintenance), clock()),
      )
      const changes = evaluate(store, config, clock(), (change) =>
        tellContacts(store, config, changeMessage(config, change), change.at),
      )
      for (const { component, from, to, because } of changes)
        voice.warn(`${component}: ${from} -> ${to}. ${because}`)
      if (changes.length > 0) published.ring()
    } catch (error) {
      fault('Nothing can be judged')(error)
    }
    await rest(Math.min(judgedEachMs, config.intervalMs), signal, rung)
    // What comes in one breath is judged once.
    await rest(Math.min(lookEachMs, config.intervalMs / 4), signal)
  }
}

/** Sees what commands wrote, and whether they still write where this process reads. */
async function keepLooking({ store, signal, fault, published }: Running): Promise<void> {
  let seen = -1
  await inTurns({ everyMs: lookEachMs, signal, fault: fault('The database does not answer') }, () => {
    if (!store.isInPlace()) throw replaced()
    const now = revision(store)
    if (now !== seen) published.ring()
    seen = now
  })
}

async function keepPublishing(
  { store, config, voice, clock, signal, fault, published }: Running,
  target: Target,
): Promise<void> {
  let turn = 0
  while (!signal.aborted) {
    const rung = published.next()
    try {
      const { isSent, problem, mended } = await publishTo(store, config, target, {
        clock,
        unlessNewerThanMs: turn === 0 ? 0 : config.intervalMs / 2,
        turn,
      })
      if (isSent) turn = problem === null ? turn + 1 : 0
      if (problem !== null) voice.warn(`Publishing to ${target.name} fails. ${problem}`)
      if (mended.length > 0)
        voice.warn(`${target.name} had lost or altered ${mended.join(', ')}: put again, and read back.`)
      // A target that fails is not hammered.
      if (problem !== null) await rest(Math.min(config.intervalMs, 5_000), signal)
    } catch (error) {
      fault(`Publishing to ${target.name} fails`)(error)
    }
    await rest(config.intervalMs, signal, rung)
  }
}

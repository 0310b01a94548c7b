import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patient } from '../../test/patient.ts'
import { noon, scratch } from '../../test/scratch.ts'
import { planMaintenance } from '../incidents/maintenance.ts'
import { daysOf } from '../store/days.ts'
import { revision } from '../store/facts.ts'
import { keepSample } from '../store/samples.ts'
import type { Store } from '../store/store.ts'
import type { Outcome } from '../verdict/standing.ts'
import { type Change, evaluate } from './evaluate.ts'
import { domainOf, whatIsShared } from './independence.ts'
import { watchPeers } from './peers.ts'
import { wentRound } from './ping.ts'
import { patient as patientVoice } from './voice.ts'

const everyMs = 30_000
const none = () => undefined
const hear = (store: Store, at: number, outcome: Outcome = 'ok', prober = 'here') =>
  keepSample(store, {
    component: 'search',
    probe: 'page',
    prober,
    at,
    outcome,
    latencyMs: 1,
    detail: outcome,
  })

/** Asks and judges at an even pace; gives the verdicts. */
function rounds(
  at: ReturnType<typeof scratch>,
  { from, outcomes }: { from: number; outcomes: readonly Outcome[] },
): Change[] {
  return outcomes.flatMap((outcome, index) => {
    hear(at.store, from + index * everyMs, outcome)
    return evaluate(at.store, at.config, from + index * everyMs, none)
  })
}
const today = (at: ReturnType<typeof scratch>, now: number) => {
  const { days, goodMs } = daysOf(at.store, 'search', now)
  const day = days.at(-1)
  return { goodMs, majorMs: day?.majorMs, unknownMs: day?.unknownMs }
}

test('the time between two judgings counts to the verdict that held', () => {
  using at = scratch()
  const changes = rounds(at, { from: noon, outcomes: ['ok', 'ok', 'failed', 'failed', 'failed', 'failed'] })
  assert.deepEqual(
    changes.map(({ from, to }) => [from, to]),
    [
      ['unknown', 'operational'],
      ['operational', 'major-outage'],
    ],
  )
  const { goodMs, majorMs } = today(at, noon + 5 * everyMs)
  assert.deepEqual([goodMs, majorMs], [4 * everyMs, everyMs])
  assert.equal(revision(at.store), 2)
  assert.deepEqual(evaluate(at.store, at.config, noon + 5 * everyMs, none), [])
  assert.equal(today(at, noon + 5 * everyMs).goodMs, 4 * everyMs)
})

test('a machine that slept, or a clock that went forward, leaves unknown time and no up time', () => {
  using at = scratch()
  rounds(at, { from: noon, outcomes: ['ok', 'ok', 'ok'] })
  const before = today(at, noon + 2 * everyMs)
  const later = noon + 3_600_000
  assert.equal(evaluate(at.store, at.config, later, none)[0]?.to, 'unknown')
  hear(at.store, later)
  evaluate(at.store, at.config, later, none)
  assert.equal(today(at, later).goodMs, before.goodMs)
  rounds(at, { from: later + everyMs, outcomes: ['ok'] })
  assert.equal(today(at, later + everyMs).goodMs, before.goodMs + everyMs)
})

test('a clock that goes back counts nothing twice and makes no hole', () => {
  using at = scratch()
  rounds(at, { from: noon, outcomes: Array<Outcome>(20).fill('ok') })
  const counted = today(at, noon + 19 * everyMs).goodMs
  assert.equal(counted, 19 * everyMs)
  // Back by five minutes: the same ten turns are lived through again.
  const changes = rounds(at, { from: noon + 10 * everyMs, outcomes: Array<Outcome>(11).fill('ok') })
  assert.deepEqual(changes, [])
  assert.equal(today(at, noon + 20 * everyMs).goodMs, counted + everyMs)
})

test('a clock that was years ahead is believed no more', () => {
  using at = scratch()
  rounds(at, { from: noon + 400 * 86_400_000, outcomes: ['ok', 'ok'] })
  rounds(at, { from: noon, outcomes: ['ok', 'ok', 'ok'] })
  assert.equal(today(at, noon + 2 * everyMs).goodMs, 2 * everyMs)
})

test('two of three probers must say that it is down; one that is silent counts as neither', () => {
  const key = { env: 'KEY' }
  using at = scratch({
    probers: [
      { name: 'attic', key },
      { name: 'cellar', key },
    ],
  })
  const say = (turn: number, outcomes: Readonly<Record<string, Outcome>>) => {
    for (const [prober, outcome] of Object.entries(outcomes))
      hear(at.store, noon + turn * everyMs, outcome, prober)
    return evaluate(at.store, at.config, noon + turn * everyMs, none).at(-1)?.to
  }
  assert.equal(say(0, { here: 'ok', attic: 'ok', cellar: 'ok' }), 'operational')
  for (const turn of [1, 2]) say(turn, { here: 'failed', attic: 'ok', cellar: 'ok' })
  assert.equal(say(3, { here: 'failed', attic: 'ok', cellar: 'ok' }), 'degraded')
  for (const turn of [4, 5]) say(turn, { here: 'failed', attic: 'failed', cellar: 'ok' })
  assert.equal(say(6, { here: 'failed', attic: 'failed' }), 'major-outage')
})

test('planned work that is under way is maintenance, whatever the probes say', () => {
  using at = scratch()
  planMaintenance(
    at.store,
    {
      title: 'Move',
      components: ['search'],
      text: 'We move.',
      from: noon - 1,
      to: noon + 3_600_000,
      now: noon - 10,
    },
    none,
  )
  at.store.run(`update maintenance_update set state = 'in-progress'`)
  assert.equal(evaluate(at.store, at.config, noon, none)[0]?.to, 'maintenance')
})

test('the ping goes out only when every probe was asked and the page was published', () => {
  using at = scratch()
  const given = { now: noon, monotonic: 1_000_000, lastTold: new Map([['search/page', 990_000]]) }
  assert.equal(wentRound(at.store, at.config, given), false)
  at.store.run(`insert into target values ('here', 1, ?, '')`, [noon - 1_000])
  assert.equal(wentRound(at.store, at.config, given), true)
  assert.equal(wentRound(at.store, at.config, { ...given, monotonic: 2_000_000 }), false)
  assert.equal(wentRound(at.store, at.config, { ...given, lastTold: new Map() }), false)
})

test('a peer that is silent or stale is told to the contacts once, and once when it is over', async () => {
  await using other = await patient()
  using at = scratch({
    peers: [{ name: 'twin', url: other.url }],
    contacts: [{ kind: 'webhook', url: 'http://ops.example', secret: { env: 'OPS' } }],
  })
  const subjects = () =>
    at.store.all<{ body: string }>('select body from delivery order by made_at').map(({ body }) => body)
  const written = (ageMs: number) =>
    other.be((_, response) =>
      response.end(JSON.stringify({ page: { updated_at: new Date(noon - ageMs).toISOString() } })),
    )
  written(1_000)
  await watchPeers(at.store, at.config, { clock: () => noon })
  assert.deepEqual(subjects(), [])
  written(3_600_000)
  for (const later of [1, 2]) await watchPeers(at.store, at.config, { clock: () => noon + later })
  assert.equal(subjects().length, 1)
  assert.match(subjects()[0] ?? '', /BibbyStatusStale.*twin was written 3600 s ago/)
  written(0)
  await watchPeers(at.store, at.config, { clock: () => noon + 3 })
  assert.match(subjects()[1] ?? '', /resolved/)
})

test('each peer has an alert of its own, which ends with it or when it is watched no longer', async () => {
  await using one = await patient()
  await using other = await patient()
  const peers = [
    { name: 'attic', url: one.url },
    { name: 'cellar', url: other.url },
  ]
  using at = scratch({
    peers,
    contacts: [{ kind: 'webhook', url: 'http://ops.example', secret: { env: 'OPS' } }],
  })
  const written = (peer: typeof one, ageMs: number) =>
    peer.be((_, response) =>
      response.end(JSON.stringify({ page: { updated_at: new Date(noon - ageMs).toISOString() } })),
    )
  const told = async (config = at.config, now = noon) => {
    at.store.run('delete from delivery')
    await watchPeers(at.store, config, { clock: () => now })
    return at.store
      .all<{ subject: string }>('select subject from delivery order by subject')
      .map(({ subject }) => subject)
  }
  written(one, 3_600_000)
  written(other, 0)
  assert.deepEqual(await told(), ['Alert: BibbyStatusStale attic'])
  written(other, 3_600_000)
  assert.deepEqual(await told(), ['Alert: BibbyStatusStale cellar'])
  written(one, 0)
  assert.deepEqual(await told(at.config, noon + 1), ['Over: BibbyStatusStale attic'])
  assert.deepEqual(await told({ ...at.config, peers: [] }, noon + 2), ['Over: BibbyStatusStale cellar'])
  assert.deepEqual(await told({ ...at.config, peers: [] }, noon + 3), [])
})

test('what the page shares with the library is told in sentences', async () => {
  using at = scratch({
    page: { name: 'M', url: 'http://127.0.0.1:8082', libraryUrl: 'http://127.0.0.1:8080' },
  })
  const sentences = (await whatIsShared(at.config)).join('\n')
  assert.match(sentences, /written on the machine that it watches/)
  assert.match(sentences, /same name, 127\.0\.0\.1/)
  assert.equal(domainOf('status.library.example'), 'library.example')
  assert.equal(domainOf('10.0.0.1'), undefined)
})

test('the same trouble is told once a minute', () => {
  let now = noon
  const heard: string[] = []
  const voice = patientVoice({ say: none, warn: (line) => heard.push(line) }, () => now)
  for (const ms of [0, 1_000, 30_000]) {
    now = noon + ms
    voice.warn('The disk is full.')
  }
  now = noon + 61_000
  voice.warn('The disk is full.')
  assert.equal(heard.length, 2)
})

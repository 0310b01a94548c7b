import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noon, scratch } from '../../test/scratch.ts'
import { revision } from '../store/facts.ts'
import type { Incident } from '../summary.ts'
import { incidentMessage, tellSubscribers } from '../tell/outbox.ts'
import { addSubscription } from '../tell/subscriptions.ts'
import { bounds, incidents, openIncident, updateIncident } from './incident.ts'
import { keepTimes, maintenances, moveMaintenance, planMaintenance } from './maintenance.ts'

const none = () => undefined
const asked = { title: 'Slow', impact: 'minor', components: ['search'], text: 'We look.', now: noon } as const
function opened(at: ReturnType<typeof scratch>, more: object = {}): Incident {
  const done = openIncident(at.store, { ...asked, ...more }, none)
  assert.ok('opened' in done)
  return done.opened
}

test('an incident goes from its opening to its end, newest update first', () => {
  using at = scratch()
  const { id } = opened(at)
  updateIncident(at.store, { id, state: 'identified', text: 'A disk.', now: noon + 1 }, none)
  updateIncident(at.store, { id, state: null, text: 'Still that disk.', now: noon + 2 }, none)
  updateIncident(at.store, { id, state: 'resolved', text: 'Mended.', now: noon + 3 }, none)
  const [incident] = incidents(at.store, { resolvedSince: 0 })
  assert.deepEqual(
    incident?.updates.map(({ state }) => state),
    ['resolved', 'identified', 'identified', 'investigating'],
  )
  assert.equal(incident.resolvedAt, new Date(noon + 3).toISOString())
  assert.equal(revision(at.store), 4)
})

test('the same title twice, a resolved one, an unknown one and an ambiguous beginning are refused', () => {
  using at = scratch()
  const { id } = opened(at)
  assert.deepEqual(openIncident(at.store, asked, none), { refused: 'already-open', id })
  const update = (begun: string) => {
    const done = updateIncident(at.store, { id: begun, state: null, text: 'x', now: noon }, none)
    return 'refused' in done ? done.refused : 'updated'
  }
  assert.equal(update('0000'), 'incident-unknown')
  assert.equal(update(''), 'incident-unknown')
  assert.equal(update(id.slice(0, 6)), 'updated')
  at.store.run(
    `insert into incident select '-' || substr(id, 2), title, impact, components, opened_at, 1 from incident`,
  )
  at.store.run(
    `insert into incident select '--' || substr(id, 2), title, impact, components, opened_at, 1 from incident where id = ?`,
    [id],
  )
  assert.equal(update('-'), 'id-ambiguous')
  updateIncident(at.store, { id, state: 'resolved', text: 'x', now: noon }, none)
  assert.equal(update(id), 'already-resolved')
})

test('a hundred incidents may be open at once, and another one when one of them is over', () => {
  using at = scratch()
  const { id } = opened(at)
  for (let more = 1; more < bounds.openMost; more++) opened(at, { title: `Trouble ${more}` })
  const last = { ...asked, title: 'One more' }
  assert.deepEqual(openIncident(at.store, last, none), { refused: 'too-many-open' })
  assert.equal(incidents(at.store, { resolvedSince: 0 }).length, bounds.openMost)
  updateIncident(at.store, { id, state: 'resolved', text: 'Mended.', now: noon + 1 }, none)
  assert.ok('opened' in openIncident(at.store, last, none))
})

test('what subscribers hear is written with the incident, or neither is', () => {
  using at = scratch()
  addSubscription(at.store, { kind: 'webhook', address: 'http://hook.example', now: noon })
  const tell = (incident: Incident) =>
    tellSubscribers(at.store, at.config, incidentMessage(at.config, incident), noon)
  assert.throws(() =>
    openIncident(at.store, asked, (incident) => {
      tell(incident)
      throw new Error('cut')
    }),
  )
  const count = (table: string) => at.store.all(`select 1 from ${table}`).length
  assert.deepEqual([count('incident'), count('delivery')], [0, 0])
  openIncident(at.store, asked, tell)
  assert.deepEqual([count('incident'), count('delivery')], [1, 1])
})

test('open incidents come first, newest first', () => {
  using at = scratch()
  const one = opened(at, { title: 'One' })
  const two = opened(at, { title: 'Two', now: noon + 1 })
  updateIncident(at.store, { id: two.id, state: 'resolved', text: 'x', now: noon + 2 }, none)
  const three = opened(at, { title: 'Three', now: noon + 3 })
  assert.deepEqual(
    incidents(at.store, { resolvedSince: 0 }).map(({ id }) => id),
    [three.id, one.id, two.id],
  )
  assert.deepEqual(
    incidents(at.store, { resolvedSince: noon + 10 }).map(({ id }) => id),
    [three.id, one.id],
  )
})

test('planned work begins and ends at its times by itself, and by hand before', () => {
  using at = scratch()
  const plan = (title: string) =>
    planMaintenance(
      at.store,
      { title, components: [], text: 'We move.', from: noon + 10, to: noon + 20, now: noon },
      none,
    )
  const [one, two] = [plan('One'), plan('Two')]
  const states = () =>
    Object.fromEntries(maintenances(at.store, { endedSince: 0 }).map(({ title, state }) => [title, state]))
  assert.equal(keepTimes(at.store, noon, none), 0)
  assert.ok(
    'moved' in
      moveMaintenance(at.store, { id: two.id, state: 'cancelled', text: 'Not now.', now: noon }, none),
  )
  assert.equal(keepTimes(at.store, noon + 10, none), 1)
  assert.deepEqual(states(), { One: 'in-progress', Two: 'cancelled' })
  assert.equal(keepTimes(at.store, noon + 30, none), 1)
  assert.deepEqual(states(), { One: 'completed', Two: 'cancelled' })
  const late = moveMaintenance(at.store, { id: one.id, state: 'in-progress', text: 'x', now: noon }, none)
  assert.deepEqual(late, { refused: 'wrong-state', ids: [one.id], state: 'completed' })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aComponent, aMaintenance, aSummary } from '../../test/site-fixtures.ts'
import { anOutage } from '../../test/site-situations.ts'
import type { Summary, Verdict } from '../summary.ts'
import { statuspageFiles } from './statuspage-api.ts'

function answers(summary: Summary) {
  return Object.fromEntries(
    statuspageFiles(summary).map(([name, text]) => [name.replace('api/v2/', ''), JSON.parse(text)]),
  )
}

test('each file has the parts that readers of Statuspage look for', () => {
  const all = answers(anOutage())
  assert.deepEqual(
    Object.fromEntries(Object.entries(all).map(([name, answer]) => [name, Object.keys(answer)])),
    {
      'summary.json': ['page', 'status', 'components', 'incidents', 'scheduled_maintenances'],
      'status.json': ['page', 'status'],
      'components.json': ['page', 'components'],
      'incidents.json': ['page', 'incidents'],
      'incidents/unresolved.json': ['page', 'incidents'],
      'scheduled-maintenances.json': ['page', 'scheduled_maintenances'],
    },
  )
  assert.deepEqual(all['status.json'].status, {
    indicator: 'critical',
    description: 'There is a major outage',
    verdict: 'major-outage',
  })
  const [incident] = all['summary.json'].incidents
  assert.equal(incident.status, 'identified')
  assert.equal(incident.impact, 'major')
  assert.deepEqual(
    incident.incident_updates.map(({ id, status }: { id: string; status: string }) => [id, status]),
    [
      ['disk-full-2', 'identified'],
      ['disk-full-1', 'investigating'],
    ],
  )
  assert.equal(all['incidents.json'].incidents.length, 3)
  assert.equal(all['incidents/unresolved.json'].incidents.length, 1)
})

test('what is unknown is never told as operational, and its true verdict stands beside it', () => {
  const words: Readonly<Record<Verdict, readonly [string, string]>> = {
    operational: ['operational', 'none'],
    degraded: ['degraded_performance', 'minor'],
    'partial-outage': ['partial_outage', 'major'],
    'major-outage': ['major_outage', 'critical'],
    unknown: ['degraded_performance', 'minor'],
    maintenance: ['under_maintenance', 'maintenance'],
  }
  for (const [verdict, [status, indicator]] of Object.entries(words) as [Verdict, [string, string]][]) {
    const all = answers(aSummary({ overall: verdict, components: [aComponent('search', { verdict })] }))
    assert.equal(all['components.json'].components[0].status, status)
    assert.equal(all['components.json'].components[0].verdict, verdict)
    assert.equal(all['status.json'].status.indicator, indicator)
  }
})

test('planned work that is cancelled is not among what is to come', () => {
  const all = answers(
    aSummary({ maintenances: [aMaintenance('off', { state: 'cancelled' }), aMaintenance('on')] }),
  )
  assert.deepEqual(
    all['summary.json'].scheduled_maintenances.map(({ id }: { id: string }) => id),
    ['on'],
  )
  assert.equal(all['scheduled-maintenances.json'].scheduled_maintenances.length, 2)
})

test('a reader is told from when on the answer no longer counts', () => {
  assert.equal(answers(aSummary())['status.json'].page.stale_at, '2026-11-28T14:10:00.000Z')
})

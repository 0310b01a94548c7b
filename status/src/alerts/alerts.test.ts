import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { patient } from '../../test/patient.ts'
import { noon, scratch } from '../../test/scratch.ts'
import { burning, grown, type Stretch } from './burn-rate.ts'
import { countsIn } from './counts.ts'
import { watchTraffic } from './watch-traffic.ts'

const minuteMs = 60_000
const rules = { objective: 0.999, errorsLeast: 10 }

/** So many requests an hour, evenly, over so many hours until noon; the last ones fail. */
function traffic({
  perHour,
  hours,
  failed,
}: {
  perHour: number
  hours: number
  failed: (index: number, count: number) => boolean
}): Stretch[] {
  const count = Math.round(perHour * hours)
  return Array.from({ length: count }, (_, index) => ({
    at: noon - (count - 1 - index) * ((60 / perHour) * minuteMs),
    requests: 1,
    errors: failed(index, count) ? 1 : 0,
  }))
}
const names = (stretches: readonly Stretch[]) => burning(stretches, rules, noon).map(({ name }) => name)

test('at six requests an hour a total failure is an alert, and a single error is not', () => {
  assert.deepEqual(names(traffic({ perHour: 6, hours: 72, failed: (index, count) => index >= count - 6 })), [
    'BibbyErrorsFew',
  ])
  assert.deepEqual(
    names(traffic({ perHour: 6, hours: 72, failed: (index, count) => index === count - 1 })),
    [],
  )
  assert.deepEqual(
    names(traffic({ perHour: 6, hours: 1, failed: (index, count) => index === count - 1 })),
    [],
  )
})

test('a burst of errors at much traffic is an alert, and one that is over is not', () => {
  assert.deepEqual(
    names(
      traffic({
        perHour: 3_600,
        hours: 2,
        failed: (index, count) => index > count - 1_200 && index % 10 === 0,
      }),
    ),
    ['BibbyErrorsFast', 'BibbyErrorsSlow'],
  )
  const over = traffic({
    perHour: 3_600,
    hours: 2,
    failed: (index, count) => index > count - 3_000 && index < count - 1_800,
  })
  assert.ok(
    !names(over).includes('BibbyErrorsFast') || burning(over, rules, noon)[0]?.sentence.includes('6 hours'),
  )
  assert.deepEqual(names(traffic({ perHour: 3_600, hours: 2, failed: () => false })), [])
})

test('a small leak over days is an alert of the slow kind', () => {
  assert.deepEqual(names(traffic({ perHour: 600, hours: 72, failed: (index) => index % 500 === 0 })), [
    'BibbyErrorsSlow',
  ])
})

test('fewer errors than the least count are never a burn rate, and nothing is without errors', () => {
  const stretch = fc.record({
    at: fc.integer({ min: noon - 80 * 60 * minuteMs, max: noon }),
    requests: fc.integer({ min: 1, max: 500 }),
    errors: fc.constant(0),
  })
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 200 }), (stretches) => {
      assert.deepEqual(names(stretches), [])
      const [first, ...rest] = stretches
      if (first) assert.deepEqual(names([{ ...first, errors: 1 }, ...rest]), [])
    }),
  )
})

test('a counter that began anew counts from nothing', () => {
  assert.equal(grown(100, 130), 30)
  assert.equal(grown(100, 7), 7)
})

test('the counters are read from the figures, without those who only ask how it goes', () => {
  const text = `# TYPE bibby_requests_total counter
bibby_requests_total{route="/api/v1/loans",method="POST",class="ok"} 40
bibby_requests_total{route="/api/v1/loans",method="POST",class="5xx"} 2
bibby_requests_total{route="/actuator/health",method="GET",class="5xx"} 900
bibby_requests_total{route="/api/v1/loans",method="POST",class="4xx"} 70
bibby_requests_total{route="/metrics",method="GET",class="ok"} 900
other{a="b"} 3
`
  assert.deepEqual(countsIn(text), { requests: 42, errors: 2 })
  assert.equal(countsIn('other 1\n'), undefined)
})

test('a signal that is gone is an alert, told once, and over when it is back', async () => {
  await using library = await patient()
  using at = scratch({
    alerts: { metricsUrl: `${library.url}/metrics` },
    contacts: [{ kind: 'webhook', url: 'http://ops.example', secret: { env: 'OPS' } }],
  })
  const told = () =>
    at.store
      .all<{ subject: string }>('select subject from delivery order by made_at')
      .map(({ subject }) => subject)
  let [requests, errors] = [100, 0]
  library.be(
    (_, response) =>
      void response.end(
        `bibby_requests_total{class="ok"} ${requests}\nbibby_requests_total{class="5xx"} ${errors}\n`,
      ),
  )
  const look = (ms: number) => watchTraffic(at.store, at.config, { clock: () => noon + ms })
  await look(0)
  requests = 130
  errors = 4
  await look(60_000)
  assert.deepEqual(
    at.store.all('select requests, errors from traffic').map((row) => ({ ...(row as object) })),
    [{ requests: 34, errors: 4 }],
  )
  assert.deepEqual(told(), [])
  library.be((_, response) => void response.writeHead(403).end())
  for (const ms of [120_000, 400_000, 460_000]) await look(ms)
  assert.deepEqual(told(), ['Alert: BibbyUnseen'])
  library.be((_, response) => void response.end('bibby_requests_total{class="ok"} 1\n'))
  await look(500_000)
  assert.deepEqual(told(), ['Alert: BibbyUnseen', 'Over: BibbyUnseen'])
})

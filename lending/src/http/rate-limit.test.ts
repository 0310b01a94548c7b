import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import type { App } from './app.ts'
import { defaultLimits } from './limits.ts'
import { openRateLimit } from './rate-limit.ts'

test('a payer is closed once they have asked as often as they may, and each kind may ask as often as the limits say', () => {
  const limits = { ...defaultLimits, anonymousPerMinute: 2, patronPerMinute: 3, staffPerMinute: 4 }
  const rateLimit = openRateLimit(limits)
  for (const [key, max] of [
    ['192.0.2.1', 2],
    ['patron:1', 3],
    ['staff:1', 4],
  ] as const) {
    for (let spent = 0; spent < max; spent++) {
      assert.equal(rateLimit.closedForMs(key), undefined, `${key} ${spent}`)
      rateLimit.spend(key)
    }
    const closedForMs = rateLimit.closedForMs(key) ?? 0
    assert.ok(closedForMs > 0 && closedForMs <= 60_000, `${key} ${closedForMs}`)
  }
  assert.equal(rateLimit.closedForMs('192.0.2.2'), undefined)
})

test('no more than 20,000 are counted at once: whoever’s minute began first begins anew', () => {
  const rateLimit = openRateLimit({ ...defaultLimits, anonymousPerMinute: 1 })
  for (let n = 0; n < 20_000; n++) rateLimit.spend(`network ${n}`)
  assert.ok(rateLimit.closedForMs('network 0'))
  rateLimit.spend('one more')
  assert.equal(rateLimit.closedForMs('network 0'), undefined)
  assert.ok(rateLimit.closedForMs('network 1'))
  assert.ok(rateLimit.closedForMs('one more'))
})

test('a route with a limit of its own that names no group, or another time, cannot be registered', async () => {
  for (const rateLimit of [{ max: 3 }, { max: 3, groupId: 'sign-in', timeWindow: 1_000 }]) {
    const app = Fastify() as unknown as App
    await openRateLimit(defaultLimits).guard(app)
    assert.throws(() => app.get('/x', { config: { rateLimit } }, () => 'x'), /needs a groupId/)
    await app.close()
  }
})

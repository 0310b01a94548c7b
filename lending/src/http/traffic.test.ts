import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import type { App } from './app.ts'
import { addTraffic } from './overload.ts'
import { trafficBounds, trafficOf } from './traffic.ts'

test('the desk is refused last, and reports first', () => {
  const byPatience = Object.entries(trafficBounds).toSorted(([, a], [, b]) => b.waitMs - a.waitMs)
  assert.deepEqual(
    byPatience.map(([name]) => name),
    ['check-in', 'checkout', 'people', 'search', 'visitors', 'reports'],
  )
  assert.equal(
    new Set(byPatience.map(([, { waitMs }]) => waitMs)).size,
    byPatience.length,
    'no two go at once',
  )
})

test('a route is of the class of its own row, or else of the nearest address above it', () => {
  const classes: Readonly<Record<string, string | undefined>> = {
    'POST /api/v1/returns': 'check-in',
    'POST /api/v1/loans': 'checkout',
    'GET /api/v1/loans/overdue': 'reports',
    'POST /api/v1/books/:id/checkout': 'checkout',
    'PATCH /api/v1/books/:id': 'people',
    'HEAD /api/v1/books/:id': 'search',
    'GET /api/v1/patrons/:card/loans': 'people',
    'POST /api/v1/patrons/import': 'reports',
    'GET /': 'search',
    'GET /actuator/health/liveness': 'free',
    'GET /nowhere': undefined,
    'GET /api/v1/nothing/like/this': undefined,
  }
  for (const [route, traffic] of Object.entries(classes)) {
    const [method = '', url = ''] = route.split(' ')
    assert.equal(trafficOf(method, url), traffic, route)
  }
})

test('a route without a class cannot be registered', async () => {
  const app = Fastify() as unknown as App
  addTraffic(app)
  assert.throws(() => app.get('/nowhere', () => 'x'), /GET \/nowhere has no class/)
  await app.close()
})

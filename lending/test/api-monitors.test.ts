import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aServedLibrary, type ServedLibrary } from './api-fixtures.ts'

type From = { readonly remoteAddress: string; readonly headers?: Record<string, string> }

/** Whether this one is given the figures, and with them all that `/actuator/info` says. */
async function isMonitor({ app }: ServedLibrary, from: From): Promise<boolean> {
  const metrics = await app.inject({ url: '/metrics', ...from })
  const info = (await app.inject({ url: '/actuator/info', ...from })).json()
  const isLetIn = metrics.statusCode === 200
  assert.equal(info.app.version.length > 0, true, 'the version is for everybody')
  assert.deepEqual(
    Object.keys(info),
    isLetIn ? ['app', 'git', 'build', 'process', 'flags', 'epoch'] : ['app'],
  )
  if (!isLetIn) {
    assert.deepEqual([metrics.statusCode, metrics.json().code], [403, 'not-permitted'])
    assert.deepEqual(Object.keys(info.app), ['name', 'version'])
    assert.doesNotMatch(metrics.body, /bibby_/)
  }
  assert.notEqual((await app.inject({ url: '/actuator/health/liveness', ...from })).statusCode, 403)
  return isLetIn
}

const forwarded = (by: string, client: string): From => ({
  remoteAddress: by,
  headers: { 'x-forwarded-for': client },
})

test('figures are for this machine only, unless others are named', async () => {
  await using alone = await aServedLibrary()
  for (const here of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) {
    assert.equal(await isMonitor(alone, { remoteAddress: here }), true, here)
  }
  for (const there of ['203.0.113.9', '10.0.0.7', '::ffff:10.0.0.7', 'fd00::7', '128.0.0.1']) {
    assert.equal(await isMonitor(alone, { remoteAddress: there }), false, there)
  }
  await using watched = await aServedLibrary({ monitors: ['10.0.0.0/8', 'fd00::7'] })
  for (const named of ['10.0.0.7', '::ffff:10.200.0.7', 'fd00::7', '127.0.0.1']) {
    assert.equal(await isMonitor(watched, { remoteAddress: named }), true, named)
  }
  for (const other of ['11.0.0.7', 'fd00::8']) {
    assert.equal(await isMonitor(watched, { remoteAddress: other }), false, other)
  }
})

test('nobody becomes a monitor by coming through a proxy on this machine', async () => {
  await using untold = await aServedLibrary({ monitors: ['10.0.0.7'] })
  assert.equal(await isMonitor(untold, forwarded('127.0.0.1', '203.0.113.9')), false)
  assert.equal(await isMonitor(untold, forwarded('127.0.0.1', '127.0.0.1')), false)
  assert.equal(await isMonitor(untold, forwarded('127.0.0.1', '10.0.0.7')), false, 'anybody can write that')
  assert.equal(await isMonitor(untold, forwarded('10.0.0.7', '203.0.113.9')), false, 'a proxy on a named one')
  for (const name of ['x-real-ip', 'forwarded', 'via']) {
    const headers = { [name]: 'for=203.0.113.9' }
    assert.equal(await isMonitor(untold, { remoteAddress: '127.0.0.1', headers }), false, name)
  }
  await using told = await aServedLibrary({ monitors: ['10.0.0.7'], trustProxy: '127.0.0.1' })
  assert.equal(await isMonitor(told, forwarded('127.0.0.1', '203.0.113.9')), false)
  assert.equal(await isMonitor(told, forwarded('127.0.0.1', '127.0.0.1')), false, 'through it, not from here')
  assert.equal(await isMonitor(told, forwarded('127.0.0.1', '10.0.0.7')), true)
  assert.equal(
    await isMonitor(told, forwarded('127.0.0.1', '10.0.0.7, 203.0.113.9')),
    false,
    'made up before it',
  )
  assert.equal(await isMonitor(told, forwarded('203.0.113.9', '10.0.0.7')), false, 'a proxy nobody named')
  assert.equal(await isMonitor(told, { remoteAddress: '127.0.0.1' }), true)
})

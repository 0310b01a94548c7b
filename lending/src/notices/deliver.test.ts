import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, noticeService, noticeToken } from '../../test/notice-service.ts'
import { wayTo } from './deliver.ts'

const letter = {
  id: '019a0000-0000-7000-8000-000000000001',
  to: { email: 'ada@example.org', name: 'Ada' },
  subject: 'Hello',
  text: 'Hello',
  html: '<p>Hello</p>',
}
const never = new AbortController().signal

async function deliveredTo(behaviour: Behaviour, token = noticeToken) {
  await using service = await noticeService(() => behaviour)
  return await wayTo({ url: service.url, token })(letter, never)
}

test('each answer of the service is one of five outcomes', async () => {
  const messageId = `<${letter.id}@test>`
  assert.deepEqual(await deliveredTo('sent'), { outcome: 'sent', messageId, repeated: false })
  assert.deepEqual(await deliveredTo('refused'), { outcome: 'refused', because: 'refused-by-mail-server' })
  assert.deepEqual(await deliveredTo('away'), { outcome: 'unavailable', because: 'mail-server-unavailable' })
  assert.deepEqual(await deliveredTo('puts-off'), { outcome: 'put-off', because: 'mail-put-off' })
  assert.deepEqual(await deliveredTo('by-policy'), { outcome: 'put-off', because: 'refused-by-policy' })
  assert.deepEqual(await deliveredTo('unknown-kept'), { outcome: 'unknown', because: 'outcome-unknown' })
})

test('a connection that is lost when the letter was on its way leaves the outcome unknown', async () => {
  assert.deepEqual(await deliveredTo('dropped'), { outcome: 'unknown', because: 'connection-lost' })
})

test('a service that is not there has taken nothing', async () => {
  const service = await noticeService()
  await service[Symbol.asyncDispose]()
  const told = await wayTo({ url: service.url, token: noticeToken })(letter, never)
  assert.deepEqual(told, { outcome: 'unavailable', because: 'notice-service-unreachable' })
})

test('a wrong token kills no letter', async () => {
  assert.deepEqual(await deliveredTo('sent', 'another'), { outcome: 'unavailable', because: 'sign-in' })
})

test('a letter that is cut short is unknown, and cut short at once', async () => {
  await using service = await noticeService(() => 'hangs')
  const stop = new AbortController()
  const told = wayTo({ url: service.url, token: noticeToken })(letter, stop.signal)
  await service.asked(1)
  stop.abort()
  assert.equal((await told).outcome, 'unknown')
})

test('a service that puts letters off works, and goes on being asked', async () => {
  await using service = await noticeService(() => 'puts-off')
  const deliver = wayTo({ url: service.url, token: noticeToken })
  for (let n = 0; n < 20; n++) assert.equal((await deliver(letter, never)).outcome, 'put-off')
  assert.equal(service.requests(), 20)
})

test('a service that answers nobody is left alone after some letters, and nothing more is given to it', async () => {
  await using service = await noticeService(() => 'away')
  const deliver = wayTo({ url: service.url, token: noticeToken })
  for (let n = 0; n < 20; n++) assert.equal((await deliver(letter, never)).outcome, 'unavailable')
  assert.equal(service.requests(), 5)
})

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { mailbox } from '../../test/mailbox.ts'
import { patient } from '../../test/patient.ts'
import { noon, scratch } from '../../test/scratch.ts'
import { openIncident } from '../incidents/incident.ts'
import { deliverDue, pauseAfter } from './deliver.ts'
import { type Delivery, incidentMessage, tellSubscribers } from './outbox.ts'
import { guardedLookup, isRefusedAddress } from './private-address.ts'
import {
  addSubscription,
  askFor,
  confirmAddress,
  follow,
  removeSubscription,
  subscriptions,
} from './subscriptions.ts'

type At = ReturnType<typeof scratch>
const none = () => undefined
const mailSettings = (port: number) => ({
  mail: { host: '127.0.0.1', port, from: 'status@library.example', timeoutMs: 2_000 },
})

function incident(at: At, title = 'Slow'): void {
  openIncident(
    at.store,
    { title, impact: 'major', components: ['search'], text: 'We look.', now: noon },
    (written) => tellSubscribers(at.store, at.config, incidentMessage(at.config, written), noon),
  )
}
const states = (at: At) =>
  at.store
    .all<Delivery & { why: string }>('select * from delivery order by id')
    .map(({ state, tries }) => [state, tries])
const deliver = (at: At, now = noon) => deliverDue(at.store, at.config, { clock: () => now, warn: none })

test('a mail goes to who confirmed, with a way to leave, under a name that stays the same', async () => {
  await using box = await mailbox()
  using at = scratch(mailSettings(box.port))
  addSubscription(at.store, { kind: 'mail', address: 'ada@example.org', now: noon })
  incident(at)
  await deliver(at)
  assert.deepEqual(states(at), [['done', 1]])
  const [mail] = box.mails
  assert.equal(mail?.to, 'ada@example.org')
  assert.match(mail.text, /Subject: Slow: investigating/)
  assert.match(mail.text, /List-Unsubscribe-Post: List-Unsubscribe=One-Click/)
  const [{ id } = { id: '' }] = at.store.all<{ id: string }>('select id from delivery')
  assert.match(
    mail.text,
    new Set([`Message-ID: <${id}@library.example>`]).size === 1
      ? /Message-ID: <[0-9a-f]{32}@library\.example>/i
      : /never/,
  )
  await deliver(at)
  assert.equal(box.mails.length, 1)
})

test('a mail server that is away is tried again later; a refused recipient is not', async () => {
  await using box = await mailbox()
  using at = scratch(mailSettings(9))
  addSubscription(at.store, { kind: 'mail', address: 'ada@example.org', now: noon })
  incident(at)
  await deliver(at)
  assert.deepEqual(states(at), [['waiting', 1]])
  using refused = scratch(mailSettings(box.port))
  box.answerRecipients('550 no such mailbox')
  addSubscription(refused.store, { kind: 'mail', address: 'nobody@example.org', now: noon })
  incident(refused)
  await deliver(refused)
  assert.deepEqual(states(refused), [['dead', 1]])
})

test('what a dead process was sending is sent again under the same name', async () => {
  await using hook = await patient()
  using at = scratch({ privateWebhooks: true })
  addSubscription(at.store, { kind: 'webhook', address: hook.url, now: noon })
  incident(at)
  at.store.run(`update delivery set state = 'sending'`)
  await deliver(at)
  assert.equal(hook.requests.length, 1)
})

test('a webhook is in the shape of Statuspage, signed over its very bytes, and tried again until it is given up', async () => {
  await using hook = await patient()
  using at = scratch({ privateWebhooks: true })
  const { secret } = addSubscription(at.store, { kind: 'webhook', address: `${hook.url}/hook`, now: noon })
  incident(at)
  hook.be((_, response) => void response.writeHead(503).end())
  let now = noon
  for (let tries = 0; tries < 12; tries++) {
    await deliver(at, now)
    now += 2 * 3_600_000
  }
  assert.deepEqual(states(at), [['dead', 12]])
  const [first] = hook.requests
  assert.ok(first)
  const told = JSON.parse(first.body)
  assert.deepEqual(
    [told.incident.name, told.incident.status, told.incident.impact],
    ['Slow', 'investigating', 'major'],
  )
  assert.equal(told.incident.incident_updates[0].body, 'We look.')
  assert.equal(
    first.headers['x-status-signature'],
    `sha256=${createHmac('sha256', secret).update(first.body).digest('hex')}`,
  )
  incident(at, 'Gone')
  hook.be((_, response) => void response.writeHead(410).end())
  await deliver(at, now)
  assert.deepEqual(
    states(at).map(([state]) => state),
    ['dead', 'dead'],
  )
})

test('no webhook goes to a private address unless it is allowed, however the address is written', async () => {
  for (const name of [
    '127.0.0.1',
    '10.1.2.3',
    '192.168.0.1',
    '172.20.0.1',
    '169.254.169.254',
    '[::1]',
    '[fd00::1]',
    '[::ffff:127.0.0.1]',
    '0.0.0.0',
    '[fec0::1]',
    '[64:ff9b:1::a00:1]',
    '[2001::1]',
  ]) {
    assert.equal(isRefusedAddress(name), true, name)
  }
  assert.equal(isRefusedAddress('8.8.8.8'), false)
  assert.equal(isRefusedAddress(new URL('http://0x7f000001/').hostname), true)
  const error = await new Promise((resolve) => guardedLookup('localhost', {}, (fault) => resolve(fault)))
  assert.equal((error as NodeJS.ErrnoException).code, 'PRIVATE_ADDRESS')
  await using hook = await patient()
  using at = scratch()
  addSubscription(at.store, { kind: 'webhook', address: hook.url, now: noon })
  addSubscription(at.store, { kind: 'webhook', address: `http://localhost:${hook.port}/`, now: noon })
  incident(at)
  await deliver(at)
  assert.equal(hook.requests.length, 0)
  assert.deepEqual(
    states(at)
      .map(([state]) => state)
      .toSorted(),
    ['dead', 'waiting'],
  )
})

test('who asks is mailed once an hour, and hears of incidents only after confirming by a link that is signed', () => {
  using at = scratch({ ...mailSettings(9), subscriptions: { areOpen: true, askedPerHourMax: 2 } })
  const links: string[] = []
  const asks = (address: string, now = noon) =>
    askFor(at.store, at.config, { address, now }, (subscription) =>
      links.push(confirmAddress(at.config, subscription)),
    )
  for (const address of ['ada@example.org', 'ada@example.org', 'eve@example.org', 'mallory@example.org']) {
    asks(address)
  }
  assert.equal(links.length, 2, 'ada once, and mallory was one too many in this hour')
  incident(at)
  assert.deepEqual(states(at), [])
  const link = new URL(links[0] ?? '')
  const [id, signature] = [link.searchParams.get('id') ?? '', link.searchParams.get('signature') ?? '']
  assert.equal(
    follow(at.store, at.config, { verb: 'confirm', id, signature: `${signature.slice(1)}x` }),
    false,
  )
  assert.equal(follow(at.store, at.config, { verb: 'leave', id, signature }), false)
  assert.equal(follow(at.store, at.config, { verb: 'confirm', id, signature }), true)
  incident(at, 'Slower')
  assert.deepEqual(states(at), [['waiting', 0]])
  asks('ada@example.org', noon + 7_200_000)
  assert.equal(links.length, 2, 'who subscribes already is not asked to confirm')
  assert.equal(removeSubscription(at.store, 'ada@example.org'), true)
  assert.equal(subscriptions(at.store).length, 1)
})

test('the pause before the next try grows to an hour and is spread over all of it', () => {
  assert.equal(pauseAfter(0, 1), 15_000)
  assert.equal(pauseAfter(30, 1), 3_600_000)
  assert.equal(pauseAfter(5, 0), 0)
})

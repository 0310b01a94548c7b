import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Act, faultyMailServer, messageIdIn, type Step } from '../test/mail-server.ts'
import { aNotice, ask, noticeHome, short } from '../test/notice-home.ts'
import { filled, noSmallDisk, smallDisk } from '../test/small-disk.ts'
import { smtpLimits } from './smtp-session.ts'

/** A mail server that can be told to misbehave, and a service that speaks to it with short limits. */
async function aServiceWithFaults(limits = short) {
  const stack = new AsyncDisposableStack()
  const smtp = stack.use(await faultyMailServer())
  const home = stack.use(await noticeHome())
  const service = await home.start({ BIBBY_SMTP_URL: smtp.url }, { limits, stopMs: 200 })
  return { smtp, home, service, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('what fails before the mail has left was not taken: asked again, it is sent once, and no repeat', async () => {
  const faults: readonly (readonly [Step, Act, string?])[] = [
    ['greeting', 'hang'],
    ['greeting', 'drop'],
    ['greeting', '554 go away'],
    ['greeting', '421 not now'],
    ['ehlo', 'hang'],
    ['ehlo', 'drop'],
    ['mail', 'hang'],
    ['mail', 'drop'],
    ['mail', '451 later'],
    ['mail', '550 you may not send'],
    ['rcpt', 'hang'],
    ['rcpt', 'drop'],
    // Only this mail is put off; others may well be taken.
    ['rcpt', '450 mailbox busy', 'mail-put-off'],
    ['rcpt', '451 greylisted', 'mail-put-off'],
    ['rcpt', '452 4.2.2 mailbox full', 'mail-put-off'],
    ['rcpt', '421 closing'],
    // It wants to know who we are: no address is at fault.
    ['rcpt', '530 5.7.0 Authentication required'],
    ['rcpt', '538 5.7.11 Encryption required'],
    // Of us, more often than of the mail: a blocklist, SPF.
    ['rcpt', '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked', 'refused-by-policy'],
    ['rcpt', '550-5.7.26 This mail has been blocked\r\n550 5.7.26 because the sender', 'refused-by-policy'],
    ['end', '550 5.7.1 Message refused', 'refused-by-policy'],
    ['mail', '550 5.7.1 you may not send'],
    ['data', '530 5.7.0 Must issue a STARTTLS command first'],
    ['data', 'hang'],
    ['data', 'drop'],
    ['data', '451 later', 'mail-put-off'],
    ['end', '451 later', 'mail-put-off'],
    ['end', '421 closing'],
  ]
  await using lab = await aServiceWithFaults()
  const { smtp, service } = lab
  for (const [step, act, code = 'mail-server-unavailable'] of faults) {
    const notice = aNotice()
    smtp.hangUp()
    smtp.act(step, act)
    const { status, headers, body } = await ask(service, notice)
    const at = `${step}: ${JSON.stringify(act)}`
    assert.deepEqual([status, body.code], [503, code], at)
    assert.ok(Number(headers.get('retry-after')) > 0)
    smtp.act(step, undefined)
    const again = await ask(service, notice)
    assert.deepEqual([again.body.outcome, again.body.repeated, again.body.tries], ['sent', false, 1], at)
  }
  assert.equal(smtp.mails.length, faults.length)
})

test('a mail server that nobody runs takes nothing', async () => {
  await using home = await noticeHome()
  const smtp = await faultyMailServer()
  await smtp[Symbol.asyncDispose]()
  const service = await home.start({ BIBBY_SMTP_URL: smtp.url })
  const { status, body } = await ask(service, aNotice())
  assert.deepEqual([status, body.code], [503, 'mail-server-unavailable'])
  assert.equal((await fetch(`${service.url}/actuator/health`)).status, 503)
  assert.equal((await fetch(`${service.url}/actuator/health/readiness`)).status, 200)
})

test('what the mail server refuses for good is told with its words, and may be asked again', async () => {
  await using lab = await aServiceWithFaults()
  const { smtp, service } = lab
  for (const [step, words] of [
    ['rcpt', '5.1.1 no such person'],
    ['data', '5.1.1 no such person'],
    ['end', '5.1.1 no such person'],
    ['rcpt', '5.7.17 Mailbox owner has changed'],
  ] as const) {
    const notice = aNotice()
    smtp.act(step, `550 ${words}`)
    const { status, body } = await ask(service, notice)
    assert.deepEqual([status, body.code], [422, 'refused-by-mail-server'], step)
    assert.ok(String(body.detail).includes(words))
    smtp.act(step, undefined)
    // Nothing was taken, so even other words may be said under this id.
    const again = await ask(service, { ...notice, text: 'Mended.' })
    assert.deepEqual([again.body.outcome, again.body.repeated], ['sent', false], step)
  }
})

test('what fails after the last dot is unknown; asked again it goes out under the same Message-ID, and says so', async () => {
  await using lab = await aServiceWithFaults()
  const { smtp, service } = lab
  for (const act of ['hang', 'drop', 'keep-and-drop', '399 what', '150 hm'] as const) {
    const notice = aNotice()
    const messageId = `<${notice.id}@library.example>`
    smtp.act('end', act)
    const { status, body } = await ask(service, notice)
    assert.deepEqual([status, body.code, body.messageId], [504, 'outcome-unknown', messageId], act)
    const other = await ask(service, { ...notice, text: 'Something else' })
    assert.equal(other.body.code, 'id-reused', act)
    smtp.act('end', undefined)
    const again = await ask(service, notice)
    assert.deepEqual([again.body.outcome, again.body.repeated, again.body.tries], ['sent', true, 2], act)
    const copies = smtp.mails.filter((mail) => messageIdIn(mail) === messageId)
    assert.equal(copies.length, act === 'keep-and-drop' ? 2 : 1, act)
    const third = await ask(service, notice)
    assert.deepEqual([third.body.repeated, third.body.tries], [true, 2], act)
  }
})

test('a kept connection that the mail server has closed is no reason to wait', async () => {
  await using lab = await aServiceWithFaults()
  const { smtp, service } = lab
  await ask(service, aNotice())
  smtp.act('mail', 'drop-once')
  assert.equal((await ask(service, aNotice())).body.repeated, false)
  assert.deepEqual([smtp.mails.length, smtp.talks()], [2, 2])
})

test('the Message-ID of a repeat stays, even when the sender has another address by then', async () => {
  await using smtp = await faultyMailServer()
  await using home = await noticeHome()
  const notice = aNotice()
  const env = { BIBBY_SMTP_URL: smtp.url }
  const first = await home.start(env)
  smtp.act('end', 'keep-and-drop')
  await ask(first, notice)
  await first.stop()
  smtp.act('end', undefined)
  const second = await home.start({ ...env, BIBBY_MAIL_FROM: 'new@elsewhere.example' })
  assert.equal((await ask(second, notice)).body.repeated, true)
  const ids = smtp.mails.map(messageIdIn)
  assert.deepEqual(ids, Array(2).fill(`<${notice.id}@library.example>`))
})

test('a refusal after an unknown outcome does not make it known', async () => {
  await using lab = await aServiceWithFaults()
  const { smtp, service } = lab
  const notice = aNotice()
  smtp.act('end', 'keep-and-drop')
  await ask(service, notice)
  smtp.act('end', '550 no')
  const { body } = await ask(service, notice)
  assert.deepEqual([body.code, body.tries], ['refused-by-mail-server', 1])
  smtp.act('end', undefined)
  assert.equal((await ask(service, notice)).body.repeated, true)
})

test('a mail server that answers after three seconds gets one mail, not four', async () => {
  await using smtp = await faultyMailServer()
  await using home = await noticeHome()
  const service = await home.start({ BIBBY_SMTP_URL: smtp.url })
  smtp.act('end', { afterMs: 3_000, say: '250 taken at last' })
  const { body } = await ask(service, aNotice())
  assert.deepEqual([body.outcome, body.repeated], ['sent', false])
  assert.equal(smtp.mails.length, 1)
})

test('a mail server that takes its time before the mail is given up after seconds, as not taken', async () => {
  await using smtp = await faultyMailServer()
  await using home = await noticeHome()
  const service = await home.start({ BIBBY_SMTP_URL: smtp.url })
  const steps = ['greeting', 'ehlo', 'mail', 'rcpt', 'data'] as const
  for (const step of steps) {
    smtp.hangUp()
    smtp.act(step, { afterMs: 5_000, say: step === 'greeting' ? '220 ready' : '250 at last' })
    const { body } = await ask(service, aNotice())
    assert.equal(body.code, 'mail-server-unavailable', step)
    smtp.act(step, undefined)
  }
  assert.deepEqual(smtp.mails, [])
  assert.deepEqual([smtpLimits.stepMs, smtpLimits.dataMs], [2_000, 120_000])
})

test('the caller’s deadline ends what has not left as not taken, and what has left as unknown', async () => {
  await using lab = await aServiceWithFaults({ stepMs: 60_000, beforeDataMs: 60_000, dataMs: 60_000 })
  const { smtp, service } = lab
  const notice = aNotice()
  smtp.act('rcpt', 'hang')
  assert.equal((await ask(service, { ...notice, deadlineMs: 100 })).body.code, 'mail-server-unavailable')
  smtp.act('rcpt', undefined)
  smtp.act('end', 'hang')
  assert.equal((await ask(service, { ...notice, deadlineMs: 100 })).body.code, 'outcome-unknown')
})

test('the same id twice at once is sent once', async () => {
  await using lab = await aServiceWithFaults()
  const { smtp, service } = lab
  const notice = aNotice()
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(service, notice)))
  const firsts = answers.filter(({ body }) => body.outcome === 'sent' && body.repeated === false)
  assert.equal(firsts.length, 1)
  for (const { body } of answers) assert.ok(body.code === 'in-progress' || body.outcome === 'sent')
  assert.equal(smtp.mails.length, 1)
})

test('on a full disk nothing is sent, for it could not be remembered; with room again it is', {
  skip: noSmallDisk,
}, async () => {
  await using smtp = await faultyMailServer()
  await using home = await noticeHome()
  await using _ = await smallDisk(home.data)
  const service = await home.start({ BIBBY_SMTP_URL: smtp.url })
  const notice = aNotice()
  const free = await filled(home.data)
  for (let times = 0; times < 3; times++) {
    const { status, body } = await ask(service, notice)
    assert.deepEqual([status, body.code], [503, 'memory-unavailable'])
  }
  assert.deepEqual(smtp.mails, [])
  await free()
  const { body } = await ask(service, notice)
  assert.deepEqual([body.outcome, body.repeated], ['sent', false])
  await service.stop()
  assert.equal((await ask(await home.start({ BIBBY_SMTP_URL: smtp.url }), notice)).body.repeated, true)
  assert.equal(smtp.mails.length, 1)
})

test('a mail that is sent is told as sent, even when the disk is full by then', {
  skip: noSmallDisk,
}, async () => {
  await using smtp = await faultyMailServer()
  await using home = await noticeHome()
  await using _ = await smallDisk(home.data)
  const service = await home.start({ BIBBY_SMTP_URL: smtp.url })
  // The last page of the memory has room for some lines more, and then no longer.
  const outcomes = new Set<unknown>()
  await filled(home.data).then((free) => free())
  const first = aNotice()
  await ask(service, first)
  await filled(home.data)
  const asked: string[] = []
  while (!outcomes.has('memory-unavailable')) {
    const notice = aNotice()
    const { body } = await ask(service, notice)
    outcomes.add(body.outcome ?? body.code)
    if (body.outcome === 'sent') asked.push(`<${notice.id}@library.example>`)
  }
  assert.deepEqual(smtp.mails.map(messageIdIn).slice(1), asked)
  assert.equal((await ask(service, first)).body.repeated, true)
})

test('a stop in order waits for the mail server’s last word, and nothing new begins', async () => {
  await using smtp = await faultyMailServer()
  await using home = await noticeHome()
  const service = await home.start({ BIBBY_SMTP_URL: smtp.url })
  const before = aNotice()
  const leaving = aNotice()
  smtp.act('end', { afterMs: 300, say: '250 taken' })
  const inData = smtp.reached('end')
  const answered = ask(service, leaving)
  await inData
  smtp.act('rcpt', 'hang')
  const atRcpt = smtp.reached('rcpt')
  const notLeft = ask(service, before)
  await atRcpt
  await service.stop()
  assert.equal((await answered).body.outcome, 'sent')
  assert.deepEqual([(await notLeft).status, (await notLeft).body.code], [503, 'stopping'])
  const memory = await readFile(join(home.data, 'notices', 'memory'), 'utf8')
  assert.ok(memory.includes(`sent ${leaving.id} `))
  assert.ok(!memory.includes(before.id))
})

test('a stop does not wait for ever: what the mail server will not say is unknown', async () => {
  await using lab = await aServiceWithFaults({ stepMs: 60_000, beforeDataMs: 60_000, dataMs: 60_000 })
  const { smtp, service } = lab
  smtp.act('end', 'hang')
  const inData = smtp.reached('end')
  const answered = ask(service, aNotice())
  await inData
  await service.stop()
  assert.equal((await answered).body.code, 'outcome-unknown')
})

test('more than may wait are told so at once, and nothing is done with them', async () => {
  await using lab = await aServiceWithFaults({ stepMs: 60_000, beforeDataMs: 60_000, dataMs: 60_000 })
  const { smtp, service } = lab
  smtp.act('end', 'hang')
  const answers: Awaited<ReturnType<typeof ask>>[] = []
  const toldBusy = Promise.withResolvers<void>()
  const asking = Array.from({ length: 100 }, async () => {
    answers.push(await ask(service, aNotice()))
    if (answers.length === 34) toldBusy.resolve()
  })
  await toldBusy.promise
  assert.ok(answers.every(({ body }) => body.code === 'too-busy'))
  await service.stop()
  await Promise.all(asking)
  const count = (code: string) => answers.filter(({ body }) => body.code === code).length
  assert.deepEqual([count('too-busy'), count('outcome-unknown') + count('stopping')], [34, 66])
})

test('a mail server that must encrypt and does not gets no mail', async () => {
  await using smtp = await faultyMailServer()
  await using home = await noticeHome()
  const service = await home.start({ BIBBY_SMTP_URL: smtp.url, BIBBY_SMTP_TLS: 'yes' })
  assert.equal((await ask(service, aNotice())).body.code, 'mail-server-unavailable')
  assert.deepEqual(smtp.mails, [])
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { noticeService, noticeToken } from '../../test/notice-service.ts'
import { inEnglish } from '../language/messages.ts'
import { readWords } from '../language/worded.ts'
import { codeChannel } from './code-channel.ts'
import { sendByWebhook } from './send-by-webhook.ts'

const message = {
  id: '019a0000-0000-7000-8000-000000000001',
  to: { email: '', name: 'Ada', login: 'ada' },
  subject: 'Code',
  text: 'QQQQ-QQQQ',
}
const because = (told: Awaited<ReturnType<ReturnType<typeof sendByWebhook>>>) =>
  'notSentBecause' in told ? readWords(inEnglish, told.notSentBecause) : 'sent'

/** A webhook on this machine that answers as it is told; status 0 hangs up. */
async function aWebhook() {
  const heard: { authorization: string | undefined; body: unknown }[] = []
  let answer: { status: number; location?: string } = { status: 204 }
  const server = createServer(async (request, response) => {
    heard.push({ authorization: request.headers.authorization, body: await json(request) })
    const { status, location } = answer
    if (status === 0) request.socket.destroy()
    else response.writeHead(status, location === undefined ? {} : { location }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    heard,
    answers: (status: number, location?: string) => {
      answer = { status, ...(location === undefined ? {} : { location }) }
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

test('a code is posted to the webhook once, with its token, for whoever has no mail address too', async () => {
  await using hook = await aWebhook()
  const told = await sendByWebhook({ url: hook.url, token: 'secret' })(message)
  assert.deepEqual(told, { sent: true, sentTo: 'the webhook for codes' })
  assert.deepEqual(hook.heard, [{ authorization: 'Bearer secret', body: message }])
  await sendByWebhook({ url: hook.url, token: undefined })(message)
  assert.equal(hook.heard[1]?.authorization, undefined)
})

test('a webhook that refuses, hangs up, sends elsewhere or is away is told as that, and asked once', async () => {
  await using hook = await aWebhook()
  await using other = await aWebhook()
  const send = sendByWebhook({ url: hook.url, token: 'secret' })
  hook.answers(500)
  assert.match(because(await send(message)), /answered 500/)
  hook.answers(0)
  assert.match(because(await send(message)), /does not answer/)
  hook.answers(307, other.url)
  assert.match(because(await send(message)), /does not answer/)
  assert.deepEqual([hook.heard.length, other.heard.length], [3, 0])
  await hook[Symbol.asyncDispose]()
  assert.match(because(await send(message)), /does not answer/)
})

test('in production no code is left where mail is caught; elsewhere, and by a webhook, it goes', async () => {
  await using service = await noticeService()
  await using hook = await aWebhook()
  const mailed = { ...message, to: { ...message.to, email: 'ada@example.org' } }
  const given = { webhook: undefined, noticeService: { url: service.url, token: noticeToken } } as const
  const closed = codeChannel({ ...given, mailGoes: 'to-files', isProduction: true })
  assert.match(because(await closed.send(mailed)), /BIBBY_SMTP_URL, or BIBBY_CODE_WEBHOOK_URL/)
  assert.equal(readWords(inEnglish, closed.closedBecause ?? ''), because(await closed.send(mailed)))
  assert.equal(service.requests(), 0)
  for (const [mailGoes, isProduction] of [
    ['to-a-server', true],
    ['elsewhere', true],
    ['to-files', false],
  ] as const) {
    const open = codeChannel({ ...given, mailGoes, isProduction })
    assert.deepEqual(
      [open.closedBecause, await open.send({ ...mailed, id: crypto.randomUUID() })],
      [undefined, { sent: true }],
    )
  }
  assert.equal(service.mailbox.size, 3)
  const webhook = { url: hook.url, token: undefined }
  const hooked = codeChannel({ ...given, webhook, mailGoes: 'to-files', isProduction: true })
  assert.equal(hooked.closedBecause, undefined)
  await hooked.send(mailed)
  assert.deepEqual([service.mailbox.size, hook.heard.length], [3, 1])
})

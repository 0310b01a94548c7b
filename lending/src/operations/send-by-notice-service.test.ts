import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { inEnglish } from '../language/messages.ts'
import { readWords } from '../language/worded.ts'
import { sendBy } from './send-by-notice-service.ts'

const mail = {
  id: crypto.randomUUID(),
  to: { email: 'a@example.org', name: 'Ada', login: 'ada' },
  subject: 'Code',
  text: 'QQQQ-QQQQ',
}

test('a code is sent once by the notice service, and a service that is away, refuses or drops it is told as that', async () => {
  const heard: { authorization: string | undefined; body: { subject?: string; deadlineMs?: number } }[] = []
  let status = 200
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    heard.push({
      authorization: request.headers.authorization,
      body: JSON.parse(Buffer.concat(parts).toString()),
    })
    if (status === 0) request.socket.destroy()
    else response.writeHead(status).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const send = sendBy({ url, token: 'secret' })

  assert.deepEqual(await send(mail), { sent: true })
  assert.deepEqual(heard[0], {
    authorization: 'Bearer secret',
    body: { ...mail, to: { email: 'a@example.org', name: 'Ada' }, deadlineMs: 8_000 },
  })
  status = 504
  assert.deepEqual(await send(mail), { sent: true })
  for (const [answer, words] of [
    [422, /refuses the address/],
    [503, /takes no mail now/],
    [401, /answered 401/],
    [0, /does not answer/],
  ] as const) {
    status = answer
    const told = await send(mail)
    assert.match('notSentBecause' in told ? readWords(inEnglish, told.notSentBecause) : 'sent', words)
  }
  const nowhere = await send({ ...mail, to: { ...mail.to, email: '' } })
  assert.match(
    'notSentBecause' in nowhere ? readWords(inEnglish, nowhere.notSentBecause) : 'sent',
    /no mail address/,
  )
  assert.equal(heard.length, 6, 'never a second time')
  server.close()
  server.closeAllConnections()
  const starting = await sendBy({ url: undefined, token: 'secret' })(mail)
  assert.ok('notSentBecause' in starting)
})

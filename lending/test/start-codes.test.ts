import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { signIn, temporaryHome } from './bibby-process.ts'

test('in production without a mail server a code is refused, and told from the start; a webhook gets it, and it confirms', async () => {
  await using home = await temporaryHome()
  const production = { BIBBY_ENVIRONMENT: 'production', BIBBY_SAMPLE: 'yes', BIBBY_LOG_LEVEL: 'error' }
  const closed = home.start(production)
  const asked = await asking(await closed.ready, home.data)
  await asked.patronWithAddress()
  const plan = await asked.post('operations/turn-notices-on')
  assert.equal(plan.status, 201, JSON.stringify(plan.body))
  const { id, phrase } = plan.body
  const refused = await asked.post(`operations/${id}/code`)
  assert.deepEqual([refused.status, refused.body.code], [409, 'code-not-sent'])
  assert.match(String(refused.body.detail), /BIBBY_CODE_WEBHOOK_URL/)
  assert.match(await asked.page('operations'), /Nothing can be confirmed here/)
  assert.match(await asked.page('notices/mail'), /This is production, and nobody gets mail/)
  closed.kill('SIGTERM')
  assert.match((await closed.ended).stderr, /^Operations cannot be confirmed here: mail is caught/)

  const posted = Promise.withResolvers<{ to: { login: string; email: string }; text: string }>()
  const hook = createServer(async (request, response) => {
    posted.resolve((await json(request)) as Awaited<typeof posted.promise>)
    response.writeHead(204).end()
  })
  hook.listen(0, '127.0.0.1')
  await once(hook, 'listening')
  await using _ = {
    [Symbol.asyncDispose]: async () => {
      hook.close()
      hook.closeAllConnections()
    },
  }
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/codes`
  const open = home.start({ ...production, BIBBY_CODE_WEBHOOK_URL: url })
  const again = await asking(await open.ready, home.data)
  const sent = await again.post(`operations/${id}/code`)
  assert.deepEqual([sent.status, sent.body.sentTo], [200, 'the webhook for codes'], JSON.stringify(sent.body))
  assert.doesNotMatch(await again.page('operations'), /Nothing can be confirmed here/)
  const { to, text } = await posted.promise
  // This account has no mail address, and needs none.
  assert.deepEqual([to.login, to.email], ['operator', ''])
  const [code] = /\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/.exec(text) ?? []
  const confirmed = await again.post(`operations/${id}/confirm`, { phrase, code })
  assert.equal(confirmed.body.state, 'done', JSON.stringify(confirmed.body))
  open.kill('SIGTERM')
  assert.equal((await open.ended).stderr, '')
})

type Body = Readonly<Record<string, unknown>>

async function asking(address: string, data: string) {
  const token = await signIn(address, data, 'operator')
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const ask = async (method: 'POST' | 'PATCH', path: string, body: object) => {
    const reply = await fetch(`${address}api/v1/${path}`, { method, headers, body: JSON.stringify(body) })
    return { status: reply.status, body: (await reply.json()) as Body }
  }
  return {
    post: (path: string, body: object = {}) => ask('POST', path, body),
    page: async (path: string) =>
      (await fetch(`${address}${path}`, { headers: { cookie: `bibby_session=${token}` } })).text(),
    patronWithAddress: async () => {
      const { status, body } = await ask('POST', 'patrons', {
        givenName: 'A',
        familyName: 'B',
        email: 'a@example.org',
        category: 'adult',
        branch: 'main',
      })
      assert.equal(status, 201, JSON.stringify(body))
    },
  }
}

import assert from 'node:assert/strict'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { aNotice, ask, noticeHome } from '../test/notice-home.ts'

test('without a mail server each notice is caught as a file, named for its Message-ID', async () => {
  await using home = await noticeHome()
  const service = await home.start()
  const notice = aNotice({ html: '<p>Charlotte’s Web</p>' })
  const { status, body } = await ask(service, notice)
  assert.equal(status, 200)
  assert.deepEqual(body, {
    outcome: 'sent',
    messageId: `<${notice.id}@library.example>`,
    repeated: false,
    tries: 1,
  })
  const [[name, mail = ''] = [], ...more] = Object.entries(await home.caught())
  assert.equal(name, `${notice.id}@library.example.eml`)
  assert.deepEqual(more, [])
  assert.match(mail, /^From: Town Library <desk@library\.example>\r$/m)
  assert.match(mail, /^To: Ada <ada@example\.org>\r$/m)
  assert.match(mail, /^Auto-Submitted: auto-generated\r$/m)
  assert.match(mail, /^Date: \w{3}, /m)
  assert.match(mail, /^Content-Type: multipart\/alternative/m)
})

test('a second mail with the same Message-ID is a file of its own', async () => {
  await using home = await noticeHome()
  const notice = aNotice()
  const first = await home.start()
  await ask(first, notice)
  await first.stop()
  await rm(join(home.data, 'notices', 'memory'))
  await ask(await home.start(), notice)
  const name = `${notice.id}@library.example`
  assert.deepEqual(Object.keys(await home.caught()).toSorted(), [`${name}.2.eml`, `${name}.eml`])
})

test('a notice that was sent is not sent again, also after a restart', async () => {
  await using home = await noticeHome()
  const notice = aNotice()
  const first = await home.start()
  await ask(first, notice)
  const again = await ask(first, notice)
  assert.deepEqual([again.status, again.body.repeated, again.body.tries], [200, true, 1])
  await first.stop()
  const later = await ask(await home.start({ BIBBY_MAIL_FROM: 'new@elsewhere.example' }), {
    ...notice,
    id: notice.id.toUpperCase(),
  })
  assert.deepEqual([later.status, later.body.repeated], [200, true])
  assert.equal(later.body.messageId, `<${notice.id}@library.example>`)
  assert.equal(Object.keys(await home.caught()).length, 1)
})

test('an id is of one notice: other content under it is refused', async () => {
  await using home = await noticeHome()
  const service = await home.start()
  const notice = aNotice()
  await ask(service, notice)
  for (const other of [
    { ...notice, text: 'Something else' },
    { ...notice, subject: 'Else' },
    { ...notice, to: { email: 'eve@example.org', name: 'Ada' } },
    { ...notice, html: '' },
  ]) {
    const { status, body } = await ask(service, other)
    assert.deepEqual([status, body.code], [409, 'id-reused'])
  }
  assert.equal(Object.keys(await home.caught()).length, 1)
})

test('only who has the token is heard, and it is for its owner only', async () => {
  await using home = await noticeHome()
  const service = await home.start()
  for (const authorization of ['', 'Bearer ', `Bearer ${service.token}x`, service.token]) {
    const { status, body } = await ask(service, aNotice(), { authorization })
    assert.deepEqual([status, body.code], [401, 'token-wrong'])
  }
  const file = join(home.data, 'notices', 'notice-token')
  assert.equal((await readFile(file, 'utf8')).trim(), service.token)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.deepEqual(await home.caught(), {})
})

test('what is not a notice is refused before anything is done', async () => {
  await using home = await noticeHome()
  const service = await home.start()
  const notice = aNotice()
  const wrong: readonly unknown[] = [
    {},
    { ...notice, id: 'one' },
    { ...notice, subject: 'Hello\r\nBcc: all@example.org' },
    { ...notice, subject: 'Hello\u2028Bcc: all@example.org' },
    { ...notice, to: { email: 'ada@example.org', name: 'Ada\nBcc: all@example.org' } },
    { ...notice, to: { email: 'ada@example.org\r\nRCPT TO:<all@example.org>' } },
    { ...notice, text: '' },
    { ...notice, text: { path: '/etc/passwd' } },
    { ...notice, attachments: [{ path: '/etc/passwd' }] },
    { ...notice, deadlineMs: 0 },
  ]
  for (const each of wrong) {
    const { status, body } = await ask(service, each)
    assert.deepEqual([status, body.code], [400, 'request-invalid'], JSON.stringify(each))
  }
  const large = await ask(service, { ...notice, text: 'x'.repeat(1_100_000) })
  assert.deepEqual([large.status, large.body.code], [413, 'body-too-large'])
  const typed = await ask(service, notice, { 'content-type': 'text/plain' })
  assert.deepEqual([typed.status, typed.body.code], [415, 'media-type-unknown'])
  assert.deepEqual(await home.caught(), {})
})

test('one notice goes to one address, and an address that cannot be is refused for good', async () => {
  await using home = await noticeHome()
  const service = await home.start()
  for (const email of [
    'ada',
    'ada@',
    '@example.org',
    'a@b.org,c@d.org',
    'Ada <a@b.org>',
    'a b@c.org',
    'a@-.org',
  ]) {
    const { status, body } = await ask(service, aNotice({ to: { email } }))
    assert.deepEqual([status, body.code], [422, 'refused-by-mail-server'], email)
  }
  assert.deepEqual(await home.caught(), {})
})

test('addresses and names of any script arrive as they are', async () => {
  await using home = await noticeHome()
  const service = await home.start()
  const { status } = await ask(
    service,
    aNotice({ to: { email: 'jürgen@bücher.example', name: 'Jürgen, "der" Ältere' }, subject: 'Ваша книга' }),
  )
  assert.equal(status, 200)
  const [mail = ''] = Object.values(await home.caught())
  assert.match(mail, /jürgen@(?:xn--bcher-kva|bücher)\.example/)
  assert.match(mail, /^Subject: =\?UTF-8\?/m)
})

test('a test system mails only whom BIBBY_MAIL_ONLY_TO names', async () => {
  await using home = await noticeHome()
  const service = await home.start({ BIBBY_MAIL_ONLY_TO: 'Tester@Example.org, bücher.example' })
  const to = async (email: string) => (await ask(service, aNotice({ to: { email } }))).body
  assert.equal((await to('ada@example.org')).code, 'address-not-allowed')
  assert.equal((await to('ada@sub.bücher.example')).code, 'address-not-allowed')
  assert.equal((await to('tester@example.ORG')).outcome, 'sent')
  assert.equal((await to('anna@xn--bcher-kva.example')).outcome, 'sent')
})

test('neither the log nor the memory tells an address or what was said', async () => {
  await using home = await noticeHome()
  const said: string[] = []
  const logTo = new Writable({
    write: (chunk, _encoding, done) => {
      said.push(String(chunk))
      done()
    },
  })
  const service = await home.start({ BIBBY_LOG_LEVEL: 'debug' }, { logTo })
  const notice = aNotice({ text: 'Your code is K7Q2M9XA.', subject: 'Code K7Q2M9XA' })
  await ask(service, notice)
  await ask(service, aNotice({ to: { email: 'ada@nowhere@x' } }))
  const memory = await readFile(join(home.data, 'notices', 'memory'), 'utf8')
  assert.match(said.join(''), /"outcome":"sent"/)
  assert.ok(memory.includes(`\nsent ${notice.id} `))
  assert.doesNotMatch(said.join('') + memory, /K7Q2M9XA|ada|Ada|nowhere/)
})

test('its health and figures are there, and no stranger reads the figures', async () => {
  await using home = await noticeHome()
  const service = await home.start()
  const look = async (path: string, headers = {}) => fetch(`${service.url}${path}`, { headers })
  for (const path of ['/actuator/health', '/actuator/health/liveness', '/actuator/health/readiness']) {
    const reply = await look(path)
    assert.deepEqual([reply.status, ((await reply.json()) as { status: string }).status], [200, 'UP'], path)
  }
  assert.match(await (await look('/actuator/info')).text(), /"name":"bibby-notices"/)
  const before = await (await look('/metrics')).text()
  assert.match(before, /^bibby_notice_answers_total\{outcome="outcome-unknown"\} 0$/m)
  await ask(service, aNotice())
  assert.match(await (await look('/metrics')).text(), /^bibby_notice_answers_total\{outcome="sent"\} 1$/m)
  assert.equal((await look('/metrics', { 'x-forwarded-for': '192.0.2.1' })).status, 404)
})

test('two services never work in one folder', async () => {
  await using home = await noticeHome()
  const first = await home.start()
  await assert.rejects(home.start(), { code: 'BIBBY_NOTICE_FOLDER_TAKEN' })
  await first.stop()
  await home.start()
})

test('a port that is taken is told in one sentence', async () => {
  await using home = await noticeHome()
  await using other = await noticeHome()
  const { port } = new URL((await home.start()).url)
  await assert.rejects(other.start({ BIBBY_NOTICE_PORT: port }), { code: 'BIBBY_NOTICE_PORT_TAKEN' })
})

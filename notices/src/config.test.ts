import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NoticeConfig, readNoticeConfig } from './config.ts'

function read(env: Record<string, string>): NoticeConfig {
  const config = readNoticeConfig(env)
  assert.ok(!('problems' in config), 'problems' in config ? config.problems.join() : '')
  return config
}

function problemsOf(env: Record<string, string>): readonly string[] {
  const config = readNoticeConfig(env)
  return 'problems' in config ? config.problems : []
}

const from = { BIBBY_MAIL_FROM: 'desk@library.example' }

test('with nothing set, mail is caught on this machine', () => {
  const { host, port, mailServer, onlyTo, environment } = read({})
  assert.deepEqual(
    [host, port, mailServer, onlyTo.length, environment],
    ['127.0.0.1', 8081, undefined, 0, 'development'],
  )
})

test('a mail server out of the house must encrypt; one on this machine need not', () => {
  const at = (url: string, more = {}) =>
    read({ BIBBY_ENVIRONMENT: 'production', BIBBY_SMTP_URL: url, ...from, ...more }).mailServer
  assert.deepEqual(at('smtp://us%40er:p%2Fw@mail.example.org'), {
    host: 'mail.example.org',
    port: 587,
    secure: false,
    mustEncrypt: true,
    login: { user: 'us@er', password: 'p/w' },
  })
  assert.equal(at('smtp://mail.example.org:25', { BIBBY_SMTP_TLS: 'no' })?.mustEncrypt, false)
  assert.equal(at('smtp://127.0.0.1:25')?.mustEncrypt, false)
  assert.equal(at('smtp://[::1]:25')?.host, '::1')
  assert.equal(at('smtp://localhost', { BIBBY_SMTP_TLS: 'yes' })?.mustEncrypt, true)
  assert.deepEqual(
    [at('smtps://mail.example.org')?.port, at('smtps://mail.example.org')?.secure],
    [465, true],
  )
})

test('a test system never mails the public', () => {
  for (const host of ['mail.example.org', '192.0.2.1', '127.0.0.1.example.org', 'localhost.example.org']) {
    const env = { BIBBY_SMTP_URL: `smtp://${host}`, ...from }
    assert.match(problemsOf(env).join(), /a test system never mails the public/, host)
    assert.deepEqual(read({ ...env, BIBBY_MAIL_ONLY_TO: '@Test.example' }).onlyTo, ['test.example'])
    assert.equal(read({ ...env, BIBBY_ENVIRONMENT: 'production' }).mailServer?.host, host)
  }
})

test('every problem is told at once, without its value', () => {
  const problems = problemsOf({
    BIBBY_SMTP_URL: 'http://secret',
    BIBBY_SMTP_TLS: 'maybe',
    BIBBY_MAIL_FROM: 'Desk\r\nBcc: secret@x',
    BIBBY_MAIL_ONLY_TO: '',
    BIBBY_NOTICE_PORT: '65536',
    BIBBY_NOTICE_TOKEN: 'secret',
    BIBBY_MAIL_FORM: 'secret',
    BIBBY_SMTP_PASS: 'secret',
    BIBBY_PORT: 'the library’s own business',
  })
  assert.equal(problems.length, 8, problems.join('\n'))
  assert.doesNotMatch(problems.join(), /secret/)
  assert.match(problemsOf({ BIBBY_SMTP_URL: 'smtp://127.0.0.1' }).join(), /BIBBY_MAIL_FROM must be set/)
})

test('who sends is an address, with or without a name', () => {
  const sender = (text: string) => read({ BIBBY_MAIL_FROM: text }).from
  assert.deepEqual(sender('desk@library.example'), { name: '', address: 'desk@library.example' })
  assert.deepEqual(sender('"Town, Library" <desk@büch.example>'), {
    name: 'Town, Library',
    address: 'desk@xn--bch-hoa.example',
  })
})

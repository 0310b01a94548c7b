import assert from 'node:assert/strict'
import { isAbsolute } from 'node:path'
import { test } from 'node:test'
import { readConfig } from './config.ts'
import { settings } from './settings.ts'

const read = (env: Record<string, string>) => {
  const config = readConfig(env)
  if ('problems' in config) assert.fail(config.problems.join('\n'))
  return config
}
const problems = (env: Record<string, string>) => {
  const config = readConfig(env)
  return 'problems' in config ? config.problems : []
}

test('nothing set is a complete, frozen configuration for a developer', () => {
  const config = read({ PATH: '/bin' })
  assert.ok(Object.isFrozen(config))
  assert.deepEqual(config, {
    dataFolder: undefined,
    host: '127.0.0.1',
    port: 8080,
    databaseUrl: undefined,
    environment: 'development',
    logLevel: 'warn',
    sample: true,
    secondPerson: false,
    trustProxy: false,
    monitors: [],
    server: undefined,
    token: undefined,
    noticeService: {
      elsewhere: undefined,
      host: '127.0.0.1',
      port: 8081,
      token: undefined,
      environment: { PATH: '/bin' },
    },
    codeWebhook: undefined,
    backups: { isOn: true, folder: undefined, second: undefined, hour: 2, keep: 7 },
  })
})

test('a webhook for codes is https, or on this machine, and holds no password', () => {
  const name = 'BIBBY_CODE_WEBHOOK_URL'
  for (const url of ['https://chat.example.org/hook/x', 'http://127.0.0.1:9000/', 'http://[::1]:9000/']) {
    assert.deepEqual(read({ [name]: url }).codeWebhook, { url, token: undefined })
  }
  const both = read({ [name]: 'https://a.example', BIBBY_CODE_WEBHOOK_TOKEN: 'x' })
  assert.deepEqual(both.codeWebhook, { url: 'https://a.example', token: 'x' })
  for (const url of ['http://chat.example.org/', 'https://a:b@chat.example.org/', 'chat.example.org', '']) {
    assert.match(problems({ [name]: url }).join(), /BIBBY_CODE_WEBHOOK_URL must be https/)
  }
  assert.match(
    problems({ BIBBY_CODE_WEBHOOK_TOKEN: 'x' }).join(),
    /URL must be set with BIBBY_CODE_WEBHOOK_TOKEN/,
  )
  assert.match(
    problems({ [name]: 'https://a.example', BIBBY_CODE_WEBHOOK_TOKEN: 'a b' }).join(),
    /visible ASCII/,
  )
})

test('what the notice service reads is checked with the rest, told once, and handed on to it alone', () => {
  const { noticeService } = read({
    BIBBY_SAMPLE: 'no',
    BIBBY_LOG_LEVEL: 'error',
    BIBBY_MAIL_FROM: 'a@b.org',
    TZ: 'UTC',
  })
  assert.deepEqual(noticeService.environment, {
    BIBBY_LOG_LEVEL: 'error',
    BIBBY_MAIL_FROM: 'a@b.org',
    TZ: 'UTC',
  })
  const told = problems({ BIBBY_LOG_LEVEL: 'loud', BIBBY_SMTP_URL: 'nowhere', BIBBY_MAIL_FORM: 'x' })
  assert.equal(told.length, 3, told.join('\n'))
  assert.match(problems({ BIBBY_PORT: '8081' }).join(), /another port than BIBBY_PORT/)
  assert.match(problems({ BIBBY_NOTICE_URL: 'http://there:8081' }).join(), /BIBBY_NOTICE_TOKEN must be set/)
})

test('production loads no sample and logs more, unless told otherwise', () => {
  const { sample, logLevel } = read({ BIBBY_ENVIRONMENT: 'production' })
  assert.deepEqual({ sample, logLevel }, { sample: false, logLevel: 'info' })
  assert.equal(read({ BIBBY_ENVIRONMENT: 'production', BIBBY_SAMPLE: 'yes' }).sample, true)
})

/** Any text but none at all is a path, or a token. */
const anyText = ['BIBBY_DATA', 'BIBBY_TOKEN', 'BIBBY_BACKUP_FOLDER', 'BIBBY_BACKUP_SECOND_FOLDER']

test('backups are on for the server that Bibby brings, and off for another unless asked for', () => {
  assert.equal(read({ BIBBY_DATABASE_URL: 'postgresql://db/library' }).backups.isOn, false)
  const asked = read({
    BIBBY_DATABASE_URL: 'postgresql://db/library',
    BIBBY_BACKUP: 'yes',
    BIBBY_BACKUP_FOLDER: '/backups',
    BIBBY_BACKUP_HOUR: '23',
    BIBBY_BACKUP_KEEP: '1000',
  })
  const { isOn, folder, hour, keep } = asked.backups
  assert.deepEqual({ isOn, folder, hour, keep }, { isOn: true, folder: '/backups', hour: 23, keep: 1_000 })
  for (const hour of ['24', '-1', '2.5']) assert.equal(problems({ BIBBY_BACKUP_HOUR: hour }).length, 1)
  for (const keep of ['0', '1001']) assert.equal(problems({ BIBBY_BACKUP_KEEP: keep }).length, 1)
  assert.match(
    problems({ BIBBY_BACKUP_FOLDER: '/b', BIBBY_BACKUP_SECOND_FOLDER: '/b' }).join(),
    /must be another folder than BIBBY_BACKUP_FOLDER/,
  )
})

test('all problems are told together, each by its name, none by its value', () => {
  const secret = 'hunter2'
  const wrong = Object.fromEntries(
    settings.map(({ name }) => [name, anyText.includes(name) ? '' : `${secret} ${secret}`]),
  )
  const told = problems({ ...wrong, BIBBY_PROT: secret, BIBBY_XYZZY_PLUGH: secret })
  assert.equal(told.length, settings.length + 2)
  for (const name of [...settings.map((setting) => setting.name), 'BIBBY_PROT', 'BIBBY_XYZZY_PLUGH'])
    assert.equal(
      told.filter((problem) => problem.includes(`${name} `) || problem.includes(`${name}.`)).length,
      1,
      name,
    )
  assert.doesNotMatch(told.join('\n'), /hunter2/)
})

test('a name that is spelled wrong is refused with the nearest one; a strange one without', () => {
  assert.deepEqual(problems({ BIBBY_PROT: '1' }), [
    'There is no setting BIBBY_PROT. Did you mean BIBBY_PORT?',
  ])
  assert.deepEqual(problems({ BIBBY_DATABSE_URL: '1' }), [
    'There is no setting BIBBY_DATABSE_URL. Did you mean BIBBY_DATABASE_URL?',
  ])
  assert.deepEqual(problems({ BIBBY_KUBERNETES_NAMESPACE: '1' }), [
    'There is no setting BIBBY_KUBERNETES_NAMESPACE.',
  ])
  assert.deepEqual(problems({ [`BIBBY_${'X'.repeat(100_000)}\u001b`]: '1' }).length, 1)
})

test('a port is a whole number from 0 to 65535', () => {
  assert.equal(read({ BIBBY_PORT: '0' }).port, 0)
  assert.equal(read({ BIBBY_PORT: ' 65535 ' }).port, 65_535)
  for (const text of ['', '-1', '65536', '80.5', '0x50', '1e3', '８０'])
    assert.equal(problems({ BIBBY_PORT: text }).length, 1, text)
})

test('a data folder is made absolute, and an empty one is no folder', () => {
  assert.ok(isAbsolute(read({ BIBBY_DATA: 'somewhere' }).dataFolder ?? ''))
  for (const text of ['', '   ', 'a\0b']) assert.equal(problems({ BIBBY_DATA: text }).length, 1)
})

test('proxies are addresses and networks, nothing else', () => {
  assert.equal(read({ BIBBY_TRUST_PROXY: '10.0.0.0/8, ::1' }).trustProxy, '10.0.0.0/8,::1')
  assert.equal(read({ BIBBY_TRUST_PROXY: 'no' }).trustProxy, false)
  const wrong = ['yes', 'true', '', '10.0.0.0/33', '10.0.0.0/8/8', 'proxy.example', 'fe80::1%eth0', '::/129']
  for (const text of wrong) {
    assert.equal(problems({ BIBBY_TRUST_PROXY: text }).length, 1, text)
    assert.equal(problems({ BIBBY_MONITORS: text }).length, 1, text)
  }
  assert.deepEqual(read({ BIBBY_MONITORS: '10.0.0.7, fd00::/8' }).monitors, ['10.0.0.7', 'fd00::/8'])
})

test('a database address is one of PostgreSQL', () => {
  assert.ok(
    read({ BIBBY_DATABASE_URL: 'postgresql://me:secret@db.example:5432/library?sslmode=require' })
      .databaseUrl,
  )
  for (const text of ['', 'mysql://x/y', 'db.example:5432', 'http://x/'])
    assert.equal(problems({ BIBBY_DATABASE_URL: text }).length, 1, text)
})

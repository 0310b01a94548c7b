import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { example } from '../src/config/example.ts'
import { startBibby } from './bibby.ts'
import { statusHome, until } from './status-home.ts'

const operator = fileURLToPath(new URL('../../operator', import.meta.url))
const skip = !existsSync(operator) && 'there is no Bibby beside this folder'

type Shown = {
  readonly overall: string
  readonly components: { readonly id: string; readonly verdict: string; readonly because: string }[]
}

test('the settings that init writes find a real library well, lend its canary, and see it die', {
  skip,
}, async () => {
  await using bibby = await startBibby()
  await using home = await statusHome()
  await copyFile(bibby.passwordFile, join(home.folder, 'canary'))
  // The very settings of init, with the ports of this library and a quicker pace.
  const settings = JSON.stringify({
    ...example({ passwordFile: 'canary' }),
    intervalMs: 1_000,
    listen: { port: 0 },
  })
    .replaceAll('http://127.0.0.1:8080', bibby.url)
    .replaceAll('http://127.0.0.1:8081', bibby.noticesUrl)
    .replaceAll('"everyMs":120000', '"everyMs":1000')
    .replaceAll(',"url":"http://127.0.0.1:8082"}', '}')
    .replaceAll('"kind":"http"', '"kind":"http","timeoutMs":1000')
    .replaceAll('"kind":"loan"', '"kind":"loan","timeoutMs":1000,"slowMs":1000')
  await writeFile(join(home.folder, 'bibby-status.json'), settings)
  const daemon = home.start()
  const url = await daemon.ready
  const shown = async () => JSON.parse((await home.command('show', '--json')).stdout) as Shown
  await until(shown, ({ overall }) => overall === 'operational')
  await bibby.cutPower()
  const dead = await until(shown, ({ components }) =>
    components.every(({ verdict }) => verdict === 'major-outage'),
  )
  assert.match(dead.components[0]?.because ?? '', /no answer/)
  assert.equal((await fetch(`${url}/`)).status, 200)
  const writtenFrom = performance.now()
  assert.equal(
    (await home.command('incident', 'open', '--title', 'All is dark', '--text', 'No power.')).code,
    0,
  )
  assert.match(await (await fetch(`${url}/`)).text(), /All is dark/)
  assert.ok(performance.now() - writtenFrom < 10_000)
})

test('a canary loan that a dead prober left open is taken back first', { skip }, async () => {
  await using bibby = await startBibby()
  await using home = await statusHome()
  const password = await readFile(bibby.passwordFile, 'utf8')
  const ask = async (path: string, body: object, token = '') =>
    fetch(`${bibby.url}/api/v1/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    })
  const { token } = (await (await ask('sessions', { kind: 'staff', account: 'desk', password })).json()) as {
    token: string
  }
  const lent = await ask('loans', { card: '29000000000015', barcode: '39000000000013' }, token)
  assert.equal(lent.status, 201, await lent.text())
  await copyFile(bibby.passwordFile, join(home.folder, 'canary'))
  await home.configure({
    components: [
      {
        id: 'desk',
        name: 'Desk',
        probes: [
          {
            kind: 'loan',
            id: 'canary',
            everyMs: 20_000,
            timeoutMs: 20_000,
            slowMs: 20_000,
            url: bibby.url,
            account: 'desk',
            password: { file: 'canary' },
            card: '29000000000015',
            barcode: '39000000000013',
          },
        ],
      },
    ],
  })
  home.start()
  const samples = async () =>
    JSON.parse((await home.command('export')).stdout).samples as { outcome: string; detail: string }[]
  const [first] = await until(samples, (all) => all.length > 0)
  assert.deepEqual([first?.outcome, first?.detail], ['ok', ''])
})

test('a copy of the folder alone runs on Node and nothing else', async () => {
  await using home = await statusHome()
  const copy = join(home.folder, 'copy')
  await cp(fileURLToPath(new URL('../src', import.meta.url)), join(copy, 'src'), { recursive: true })
  await copyFile(fileURLToPath(new URL('../package.json', import.meta.url)), join(copy, 'package.json'))
  const { ended } = home.start('check', {}, join(copy, 'src', 'main.ts'))
  assert.deepEqual(await ended.then(({ code, stderr }) => [code, stderr]), [0, ''])
  await home.configure({ mail: { host: '127.0.0.1', from: 'status@library.example' } })
  const mailing = await home.start('check', {}, join(copy, 'src', 'main.ts')).ended
  assert.equal(mailing.code, 78)
  assert.match(mailing.stderr, /mail needs nodemailer/)
})

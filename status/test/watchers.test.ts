import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from './bibby.ts'
import { patient } from './patient.ts'
import { oneComponent, statusHome, until } from './status-home.ts'

const injectedClock = new URL('./injected-clock.ts', import.meta.url).href
const hourMs = 3_600_000

test('two pages watch each other: when one is killed the other tells, and tells when it is back', async () => {
  const ports = [await freePort(), await freePort()] as const
  await using ops = await patient()
  await using attic = await statusHome(watching('cellar', ports[0], ports[1], ops.url))
  await using cellar = await statusHome(watching('attic', ports[1], ports[0], ops.url))
  for (const { folder } of [attic, cellar])
    await writeFile(join(folder, 'key'), 'a key for the hook', { mode: 0o600 })
  const heard = (of: string) =>
    ops.requests
      .map(({ body }) => (JSON.parse(body) as { alert?: { of?: string; status: string } }).alert)
      .filter((alert) => alert?.of === of)
      .map((alert) => alert?.status)
  const running = { attic: attic.start(), cellar: cellar.start() }
  await Promise.all([running.attic.ready, running.cellar.ready])
  for (const [name, home] of [
    ['attic', attic],
    ['cellar', cellar],
  ] as const) {
    // At the start one may have looked before the other was there.
    await until(
      () => ops.requests.length > 0 && heard(name).at(-1) === 'firing',
      (isMissed) => !isMissed,
    )
    const before = heard(name).length
    running[name].child.kill('SIGKILL')
    await until(
      () => heard(name).slice(before),
      (told) => told.at(-1) === 'firing',
    )
    running[name] = home.start()
    await until(
      () => heard(name).slice(before),
      (told) => told.at(-1) === 'resolved',
    )
  }
})

function watching(name: string, own: number, others: number, hook: string): object {
  return {
    listen: { host: '127.0.0.1', port: own },
    privateWebhooks: true,
    contacts: [{ kind: 'webhook', url: hook, secret: { file: 'key' } }],
    peers: [{ name, url: `http://127.0.0.1:${others}`, staleAfterMs: 2_000 }],
  }
}

test('a page whose clock is set on or back shows nothing green that is not, and loses no sample (by an injected clock)', async () => {
  await using library = await patient()
  await using home = await statusHome({ components: [oneComponent('search', library.url)] })
  const ahead = join(home.folder, 'ahead')
  const step = (ms: number) => writeFileSync(ahead, String(ms))
  step(0)
  const daemon = home.start('run', { NODE_OPTIONS: `--import=${injectedClock}?${encodeURIComponent(ahead)}` })
  const url = await daemon.ready
  const figures = async () => {
    const text = await (await fetch(`${url}/metrics`)).text()
    return {
      verdict: /component="search",verdict="([a-z-]+)"\} 1/.exec(text)?.[1] ?? '',
      samples: Number(/bibby_status_samples_total (\d+)/.exec(text)?.[1]),
      at: Number(/bibby_status_time_seconds (\d\S+)/.exec(text)?.[1]) * 1_000,
    }
  }
  await until(figures, ({ verdict }) => verdict === 'operational')
  for (const ms of [hourMs, 400 * 24 * hourMs, -hourMs]) {
    library.be((_, response) => void response.writeHead(500).end())
    const { samples } = await until(figures, ({ verdict }) => verdict === 'major-outage')
    step(ms)
    await until(figures, (seen) => {
      assert.notEqual(seen.verdict, 'operational', `set by ${ms} ms`)
      return seen.samples > samples + 5
    })
    assert.ok(Math.abs((await figures()).at - Date.now() - ms) < 60_000, 'the clock was set')
    library.be((_, response) => void response.end('well'))
    await until(figures, ({ verdict }) => verdict === 'operational')
    const answered = library.answeredAt.length
    await until(figures, (seen) => seen.samples >= answered)
  }
  daemon.child.kill('SIGTERM')
  assert.equal((await daemon.ended).code, 0)
})

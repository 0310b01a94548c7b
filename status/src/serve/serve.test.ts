import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { noon, scratch } from '../../test/scratch.ts'
import { until } from '../../test/status-home.ts'
import { latestSamples } from '../store/samples.ts'
import type { Delivery } from '../tell/outbox.ts'
import { addSubscription } from '../tell/subscriptions.ts'
import { heldBy } from './address-cap.ts'
import { servePage } from './page-server.ts'
import { type Report, signReport } from './report.ts'
import { route } from './routes.ts'
import { staticFiles } from './static-file.ts'

const key = { env: 'ATTIC' }
type At = ReturnType<typeof scratch>

async function served(at: At, clock = () => noon) {
  const folder = join(at.folder, 'site')
  mkdirSync(join(folder, 'api'), { recursive: true })
  writeFileSync(join(folder, 'index.html'), 'the page')
  writeFileSync(join(folder, 'api', 'a.json'), '{}')
  writeFileSync(join(folder, '.published.json'), 'hidden')
  writeFileSync(join(at.folder, 'secret.html'), 'secret')
  symlinkSync(join(at.folder, 'secret.html'), join(folder, 'link.html'))
  let heard = 0
  const page = await servePage({ folder, host: '127.0.0.1', port: 0, perAddressMost: 50 }, (asked) =>
    route({ store: at.store, config: at.config, clock, heard: () => void heard++ }, asked),
  )
  return { url: page.url, folder, heard: () => heard, [Symbol.asyncDispose]: page.stop }
}

/** Asks with the path as it is written: fetch would tidy it up. */
function status(url: string, path: string): Promise<number | undefined> {
  const { port } = new URL(url)
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('error', reject)
    asked.end()
  })
}

test('files of the folder are served and nothing else, under strict headers', async () => {
  using at = scratch()
  await using page = await served(at)
  const front = await fetch(`${page.url}/`)
  assert.equal(await front.text(), 'the page')
  assert.equal(front.headers.get('x-content-type-options'), 'nosniff')
  assert.equal(front.headers.get('cache-control'), 'no-cache')
  const etag = front.headers.get('etag') ?? ''
  assert.equal((await fetch(`${page.url}/`, { headers: { 'if-none-match': etag } })).status, 304)
  assert.equal((await fetch(`${page.url}/api/a.json`)).headers.get('access-control-allow-origin'), '*')
  for (const path of [
    '/../secret.html',
    '/%2e%2e/secret.html',
    '/..%2fsecret.html',
    '/link.html',
    '/.published.json',
    '/api',
    '/api/',
    '/a%00b',
    '/%ff',
    '//etc/passwd',
    '/nothing',
  ]) {
    assert.equal(await status(page.url, path), 404, path)
  }
  assert.equal((await fetch(`${page.url}/`, { method: 'POST' })).status, 405)
  assert.equal((await fetch(`${page.url}/report`)).status, 405)
})

test('the page is served while another holds its database, and it says that its own loop is not well', async () => {
  using at = scratch()
  await using page = await served(at)
  assert.equal((await fetch(`${page.url}/healthz`)).status, 503)
  at.store.run(`insert into standing values ('search', 'operational', ?, '', ?, ?)`, [noon, noon, noon])
  at.store.run(`insert into target values ('here', 1, ?, '')`, [noon])
  assert.equal((await fetch(`${page.url}/healthz`)).status, 200)
  const other = new DatabaseSync(join(at.config.data, 'status.sqlite'))
  other.exec('begin exclusive')
  const body = JSON.stringify({ prober: 'attic', sequence: 1, at: noon, samples: [] })
  const stuck = fetch(`${page.url}/report`, {
    method: 'POST',
    body,
    headers: { 'x-status-signature': 'sha256=none' },
  })
  assert.equal(await (await fetch(`${page.url}/`)).text(), 'the page')
  other.exec('rollback')
  other.close()
  assert.equal((await stuck).status, 401)
})

test('the figures tell each component, each target and the samples', async () => {
  using at = scratch({ publish: [{ kind: 'folder', name: 'here', folder: 'x' }] })
  await using page = await served(at)
  const text = await (await fetch(`${page.url}/metrics`)).text()
  assert.match(text, /bibby_status_component\{component="search",verdict="unknown"\} 1/)
  assert.match(text, /bibby_status_published_timestamp_seconds\{target="here"\} 0/)
  assert.match(text, /bibby_status_samples_total 0/)
})

/** Somebody who asks for a file, reads the beginning of it and then no more; gives whether there was a beginning. */
async function slowReader(url: string, path: string): Promise<{ socket: Socket; isServed: boolean }> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), localAddress: '127.0.0.1' })
  const begun = Promise.withResolvers<boolean>()
  socket
    .on('error', () => undefined)
    .once('data', () => begun.resolve(true))
    .once('close', () => begun.resolve(false))
  socket.write(`GET ${path} HTTP/1.1\r\nhost: page\r\n\r\n`)
  const isServed = await begun.promise
  socket.pause()
  return { socket, isServed }
}

test('one address that opens 500 connections and reads slowly keeps no other out', {
  skip: process.platform !== 'linux' && 'only Linux has 127.0.0.2 without being told',
}, async () => {
  using at = scratch()
  await using page = await served(at)
  writeFileSync(join(page.folder, 'much.html'), Buffer.alloc(7 * 1024 * 1024, 'x'))
  const readers: Awaited<ReturnType<typeof slowReader>>[] = []
  try {
    for (let count = 0; count < 500; count++) readers.push(await slowReader(page.url, '/much.html'))
    assert.deepEqual(await fetchFrom(page.url, '127.0.0.2'), [200, 'the page'])
    assert.equal(readers.filter(({ isServed }) => isServed).length, 50)
    // A place that is free again is taken again.
    for (const { socket } of readers) socket.destroy()
    await until(
      () => fetchFrom(page.url, '127.0.0.1').catch(() => undefined),
      (got) => got?.[0] === 200,
    )
  } finally {
    for (const { socket } of readers) socket.destroy()
  }
})

function fetchFrom(url: string, localAddress: string): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { localAddress, agent: false, timeout: 5_000 }, async (response) => {
      let text = ''
      for await (const piece of response) text += piece
      resolve([response.statusCode, text])
    })
    asked.on('error', reject).on('timeout', () => asked.destroy())
    asked.end()
  })
}

test('an address of IPv6 stands for its network, one of IPv4 for itself', () => {
  assert.equal(heldBy('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(heldBy('192.0.2.7'), '192.0.2.7')
  assert.equal(heldBy('2001:db8:1:2:a:b:c:d'), heldBy('2001:db8:1:2::1'))
  assert.notEqual(heldBy('2001:db8:1:2::1'), heldBy('2001:db8:1:3::1'))
  assert.equal(heldBy('2001:db8::1'), heldBy('2001:db8:0:0:1::'))
  assert.equal(heldBy('fe80::1%eth0'), heldBy('fe80::2'))
  assert.notEqual(heldBy('::1'), heldBy('2001:db8::1'))
})

test('all readers of a file share its bytes, until it is another', async () => {
  using at = scratch()
  const folder = join(at.folder, 'site')
  mkdirSync(folder)
  const path = join(folder, 'index.html')
  writeFileSync(path, 'one')
  const fileOf = staticFiles(folder)
  const readers = await Promise.all([fileOf('/'), fileOf('/index.html'), fileOf('/')])
  for (const each of [...readers, await fileOf('/')]) {
    assert.equal(each?.content, readers[0]?.content, 'the very same bytes')
  }
  writeFileSync(`${path}.new`, 'two')
  renameSync(`${path}.new`, path)
  assert.equal((await fileOf('/'))?.content.toString(), 'two')
  rmSync(path)
  assert.equal(await fileOf('/'), undefined)
  writeFileSync(path, 'three')
  assert.equal((await fileOf('/'))?.content.toString(), 'three')
})

test('what is held in memory has an end: the files that were asked for last stay', async () => {
  using at = scratch()
  const folder = join(at.folder, 'site')
  mkdirSync(folder)
  const names = Array.from({ length: 6 }, (_, index) => `/${index}.html`)
  for (const name of names) writeFileSync(join(folder, name), Buffer.alloc(6 * 1024 * 1024, name))
  const fileOf = staticFiles(folder)
  const first = await fileOf('/0.html')
  const second = await fileOf('/1.html')
  for (const name of names.slice(1)) await fileOf(name)
  assert.notEqual((await fileOf('/0.html'))?.content, first?.content)
  assert.notEqual((await fileOf('/1.html'))?.content, second?.content)
  const last = await fileOf('/5.html')
  assert.equal((await fileOf('/5.html'))?.content, last?.content)
})

test('a report counts when it is signed, of now and new, and only for what this page asks', async () => {
  using at = scratch({ probers: [{ name: 'attic', key }] })
  await using page = await served(at)
  const sample = { component: 'search', probe: 'page', outcome: 'ok', latencyMs: 3, detail: '' } as const
  const report: Report = {
    prober: 'attic',
    sequence: 5,
    at: noon,
    samples: [sample, { ...sample, probe: 'other' }],
  }
  const post = async (told: object, secret = 'secret of ATTIC') => {
    const body = JSON.stringify(told)
    return (
      await fetch(`${page.url}/report`, {
        method: 'POST',
        body,
        headers: { 'x-status-signature': signReport(secret, body) },
      })
    ).status
  }
  assert.equal(await post(report, 'another secret'), 401)
  assert.equal(await post({ ...report, prober: 'cellar' }), 401)
  assert.equal(await post({ ...report, samples: [{ ...sample, outcome: 'fine' }] }), 401)
  assert.equal(await post({ ...report, at: noon - 600_000 }), 409)
  assert.equal(await post(report), 204)
  assert.equal(await post(report), 409)
  assert.equal(await post({ ...report, sequence: 4 }), 409)
  assert.equal(latestSamples(at.store, { component: 'search', probe: 'page', prober: 'attic' }).length, 1)
  assert.equal(at.store.all('select 1 from sample').length, 1)
  assert.equal(page.heard(), 1)
})

test('a reader subscribes, confirms and leaves; looking at a link does nothing', async () => {
  using at = scratch({
    mail: { host: '127.0.0.1', from: 'status@library.example' },
    subscriptions: { areOpen: true },
  })
  await using page = await served(at)
  const subscribe = (address: string) =>
    fetch(`${page.url}/subscribe`, { method: 'POST', body: new URLSearchParams({ address }) })
  assert.equal((await subscribe('no address')).status, 400)
  assert.equal((await subscribe('ada@example.org')).status, 200)
  const [mail] = at.store.all<Delivery>('select * from delivery')
  const link = (/http:\S+/.exec(mail?.body ?? '')?.[0] ?? '').replace('http://status.example', page.url)
  const state = () => at.store.all<{ state: string }>('select state from subscription')[0]?.state
  assert.equal((await fetch(link)).status, 200)
  assert.equal(state(), 'asked')
  assert.equal((await fetch(link, { method: 'POST' })).status, 200)
  assert.equal(state(), 'active')
  assert.equal((await fetch(link.replace('/confirm', '/leave'), { method: 'POST' })).status, 404)
  assert.equal(state(), 'active')
})

test('the answer to who asks is the same whether the address subscribes, was asked for, or the hour is used up', async () => {
  using at = scratch({
    mail: { host: '127.0.0.1', from: 'status@library.example' },
    subscriptions: { areOpen: true, askedPerHourMax: 2 },
  })
  addSubscription(at.store, { kind: 'mail', address: 'active@example.org', now: noon - 7_200_000 })
  await using page = await served(at)
  const answer = async (who: string) => {
    const body = new URLSearchParams({ address: `${who}@example.org` })
    const written = () => at.store.all<{ n: number }>('select total_changes() as n')[0]?.n ?? 0
    const before = written()
    const replied = await fetch(`${page.url}/subscribe`, { method: 'POST', body })
    const headers = [...replied.headers].filter(([name]) => name !== 'date')
    return [replied.status, headers, await replied.text(), written() > before]
  }
  const first = await answer('new')
  for (const who of ['new', 'active', 'another', 'too-many', 'new', 'active']) {
    assert.deepEqual(await answer(who), first, who)
  }
  assert.deepEqual(
    at.store.all<Delivery>('select address from delivery').map(({ address }) => address),
    ['new@example.org', 'another@example.org'],
  )
})

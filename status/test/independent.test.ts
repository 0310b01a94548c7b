import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { patient } from './patient.ts'
import { oneComponent, statusHome, until } from './status-home.ts'

const opening = [
  'incident',
  'open',
  '--title',
  'The library is gone',
  '--text',
  'We look into it.',
  '--component',
  'search',
]
const page = async (url: string) => (await fetch(url)).text()

test('with nothing else alive an incident is written, published and read on another server in under 10 s', async () => {
  await using home = await statusHome()
  // Another program serves the folder; it knows nothing of us.
  await using elsewhere = await plainServer(home.site)
  const began = performance.now()
  const { code, stdout, stderr } = await home.command(...opening)
  const read = await page(`${elsewhere.url}/index.html`)
  const tookMs = performance.now() - began
  assert.equal(code, 0, stderr)
  assert.match(read, /The library is gone/)
  assert.ok(tookMs < 10_000, `${tookMs} ms`)
  const id = stdout.trim()
  assert.equal(
    (
      await home.command(
        'incident',
        'update',
        id.slice(0, 5),
        '--state',
        'identified',
        '--text',
        'It was a disk.',
      )
    ).code,
    0,
  )
  assert.equal((await home.command('incident', 'resolve', id, '--text', 'A new disk.')).code, 0)
  const last = await page(`${elsewhere.url}/incidents/${id}.html`)
  assert.match(last, /A new disk/)
  const again = await home.command('incident', 'resolve', id, '--text', 'Again.')
  assert.equal(again.code, 3)
  assert.match(again.stderr, /is resolved/)
})

test('with the daemon alive an incident is shown at once, also when the daemon stands still', async () => {
  await using home = await statusHome()
  const daemon = home.start()
  const url = await daemon.ready
  assert.equal((await home.command(...opening)).code, 0)
  assert.match(await page(url), /The library is gone/)
  daemon.child.kill('SIGSTOP')
  const began = performance.now()
  const { code, stderr } = await home.command(
    'incident',
    'open',
    '--title',
    'A second one',
    '--text',
    'Look.',
  )
  assert.equal(code, 0, stderr)
  assert.ok(performance.now() - began < 10_000)
  assert.match(await readFile(join(home.site, 'index.html'), 'utf8'), /A second one/)
  daemon.child.kill('SIGCONT')
  await until(
    () => page(url),
    (text) => text.includes('A second one') && text.includes('The library is gone'),
  )
})

test('a library that dies is told as down, and as well again when it comes back; before the first answer nothing is green', async () => {
  const first = await patient()
  const { port } = first
  await using home = await statusHome({ components: [oneComponent('search', first.url)] })
  const daemon = home.start()
  const url = await daemon.ready
  const verdict = async () => {
    const text = await (await fetch(`${url}/metrics`)).text()
    return /component="search",verdict="([a-z-]+)"\} 1/.exec(text)?.[1] ?? ''
  }
  const seen = new Set<string>()
  await until(verdict, (now) => {
    seen.add(now)
    return now === 'operational'
  })
  assert.ok([...seen].every((each) => each === 'unknown' || each === 'operational'))
  await first[Symbol.asyncDispose]()
  await until(verdict, (now) => now === 'major-outage')
  await using _ = await patient(port)
  await until(verdict, (now) => now === 'operational')
  daemon.child.kill('SIGTERM')
  const { code, stderr } = await daemon.ended
  assert.equal(code, 0)
  assert.match(
    stderr,
    /search: operational -> major-outage\. It takes no|search: operational -> major-outage\. It gives no answer/,
  )
})

test('our own network in trouble is unknown, not down', async () => {
  await using anchor = await patient()
  const { port } = anchor
  await using home = await statusHome({
    network: { anchors: [{ kind: 'tcp', host: '127.0.0.1', port, timeoutMs: 200 }] },
  })
  const daemon = home.start()
  const url = await daemon.ready
  const samples = async () =>
    JSON.parse((await home.command('export')).stdout).samples as { outcome: string }[]
  await until(samples, (all) => all.some(({ outcome }) => outcome === 'failed'))
  await anchor[Symbol.asyncDispose]()
  await until(samples, (all) => all.at(-1)?.outcome === 'unknown')
  assert.equal((await fetch(url)).status, 200)
})

test('a second daemon on the same folder is refused', async () => {
  await using home = await statusHome()
  const daemon = home.start()
  const url = await daemon.ready
  await until(
    () => page(url),
    (text) => text.includes('Millbrook'),
  )
  const second = await home.start().ended
  assert.equal(second.code, 6)
  assert.match(second.stderr, /runs on .* already/)
  daemon.child.kill('SIGTERM')
  assert.equal((await daemon.ended).code, 0)
})

test('one target that fails stops no other, and is told', async () => {
  await using home = await statusHome({
    publish: [
      { kind: 'folder', name: 'here', folder: 'site' },
      { kind: 'command', name: 'broken', command: ['/bin/false'] },
      { kind: 'command', name: 'copy', command: ['/bin/cp', '-r', '{folder}/.', 'copied'] },
    ],
  })
  await writeFile(join(home.folder, 'copied'), '')
  const bad = await home.command(...opening)
  assert.equal(bad.code, 0)
  assert.match(bad.stderr, /Not published to broken. \/bin\/false exits with 1/)
  assert.match(bad.stderr, /Not published to copy/)
  const shown = await home.command('show')
  assert.match(shown.stdout, /target broken +never/)
})

test('a damaged database is set aside, never deleted, and the page begins anew as unknown', async () => {
  await using home = await statusHome()
  await home.command(...opening)
  await writeFile(join(home.data, 'status.sqlite'), Buffer.alloc(8_192, 7))
  const { code, stderr } = await home.command('incident', 'list')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /damaged/)
  assert.ok((await readdir(home.data)).some((name) => name.includes('.damaged-')))
  assert.match((await home.command('show')).stdout, /^Millbrook: unknown/)
})

async function plainServer(folder: string): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(async (request, response) => {
    response.end(await readFile(join(folder, request.url ?? '')).catch(() => ''))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

test('the dead-man’s switch hears of a page that goes round', async () => {
  await using library = await patient()
  await using outside = await patient()
  await using home = await statusHome({
    components: [oneComponent('search', library.url)],
    ping: { url: `${outside.url}/alive` },
  })
  const daemon = home.start()
  await until(
    () => outside.requests.length,
    (count) => count > 1,
  )
  assert.equal(outside.requests[0]?.path, '/alive')
  // A probe that hangs holds up the end for a moment only.
  library.be(() => undefined)
  daemon.child.kill('SIGTERM')
  assert.equal((await daemon.ended).code, 0)
})

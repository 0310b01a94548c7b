import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { patient } from './patient.ts'
import { oneComponent, statusHome, until } from './status-home.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const opening = ['incident', 'open', '--title', 'Cut off', '--text', 'No network.'] as const
const isRoot = process.platform === 'linux' && process.getuid?.() === 0
const noNamespace =
  (!isRoot || spawnSync('unshare', ['--net', 'true']).status !== 0) &&
  'only root on Linux can take the network away'

test('without any network an incident is written and published all the same', {
  skip: noNamespace,
}, async () => {
  await using home = await statusHome()
  const config = join(home.folder, 'bibby-status.json')
  const began = performance.now()
  execFileSync('unshare', ['--net', process.execPath, main, ...opening, '--config', config], {
    stdio: 'pipe',
  })
  assert.ok(performance.now() - began < 10_000)
  assert.match(await readFile(join(home.site, 'index.html'), 'utf8'), /Cut off/)
})

test('on a full disk the page is served as it was, the trouble is told, and all goes on when there is room', {
  skip: !isRoot && 'only root on Linux can mount',
}, async () => {
  await using library = await patient()
  await using home = await statusHome({
    components: [oneComponent('search', library.url)],
    data: 'disk/data',
  })
  const disk = join(home.folder, 'disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk])
  try {
    const daemon = home.start()
    const url = await daemon.ready
    const samples = async () => {
      const text = await (await fetch(`${url}/metrics`)).text()
      return Number(/bibby_status_samples_total (\d+)/.exec(text)?.[1] ?? -1)
    }
    await until(samples, (count) => count > 2)
    const status = async () => (await fetch(url)).status
    await until(status, (now) => now === 200)
    spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'ballast')}`, 'bs=4096'])
    let said = ''
    daemon.child.stderr?.on('data', (text: string) => {
      said += text
    })
    await until(
      () => said,
      (text) => /A sample cannot be kept: .*(?:full|disk|I\/O)/i.test(text),
    )
    assert.equal(await status(), 200)
    const stuck = await home.command(...opening)
    assert.notEqual(stuck.code, 0)
    rmSync(join(disk, 'ballast'))
    const before = await samples()
    await until(samples, (count) => count > before + 2)
    assert.equal((await home.command(...opening)).code, 0)
    daemon.child.kill('SIGKILL')
    await daemon.ended
  } finally {
    execFileSync('umount', ['--lazy', disk])
  }
})

test('probers elsewhere report to the page, and down needs most of them', async () => {
  await using library = await patient()
  const { port } = library
  const key = { file: 'key' }
  const components = [oneComponent('search', library.url)]
  await using page = await statusHome({
    components,
    probers: [
      { name: 'attic', key },
      { name: 'cellar', key },
    ],
  })
  await writeFile(join(page.folder, 'key'), 'a key for both of them', { mode: 0o600 })
  const url = await page.start().ready
  const verdict = async () => {
    const text = await (await fetch(`${url}/metrics`)).text()
    return /component="search",verdict="([a-z-]+)"\} 1/.exec(text)?.[1] ?? ''
  }
  const prober = async (name: string) => {
    const home = await statusHome({ components, report: { to: url, name, key } })
    await writeFile(join(home.folder, 'key'), 'a key for both of them', { mode: 0o600 })
    await home.start('probe').ready
    return home
  }
  await until(verdict, (now) => now === 'operational')
  // The page alone says that it is down: of three probers only one is heard, which is not enough.
  await library[Symbol.asyncDispose]()
  await until(verdict, (now) => now === 'unknown')
  await using _attic = await prober('attic')
  await until(verdict, (now) => now === 'major-outage')
  await using _back = await patient(port)
  await until(verdict, (now) => now === 'operational')
  const shown = JSON.parse((await page.command('show', '--json')).stdout) as {
    probers: { name: string; isSilent: boolean }[]
  }
  assert.deepEqual(
    shown.probers.map(({ name, isSilent }) => [name, isSilent]),
    [
      ['here', false],
      ['attic', false],
      ['cellar', true],
    ],
  )
})

test('what root types leaves nothing of root’s beside the database', {
  skip: !isRoot && 'only root can be another user',
}, async () => {
  const nobody = 65_534
  await using home = await statusHome()
  chownSync(home.folder, nobody, nobody)
  mkdirSync(home.data, { mode: 0o700 })
  chownSync(home.data, nobody, nobody)
  const { code, stderr } = await home.command(...opening)
  assert.equal(code, 0, stderr)
  const owners = readdirSync(home.data).map((name) => statSync(join(home.data, name)).uid)
  assert.ok(owners.length > 0 && owners.every((uid) => uid === nobody), owners.join())
})

test('a command that finds the database held says so, and writes nothing', async () => {
  await using home = await statusHome()
  assert.equal((await home.command('show')).code, 0)
  const other = new DatabaseSync(join(home.data, 'status.sqlite'))
  other.exec('begin immediate')
  const { code, stderr } = await home.command(...opening)
  assert.equal(code, 75)
  assert.match(stderr, /held the database/)
  other.exec('rollback')
  other.close()
  assert.equal((await home.command('incident', 'list')).stdout, '')
})

test('a database that is exchanged or removed under the page is noticed and told, and the next start goes on with what is there', async () => {
  await using ops = await patient()
  const heard = () => ops.requests.filter(({ body }) => body.includes('BibbyStatusReplaced')).length
  await using elsewhere = await statusHome()
  assert.equal((await elsewhere.command(...opening)).code, 0)
  await using home = await statusHome({
    privateWebhooks: true,
    contacts: [{ kind: 'webhook', url: ops.url, secret: { file: 'key' } }],
  })
  await writeFile(join(home.folder, 'key'), 'a key for the hook', { mode: 0o600 })
  const file = join(home.data, 'status.sqlite')
  const first = home.start()
  const url = await first.ready
  await until(
    async () => (await fetch(`${url}/healthz`)).status,
    (now) => now === 200,
  )
  // Written to by another process it is the same file all the same.
  assert.equal((await home.command('incident', 'open', '--title', 'Before', '--text', 'x')).code, 0)
  await until(
    async () => (await fetch(url)).text(),
    (text) => text.includes('Before'),
  )
  renameSync(join(elsewhere.data, 'status.sqlite'), file)
  const exchanged = await first.ended
  assert.equal(exchanged.code, 72, exchanged.stderr)
  assert.match(exchanged.stderr, /exchanged or removed while the page ran/)
  const second = home.start()
  await second.ready
  await until(heard, (count) => count === 1)
  const listed = (await home.command('incident', 'list')).stdout
  assert.match(listed, /Cut off/)
  assert.doesNotMatch(listed, /Before/)
  rmSync(file)
  assert.equal((await second.ended).code, 72)
  const third = home.start()
  await third.ready
  await until(heard, (count) => count === 2)
  assert.equal((await home.command('incident', 'list')).stdout, '')
})

test('where the disk of the page is gone nothing is begun in its place', async () => {
  await using home = await statusHome()
  const running = home.start()
  await running.ready
  renameSync(home.data, `${home.data}-unmounted`)
  mkdirSync(home.data)
  const { code, stderr } = await running.ended
  assert.equal(code, 72, stderr)
  assert.match(stderr, /The disk of .* is gone, or another one: nothing was written there/)
  assert.deepEqual(readdirSync(home.data), [])
})

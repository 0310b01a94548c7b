import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { patient } from '../../test/patient.ts'
import { noon, scratch } from '../../test/scratch.ts'
import { openIncident } from '../incidents/incident.ts'
import { changed } from '../store/facts.ts'
import { differing, writeFolder } from './folder.ts'
import { lock } from './lock.ts'
import { publishEverywhere, publishTo, targets } from './publish.ts'
import { summarize } from './summarize.ts'

const clock = () => noon
const folderTarget = (at: { folder: string }, name = 'here') =>
  ({ kind: 'folder', name, folder: join(at.folder, name), url: null }) as const

test('a folder is brought to the files; what was ours goes, what is another’s stays', async () => {
  using at = scratch()
  const folder = join(at.folder, 'site')
  await mkdir(folder)
  await writeFile(join(folder, 'theirs.txt'), 'theirs')
  await writeFolder(
    folder,
    new Map([
      ['index.html', 'one'],
      ['incidents/a.html', 'a'],
    ]),
  )
  await writeFolder(folder, new Map([['index.html', 'two']]))
  assert.equal(await readFile(join(folder, 'index.html'), 'utf8'), 'two')
  assert.deepEqual((await readdir(folder)).toSorted(), [
    '.published.json',
    'incidents',
    'index.html',
    'theirs.txt',
  ])
  assert.deepEqual(await readdir(join(folder, 'incidents')), [])
  assert.deepEqual(await differing(folder, new Map([['index.html', 'other']])), ['index.html'])
})

test('a reader never sees half of a file, however often it is written', async () => {
  using at = scratch()
  const folder = join(at.folder, 'site')
  const [a, b] = ['a'.repeat(200_000), 'b'.repeat(300_000)]
  await writeFolder(folder, new Map([['index.html', a]]))
  const reader = new Worker(
    `const { readFileSync } = require('node:fs'); const { parentPort, workerData } = require('node:worker_threads')
     let on = true; parentPort.on('message', () => { on = false })
     const seen = new Set(); const look = () => { const text = readFileSync(workerData, 'utf8'); seen.add(text.length + text[0] + text.at(-1))
     if (on) setImmediate(look); else parentPort.postMessage([...seen]) }; look()`,
    { eval: true, workerData: join(folder, 'index.html') },
  )
  for (let turn = 0; turn < 20; turn++) await writeFolder(folder, new Map([['index.html', turn % 2 ? a : b]]))
  reader.postMessage('stop')
  const [seen] = (await once(reader, 'message')) as [string[]]
  await reader.terminate()
  assert.deepEqual(
    seen.filter((each) => !['200000aa', '300000bb'].includes(each)),
    [],
  )
})

test('a target that fails is told and remembered, and the others have the page', async () => {
  using at = scratch()
  await writeFile(join(at.folder, 'broken'), 'a file where a folder should be')
  const config = { ...at.config, publish: [folderTarget(at), folderTarget(at, 'broken')] }
  const [good, bad] = await publishEverywhere(at.store, config, clock)
  assert.equal(good?.problem, null)
  assert.match(bad?.problem ?? '', /ENOTDIR|EEXIST/)
  assert.deepEqual(
    targets(at.store).map(({ name, published_at: when }) => [name, when]),
    [
      ['broken', null],
      ['here', noon],
    ],
  )
  await rm(join(at.folder, 'broken'))
  const [, mended] = await publishEverywhere(at.store, config, clock)
  assert.equal(mended?.problem, null)
})

test('what was published a moment ago is not published again, but for what came since', async () => {
  using at = scratch()
  const target = folderTarget(at)
  const config = { ...at.config, publish: [target] }
  const publish = (now: number) =>
    publishTo(at.store, config, target, { clock: () => now, unlessNewerThanMs: 30_000 })
  const at_ = () => targets(at.store)[0]?.published_at
  assert.equal((await publish(noon)).isSent, true)
  assert.equal((await publish(noon + 1_000)).isSent, false)
  assert.equal(at_(), noon)
  changed(at.store)
  assert.equal((await publish(noon + 2_000)).isSent, true)
  assert.equal(at_(), noon + 2_000)
  await publish(noon + 40_000)
  assert.equal(at_(), noon + 40_000)
})

test('a lock is held by one, and free when it is given back', () => {
  using at = scratch()
  const first = lock(at.folder, 'one')
  assert.ok(first)
  assert.equal(lock(at.folder, 'one'), undefined)
  first[Symbol.dispose]()
  using again = lock(at.folder, 'one')
  assert.ok(again)
})

test('what is put is read back; a server that keeps something else is told', async () => {
  await using server = await patient()
  const kept = new Map<string, string>()
  let isLying = false
  server.be((request, response) => {
    const path = request.url ?? ''
    if (request.method === 'PUT') kept.set(path, server.requests.at(-1)?.body ?? '')
    response.end(request.method === 'PUT' ? '' : isLying ? 'old' : kept.get(path))
  })
  using at = scratch({
    publish: [{ kind: 'put', name: 'far', to: `${server.url}/page`, token: { env: 'T' } }],
  })
  assert.deepEqual(await publishEverywhere(at.store, at.config, clock), [
    { target: 'far', isSent: true, problem: null, mended: [] },
  ])
  assert.match(kept.get('/page/index.html') ?? '', /Millbrook/)
  assert.equal(server.requests[0]?.headers.authorization, 'Bearer secret of T')
  isLying = true
  const [lied] = await publishEverywhere(at.store, at.config, () => noon + 1)
  assert.match(lied?.problem ?? '', /index\.html was written and reads back as something else/)
})

test('a file that a host lost or altered is found in its turn, told and put again', async () => {
  await using server = await patient()
  const kept = new Map<string, string>()
  server.be((request, response) => {
    const path = request.url ?? ''
    if (request.method === 'PUT') kept.set(path, server.requests.at(-1)?.body ?? '')
    else if (!kept.has(path)) response.statusCode = 404
    response.end(kept.get(path))
  })
  using at = scratch({ publish: [{ kind: 'put', name: 'far', to: server.url }] })
  const [target] = at.config.publish
  assert.ok(target)
  const publish = (turn?: number) =>
    publishTo(at.store, at.config, target, { clock, ...(turn === undefined ? {} : { turn }) })
  await publish()
  const whole = new Map(kept)
  const others = [...whole.keys()].filter((path) => !['/index.html', '/api/v2/summary.json'].includes(path))
  assert.ok(others.length > 10, 'there is more than one turn reads')
  const spoil = () => {
    for (const path of others) kept.set(path, 'spoilt')
    kept.delete('/style.css')
    server.requests.length = 0
  }
  const asked = () => server.requests.length
  spoil()
  assert.deepEqual((await publish()).mended, [], 'a command reads the proofs alone')
  assert.equal(asked(), 2)
  assert.equal((await publish(0)).mended.length, others.length, 'the first turn reads all')
  assert.deepEqual(kept, whole)
  spoil()
  const mended = new Set<string>()
  for (let turn = 1; turn <= Math.ceil(others.length / 10); turn++) {
    const told = await publish(turn)
    assert.ok(told.mended.length <= 10, 'a turn reads a few')
    for (const name of told.mended) mended.add(`/${name}`)
  }
  assert.deepEqual([...mended].toSorted(), others.toSorted(), 'each file has its turn')
  assert.deepEqual(kept, whole)
})

test('a host that falls silent is told, and not waited for once a file', async () => {
  await using server = await patient()
  const kept = new Map<string, string>()
  let gets = 0
  server.be((request, response) => {
    if (request.method === 'PUT') kept.set(request.url ?? '', server.requests.at(-1)?.body ?? '')
    else gets += 1
    if (request.method === 'PUT') response.end()
    else request.socket.destroy()
  })
  using at = scratch({ publish: [{ kind: 'put', name: 'far', to: server.url }] })
  const [target] = at.config.publish
  assert.ok(target)
  const { problem } = await publishTo(at.store, at.config, target, { clock, turn: 0 })
  assert.match(problem ?? '', /was written and is not read back/)
  assert.ok(gets <= 3 * 8, `${gets} were asked for`)
})

test('a command that leaves somebody behind with its words open has ended all the same', async () => {
  using at = scratch({
    publish: [
      {
        kind: 'command',
        name: 'leaves',
        command: ['/bin/sh', '-c', 'setsid sleep 3 & exit 0'],
        timeoutMs: 1_000,
      },
    ],
  })
  const told = await publishEverywhere(at.store, at.config, () => noon)
  assert.deepEqual(
    told.map(({ problem }) => problem),
    [null],
  )
})

test('a command that hangs is ended at its deadline, and its last words are told', async () => {
  using at = scratch({
    publish: [
      {
        kind: 'command',
        name: 'hangs',
        command: [process.execPath, '-e', 'setInterval(() => undefined, 1e6)'],
        timeoutMs: 300,
      },
      {
        kind: 'command',
        name: 'says',
        command: [process.execPath, '-e', 'console.error("no such host"); process.exitCode = 3'],
      },
      { kind: 'command', name: 'missing', command: ['/nowhere/rsync', '{folder}'] },
    ],
  })
  const [hangs, says, missing] = await publishEverywhere(at.store, at.config, clock)
  assert.match(hangs?.problem ?? '', /was ended after 300 ms/)
  assert.match(says?.problem ?? '', /exits with 3: no such host/)
  assert.match(missing?.problem ?? '', /ENOENT/)
})

test('a verdict that nobody renewed is told as unknown, whoever publishes', () => {
  using at = scratch()
  at.store.run(`insert into standing values ('search', 'operational', ?, '', ?, ?)`, [noon - 10, noon, noon])
  assert.equal(summarize(at.store, at.config, noon + 1_000).overall, 'operational')
  const late = summarize(at.store, at.config, noon + 600_000)
  assert.equal(late.overall, 'unknown')
  assert.equal(late.components[0]?.since, new Date(noon).toISOString())
  openIncident(
    at.store,
    { title: 'T', impact: 'minor', components: [], text: 'x', now: noon },
    () => undefined,
  )
  assert.equal(summarize(at.store, at.config, noon).incidents.length, 1)
})

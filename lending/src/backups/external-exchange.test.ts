import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { running } from '../../test/backup-fixtures.ts'
import { noTheirServer as skip, theirServer } from '../../test/their-server.ts'
import { knownMigrations } from '../postgres/migrate.ts'
import { type Exchange, exchange, oidOf, openMaintenance } from './external-exchange.ts'
import { holdsAnything, loadBundle } from './load-bundle.ts'
import { type Manifest, writeManifest } from './manifest.ts'
import { inForce, type RestoreState, readState, settleRestore } from './restore-state.ts'

let server: Awaited<ReturnType<typeof theirServer>>
let folder: string

before(async () => {
  if (skip) return
  server = await theirServer()
  folder = await mkdtemp(join(tmpdir(), 'bibby-exchange-'))
  for (const which of ['old', 'new']) {
    server.sql('postgres', `create database ${which}_model`)
    server.sql(`${which}_model`, `create table which as select '${which}' as name`)
  }
})
after(async () => {
  if (skip) return
  await rm(folder, { recursive: true })
  await server[Symbol.asyncDispose]()
})

/** What a restore does from its beginning on, each to be the last before the process is killed. */
const steps = [
  'note that it begins',
  'make the database',
  'unpack the covers',
  'note that it swaps',
  'exchange',
  'put the old covers aside',
  'put the new covers in place',
] as const

/** A data folder whose restore was killed behind that many of the steps. */
async function cutOff(done: number, live = `library${done}`) {
  const id = `abcdef0${done}`
  const data = join(folder, live)
  await using maintenance = await openMaintenance(server.url('postgres'))
  await maintenance.query(`create database ${live} template old_model`)
  await mkdir(join(data, 'covers'), { recursive: true })
  await writeFile(join(data, 'covers', 'which'), 'old')
  let databases: Exchange = {
    live,
    liveOid: (await oidOf(maintenance, live)) ?? '',
    next: `${live}_restoring_${id}`,
    nextOid: null,
    before: `${live}_before_${id}`,
  }
  const kept = join(data, `restore-${id}`)
  const note = async (step: RestoreState['step']) => {
    const times = { at: '2026-03-02T11:00:00.000Z', to: '2026-03-01T11:00:00.000Z' }
    const state: RestoreState = { id, step, pid: 999_999_999, ...times, backup: 'x', lastLink: 3, databases }
    await writeFile(join(data, 'restore.json'), JSON.stringify(state))
  }
  const doing: Record<(typeof steps)[number], () => Promise<unknown>> = {
    'note that it begins': () => note('preparing'),
    'make the database': () => maintenance.query(`create database ${databases.next} template new_model`),
    'unpack the covers': async () => {
      await mkdir(join(kept, 'new', 'covers'), { recursive: true })
      await writeFile(join(kept, 'new', 'covers', 'which'), 'new')
    },
    'note that it swaps': async () => {
      databases = { ...databases, nextOid: (await oidOf(maintenance, databases.next)) ?? null }
      await note('swapping')
    },
    exchange: () => exchange(maintenance, databases),
    'put the old covers aside': async () => {
      await mkdir(join(kept, 'old'))
      await rename(join(data, 'covers'), join(kept, 'old', 'covers'))
    },
    'put the new covers in place': () => rename(join(kept, 'new', 'covers'), join(data, 'covers')),
  }
  for (const step of steps.slice(0, done)) await doing[step]()
  return { data, live, kept, databases, url: server.url(live) }
}

test('killed behind any step, a restore on one’s own server is found out from the databases, and dropped or finished', {
  skip,
}, async () => {
  for (const [index, last] of steps.entries()) {
    const { data, live, kept, databases, url } = await cutOff(index + 1)
    const state = await readState(data)
    assert.ok(state)
    const isNew = index >= steps.indexOf('exchange')
    const which = isNew ? 'new' : 'old'
    assert.equal(await inForce(state, url), which, last)
    assert.match((await settleRestore(data, url)) ?? '', isNew ? /is finished/ : /is dropped/, last)
    assert.equal(server.sql(live, 'select name from which'), which, last)
    assert.equal(await readFile(join(data, 'covers', 'which'), 'utf8'), which, last)
    const names = server.sql('postgres', `select datname from pg_database where datname like '${live}%'`)
    assert.deepEqual(names.split('\n').toSorted(), isNew ? [live, databases.before] : [live], last)
    assert.equal((await readState(data))?.step, isNew ? 'done' : undefined)
    if (isNew) assert.deepEqual(await readdir(kept), ['old'])
    else assert.ok(!(await readdir(data)).some((name) => name.startsWith('restore')))
    assert.equal(await settleRestore(data, url), undefined, 'once')
  }
})

test('a server that is not told, or is another, settles nothing', { skip }, async () => {
  const { data, live, url } = await cutOff(steps.indexOf('exchange'), 'other')
  const state = await readState(data)
  assert.ok(state)
  server.sql('postgres', `alter database ${live} rename to elsewhere`)
  for (const address of [undefined, url]) {
    await assert.rejects(settleRestore(data, address), /only that database tells how far it came\. Set/)
    assert.equal(await inForce(state, address), 'unknown')
  }
  assert.deepEqual(await readState(data), state)
  server.sql('postgres', `alter database elsewhere rename to ${live}`)
  assert.match((await settleRestore(data, url)) ?? '', /is dropped/)
})

test('a bundle that is refused leaves an empty database as it was', { skip }, async () => {
  server.sql('postgres', 'create database empty')
  server.sql('empty', `create function mine() returns int language sql as 'select 1'`)
  server.sql('empty', 'create extension fuzzystrmatch')
  const things = () =>
    server
      .sql('empty', 'select array_agg(relname order by 1) from pg_class')
      .concat(
        server.sql('empty', 'select array_agg(proname order by 1) from pg_proc'),
        server.sql('empty', 'select array_agg(extname order by 1) from pg_extension'),
      )
  const [before, url] = [things(), server.url('empty')]
  const name = '2026-03-02T02-00-00Z'
  const bare = { format: 1, name, migrations: await knownMigrations(), tables: [], sequences: [], files: [] }
  await mkdir(join(folder, name))
  await writeManifest(join(folder, name), bare as unknown as Manifest)
  const place = { dataFolder: folder, backups: folder, libraryId: 'x' }
  assert.equal(await holdsAnything(url), false)
  const refused = loadBundle(url, { place, name, running: running() })
  await assert.rejects(refused, /came back as something else/)
  assert.equal(things(), before)
  server.sql('empty', 'create table somebody_s ()')
  assert.equal(await holdsAnything(url), true, 'for loading would empty it')
})

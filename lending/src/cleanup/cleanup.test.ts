import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCleanup } from '@bibby/cleanup/cleanup.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { openLibrary } from '../library.ts'
import { sql } from '../postgres/sql.ts'
import { type CleanupOf, cleanupHost } from './cleanup-host.ts'
import { isbnOfCover } from './covers.ts'
import { deepHealth } from './deep-health.ts'
import { seeTrash } from './see-trash.ts'

const long = new Date('2020-01-01T00:00:00Z')
const nobody = 'http://127.0.0.1:1'

async function aDataFolder() {
  const path = await mkdtemp(join(tmpdir(), 'bibby-cleanup-'))
  for (const name of ['covers', 'exports', 'rejects'])
    await mkdir(join(path, 'data', name), { recursive: true })
  const put = async (file: string, at = long) => {
    await writeFile(join(path, 'data', file), file)
    await utimes(join(path, 'data', file), at, at)
  }
  return {
    path: join(path, 'data'),
    put,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

test('a cover goes when no title has its ISBN, and has waited long enough for one', async () => {
  await using db = await scratchDatabase()
  await using folder = await aDataFolder()
  const [emma] = await db.rows<{ id: number }>(
    sql`insert into title (title, isbns) values ('Emma', array['9780141439587']) returning id`,
  )
  await db.rows(
    sql`insert into title (title, isbns, deleted_at) values ('Persuasion', array['9780141439686'], now())`,
  )
  await folder.put('covers/9780141439587.jpg')
  await folder.put('covers/9780141439686.png')
  await folder.put('covers/9780141439518.jpg')
  await folder.put('covers/0141439513.webp')
  await folder.put(`covers/title-${emma?.id}.jpg`)
  await folder.put('covers/title-9.jpg')
  await folder.put('covers/notes.txt')
  await folder.put('covers/9780141439518.txt')
  await folder.put('covers/9780199535569.jpg', new Date())
  const cleanup = openCleanup(cleanupHost(of(folder.path, db)))
  cleanup.mark('covers')
  const plan = await cleanup.plan('covers')
  assert.deepEqual(plan.samples, ['0141439513.webp', '9780141439518.jpg', 'title-9.jpg'])
  assert.deepEqual(plan.reasons, { 'no title has this ISBN': 2, 'there is no such title': 1 })
  // Three of nine are more than a fifth: a catalogue that was emptied by mistake loses no cover.
  assert.equal(plan.refusal?.code, 'over-ceiling')
  await assert.rejects(cleanup.run(plan.digest), { code: 'over-ceiling' })
  for (let n = 0; n < 20; n++) await folder.put(`covers/other ${n}.jpg`)
  const again = await cleanup.plan('covers')
  assert.equal((await cleanup.run(again.digest)).moved, 3)
})

function of(dataFolder: string, db: ScratchDatabase): CleanupOf {
  return {
    dataFolder,
    open: async () => ({ db, connection: db.connection }),
    environment: 'development',
    backups: { folder: join(dataFolder, 'backups'), libraryId: '', keep: 1 },
    address: nobody,
    clock: () => new Date(),
  }
}

test('a cover is named by an ISBN of ten or thirteen digits, and is a picture', () => {
  assert.equal(isbnOfCover('9780141439518.jpg'), '9780141439518')
  assert.equal(isbnOfCover('0-14-143951-3.PNG'), '9780141439518')
  for (const name of ['9780141439518', '9780141439518.txt', '9780141439519.jpg', 'cover.jpg', '.jpg', ''])
    assert.equal(isbnOfCover(name), undefined, name)
})

test('old exports and rejects go, new ones stay, and the hourly look counts their days', async () => {
  await using db = await scratchDatabase()
  await using folder = await aDataFolder()
  for (const root of ['exports', 'rejects']) {
    await folder.put(`${root}/old.csv`)
    await folder.put(`${root}/new.csv`, new Date())
    const cleanup = openCleanup(cleanupHost(of(folder.path, db)))
    cleanup.mark(root)
    assert.equal((await cleanup.run((await cleanup.plan(root)).digest)).moved, 1)
    assert.deepEqual(
      (await readdir(join(folder.path, root))).filter((name) => !name.startsWith('.')),
      ['new.csv'],
    )
  }
  await using library = openLibrary({ connection: db.connection, dataFolder: folder.path })
  const sightings = async () => {
    const runs = join(folder.path, 'exports', '.cleanup', 'runs')
    const [run = ''] = await readdir(runs)
    return (await readFile(join(runs, run, 'sightings'), 'utf8')).split('\n').filter((line) => line !== '')
      .length
  }
  const before = await sightings()
  assert.equal(await seeTrash(library, new Date()), 2)
  assert.equal(await sightings(), before + 1)
})

test('a root of the database, of uploads or of the programs is none', () => {
  const { protect, roots } = cleanupHost({
    dataFolder: '/srv/bibby',
    open: () => Promise.reject(new Error('It was not to be asked.')),
    environment: 'production',
    backups: { folder: '/mnt/spare/backups', libraryId: '', keep: 1 },
    address: nobody,
    clock: () => new Date(),
  })
  assert.ok(protect.includes('/srv/bibby/postgres'))
  assert.deepEqual(
    roots.map(({ path }) => path),
    ['/srv/bibby/covers', '/srv/bibby/exports', '/srv/bibby/rejects', '/mnt/spare/backups'],
  )
})

test('a table or an index whose file is gone is seen', async () => {
  await using db = await scratchDatabase()
  const where = { dataFolder: '/nowhere', address: nobody }
  const look = () => deepHealth(db.connection, where)
  assert.ok(Object.keys(await look()).length > 20)
  assert.deepEqual(
    Object.values(await look()).filter((ill) => ill !== undefined),
    [],
  )
  const [{ folder = '', table = '', index = '' } = {}] = await db.rows<{
    folder: string
    table: string
    index: string
  }>(sql`
    select current_setting('data_directory') as folder, pg_relation_filepath('branch') as table,
      pg_relation_filepath('title_by_isbn') as index
  `)
  for (const [file, name] of [
    [table, 'table branch'],
    [index, 'table title'],
  ] as const) {
    await rename(join(folder, file), join(folder, `${file}.away`))
    try {
      const ill = Object.entries(await look()).filter(([, why]) => why !== undefined)
      assert.deepEqual(
        ill.map(([what]) => what),
        [name],
      )
    } finally {
      await rename(join(folder, `${file}.away`), join(folder, file))
    }
  }
})

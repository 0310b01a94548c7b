import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, open, readdir, readFile, rm, stat, truncate, watch, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { openCleanup } from '@bibby/cleanup/cleanup.ts'
import {
  anotherLibrary,
  type BackedUp,
  backedUpLibrary,
  besideOf,
  lendSomething,
  running,
} from '../../test/backup-fixtures.ts'
import { filled, mounted, noSmallDisk } from '../../test/small-disk.ts'
import { cleanupHost } from '../cleanup/cleanup-host.ts'
import { oldBackups } from '../cleanup/old-backups.ts'
import { runningPostmaster, untilGone } from '../postgres/postmaster.ts'
import { sql } from '../postgres/sql.ts'
import { BackupError } from './backup-error.ts'
import { chooseBackup } from './choose-backup.ts'
import { backupFigures } from './figures.ts'
import { digestOf } from './files.ts'
import { type Manifest, readManifest, writeManifest } from './manifest.ts'
import { type Backup, findBackup, listBackups } from './place.ts'
import { removeOld } from './remove-old.ts'
import { pruneBackups, runBackup, verifyBackup } from './run-backup.ts'
import { openSession } from './session.ts'
import { archiveFolder, keptSegments } from './wal-archive.ts'

let library: BackedUp
let taken: Backup

before(async () => {
  library = await backedUpLibrary()
  await lendSomething(library)
  const writing = writesAllTheWhile()
  taken = await library.run()
  await writing.ended()
})
after(() => library[Symbol.asyncDispose]())

/** Loans are lent and numbers are taken from their sequence for as long as it goes on: more than the log is ahead by. */
function writesAllTheWhile(): { readonly ended: () => Promise<void> } {
  let isOver = false
  let lent = 0
  const write = async () => {
    while (!isOver) {
      if (lent < 10) await lendSomething(library)
      lent += 1
      await library.db.rows(sql`select count(nextval('loan_id_seq')) as n from generate_series(1, 100)`)
    }
  }
  const writing = write()
  return {
    ended: async () => {
      isOver = true
      await writing
      assert.ok(lent > 20, `it was written ${lent} times only`)
    },
  }
}

/** Something is done to a copy of the backup, which is then verified: it must be found out. */
async function foundOut(spoil: (folder: string) => Promise<unknown>): Promise<BackupError> {
  const name = '2000-01-01T00-00-00Z'
  const folder = join(library.backups.backups, name)
  await cp(taken.folder, folder, { recursive: true })
  try {
    await spoil(folder)
    await assert.rejects(verifyBackup(library.backups, { folder }, running()))
    const found = await findBackup(library.backups.backups, name)
    assert.notEqual(found.state, 'proven', 'it must not count any more')
    return await verifyBackup(library.backups, { folder }, running()).then(
      () => assert.fail('it was proven'),
      (error: unknown) => {
        assert.ok(error instanceof BackupError, String(error))
        return error
      },
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function flipABit(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const { size } = await file.stat()
  const at = Math.floor(size / 2)
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: at })
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, at)
  await file.close()
}

test('a backup counts once it was restored and compared, tables and log', async () => {
  assert.equal(taken.state, 'proven')
  assert.deepEqual(taken.proof?.baseBecause, null)
  assert.equal(taken.manifest?.covers, 1)
  const { mode } = await stat(taken.folder)
  assert.equal(mode & 0o777, 0o700)
  for (const { path } of taken.manifest?.files ?? []) {
    assert.equal((await stat(join(taken.folder, path))).mode & 0o777, 0o600)
  }
  const { newestProven, lastRun, recoverySeconds } = await backupFigures(library.backups)
  assert.equal(newestProven * 1_000, new Date(taken.takenAt).getTime())
  assert.ok(lastRun.proven > 0 && lastRun.failed === 0 && recoverySeconds > 0)
  assert.deepEqual(
    (await readdir(library.backups.dataFolder)).filter((name) => name.includes('scratch')),
    [],
  )
})

test('one flipped bit in any kind of file is found before it counts', async () => {
  for (const path of ['tables/loan.copy.zst', 'base.tar.zst', 'covers.tar', 'manifest.json']) {
    const { code, message } = await foundOut((folder) => flipABit(join(folder, path)))
    assert.equal(code, 'BIBBY_BACKUP_DAMAGED')
    assert.match(message, /bibby backup (?:list|run)/, 'it says what to do')
  }
})

test('a file that was cut short, or is gone, is found and named', async () => {
  const cut = await foundOut((folder) => truncate(join(folder, 'tables/title.copy.zst'), 20))
  assert.match(cut.message, /tables\/title\.copy\.zst has 20 bytes, and had \d+\. Restore another/)
  const gone = await foundOut((folder) => rm(join(folder, 'base.tar.zst')))
  assert.match(gone.message, /base\.tar\.zst is gone/)
})

/** Changes a backup as a fault while it was written would: every digest agrees with what is there. */
async function rewrite(folder: string, change: (manifest: Manifest) => Manifest | Promise<Manifest>) {
  const { manifest } = await readManifest(folder)
  await writeManifest(folder, await change(manifest))
}

test('one changed byte within a row, or a sequence that is behind, is found by restoring it, with every digest right', async () => {
  const { code, message } = await foundOut((folder) =>
    rewrite(folder, async (manifest) => {
      const path = join(folder, 'tables/title.copy.zst')
      const text = zstdDecompressSync(await readFile(path)).toString('utf8')
      assert.ok(text.includes('Charlotte'))
      await writeFile(path, zstdCompressSync(text.replace('Charlotte', 'Charlotta')))
      const digest = await digestOf(path)
      const files = manifest.files.map((file) =>
        file.path === 'tables/title.copy.zst' ? { ...file, ...digest } : file,
      )
      const sequences = manifest.sequences.map((each) =>
        each.name === 'copy_id_seq' ? { ...each, lastValue: '1' } : each,
      )
      return { ...manifest, files, sequences }
    }),
  )
  assert.equal(code, 'BIBBY_BACKUP_DAMAGED')
  assert.match(message, /The table title came back with other content in its \d+ rows\./)
  assert.match(message, /The sequence copy_id_seq would give 2 next, and copy has \d+ already\./)
})

test('a backup of another version says which Bibby restores it, and a table of somebody else’s is named', async () => {
  const strange = await foundOut((folder) =>
    rewrite(folder, (manifest) => ({
      ...manifest,
      bibby: '9.9.9',
      migrations: [
        ...manifest.migrations,
        { version: manifest.migrations.length + 1, name: '9999_later.sql', sha256: 'f'.repeat(64) },
      ],
    })),
  )
  assert.equal(strange.code, 'BIBBY_BACKUP_OTHER_VERSION')
  assert.match(strange.message, /Bibby 9\.9\.9, and its schema has a step 9999_later\.sql/)
  const stray = await foundOut((folder) =>
    rewrite(folder, (manifest) => ({
      ...manifest,
      tables: [...manifest.tables, { name: 'My notes', file: 'x', columns: [], rows: 0, sums: '0 0' }],
    })),
  )
  assert.equal(stray.code, 'BIBBY_BACKUP_FAILED')
  assert.match(
    stray.message,
    /among its tables: My notes\. Drop it there, .* alter table "My notes" set schema/,
  )
  const later = await foundOut((folder) =>
    rewrite(folder, (manifest) => ({ ...manifest, format: 2 }) as unknown as Manifest),
  )
  assert.equal(later.code, 'BIBBY_BACKUP_OTHER_VERSION')
})

test('a file of the log that is altered or missing is named, and the tables still count', async () => {
  const archive = archiveFolder(library.backups.backups, taken.manifest?.base?.systemId ?? '')
  const [segment] = await keptSegments(archive)
  assert.ok(segment)
  const path = join(archive, segment.file)
  const whole = await readFile(path)
  await flipABit(path)
  const altered = await verifyBackup(library.backups, taken, running())
  assert.equal(altered.isBaseProven, false)
  assert.ok(altered.baseBecause?.includes(`${path} of the log is damaged`), altered.baseBecause ?? '')
  await rm(path)
  const missing = await verifyBackup(library.backups, taken, running())
  assert.ok(missing.baseBecause?.includes(`The file ${segment.name} of the log is missing`))
  await writeFile(path, whole, { mode: 0o600 })
  const again = await verifyBackup(library.backups, taken, running())
  assert.equal(again.isBaseProven, true)
})

test('cleanup lets old backups go to its trash and brings them back whole, and never takes the newest proven one', async () => {
  const { backups: folder, dataFolder } = library.backups
  const name = '2001-01-01T00-00-00Z'
  await cp(taken.folder, join(folder, name), { recursive: true, preserveTimestamps: true })
  const cleanup = openCleanup(
    cleanupHost({
      dataFolder,
      open: async () => library,
      environment: 'development',
      address: 'http://127.0.0.1:1',
      backups: { folder, libraryId: library.backups.libraryId, keep: 1 },
      clock: () => new Date(),
    }),
  )
  cleanup.mark('backups')
  const plan = await cleanup.plan('backups')
  assert.ok(plan.samples.every((path) => path.startsWith(`${name}/`)))
  const { run } = await cleanup.run(plan.digest)
  assert.equal((await chooseBackup(library.backups, undefined)).backup.name, taken.name)
  await cleanup.restore(run)
  assert.equal((await findBackup(folder, name)).state, 'proven')
  await rm(join(folder, name), { recursive: true })
})

test('in a folder that two libraries share, each picks, counts, cleans and removes its own', async () => {
  const { backups, libraryId } = library.backups
  const [older, newer, gone] = ['2000-02-02T00-00-00Z', '2020-02-02T00-00-00Z', '2001-01-01T00-00-00Z']
  for (const name of [older, newer]) await besideOf(library.backups, { from: taken.name, name })
  await cp(join(backups, older), join(backups, gone), { recursive: true })
  await rm(join(backups, gone, 'manifest.json'))
  const log = join(archiveFolder(backups, '1'), `${'0'.repeat(24)}.${'0'.repeat(64)}.zst`)
  await mkdir(dirname(log), { recursive: true })
  await writeFile(log, '')
  const others = { ...library.backups, libraryId: anotherLibrary }
  assert.equal((await chooseBackup(library.backups, undefined)).backup.name, taken.name)
  assert.equal((await chooseBackup(others, undefined)).backup.name, newer)
  assert.equal((await chooseBackup(library.backups, newer)).backup.name, newer, 'by its name')
  await assert.rejects(chooseBackup({ ...others, libraryId: 'x' }, undefined), /are of another library\./)
  assert.equal((await backupFigures(others)).newestProven, Date.parse('2020-02-02T00:00:00Z') / 1_000)
  assert.equal((await backupFigures(others)).lastRun.proven, 0)
  const now = new Date('2100-01-01')
  const isGoing = await oldBackups({ folder: backups, libraryId, keep: 1, now })
  for (const name of [older, newer, gone]) {
    assert.equal(isGoing({ path: `${name}/manifest.json` } as Parameters<typeof isGoing>[0]), undefined)
  }
  assert.deepEqual(await removeOld(backups, { keep: 1, libraryId, now }), [])
  await rm(join(backups, gone), { recursive: true })
  assert.deepEqual(await removeOld(backups, { keep: 1, libraryId, now }), [])
  await stat(log)
  assert.deepEqual(await removeOld(backups, { keep: 1, libraryId: anotherLibrary, now }), [older])
  await assert.rejects(stat(log), 'its own library needs it no more')
  await rm(join(backups, newer), { recursive: true })
})

test('of two runs at once the second is refused, and told of the first', async () => {
  const begun = Promise.withResolvers<void>()
  const first = library.run({ step: () => begun.resolve() })
  await begun.promise
  const second = await library.run().then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(second instanceof BackupError)
  assert.equal(second.code, 'BIBBY_BACKUP_RUNNING')
  assert.match(second.message, /process \d+ on /)
  const prune = pruneBackups(library.backups, library.connection, new Date())
  await assert.rejects(prune, { code: 'BIBBY_BACKUP_RUNNING' })
  assert.equal((await first).state, 'proven')
})

/** Starts a run in a process of its own and kills it when this has happened; gives its number. */
async function killedWhen(happened: (pid: number) => Promise<unknown>): Promise<number> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./backup-process.ts', import.meta.url))], {
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  child.send({ backups: library.backups, connection: library.connection })
  assert.ok(child.pid)
  try {
    await happened(child.pid)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
  assert.equal(child.signalCode, 'SIGKILL', 'it ended by itself before it could be killed')
  return child.pid
}

test('a backup in a second that has one already, as after a clock was set back, takes the next free name', async () => {
  const now = new Date('2031-05-06T07:08:09.500Z')
  const place = (name: string) => join(library.backups.backups, name)
  await cp(taken.folder, place('2031-05-06T07-08-09Z'), { recursive: true })
  const { name, state } = await library.run({ now })
  assert.deepEqual([name, state], ['2031-05-06T07-08-10Z', 'proven'])
  for (const each of [name, '2031-05-06T07-08-09Z']) await rm(place(each), { recursive: true })
})

test('killed at any step, nothing is left that would count; the next run ends its server, clears up and works', async () => {
  const { backups, dataFolder } = library.backups
  const before = await listBackups(backups)
  assert.ok(before.some(({ state }) => state === 'proven'))
  await writeFile(join(backups, 'a letter.txt'), '')
  const others = [`partial-${anotherLibrary}-999999999`, `removing-${anotherLibrary}`].map(
    (left) => `2000-01-01T00-00-00Z.${left}`,
  )
  for (const name of others) await mkdir(join(backups, name))
  const signal = AbortSignal.timeout(60_000)
  const copying = await killedWhen(async () => {
    for await (const { filename } of watch(backups, { signal })) if (filename?.includes('.partial-')) break
  })
  assert.deepEqual(await listBackups(backups), before)
  const isHalf = (name: string) => /\.partial-|\.new-|running/.test(name) && !others.includes(name)
  assert.ok((await readdir(backups)).some((name) => isHalf(name) && name.endsWith(`-${copying}`)))

  const clusterOf = (pid: number) => join(dataFolder, `backup-scratch-${pid}`, 'postgres')
  const proving = await killedWhen(async (pid) => {
    while ((await runningPostmaster(clusterOf(pid)))?.status !== 'ready') signal.throwIfAborted()
  })
  const left = await runningPostmaster(clusterOf(proving))
  assert.ok(left, 'its throwaway server lives on')
  const half = (await listBackups(backups)).find(({ state }) => state === 'unproven')
  assert.ok(half, 'what was taken counts not before it is restored')
  await writeFile(join(backups, `last-run.json.new-${proving}`), '{')

  assert.deepEqual(await pruneBackups(library.backups, library.connection, new Date()), [])
  assert.ok(await untilGone(left.pid, 0), 'whoever has the lock ends it')
  assert.ok(!(await readdir(backups)).some(isHalf))

  // The server may take a moment to notice that a run was killed: its lock is waited for.
  await using ghost = await openSession(library.connection, 'test')
  await ghost.query('select pg_advisory_lock(722110016)')
  await writeFile(
    join(backups, 'running.json'),
    JSON.stringify({ pid: proving, host: hostname(), since: '2026-03-02' }),
  )
  const next = library.run()
  const asked = `
    select from pg_stat_activity where query like '%pg_try_advisory_lock(722110016)%' and pid <> pg_backend_pid()
  `
  while ((await ghost.query(asked)).rowCount === 0) signal.throwIfAborted()
  await ghost.end()
  assert.equal((await next).state, 'proven')
  const names = await readdir(backups)
  assert.deepEqual(names.filter(isHalf), [])
  for (const name of others) assert.ok(names.includes(name), 'another library may be at it, elsewhere')
  for (const { name } of before) assert.ok(names.includes(name), 'what is whole stays')
  assert.ok(names.includes('a letter.txt'), 'and what is not ours')
  assert.ok(!names.includes(half.name), 'what did not count goes once a newer one does')
  assert.deepEqual(
    (await readdir(dataFolder)).filter((name) => name.includes('scratch')),
    [],
  )
})

test('a disk that is full while backing up is told as that, and nothing counts', {
  skip: noSmallDisk,
}, async () => {
  const folder = join(library.backups.dataFolder, 'small')
  await using _disk = await mounted(folder, 'size=24m')
  const place = { ...library.backups, backups: folder, keepsLog: false }
  let free: (() => Promise<void>) | undefined
  const begun = runBackup(
    place,
    library.connection,
    running({
      step: (text) => {
        if (text === 'Copying the tables') void filled(folder).then((given) => (free = given))
      },
    }),
  )
  await assert.rejects(begun, (error: unknown) => {
    assert.ok(error instanceof BackupError)
    assert.match(error.message, /the disk is full\. Nothing of it counts\. Make room there/)
    return true
  })
  assert.deepEqual(await listBackups(folder), [])
  await free?.()
  await mkdir(join(folder, 'x'))
})

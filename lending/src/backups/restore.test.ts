import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, cp, mkdir, readdir, readFile, rename, rm, watch, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import {
  type BackedUp,
  backedUpLibrary,
  besideOf,
  lendSomething,
  running,
} from '../../test/backup-fixtures.ts'
import { readConfig } from '../config.ts'
import { openDatabase } from '../database.ts'
import { noFindings } from '../journal/audit-report.ts'
import { openAuditKeeper } from '../journal/keep-audit.ts'
import { checkHeads } from '../journal/verify-heads.ts'
import { openDataFolder } from '../postgres/data-folder.ts'
import { type Database, openPool } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { BackupError } from './backup-error.ts'
import { backupsHere } from './backups-here.ts'
import { readManifest, writeManifest } from './manifest.ts'
import { writeProof } from './place.ts'
import { restoreHere } from './restore-here.ts'
import { dropPrepared, type RestoreState, readState, settleRestore, writeState } from './restore-state.ts'

const run = promisify(execFile)
let library: BackedUp
/** Lent before the backup, after it, and after the second that is gone back to. */
const barcodes: string[] = []
let between: Date
/** A moment after the third was lent, and the file of the log that it is in. */
let beyond: Date
let beyondIn: string

before(async () => {
  library = await backedUpLibrary()
  await library.db.rows(sql`update notice_switch set installations = '{"here"}'`)
  const lent = async () => void barcodes.push((await lendSomething(library)).barcode)
  await lent()
  await library.run()
  await lent()
  between = await nextSecond()
  await closeFile()
  await lent()
  beyond = await nextSecond()
  beyondIn = await closeFile()
  await linkAll()
  await library.stop()
})
after(() => library[Symbol.asyncDispose]())

/** A moment by the database's clock that is past when this settles, and after all that was done before. */
async function nextSecond(db: Pick<Database, 'rows'> = library.db): Promise<Date> {
  const now = async () => {
    const [row] = await db.rows<{ at: Date }>(sql`select clock_timestamp() as at`)
    assert.ok(row)
    return row.at
  }
  // Told to the millisecond, the first may still be that of what was done.
  const at = new Date((await now()).getTime() + 1)
  while ((await now()) <= at);
  return at
}

/** Ends the file of the log that is written to, with a transaction as its last; tells its name. */
async function closeFile(): Promise<string> {
  await library.db.rows(sql`select pg_current_xact_id()`)
  const [row] = await library.db.rows<{ name: string }>(sql`select pg_walfile_name(pg_switch_wal()) as name`)
  assert.ok(row)
  return row.name
}

async function linkAll(): Promise<void> {
  const { db, backups } = library
  const kept = { db, dataFolder: backups.dataFolder, clock: () => new Date(), instance: 'test' }
  await using keeper = openAuditKeeper(kept, { head: () => undefined, warn: () => undefined })
  await keeper.link()
  await keeper.writeHead()
}

function configOf(dataFolder: string) {
  const config = readConfig({ BIBBY_DATA: dataFolder })
  assert.ok(!('problems' in config), JSON.stringify(config))
  return config
}

const here = (dataFolder: string) => restoreHere(configOf(dataFolder), running({ now: new Date() }))

/** A copy of the whole data folder and of its backups, for one test to go back in. */
async function copied(): Promise<AsyncDisposable & { readonly data: string }> {
  copies += 1
  const data = `${library.backups.dataFolder}-${copies}`
  await run('cp', ['-a', library.backups.dataFolder, data])
  await run('cp', ['-a', library.backups.backups, join(data, 'backups')])
  return { data, [Symbol.asyncDispose]: () => rm(data, { recursive: true, force: true }) }
}
let copies = 0

/** Starts the library in a data folder for one piece of work. */
async function onLibrary<T>(data: string, work: (db: Database) => Promise<T>): Promise<T> {
  const folder = await openDataFolder(data, '0.1.0')
  const signal = new AbortController().signal
  const tell = { step: () => undefined, warn: () => undefined }
  const database = await openDatabase(configOf(data), folder, { tell, signal })
  try {
    await using db = openPool({
      connection: database.connection,
      name: 'test',
      connectionsMax: 2,
      statementLimitMs: 10_000,
    })
    return await work(db)
  } finally {
    await database.close()
  }
}

/** What the library in a data folder is now. */
const found = (data: string) =>
  onLibrary(data, async (db) => {
    const loans = await db.rows<{ barcode: string }>(sql`
      select barcode from loan join copy on copy.id = copy_id order by loan.id
    `)
    const [state] = await db.rows<{ isNewEpoch: boolean; on: boolean }>(sql`
      select epoch > 1000000 as "isNewEpoch", installations <> '{}' as on from fence, notice_switch
    `)
    const audit: string[] = []
    const kept = { db, dataFolder: data, clock: () => new Date(), instance: 'test' }
    await using keeper = openAuditKeeper(kept, { head: () => undefined, warn: (text) => audit.push(text) })
    await keeper.link()
    await keeper.writeHead()
    const findings = noFindings()
    const { remarks } = await checkHeads(db.rows, data, findings)
    assert.equal(findings.count(), 0, JSON.stringify(findings.named()))
    const [{ position } = { position: 0 }] = await db.rows<{ position: number }>(sql`
      select max(position) as position from audit_link
    `)
    const givenUp = remarks.some((remark) => remark.includes('Heads of links that were given up'))
    assert.ok(position > 0)
    return { loans: loans.map(({ barcode }) => barcode), ...state, warnings: audit, givenUp }
  })

test('a second between two loans comes back with the one and without the other; the old is kept', async () => {
  await using copy = await copied()
  const restore = await here(copy.data)
  const plan = await restore.plan(undefined, between)
  assert.equal(plan.losses?.entries, 1)
  assert.deepEqual(plan.losses?.byAction, [{ action: 'lend', count: 1 }])
  assert.ok(plan.losses?.samples[0]?.includes(barcodes[2] ?? '-'), 'it names what is lost')
  const { old, to } = await restore.restore(plan.id, plan.phrase)
  assert.equal(to, between.toISOString())
  assert.deepEqual(await found(copy.data), {
    loans: barcodes.slice(0, 2),
    isNewEpoch: true,
    on: false,
    warnings: [],
    givenUp: true,
  })
  assert.ok((await readdir(join(old, 'postgres'))).includes('PG_VERSION'))
  assert.equal((await restore.status())?.step, 'done')
  await assert.rejects(restore.restore(plan.id, plan.phrase), /was carried out already/)
  await assert.rejects(restore.purge(plan.id, 'yes'), /To remove it for good, type: --phrase 'PURGE WHAT WAS/)
  await restore.purge(plan.id, `PURGE WHAT WAS BEFORE ${plan.id}`)
  assert.ok(!(await readdir(copy.data)).some((name) => name.startsWith('restore-') && !name.includes('plan')))
})

test('after going back, a second since is reached on the history that went on; what was given up is told, and only taken by name', async () => {
  await using copy = await copied()
  const plan = await (await here(copy.data)).plan(undefined, between)
  const later = await givenUpLater(join(copy.data, 'backups'), plan.backup)
  await (await here(copy.data)).restore(plan.id, plan.phrase)
  const lentAnew: string[] = []
  const since = await onLibrary(copy.data, async (db) => {
    const lent = async () => void lentAnew.push((await lendSomething({ db, small: library.small })).barcode)
    await lent()
    const at = await nextSecond(db)
    await lent()
    return at
  })
  const restore = await here(copy.data)
  const back = await restore.plan(undefined, since)
  assert.deepEqual([back.backup, back.timeline, back.isGivenUp], [plan.backup, 2, false])
  await rm(join(copy.data, 'audit-head.jsonl'))
  assert.equal((await restore.plan(undefined, undefined)).backup, plan.backup, 'not the newest, given up')
  await assert.rejects(
    restore.plan(undefined, beyond),
    (error: unknown) =>
      error instanceof BackupError &&
      error.exitCode === 3 &&
      /is of a history that was given up: .* bibby restore plan \S+ --to /.test(error.message),
  )
  const named = await restore.plan(plan.backup, beyond)
  assert.deepEqual([named.timeline, named.isGivenUp], [1, true])
  assert.match(named.phrase, / OF THE HISTORY GIVEN UP LOSING /)
  assert.match((await restore.plan(later, undefined)).phrase, / OF THE HISTORY GIVEN UP LOSING /)
  await assert.rejects(
    restore.plan(later, since),
    /cannot be reached from the backup|No second can be reached/,
  )
  const { seconds } = await (await backupsHere(configOf(copy.data), running())).list()
  assert.deepEqual(
    seconds.map(({ isGivenUp }) => isGivenUp),
    [false, true, false],
    JSON.stringify(seconds),
  )
  await restore.restore(back.id, back.phrase)
  assert.deepEqual(await loansOf(copy.data), [...barcodes.slice(0, 2), lentAnew[0]])
})

/** A backup that was taken after the moment that is gone back to: as another, but later in time and in the log. */
async function givenUpLater(backups: string, name: string): Promise<string> {
  const later = '2099-01-01T00-00-00Z'
  const folder = join(backups, later)
  await cp(join(backups, name), folder, { recursive: true })
  const { manifest } = await readManifest(folder)
  assert.ok(manifest.base)
  await writeManifest(folder, {
    ...manifest,
    name: later,
    takenAt: beyond.toISOString(),
    lsn: `${Number.parseInt(beyondIn.slice(8, 16), 16).toString(16)}/${beyondIn.slice(22)}000028`,
    base: { ...manifest.base, startSegment: beyondIn },
  })
  const { sha256 } = await readManifest(folder)
  const at = beyond.toISOString()
  await writeProof(folder, {
    manifestSha256: sha256,
    at,
    recoverySeconds: 1,
    isBaseProven: true,
    baseBecause: null,
  })
  return later
}

const loansOf = (data: string) =>
  onLibrary(data, async (db) =>
    (
      await db.rows<{ barcode: string }>(sql`
        select barcode from loan join copy on copy.id = copy_id order by loan.id
      `)
    ).map(({ barcode }) => barcode),
  )

test('without a second the backup itself comes back, covers too', async () => {
  await using copy = await copied()
  const cover = join(copy.data, 'covers', '9780141439518.jpg')
  await writeFile(cover, 'Another picture')
  const restore = await here(copy.data)
  const plan = await restore.plan(undefined, undefined)
  await restore.restore(plan.id, plan.phrase)
  const now = await found(copy.data)
  assert.deepEqual(now, {
    loans: barcodes.slice(0, 1),
    isNewEpoch: true,
    on: false,
    warnings: [],
    givenUp: true,
  })
  assert.match(await readFile(cover, 'utf8'), /Pride and Prejudice/)
})

test('another phrase, a plan that was altered and a library that went on are refused, and nothing changes', async () => {
  await using copy = await copied()
  const restore = await here(copy.data)
  const plan = await restore.plan(undefined, undefined)
  assert.match(plan.phrase, /^RESTORE LIBRARY OF THE TESTS TO \S+ LOSING 2 ENTRIES #[0-9a-f]{6}$/)
  const refused = (phrase: string, said: RegExp) =>
    assert.rejects(restore.restore(plan.id, phrase), (error: unknown) => {
      assert.ok(error instanceof BackupError && error.exitCode === 3)
      assert.match(error.message, said)
      return true
    })
  await refused('yes', /That is not the phrase of this plan\. Nothing was changed\./)
  const file = join(copy.data, `restore-plan-${plan.id}.json`)
  const asMade = await readFile(file, 'utf8')
  await writeFile(file, asMade.replace(plan.backup, '2001-01-01T00-00-00Z'))
  await refused(plan.phrase, /is not as it was made/)
  await writeFile(file, asMade.replace(plan.state, 'another state'))
  await refused(plan.phrase, /is not as it was made/)
  await writeFile(file, asMade)
  await assert.rejects(restore.plan(undefined, new Date(Date.now() + 60_000)), /has not come yet/)
  await assert.rejects(restore.plan(undefined, new Date('2020-01-01')), /No second before .* can be reached/)
  const others = '2098-01-01T00-00-00Z'
  await besideOf({ backups: join(copy.data, 'backups') }, { from: plan.backup, name: others })
  assert.equal((await restore.plan(undefined, undefined)).backup, plan.backup)
  assert.equal((await restore.plan(undefined, between)).backup, plan.backup)
  assert.equal((await restore.plan(others, undefined)).backup, others, 'by its name only')
  const { backups } = await (await backupsHere(configOf(copy.data), running())).list()
  assert.deepEqual(
    backups.map(({ name, isOurs }) => ({ name, isOurs })),
    [
      { name: others, isOurs: false },
      { name: plan.backup, isOurs: true },
    ],
  )
  assert.deepEqual((await found(copy.data)).loans, barcodes)
})

test('cut off after any of its renames, a restore is brought to its end by the next start', async () => {
  const folder = `${library.backups.dataFolder}-swap`
  for (let done = 0; done <= 4; done++) {
    const id = `abcdef0${done}`
    const [before, next] = [`restore-${id}/old`, `restore-${id}/new`]
    for (const part of ['postgres', 'covers']) {
      for (const place of ['.', next]) {
        await mkdir(join(folder, place, part), { recursive: true })
        await writeFile(join(folder, place, part, 'which'), place)
      }
    }
    await mkdir(join(folder, before))
    await writeFile(join(folder, 'restore.json'), JSON.stringify({ ...cutOff, id }))
    const moves = ['postgres', 'covers'].flatMap((part) => [
      [part, join(before, part)],
      [join(next, part), part],
    ])
    for (const [from = '', to = ''] of moves.slice(0, done))
      await rename(join(folder, from), join(folder, to))
    assert.match(
      (await settleRestore(folder, undefined)) ?? '',
      /was cut off, and is finished: the library is as of 2026/,
    )
    for (const part of ['postgres', 'covers']) {
      assert.equal(await readFile(join(folder, part, 'which'), 'utf8'), next, `after ${done} renames`)
      assert.equal(await readFile(join(folder, before, part, 'which'), 'utf8'), '.')
    }
    assert.equal(await settleRestore(folder, undefined), undefined, 'once')
    await rm(folder, { recursive: true })
  }
})

test('a restore that comes to nothing leaves the memory of the one before', async () => {
  const folder = `${library.backups.dataFolder}-memory`
  await mkdir(folder)
  const first: RestoreState = { ...cutOff, id: 'aaaaaaaa', step: 'done' }
  await writeState(folder, first)
  await dropPrepared(folder, { id: 'bbbbbbbb' })
  assert.deepEqual(await readState(folder), first, 'refused before it was noted')
  const second: RestoreState = { ...cutOff, id: 'bbbbbbbb', step: 'preparing' }
  await writeState(folder, second)
  await writeState(folder, { ...second, lastLink: 4 })
  assert.equal((await readState(folder))?.id, 'bbbbbbbb')
  await dropPrepared(folder, second)
  assert.deepEqual(await readState(folder), first)
  await rm(folder, { recursive: true })
})

/** As another process left it, which is gone. */
const cutOff: Omit<RestoreState, 'id'> = {
  step: 'swapping',
  pid: 999_999_999,
  at: '2026-03-02T11:00:00.000Z',
  backup: 'x',
  to: '2026-03-01T11:00:00.000Z',
  lastLink: 3,
}

test('killed while it prepares, the old library stays in force, and the leftovers go', async () => {
  await using copy = await copied()
  const command = fileURLToPath(new URL('../../../operator/src/bibby.ts', import.meta.url))
  const env = { PATH: '/usr/bin:/bin', BIBBY_DATA: copy.data }
  const restore = await here(copy.data)
  const plan = await restore.plan(undefined, undefined)
  const child = spawn(process.execPath, [command, 'restore', 'run', plan.id, '--phrase', plan.phrase], {
    env,
    cwd: dirname(copy.data),
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const signal = AbortSignal.timeout(30_000)
  for await (const { filename } of watch(copy.data, { signal })) if (filename === 'restore.json') break
  child.kill('SIGKILL')
  await ended
  assert.equal((await restore.status())?.step, 'preparing')
  assert.match((await restore.resume()) ?? '', /was cut off while it was prepared, and is dropped/)
  assert.deepEqual((await found(copy.data)).loans, barcodes)
  await restore.restore(plan.id, plan.phrase)
  assert.deepEqual((await found(copy.data)).loans, barcodes.slice(0, 1))
  assert.ok(!(await readdir(copy.data)).some((name) => name.startsWith('backup-scratch')))
})

test('a library that cannot be read any more is told as that, and comes back to its last minute', async () => {
  await using copy = await copied()
  const restore = await here(copy.data)
  const seen = await restore.plan(undefined, between)
  await writeFile(join(copy.data, 'postgres', 'global', 'pg_control'), 'not any more')
  await assert.rejects(
    restore.restore(seen.id, seen.phrase),
    /The library was written to since|cannot be read/,
  )
  // The last of its log was put down, and not taken in any more.
  const [systemId = ''] = await readdir(join(copy.data, 'backups', 'wal'))
  const archive = join(copy.data, 'backups', 'wal', systemId)
  const last =
    (await readdir(archive))
      .filter((name) => /^[0-9A-F]{24}\./.test(name))
      .toSorted()
      .at(-1) ?? ''
  const unpacked = zstdDecompressSync(await readFile(join(archive, last)))
  await mkdir(join(copy.data, 'postgres', 'archive_incoming'), { recursive: true })
  await writeFile(join(copy.data, 'postgres', 'archive_incoming', last.slice(0, 24)), unpacked)
  await rm(join(archive, last))
  const plan = await restore.plan(undefined, between)
  assert.ok((await readdir(archive)).includes(last))
  assert.equal(plan.losses, null)
  assert.match(plan.phrase, / LOSING WHAT CANNOT BE READ #/)
  await restore.restore(plan.id, plan.phrase)
  assert.deepEqual((await found(copy.data)).loans, barcodes.slice(0, 2))
})

/** The archive of a copy, with all in it that the copy has written. */
async function archiveOf(data: string) {
  await (await here(data)).plan(undefined, between)
  const [systemId = ''] = await readdir(join(data, 'backups', 'wal'))
  const archive = join(data, 'backups', 'wal', systemId)
  return { archive, files: (await readdir(archive)).toSorted() }
}

test('with a gap in the log the seconds before it are reached to the last, those in it are refused before anything is done', async () => {
  await using copy = await copied()
  const { archive, files } = await archiveOf(copy.data)
  const { list } = await backupsHere(configOf(copy.data), running())
  assert.equal((await list()).seconds.length, 1)
  await rm(join(archive, files.find((name) => name.startsWith(beyondIn)) ?? ''))
  const [reach, ...more] = (await list()).seconds
  assert.ok(reach && more.length === 0)
  assert.ok(new Date(reach.to) >= between && new Date(reach.to) < beyond, JSON.stringify(reach))
  const now = new Date()
  const restore = await here(copy.data)
  for (const to of [beyond, new Date(Date.parse(reach.to) + 1), now]) {
    await assert.rejects(restore.plan(undefined, to), (error: unknown) => {
      assert.ok(error instanceof BackupError && error.exitCode === 3)
      const said = `${to.toISOString()} cannot be reached. The file ${beyondIn} of the log is missing from the archive ${archive}. Can be reached: ${reach.from} to ${reach.to}. Name one`
      assert.ok(error.message.startsWith(said), error.message)
      return true
    })
  }
  const plan = await restore.plan(undefined, new Date(reach.to))
  await restore.restore(plan.id, plan.phrase)
  assert.deepEqual((await found(copy.data)).loans, barcodes.slice(0, 2))
})

test('a damaged file in the middle of the log is found by the plan, and takes the seconds behind it only', async () => {
  await using copy = await copied()
  const { archive, files } = await archiveOf(copy.data)
  const [reach] = (await (await backupsHere(configOf(copy.data), running())).list()).seconds
  assert.ok(reach && new Date(reach.to) > beyond)
  const middle = join(archive, files.find((name) => name.startsWith(beyondIn)) ?? '')
  // Changed within: of what is packed, not every bit says something of what it holds.
  const log = zstdDecompressSync(await readFile(middle))
  log[log.length >> 1] = (log[log.length >> 1] ?? 0) ^ 1
  await writeFile(middle, zstdCompressSync(log))
  const restore = await here(copy.data)
  const to = new Date(reach.to)
  await assert.rejects(restore.plan(undefined, to), (error: unknown) => {
    assert.ok(error instanceof BackupError && error.exitCode === 3)
    const said = `${to.toISOString()} cannot be reached. The file ${beyondIn} of the log in ${archive} is damaged. Can be reached: ${reach.from} to `
    assert.ok(error.message.startsWith(said), error.message)
    return true
  })
  assert.equal((await restore.plan(undefined, between)).to, between.toISOString())
})

test('two histories in one archive are not mixed: it is refused and said', async () => {
  await using copy = await copied()
  const restore = await here(copy.data)
  const { archive, files } = await archiveOf(copy.data)
  const plan = await restore.plan(undefined, between)
  for (const file of files) {
    await copyFile(join(archive, file), join(archive, `${file.slice(0, 24)}.${'0'.repeat(64)}.zst`))
  }
  const differ = /are called \w{24} and differ: two libraries keep/
  await assert.rejects(restore.restore(plan.id, plan.phrase), differ)
  await assert.rejects(restore.plan(undefined, between), differ)
  assert.deepEqual((await found(copy.data)).loans, barcodes)
  assert.equal(await restore.status(), undefined)
})

test('without any database in the data folder, a backup that lies elsewhere comes back', async () => {
  await using copy = await copied()
  await rm(join(copy.data, 'postgres'), { recursive: true })
  const restore = await here(copy.data)
  const plan = await restore.plan(undefined, undefined)
  await restore.restore(plan.id, plan.phrase)
  assert.deepEqual((await found(copy.data)).loans, barcodes.slice(0, 1))
})

import assert from 'node:assert/strict'
import { mkdir, readdir, watch, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { backedUpLibrary, lendSomething, running } from '../../test/backup-fixtures.ts'
import { sql } from '../postgres/sql.ts'
import { howLogIsKept, keepLog } from './archive-settings.ts'
import { keepRound, startBackups } from './keep-backups.ts'
import { listBackups } from './place.ts'
import { runBackup } from './run-backup.ts'
import { openSession } from './session.ts'
import { archiveFolder, keptSegments } from './wal-archive.ts'

test('where the log cannot be kept the library goes on, it is told, and the next backup begins it anew', async () => {
  await using library = await backedUpLibrary()
  const { db, connection, backups } = library
  const cluster = join(backups.dataFolder, 'postgres')
  await using session = await openSession(connection, 'test')
  await keepLog(session, cluster)
  const blocked = join(backups.dataFolder, 'a file')
  await writeFile(blocked, '')
  const told: string[] = []
  const warn = (text: string) => void told.push(text)
  const kept = { backups: { ...backups, backups: blocked }, connection, warn }
  const fillFiles = async (count: number) => {
    for (let n = 0; n < count; n++) {
      await lendSomething(library)
      await db.rows(sql`select pg_switch_wal()`)
    }
  }
  await fillFiles(4)
  await untilPutDown(cluster)
  await assert.rejects(keepRound(kept), /ENOTDIR/, 'while there is room for it, it waits')
  assert.deepEqual(told, [])

  await keepRound(kept, 2)
  assert.match(told.join(), /The log cannot be kept \(ENOTDIR.*is dropped so that the library goes on\./)
  await untilKept(session, false)
  await fillFiles(2)
  assert.ok(!(await readdir(cluster)).includes('archive_incoming'))

  const second = join(backups.dataFolder, 'second')
  const backup = await runBackup({ ...backups, second }, connection, running())
  assert.equal(backup.proof?.isBaseProven, true)
  await untilKept(session, true)
  const [copied] = await listBackups(second)
  assert.deepEqual({ ...copied, folder: backup.folder }, backup, 'the second folder has it whole')
  const { systemId = '' } = backup.manifest?.base ?? {}
  assert.deepEqual(
    await keptSegments(archiveFolder(second, systemId)),
    await keptSegments(archiveFolder(backups.backups, systemId)),
  )
})

test('a library without a backup gets one by itself, in a process of its own', async () => {
  await using library = await backedUpLibrary()
  const { connection } = library
  const backups = { ...library.backups, keepsLog: false }
  await mkdir(backups.backups)
  const told: string[] = []
  await using _kept = startBackups({
    backups,
    connection,
    hour: 2,
    warn: (text) => told.push(text),
    clock: () => new Date(),
    firstRunAfterMs: 0,
  })
  const signal = AbortSignal.timeout(60_000)
  for await (const { filename } of watch(backups.backups, { signal }))
    if (/^last-run-.*\.json$/.test(filename ?? '')) break
  const [taken] = await listBackups(backups.backups)
  assert.equal(taken?.state, 'proven', told.join())
  assert.deepEqual(told, [])
})

/** Until the server has put its files down: each gets its name when it is whole. */
async function untilPutDown(cluster: string) {
  const isDown = async () => {
    const names = await readdir(join(cluster, 'archive_incoming'))
    return names.filter((name) => /^[0-9A-F]{24}$/.test(name)).length >= 4
  }
  while (!(await isDown()));
}

/** Until this session has heard of the new setting, too: it looks between two statements, and each of these is one. */
async function untilKept(session: Awaited<ReturnType<typeof openSession>>, isKept: boolean) {
  while ((await howLogIsKept(session)).isKept !== isKept);
}

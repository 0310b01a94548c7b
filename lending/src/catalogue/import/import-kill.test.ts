import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { hash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { openTransaction, whenSomebodyWaits } from '../../../test/at-once.ts'
import { type Cut, cutAt } from '../../../test/cut.ts'
import { withoutPatterns } from '../../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../../test/scratch-database.ts'
import { inEnglish } from '../../language/messages.ts'
import { readWords } from '../../language/worded.ts'
import { sql } from '../../postgres/sql.ts'
import { writeIso2709 } from '../marc/iso2709.ts'
import { changeSet } from './change-set.ts'
import { batchRecordsFirst } from './import-setup.ts'
import type { ImportFile } from './new-import.ts'
import { resumeImports, runImport, startImport, stopImports, waitForImport } from './start-import.ts'
import {
  added,
  catalogueContent,
  catalogueDigest,
  clock,
  counts,
  imported,
  ran,
  scratchFolder,
} from './test/imported.ts'
import { undoImport } from './undo-import.ts'
import { forgetUpload, sweepUploads } from './uploaded-file.ts'

/** Rows with some of everything: quotes over lines, repeated numbers, rows without a title. */
function rows(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    if (index % 97 === 5) return `${index},,nobody`
    if (index % 50 === 7) return `${index},"Over two\nlines ${index}",Somebody`
    if (index % 30 === 9) return `${index - 1},Title ${index - 1},Author ${index}`
    return `${index},Title ${index},Author ${index % 13}`
  })
  return `id,title,author\n${lines.join('\n')}\n`
}

const library = (db: ScratchDatabase) => ({
  ...withoutPatterns(db),
  instance: 'test',
  clock,
  connection: db.connection,
})

/** What a straight run of the file leaves. */
async function straight(file: ImportFile) {
  await using db = await scratchDatabase()
  const set = await imported(db, file)
  return { counts: counts(set), content: await catalogueContent(db, set.changeSetId) }
}

for (const name of ['rows.csv', 'rows.csv.gz']) {
  test(`an import that is killed in the middle goes on where it was: ${name}`, async () => {
    await using db = await scratchDatabase()
    await using files = await scratchFolder()
    const text = rows(6_000)
    const file = await files.file(name, name.endsWith('.gz') ? gzipSync(text) : text)
    const changeSetId = await added(db, file)
    const { host, database, user } = db.connection
    const script = fileURLToPath(new URL('./test/run-and-say.ts', import.meta.url))
    const child = spawn(process.execPath, [script, host, database, user, String(changeSetId)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    for await (const line of createInterface({ input: child.stdout })) {
      if (Number(line) >= 2_000) break
    }
    child.kill('SIGKILL')
    await ended
    const cutOff = await changeSet(db, changeSetId)
    assert.equal(cutOff?.state, 'running')
    assert.ok(cutOff.read >= 2_000 && cutOff.read < 6_000, `killed after ${cutOff.read}`)
    const end = await ran(db, changeSetId)
    assert.equal(end.ended, 'done')
    const whole = await straight(file)
    assert.deepEqual('changeSet' in end && counts(end.changeSet), whole.counts)
    assert.deepEqual(await catalogueContent(db, changeSetId), whole.content)
  })
}

test('a connection cut at any statement loses and doubles nothing', async () => {
  await using files = await scratchFolder()
  const file = { ...(await files.file('rows.csv', rows(120))), source: 'csv:rows' }
  const before = await files.file('rows-before.csv', rows(40).replaceAll('Author', 'Writer'))
  await using db = await scratchDatabase()
  await imported(db, { ...before, source: 'csv:rows' })
  const base = await catalogueDigest(db)
  const undone = async (changeSetId: number) => {
    await undoImport(
      { db },
      { changeSetId },
      { actor: 'a', key: randomUUID(), occurredAt: clock(), instance: 'b' },
    )
    assert.deepEqual(await catalogueDigest(db), base)
  }
  const set = await imported(db, file)
  const whole = { counts: counts(set), content: await catalogueContent(db, set.changeSetId) }
  await undone(set.changeSetId)
  for (const cut of ['before', 'reply-lost'] as Cut[]) {
    for (let at = 1; ; at++) {
      const changeSetId = await added(db, file)
      const cutting = cutAt(db, at, cut)
      await ran(cutting, changeSetId).catch(() => undefined)
      const end = await ran(db, changeSetId)
      assert.ok(
        'changeSet' in end && end.changeSet.state === 'done',
        `${cut} at ${at}: ${JSON.stringify(end)}`,
      )
      assert.deepEqual(counts(end.changeSet), whole.counts, `${cut} at ${at}`)
      assert.deepEqual(await catalogueContent(db, changeSetId), whole.content, `${cut} at ${at}`)
      await undone(changeSetId)
      if (!cutting.reached()) break
    }
  }
})

test('a batch that was refused for coming too late does not keep the next run from going on', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const changeSetId = await added(db, await files.file('rows.csv', rows(3_000)))
  // Whoever ends the import between two batches: here, for the database, as soon as a second one comes.
  await db.rows(sql`
    create function ends() returns trigger language plpgsql as $$
    begin
      if old.records_read = 0 and new.records_read > 0 then new.state := 'failed'; end if;
      return new;
    end $$
  `)
  await db.rows(sql`create trigger ends before update on change_set for each row execute function ends()`)
  await assert.rejects(ran(db, changeSetId), { code: 'BIBBY_IMPORT_MOVED_ON' })
  await db.rows(sql`drop trigger ends on change_set`)
  const end = await ran(db, changeSetId)
  assert.ok('changeSet' in end && end.changeSet.state === 'done' && end.changeSet.read === 3_000)
})

test('two processes that run one import at once import it once', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('rows.csv', rows(3_000))
  const changeSetId = await added(db, file)
  const ends = await Promise.all([ran(db, changeSetId), ran(db, changeSetId), ran(db, changeSetId)])
  assert.equal(ends.filter(({ ended }) => ended === 'done').length, 1)
  const set = await changeSet(db, changeSetId)
  assert.deepEqual(set && counts(set), (await straight(file)).counts)
})

test('an import runs on a thread of its own, tells how far it is, and ends done', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('rows.csv', rows(2_500))
  const ask = { ...file, name: 'Spring', actor: 'staff:1', key: 'one' }
  const started = await startImport(library(db), ask)
  assert.ok('changeSetId' in started)
  const seen: number[] = []
  await runImport(library(db), started.changeSetId, { onProgress: ({ read }) => seen.push(read) })
  const end = await waitForImport(library(db), started.changeSetId)
  assert.ok('changeSet' in end)
  assert.deepEqual([end.changeSet.state, end.changeSet.read], ['done', 2_500])
  assert.deepEqual(seen, [250, 750, 1_750, 2_500])
  assert.deepEqual(await startImport(library(db), ask), started, 'the same key is the same import')
})

test('an import whose database goes away for a moment goes on by itself', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('rows.csv', rows(4_000))
  const started = await startImport(library(db), { ...file, name: 'Spring', actor: 'staff:1' })
  assert.ok('changeSetId' in started)
  const cut = Promise.withResolvers<void>()
  const end = runImport(library(db), started.changeSetId, { onProgress: () => cut.resolve() })
  await cut.promise
  const ended = await db.rows(sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like 'bibby-import%'
  `)
  assert.ok(ended.length > 0)
  await end
  assert.equal((await changeSet(db, started.changeSetId))?.state, 'done')
  assert.deepEqual(
    counts((await changeSet(db, started.changeSetId)) ?? assert.fail()),
    (await straight(file)).counts,
  )
})

test('many new titles are in their order of search as soon as their import is over', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const years = Array.from(
    { length: 4_000 },
    (_, n) => `${n},Title ${n},${n < 2_000 ? 1900 : 2000 + (n % 20)}`,
  )
  const file = await files.file('years.csv', `id,title,year\n${years.join('\n')}\n`)
  const started = await startImport(library(db), { ...file, name: 'Spring', actor: 'staff:1' })
  assert.ok('changeSetId' in started)
  await waitForImport(library(db), started.changeSetId)
  const tiers = await db.rows(sql`
    select tier, count(*) as titles, min(published_year) as oldest from title group by tier order by tier
  `)
  assert.deepEqual(tiers, [
    { tier: 0, titles: 2_000, oldest: 2000 },
    { tier: 4, titles: 2_000, oldest: 1900 },
  ])
})

test('of imports in a row the last puts the titles of all in their order of search', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const years = Array.from({ length: 4_000 }, (_, n) => `${n},Title ${n},${n < 2_000 ? 1900 : 2000}`)
  const many = await files.file('years.csv', `id,title,year\n${years.join('\n')}\n`)
  const few = await files.file('few.csv', rows(10))
  const first = await startImport(library(db), { ...many, name: 'Spring', actor: 'staff:1' })
  const last = await startImport(library(db), { ...few, name: 'Spring, the rest', actor: 'staff:1' })
  assert.ok('changeSetId' in first && 'changeSetId' in last)
  await waitForImport(library(db), last.changeSetId)
  const [mostUseful] = await db.rows(sql`
    select count(*) as titles, min(published_year) as oldest from title where tier = 0
  `)
  assert.deepEqual(mostUseful, { titles: 2_000, oldest: 2000 })
})

test('only a file among the uploads is removed, and only when no import may still read it', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const dataFolder = dirname((await files.file('a.csv', rows(10))).filePath)
  const folder = join(dataFolder, 'uploads')
  await mkdir(folder)
  const name = randomUUID()
  const file = { ...(await files.file(join('uploads', name), rows(10))), fileName: 'a.csv' }
  const first = await added(db, file)
  const second = await added(db, file)
  assert.equal((await ran(db, first)).ended, 'done')
  for (const clean of [forgetUpload({ db, dataFolder }, first), sweepUploads({ db, dataFolder })]) await clean
  assert.deepEqual(await readdir(folder), [name])
  assert.equal((await ran(db, second)).ended, 'done')
  await files.file(join('uploads', 'notes.csv'), 'mine')
  await sweepUploads({ db, dataFolder })
  assert.deepEqual(await readdir(folder), ['notes.csv'])
  const elsewhere = await files.file('b.csv', rows(3))
  const { changeSetId } = await imported(db, elsewhere)
  await forgetUpload({ db, dataFolder }, changeSetId)
  assert.ok((await readdir(dataFolder)).includes('b.csv'))
})

test('of a packed file that breaks off, the records before that go in, and the import says why it failed', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const text = Array.from({ length: 1_000 }, (_, n) =>
    Buffer.from(
      writeIso2709({
        leader: '00000nam a2200000 a 4500',
        fields: [
          {
            tag: '245',
            indicators: '10',
            subfields: [{ code: 'a', value: `Title ${hash('sha1', String(n))}` }],
          },
        ],
      }),
    ),
  )
  const packed = gzipSync(Buffer.concat(text))
  const changeSetId = await added(db, await files.file('a.mrc.gz', packed.subarray(0, packed.length / 2)))
  // The first batch waits for somebody else, so that the file ends while two are still to be written.
  await using others = await openTransaction(db, sql`lock table title in share mode`)
  const running = ran(db, changeSetId)
  assert.ok(await whenSomebodyWaits(db, running))
  await others.end('rollback')
  const end = await running
  assert.ok(end.ended === 'failed')
  const { read, imported: fresh, rejected, failedBecause } = end.changeSet
  assert.ok(read > 400 && read < 600 && read === fresh + rejected, String(read))
  assert.match(readWords(inEnglish, failedBecause ?? ''), /^The packed file is broken or ends early\./)
})

test('a stopped import waits, and the next start goes on with it', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('rows.csv', rows(5_000))
  const started = await startImport(library(db), { ...file, name: 'Spring', actor: 'staff:1' })
  assert.ok('changeSetId' in started)
  const { changeSetId } = started
  const firstBatch = Promise.withResolvers<void>()
  const running = runImport(library(db), changeSetId, { onProgress: () => firstBatch.resolve() })
  await firstBatch.promise
  await stopImports(library(db))
  await running
  const stopped = await changeSet(db, changeSetId)
  assert.equal(stopped?.state, 'waiting')
  assert.ok(stopped.read > 0 && stopped.read < 5_000)
  assert.deepEqual(await resumeImports(library(db)), [changeSetId])
  const end = await waitForImport(library(db), changeSetId)
  assert.ok('changeSet' in end)
  assert.deepEqual(counts(end.changeSet), (await straight(file)).counts)
})

const readAheadMs = 300

for (const records of [5_000, 700]) {
  test(`an import that is stopped writes the batch it is at, and none of those read ahead: ${records}`, async () => {
    await using db = await scratchDatabase()
    await using files = await scratchFolder()
    const changeSetId = await added(db, await files.file('rows.csv', rows(records)))
    await using others = await openTransaction(db, sql`lock table title in share mode`)
    const stop = new AbortController()
    const running = ran(db, changeSetId, { signal: stop.signal })
    assert.ok(await whenSomebodyWaits(db, running))
    // Meanwhile more is read. Where that takes longer, this test only asks for less.
    await wait(readAheadMs)
    stop.abort()
    await others.end('rollback')
    const end = await running
    assert.ok(end.ended === 'stopped' && end.changeSet.state === 'waiting')
    assert.equal(end.changeSet.read, batchRecordsFirst)
  })
}

test('a file that changed or went away ends the import with a sentence, and can be put back', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('rows.csv', rows(10))
  const changeSetId = await added(db, file)
  await files.file('rows.csv', rows(11))
  const failed = await ran(db, changeSetId)
  assert.ok(failed.ended === 'failed')
  assert.match(readWords(inEnglish, failed.changeSet.failedBecause ?? ''), /no longer the file/)
  await files.file('rows.csv', rows(10))
  assert.equal((await ran(db, changeSetId)).ended, 'done')
})

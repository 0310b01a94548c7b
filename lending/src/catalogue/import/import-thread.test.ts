import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { withoutPatterns } from '../../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../../test/scratch-database.ts'
import { expectImport, startImport, stopImports, waitForImport } from './start-import.ts'
import { clock, scratchFolder } from './test/imported.ts'

const library = (db: ScratchDatabase) => ({
  ...withoutPatterns(db),
  instance: 'test',
  clock,
  connection: db.connection,
})

test('imports in a row run on one thread, which is ready when the first file is here and is ended in order', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  let threads = 0
  const count = () => {
    threads += 1
  }
  process.on('worker', count)
  const importOne = async (title: string) => {
    const file = await files.file(`${title}.csv`, `title\n${title}\n`)
    const started = await startImport(library(db), { ...file, name: title, actor: 'staff:1' })
    assert.ok('changeSetId' in started)
    assert.equal((await waitForImport(library(db), started.changeSetId)).ended, 'done')
  }
  const ready = once(process, 'worker')
  expectImport(library(db))
  await ready
  for (const title of ['Emma', 'Omoo']) await importOne(title)
  assert.equal(threads, 1)
  await stopImports(library(db))
  await importOne('Typee')
  assert.equal(threads, 2)
  process.off('worker', count)
})

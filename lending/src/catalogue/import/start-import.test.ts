import assert from 'node:assert/strict'
import { rename } from 'node:fs/promises'
import { test } from 'node:test'
import { cutAt } from '../../../test/cut.ts'
import { withoutPatterns } from '../../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../../test/scratch-database.ts'
import { changeSet, changeSets } from './change-set.ts'
import { resumeImports, startImport, waitForImport } from './start-import.ts'
import { added, clock, scratchFolder } from './test/imported.ts'
import { isFileHere } from './uploaded-file.ts'

const library = (db: ScratchDatabase) => ({
  ...withoutPatterns(db),
  instance: 'test',
  clock,
  connection: db.connection,
})

test('a start leaves an import alone whose file is on another machine', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('rows.csv', 'title\nEmma\n')
  const theirs = await added(db, file)
  await rename(file.filePath, `${file.filePath}.there`)
  assert.equal(await isFileHere({ db }, theirs), false)
  const ours = await added(db, await files.file('more.csv', 'title\nOmoo\n'))
  assert.deepEqual(await resumeImports(library(db)), [ours])
  await waitForImport(library(db), ours)
  const left = await changeSet(db, theirs)
  assert.deepEqual([left?.state, left?.failedBecause], ['waiting', null])
  await rename(`${file.filePath}.there`, file.filePath)
  assert.deepEqual(await resumeImports(library(db)), [theirs])
  assert.equal((await waitForImport(library(db), theirs)).ended, 'done')
})

test('a start that the database never answers ends, and the same key settles it', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const file = await files.file('rows.csv', 'title\nEmma\n')
  let unknown = 0
  for (let at = 1; ; at++) {
    const ask = { ...file, name: `Cut at ${at}`, actor: 'staff:1', key: `start-${at}` }
    const cutting = cutAt(db, at, 'before')
    const cut = await startImport({ ...library(db), db: cutting }, ask).catch(() => undefined)
    if (!cutting.reached()) break
    if (cut && 'refused' in cut && cut.refused === 'start-unknown') unknown += 1
    const settled = await startImport(library(db), ask)
    assert.ok('changeSetId' in settled)
    await waitForImport(library(db), settled.changeSetId)
    assert.equal((await changeSets(db, { limit: 200 })).filter(({ name }) => name === ask.name).length, 1)
  }
  assert.ok(unknown > 0, 'some cut leaves it open')
})

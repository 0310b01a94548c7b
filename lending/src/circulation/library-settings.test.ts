import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { aCharge, aSmallLibrary, by } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { write } from '../postgres/write.ts'
import { placeHold } from './hold.ts'
import { lend } from './lend.ts'
import { type EditLibraryAsk, editLibrary, librarySettings } from './library-settings.ts'
import { takeBack } from './take-back.ts'

test('a setting that is changed is changed, and the others stay', async () => {
  await using db = await scratchDatabase()
  assert.equal(await librarySettings(db), undefined)
  await aSmallLibrary(db)
  const before = await librarySettings(db)
  assert.ok(before)
  const change = async (ask: Omit<EditLibraryAsk, 'version'>) => {
    const { version = 0 } = (await librarySettings(db)) ?? {}
    return write(db, by(), editLibrary, { ...ask, version })
  }
  assert.deepEqual(done(await change({ name: ' Stadtbücherei ' })), {
    ...before,
    name: 'Stadtbücherei',
    version: 2,
  })
  assert.equal(done(await change({ currency: 'chf' })).currency, 'CHF')
  assert.deepEqual(done(await change({ holdShelfDays: 3, forgetAfterDays: 0, blockAtCents: 1 })), {
    name: 'Stadtbücherei',
    currency: 'CHF',
    holdShelfDays: 3,
    forgetAfterDays: 0,
    blockAtCents: 1,
    version: 4,
  })
  const wrong = await change({
    name: ' ',
    currency: 'EURO',
    holdShelfDays: 0,
    forgetAfterDays: 1.5,
    blockAtCents: Number.NaN,
  })
  const told = refusal(wrong) as { refused: string; problems?: object }
  assert.deepEqual(Object.keys(told.problems ?? {}).toSorted(), [
    'blockAtCents',
    'currency',
    'forgetAfterDays',
    'holdShelfDays',
    'name',
  ])
})

test('of two who change the settings at once, the second is told to read them again', async () => {
  await using db = await scratchDatabase()
  await aSmallLibrary(db)
  const told = await Promise.all([
    write(db, by(), editLibrary, { version: 1, holdShelfDays: 3 }),
    write(db, by(), editLibrary, { version: 1, blockAtCents: 500 }),
  ])
  assert.deepEqual(told.map(({ outcome }) => outcome).toSorted(), ['done', 'refused'])
  const second = told.find(({ outcome }) => outcome === 'refused')
  assert.ok(second)
  assert.deepEqual(refusal(second as (typeof told)[0]), { refused: 'version-stale', version: 2 })
})

test('a changed setting counts from the next loan and the next capture on', async () => {
  await using db = await scratchDatabase()
  const { card, barcode, branchId, titleId, patronId } = await aSmallLibrary(db)
  await aCharge(db, { patronId, cents: 300 })
  done(await write(db, by(), editLibrary, { version: 1, blockAtCents: 300, holdShelfDays: 2 }))
  const ask = { card, barcode, branchId }
  assert.equal(refusal(await write(db, by(), lend, ask)).refused, 'patron-owes')
  done(await write(db, by(), editLibrary, { version: 2, blockAtCents: 301 }))
  done(await write(db, by(), placeHold, { card, titleId, pickupBranchId: branchId }))
  const { next } = done(await write(db, by(), takeBack, { barcode, branchId }))
  assert.equal(next.to === 'hold-shelf' && next.until.slice(0, 10), '2026-03-04')
})

test('losing the connection at any statement never changes the settings twice', async () => {
  await using db = await scratchDatabase()
  await aSmallLibrary(db)
  await neverTwice(db, editLibrary, async () => {
    const { version = 0 } = (await librarySettings(db)) ?? {}
    const times = async () => ((await librarySettings(db))?.version ?? 0) - version
    return { ask: { version, holdShelfDays: (version % 300) + 1 }, times }
  })
})

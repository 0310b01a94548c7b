import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { by } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import {
  addBranch,
  addItemType,
  addPatronCategory,
  branchByCode,
  branches,
  itemTypes,
  patronCategories,
} from './places.ts'

const main = { code: 'main', name: 'Main', timeZone: 'Europe/Berlin' }

test('a branch that was added is listed, closed on Sundays unless it says otherwise', async () => {
  await using db = await scratchDatabase()
  const { branchId } = done(await write(db, by(), addBranch, main))
  done(await write(db, by(), addBranch, { ...main, code: 'night', name: 'Night', closedWeekdays: [2, 1, 2] }))
  const [first, second] = await branches(db)
  assert.deepEqual(first, { ...main, branchId, closedWeekdays: [7] })
  assert.deepEqual(second?.closedWeekdays, [1, 2])
  assert.deepEqual(await branchByCode(db, 'main'), first)
  for (const code of ['nobody', '', '\0', "'"]) assert.equal(await branchByCode(db, code), undefined)
})

test('a branch opens on one weekday at least, in a time zone of the world', async () => {
  await using db = await scratchDatabase()
  for (const wrong of [
    { closedWeekdays: [1, 2, 3, 4, 5, 6, 7] },
    { closedWeekdays: [0] },
    { closedWeekdays: [1.5] },
    { timeZone: 'Europe/Atlantis' },
    { timeZone: '+01:00' },
    // This process knows them; the server does not, or takes them for another place.
    { timeZone: 'CTT' },
    { timeZone: 'IST' },
    { timeZone: 'PST' },
    { timeZone: '' },
    { code: 'Main' },
    { code: '' },
    { name: ' ' },
    { name: 'a\0' },
  ]) {
    const told = refusal(await write(db, by(), addBranch, { ...main, ...wrong }))
    assert.equal(told.refused, 'fields-invalid', JSON.stringify(wrong))
  }
  assert.deepEqual(await branches(db), [])
})

test('every time zone that we accept is known to the database', async () => {
  await using db = await scratchDatabase()
  const unknown = await db.rows(sql`
    select zone from unnest(${Intl.supportedValuesOf('timeZone')}::text[]) as zone
    where not exists (select from pg_timezone_names where pg_timezone_names.name = zone)
  `)
  assert.deepEqual(unknown, [])
})

test('a code is taken once', async () => {
  await using db = await scratchDatabase()
  const adult = { code: 'adult', name: 'Adult' }
  const { id } = done(await write(db, by(), addPatronCategory, adult))
  assert.deepEqual(await patronCategories(db), [{ id, ...adult }])
  done(await write(db, by(), addItemType, adult))
  assert.equal((await itemTypes(db)).length, 1)
  done(await write(db, by(), addBranch, main))
  const again = [
    await write(db, by(), addPatronCategory, adult),
    await write(db, by(), addItemType, adult),
    await write(db, by(), addBranch, main),
  ]
  for (const each of again) {
    assert.equal(each.outcome, 'refused')
    assert.deepEqual(each.outcome === 'refused' && each.refusal, { refused: 'code-taken' })
  }
})

test('losing the connection at any statement never adds a place twice', async () => {
  await using db = await scratchDatabase()
  let n = 0
  for (const verb of [addPatronCategory, addItemType]) {
    const list = verb === addItemType ? itemTypes : patronCategories
    await neverTwice(db, verb, async () => {
      const code = `c-${++n}`
      const times = async () => (await list(db)).filter((each) => each.code === code).length
      return { ask: { code, name: code }, times }
    })
  }
  await neverTwice(db, addBranch, async () => {
    const code = `c-${++n}`
    const times = async () => (await branches(db)).filter((each) => each.code === code).length
    return { ask: { ...main, code }, times }
  })
})

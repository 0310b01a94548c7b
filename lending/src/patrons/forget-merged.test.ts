import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutAt } from '../../test/cut.ts'
import { done } from '../../test/every-cut.ts'
import { aLibrary, aPatron, aSmallLibrary, besides, by } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { cancelHold, placeHold } from '../circulation/hold.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { forgetReturnedLoans } from './forget.ts'
import { forgetMerged } from './forget-merged.ts'
import { mergePatrons } from './merge-patrons.ts'

/** The journal records by the clock of the server: these tests happen from today on. */
const today = new Date()
const inDays = (days: number) => new Date(today.getTime() + days * 86_400_000)
const now = () => by({ occurredAt: today, actor: 'staff:5' })

async function aMergedRecord(db: ScratchDatabase, remembers: { kept: boolean; gone: boolean }) {
  const library = await aSmallLibrary(db)
  const person = { ...besides(library), expiresOn: '2999-12-31' }
  const kept = await aPatron(db, { ...person, keepsHistory: remembers.kept })
  const gone = await aPatron(db, {
    ...person,
    keepsHistory: remembers.gone,
    familyName: 'Gone',
    email: 'gone@example.org',
    blockedBecause: 'Lost a book',
  })
  const override = { reason: 'It is known at the desk.' }
  done(await write(db, now(), lend, { ...library, card: gone.card, override }))
  done(await write(db, now(), takeBack, library))
  await db.rows(sql`update patron set blocked_because = null, blocked_at = null where id = ${gone.patronId}`)
  const { titleId, branchId: pickupBranchId } = library
  const { holdId } = done(await write(db, now(), placeHold, { titleId, pickupBranchId, card: gone.card }))
  done(await write(db, now(), cancelHold, { holdId }))
  await db.rows(sql`
    update patron set blocked_because = 'Lost a book', blocked_at = now() where id = ${gone.patronId}
  `)
  const ask = { card: kept.card, version: 1, mergedCard: gone.card, mergedVersion: 1 }
  done(await write(db, now(), mergePatrons, ask))
  return { library, kept, gone }
}

/** The actions of the journal's entries that name this record. */
async function named(db: ScratchDatabase, { card, patronId }: { card: string; patronId: number }) {
  const rows = await db.rows<{ action: string }>(sql`
    select action from journal
    where journal::text like ${`%${card}%`} or journal::text like ${`%${patronId}%`}
    order by id
  `)
  return rows.map(({ action }) => action)
}

test('what was done under a card that was merged is forgotten with the loans and holds that moved', async () => {
  await using db = await scratchDatabase()
  const { kept, gone } = await aMergedRecord(db, { kept: false, gone: false })
  assert.deepEqual(await named(db, gone), ['lend', 'take-back', 'place-hold', 'cancel-hold', 'merge-patrons'])
  const told = await forgetReturnedLoans(db, inDays(31))
  assert.deepEqual([told.loans, told.holds], [1, 1])
  assert.deepEqual(await named(db, gone), ['merge-patrons'])
  assert.deepEqual(await named(db, kept), ['merge-patrons'])
})

test('a key of a merged record keeps its answer for a day as any other does', async () => {
  await using db = await scratchDatabase()
  await aMergedRecord(db, { kept: false, gone: false })
  await aLibrary(db, { forgetAfterDays: 0 })
  await db.rows(
    sql`update hold set closed_at = now() - interval '60 days', placed_at = now() - interval '90 days'`,
  )
  assert.equal((await forgetReturnedLoans(db, inDays(0.5))).holds, 0)
  assert.equal((await forgetReturnedLoans(db, inDays(1.5))).holds, 1)
})

test('who declined to be remembered on either card is forgotten on both', async () => {
  for (const [kept, gone] of [
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    await using db = await scratchDatabase()
    await aMergedRecord(db, { kept, gone })
    assert.equal((await forgetReturnedLoans(db, inDays(31))).loans, kept && gone ? 0 : 1)
  }
})

test('the name and address of a merged record go after the days of forgetting; its card leads on', async () => {
  await using db = await scratchDatabase()
  const { kept, gone } = await aMergedRecord(db, { kept: true, gone: true })
  const read = async () => {
    const [row] = await db.rows<{ mergedInto: number }>(sql`
      select merged_into as "mergedInto", card, family_name as "familyName", email, blocked_because as because
      from patron where id = ${gone.patronId}
    `)
    return row
  }
  const whole = {
    mergedInto: kept.patronId,
    card: gone.card,
    familyName: 'Gone',
    email: 'gone@example.org',
    because: 'Lost a book',
  }
  assert.deepEqual(await forgetMerged(db, inDays(29)), { patrons: 0 })
  assert.deepEqual(await read(), whole)
  assert.deepEqual(await forgetMerged(db, inDays(31)), { patrons: 1 })
  assert.deepEqual(await read(), { ...whole, familyName: '', email: '', because: null })
  assert.deepEqual(await forgetMerged(db, inDays(32)), { patrons: 0 })
  assert.equal((await db.rows(sql`select from patron where family_name <> ''`)).length, 2)
})

test('losing the connection at any statement empties a merged record wholly or not at all', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  for (const cut of ['before', 'reply-lost'] as const) {
    let reached = true
    for (let at = 1; reached; at++) {
      const gone = await aPatron(db, { ...besides(library), email: 'a@b' })
      const ask = { card: library.card, version: 1, mergedCard: gone.card, mergedVersion: 1 }
      await db.rows(sql`update patron set version = 1 where id = ${library.patronId}`)
      done(await write(db, now(), mergePatrons, ask))
      const cutting = cutAt(db, at, cut)
      await forgetMerged(cutting, inDays(31)).catch(() => undefined)
      reached = cutting.reached()
      const [row] = await db.rows<{ name: string; email: string }>(
        sql`select family_name as name, email from patron where id = ${gone.patronId}`,
      )
      assert.equal(row?.name === '', row?.email === '', `${cut} ${at}`)
      await forgetMerged(db, inDays(31))
    }
  }
  assert.equal(
    (await db.rows(sql`select from patron where merged_into is not null and email <> ''`)).length,
    0,
  )
})

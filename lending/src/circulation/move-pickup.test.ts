import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done } from '../../test/every-cut.ts'
import { aBranch, aPatron, aRule, aSmallLibrary, besides, by, monday } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { holdsOf } from './accounts.ts'
import { cancelHold, placeHold } from './hold.ts'
import { type MovePickupAsk, movePickup } from './move-pickup.ts'
import { takeBack } from './take-back.ts'

async function aWaiting(db: ScratchDatabase) {
  const library = await aSmallLibrary(db)
  const { titleId, card, branchId: pickupBranchId, patronId } = library
  await write(db, by(), placeHold, {
    titleId,
    card: (await aPatron(db, besides(library))).card,
    pickupBranchId,
  })
  const { holdId } = done(await write(db, by(), placeHold, { titleId, card, pickupBranchId }))
  const { branchId: away } = await aBranch(db, { name: 'Away' })
  const hold = async () => (await holdsOf(db, { patronId, now: monday }))[0]
  const refusal = async (ask: MovePickupAsk) => {
    const told = await write(db, by(), movePickup, ask)
    return told.outcome === 'refused' ? told.refusal.refused : told.outcome
  }
  return { library, holdId, away, hold, refusal }
}

test('a waiting hold is fetched elsewhere and keeps its place in the queue', async () => {
  await using db = await scratchDatabase()
  const { library, holdId, away, hold } = await aWaiting(db)
  const { patronId, titleId } = library
  const moved = done(await write(db, by(), movePickup, { holdId, patronId, pickupBranchId: away }))
  assert.deepEqual(moved, { holdId, titleId, patronId, pickupBranchId: away })
  const now = await hold()
  assert.deepEqual([now?.pickupBranchName, now?.position], ['Away', 2])
})

test('a hold that has its copy, is over, is another’s or is not there stays where it is fetched', async () => {
  await using db = await scratchDatabase()
  const { library, holdId, away, hold, refusal } = await aWaiting(db)
  const elsewhere = { holdId, pickupBranchId: away }
  assert.equal(await refusal({ ...elsewhere, patronId: (await aPatron(db)).patronId }), 'hold-unknown')
  assert.equal(await refusal({ ...elsewhere, holdId: holdId + 100 }), 'hold-unknown')
  assert.equal(await refusal({ holdId, pickupBranchId: 1 }), 'branch-unknown')
  const [first] = await db.rows<{ id: number }>(sql`select min(id) as id from hold`)
  await write(db, by(), cancelHold, { holdId: first?.id ?? 0 })
  await write(db, by(), takeBack, library)
  assert.equal(await refusal(elsewhere), 'hold-captured')
  assert.equal((await hold())?.pickupBranchId, library.branchId)
  await write(db, by(), cancelHold, { holdId })
  assert.equal(await refusal(elsewhere), 'hold-closed')
})

test('a hold is not moved to a branch whose rules lend no copy of the title', async () => {
  await using db = await scratchDatabase()
  const { holdId, away, refusal } = await aWaiting(db)
  await aRule(db, { branchId: away, lendable: false })
  assert.equal(await refusal({ holdId, pickupBranchId: away }), 'title-has-no-copies')
})

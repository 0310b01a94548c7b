import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done, neverTwice } from '../../test/every-cut.ts'
import { aCopy, aPatron, aSmallLibrary, besides, by, type SmallLibrary } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { historyOf } from '../circulation/history.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { forgetHistory } from './forget-history.ts'
import { patron } from './patron.ts'

/** The journal records by the clock of the server: these tests happen from today on. */
const today = new Date()
const inDays = (days: number) => new Date(today.getTime() + days * 86_400_000)

async function aReader(db: ScratchDatabase, library: SmallLibrary) {
  const reader = await aPatron(db, { ...besides(library), keepsHistory: true, expiresOn: '2999-12-31' })
  const returned = async (at: Date) => {
    const { branchId, itemTypeId } = library
    const { barcode } = await aCopy(db, { branchId, itemTypeId })
    done(await write(db, by({ occurredAt: at }), lend, { card: reader.card, barcode, branchId }))
    done(await write(db, by({ occurredAt: at }), takeBack, { barcode, branchId }))
  }
  const kept = async () => (await historyOf(db, { patronId: reader.patronId, limit: 100 })).length
  return { ...reader, returned, kept }
}

test('a patron has what was kept forgotten at once, but for the last days, and goes on keeping', async () => {
  await using db = await scratchDatabase()
  const { patronId, returned, kept } = await aReader(db, await aSmallLibrary(db))
  await returned(today)
  await returned(today)
  await returned(inDays(40))
  const forget = (at: Date) => write(db, by({ occurredAt: at }), forgetHistory, { patronId })
  assert.equal(done(await forget(inDays(20))).loans, 0, 'the library remembers the last days of everybody')
  const { loans, isMore } = done(await forget(inDays(41)))
  assert.deepEqual([loans, isMore, await kept()], [2, false, 1])
  assert.equal((await patron(db, { patronId }))?.keepsHistory, true)
  const named = await db.rows(
    sql`select from journal where patron_id = ${patronId} and action in ('lend', 'take-back')`,
  )
  assert.equal(named.length, 2, 'the journal names them in the loan that is left only')
})

test('losing the connection at any statement forgets a history once', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  await neverTwice(db, forgetHistory, async () => {
    const { patronId, returned, kept } = await aReader(db, library)
    await returned(today)
    return { ask: { patronId }, by: { occurredAt: inDays(41) }, times: async () => 1 - (await kept()) }
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invariantsOf } from '../../test/invariants.ts'
import {
  aBranch,
  aCopy,
  aPatron,
  aSmallLibrary,
  aTitle,
  besides,
  by,
  monday,
} from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { openPool } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type Outcome, type PlainObject, type Refusal, type Verb, write } from '../postgres/write.ts'
import { cancelHold, placeHold, resumeHold, suspendHold } from './hold.ts'
import { lend } from './lend.ts'
import { movePickup } from './move-pickup.ts'
import { renew } from './renew.ts'
import { takeBack } from './take-back.ts'

const range = (n: number): number[] => Array.from({ length: n }, (_, index) => index)

/** How often each outcome was heard, refusals by their code. */
function tally(outcomes: readonly Outcome<PlainObject, Refusal>[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const each of outcomes) {
    const word = each.outcome === 'refused' ? each.refusal.refused : each.outcome
    counts[word] = (counts[word] ?? 0) + 1
  }
  return counts
}

test('1,000 checkouts of 50 copies by 50 clients at once: each copy is lent exactly once', async () => {
  await using db = await scratchDatabase({ connectionsMax: 50 })
  const library = await aSmallLibrary(db, { loansMax: 50 })
  const patrons = await Promise.all(range(50).map(() => aPatron(db, besides(library))))
  const copies = await Promise.all(range(50).map(() => aCopy(db, besides(library))))
  const outcomes = await Promise.all(
    patrons.map(async ({ card }, client) => {
      const heard: Outcome<PlainObject, Refusal>[] = []
      for (const turn of range(20)) {
        const barcode = copies[(client + turn * 7) % 50]?.barcode ?? ''
        heard.push(await write(db, by(), lend, { card, barcode, branchId: library.branchId }))
      }
      return heard
    }),
  )
  assert.deepEqual(tally(outcomes.flat()), { done: 50, 'copy-on-loan': 950 })
  const open = await db.rows<{ loans: number }>(sql`
    select count(*)::integer as loans from loan where returned_at is null group by copy_id
  `)
  assert.deepEqual(
    open.map(({ loans }) => loans),
    range(50).map(() => 1),
  )
  assert.deepEqual(await invariantsOf(db), [])
})

test('20 checkouts at once for one patron respect a limit of 15', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loansMax: 15 })
  const copies = await Promise.all(range(20).map(() => aCopy(db, besides(library))))
  const outcomes = await Promise.all(
    copies.map(({ barcode }) => write(db, by(), lend, { ...library, barcode })),
  )
  assert.deepEqual(tally(outcomes), { done: 15, 'loan-limit': 5 })
  assert.deepEqual(await invariantsOf(db), [])
})

test('a limit is respected also on a server whose transactions see one moment unless told otherwise', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loansMax: 15 })
  const copies = await Promise.all(range(20).map(() => aCopy(db, besides(library))))
  const { database } = db.connection
  await db.withConnection((connection) =>
    connection.query(`alter database ${database} set default_transaction_isolation = 'repeatable read'`),
  )
  await using fresh = openPool({
    connection: db.connection,
    name: 'races',
    connectionsMax: 20,
    statementLimitMs: 5_000,
  })
  const outcomes = await Promise.all(
    copies.map(({ barcode }) => write(fresh, by(), lend, { ...library, barcode })),
  )
  assert.deepEqual(tally(outcomes), { done: 15, 'loan-limit': 5 })
})

test('20 holds placed at once by one patron respect a limit of 15', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { holdsMax: 15 })
  const { branchId, itemTypeId, card } = library
  const copies = await Promise.all(range(20).map(() => aCopy(db, { branchId, itemTypeId })))
  const outcomes = await Promise.all(
    copies.map(({ titleId }) => write(db, by(), placeHold, { card, titleId, pickupBranchId: branchId })),
  )
  assert.deepEqual(tally(outcomes), { done: 15, 'hold-limit': 5 })
  assert.deepEqual(await invariantsOf(db), [])
})

test('copies that come back at once each serve another hold, in the order of the queue', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const copies = await Promise.all(range(10).map(() => aCopy(db, besides(library))))
  for (const _ of range(15)) {
    const { card } = await aPatron(db, besides(library))
    await write(db, by(), placeHold, { card, titleId: library.titleId, pickupBranchId: library.branchId })
  }
  await Promise.all(
    copies.map(({ barcode }) => write(db, by(), takeBack, { barcode, branchId: library.branchId })),
  )
  const holds = await db.rows<{ state: string }>(sql`select state from hold order by placed_at, id`)
  assert.deepEqual(
    holds.map(({ state }) => state),
    [...range(10).map(() => 'on-shelf'), ...range(5).map(() => 'waiting')],
  )
  assert.deepEqual(await invariantsOf(db), [])
})

/** Numbers that look random and are the same in every run (Park and Miller, 1988). */
function dice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

const clients = 30
const turns = 40

test('30 clients who lend, take back, renew, hold and cancel as they like break no law and never deadlock', async (t) => {
  await using db = await scratchDatabase({ connectionsMax: clients })
  const world = await aBusyLibrary(db)
  let runs = 0
  const counted = <Ask, Done extends PlainObject, Refused extends Refusal>(
    verb: Verb<Ask, Done, Refused>,
  ): Verb<Ask, Done, Refused> => ({
    ...verb,
    work: (...given) => {
      runs += 1
      return verb.work(...given)
    },
  })
  const verbs = {
    lend: counted(lend),
    takeBack: counted(takeBack),
    renew: counted(renew),
    placeHold: counted(placeHold),
    cancelHold: counted(cancelHold),
    suspendHold: counted(suspendHold),
    resumeHold: counted(resumeHold),
    movePickup: counted(movePickup),
  }
  const holdIds: number[] = []
  const outcomes = await Promise.all(
    range(clients).map(async (client) => {
      const roll = dice(1_000 + client)
      const heard: Outcome<PlainObject, Refusal>[] = []
      for (const turn of range(turns)) heard.push(await oneTurn(turn, roll))
      return heard
    }),
  )

  async function oneTurn(turn: number, roll: (below: number) => number) {
    const pick = <T>(of: readonly T[]): T => of[roll(of.length)] as T
    const who = by({ occurredAt: new Date(monday.getTime() + turn * 6 * 3_600_000) })
    const [card, barcode, branchId] = [pick(world.cards), pick(world.barcodes), pick(world.branchIds)]
    const override = roll(4) === 0 ? { reason: 'because' } : undefined
    const holdId = holdIds.length > 0 ? pick(holdIds) : 0
    switch (roll(13)) {
      case 0:
      case 1:
      case 2:
        return write(db, who, verbs.lend, { card, barcode, branchId, override })
      case 3:
      case 4:
      case 5:
        return write(db, who, verbs.takeBack, { barcode, branchId })
      case 6:
        return write(db, who, verbs.renew, { barcode, override })
      case 7:
        return write(db, who, verbs.cancelHold, { holdId })
      case 8:
        return write(db, who, verbs.suspendHold, { holdId, until: 'forever' })
      case 9:
        return write(db, who, verbs.resumeHold, { holdId })
      case 10:
        return write(db, who, verbs.movePickup, { holdId, pickupBranchId: branchId })
      default: {
        const ask = { card, titleId: pick(world.titleIds), pickupBranchId: branchId }
        const placed = await write(db, who, verbs.placeHold, ask)
        if (placed.outcome === 'done') holdIds.push(placed.answer.holdId)
        return placed
      }
    }
  }

  const heard = tally(outcomes.flat())
  t.diagnostic(JSON.stringify(heard))
  assert.deepEqual(await invariantsOf(db), [])
  assert.ok((heard.done ?? 0) > (clients * turns) / 4, 'Too little happened to prove anything.')
  // A deadlock would have been tried again: so there was none, nor any other clash.
  assert.equal(runs, clients * turns)
})

async function aBusyLibrary(db: ScratchDatabase) {
  const library = await aSmallLibrary(db, { loansMax: 6, fineCentsPerDay: 10, fineCapCents: 100 })
  const { branchId: second } = await aBranch(db, { name: 'Second' })
  const branchIds = [library.branchId, second]
  const { categoryId, itemTypeId } = library
  const cards: string[] = []
  const barcodes: string[] = []
  const titleIds: number[] = []
  for (const n of range(12)) {
    const branchId = branchIds[n % 2] ?? second
    cards.push((await aPatron(db, { branchId, categoryId })).card)
    if (n % 3 === 0) titleIds.push((await aTitle(db)).titleId)
    const titleId = titleIds.at(-1) ?? library.titleId
    barcodes.push((await aCopy(db, { branchId, itemTypeId, titleId })).barcode)
  }
  return { branchIds, cards, barcodes, titleIds }
}

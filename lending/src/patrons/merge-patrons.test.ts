import assert from 'node:assert/strict'
import { test } from 'node:test'
import { warm, whenSomebodyWaits } from '../../test/at-once.ts'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { invariantsOf } from '../../test/invariants.ts'
import {
  aCharge,
  aCopy,
  aPatron,
  aSmallLibrary,
  besides,
  by,
  monday,
  type SmallLibrary,
} from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { payFine } from '../circulation/fine-ledger.ts'
import { cancelHold, placeHold, suspendHold } from '../circulation/hold.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { journal } from '../journal/journal.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { wantedPassword } from '../staff/password.ts'
import { session, signIn } from '../staff/session.ts'
import { importPatron } from './import-patron.ts'
import { mergePatrons } from './merge-patrons.ts'
import { mergePreview } from './merge-preview.ts'
import { blockPatron, editPatron, findPatrons, patron, registerPatron, setPatronPassword } from './patron.ts'

type Person = { readonly patronId: number; readonly card: string }

async function twoRecords(db: ScratchDatabase, rule: Parameters<typeof aSmallLibrary>[1] = {}) {
  const library = await aSmallLibrary(db, rule)
  return { library, other: await aPatron(db, besides(library)) }
}

async function merge(db: Database, kept: { card: string }, gone: { card: string }, who = by()) {
  const version = async ({ card }: { card: string }) => (await patron(db, { card }))?.version ?? 1
  const ask = {
    card: kept.card,
    version: await version(kept),
    mergedCard: gone.card,
    mergedVersion: await version(gone),
  }
  return write(db, who, mergePatrons, ask)
}

async function lentTo(db: ScratchDatabase, library: SmallLibrary, { card }: { card: string }) {
  const copy = await aCopy(db, { branchId: library.branchId, itemTypeId: library.itemTypeId })
  done(await write(db, by(), lend, { card, barcode: copy.barcode, branchId: library.branchId }))
  return copy
}

async function waitsFor(db: ScratchDatabase, library: SmallLibrary, card: string, occurredAt = monday) {
  const ask = { card, titleId: library.titleId, pickupBranchId: library.branchId }
  return done(await write(db, by({ occurredAt }), placeHold, ask)).holdId
}

const daysOn = (days: number) => new Date(monday.getTime() + days * 86_400_000)

test('of two records of one person, loans, holds and fines become one’s; none is lost and none doubled', async () => {
  await using db = await scratchDatabase()
  const { library, other } = await twoRecords(db, { loansMax: 2, holdsMax: 1 })
  for (const each of [library, other]) {
    await lentTo(db, library, each)
    const back = await lentTo(db, library, each)
    done(await write(db, by(), takeBack, { ...back, branchId: library.branchId }))
  }
  await aCharge(db, { patronId: other.patronId, cents: 300 })
  done(await write(db, by(), payFine, { card: other.card, cents: 100 }))
  const cancelled = await waitsFor(db, library, other.card)
  done(await write(db, by(), cancelHold, { holdId: cancelled }))
  const holdId = await waitsFor(db, library, other.card)
  const preview = await mergePreview(db, { card: library.card, mergedCard: other.card, now: monday })
  assert.ok(!('refused' in preview))
  assert.deepEqual(
    [preview.loans.length, preview.returnedLoans, preview.holds.map((each) => each.holdId), preview.givenUp],
    [1, 1, [holdId], []],
  )
  const told = done(await merge(db, library, other))
  assert.deepEqual(
    [told.openLoans, told.returnedLoans, told.openHolds, told.closedHolds, told.holdsGivenUp],
    [1, 1, 1, 1, 0],
  )
  assert.deepEqual([told.fineLines, told.fineCents], [2, 200])
  const kept = await patron(db, { card: library.card })
  assert.deepEqual([kept?.openLoans, kept?.openHolds, kept?.owesCents], [2, 1, 200])
  assert.equal(await patron(db, { patronId: other.patronId }), undefined)
  const [row] = await db.rows<{ mergedInto: number }>(
    sql`select merged_into as "mergedInto" from patron where id = ${other.patronId} and deleted_at is not null`,
  )
  assert.equal(row?.mergedInto, library.patronId)
  assert.deepEqual(await invariantsOf(db), [])
})

test('merging takes no heed of limits, and the limit holds again for what is lent after', async () => {
  await using db = await scratchDatabase()
  const { library, other } = await twoRecords(db, { loansMax: 1 })
  await lentTo(db, library, library)
  await lentTo(db, library, other)
  done(await merge(db, library, other))
  const copy = await aCopy(db, besides(library))
  assert.equal(
    refusal(await write(db, by(), lend, { ...library, barcode: copy.barcode })).refused,
    'loan-limit',
  )
  assert.deepEqual(await invariantsOf(db), [])
})

test('who waited for a title twice waits once, at the earlier place, and not suspended unless both were', async () => {
  await using db = await scratchDatabase()
  const { library, other } = await twoRecords(db)
  const stranger = await aPatron(db, besides(library))
  const early = await waitsFor(db, library, other.card)
  await waitsFor(db, library, stranger.card, daysOn(1))
  const late = await waitsFor(db, library, library.card, daysOn(2))
  done(await write(db, by(), suspendHold, { holdId: early, until: 'forever' }))
  const preview = await mergePreview(db, { card: library.card, mergedCard: other.card, now: monday })
  assert.ok(!('refused' in preview))
  assert.deepEqual(preview.givenUp, [{ title: "Charlotte's Web", card: library.card, state: 'waiting' }])
  assert.equal(done(await merge(db, library, other, by({ occurredAt: daysOn(3) }))).holdsGivenUp, 1)
  const holds = await db.rows(sql`
    select id, state, patron_id as "patronId", suspended_until as until from hold where id in (${early}, ${late})
    order by id
  `)
  assert.deepEqual(holds, [
    { id: early, state: 'waiting', patronId: library.patronId, until: null },
    { id: late, state: 'cancelled', patronId: library.patronId, until: null },
  ])
  const next = done(await write(db, by({ occurredAt: daysOn(3) }), takeBack, library)).next
  assert.equal(next.to === 'hold-shelf' && next.card, library.card)
  assert.deepEqual(await invariantsOf(db), [])
})

test('a captured hold stays before an earlier place, and keeps that place should it lose its copy', async () => {
  await using db = await scratchDatabase()
  const { library, other } = await twoRecords(db)
  const late = await waitsFor(db, library, library.card, daysOn(1))
  done(await write(db, by({ occurredAt: daysOn(1) }), takeBack, library))
  const early = await waitsFor(db, library, other.card)
  done(await merge(db, library, other, by({ occurredAt: daysOn(3) })))
  const holds = await db.rows(sql`
    select id, state, placed_at as "placedAt" from hold where id in (${early}, ${late}) order by id
  `)
  assert.deepEqual(holds, [
    { id: late, state: 'on-shelf', placedAt: monday },
    { id: early, state: 'cancelled', placedAt: monday },
  ])
  assert.deepEqual(await invariantsOf(db), [])
})

test('where both had a copy on the shelf, the second goes to whoever waits next', async () => {
  await using db = await scratchDatabase()
  const { library, other } = await twoRecords(db)
  const second = await aCopy(db, besides(library))
  await waitsFor(db, library, library.card)
  await waitsFor(db, library, other.card, daysOn(1))
  for (const { barcode } of [library, second])
    done(await write(db, by({ occurredAt: daysOn(1) }), takeBack, { barcode, branchId: library.branchId }))
  const next = await aPatron(db, besides(library))
  const waiting = await waitsFor(db, library, next.card, daysOn(2))
  done(await merge(db, library, other, by({ occurredAt: daysOn(3) })))
  const [passed] = await db.rows(sql`select state, copy_id as "copyId" from hold where id = ${waiting}`)
  assert.deepEqual(passed, { state: 'on-shelf', copyId: second.copyId })
  assert.deepEqual(await invariantsOf(db), [])
})

test('a merge is refused of one record with itself, of unknown cards, of what was merged, of what was edited since', async () => {
  await using db = await scratchDatabase()
  const { library, other } = await twoRecords(db)
  const code = async (...cards: [string, string]) =>
    refusal(await merge(db, { card: cards[0] }, { card: cards[1] })).refused
  assert.equal(await code(library.card, ` ${library.card}`), 'patron-same')
  assert.equal(await code(library.card, 'nobody'), 'patron-unknown')
  assert.equal(await code('nobody', library.card), 'patron-unknown')
  for (const edited of [library, other]) {
    const stale = { card: library.card, version: 1, mergedCard: other.card, mergedVersion: 1 }
    await db.rows(sql`update patron set version = 2 where id = ${edited.patronId}`)
    const told = refusal(await write(db, by(), mergePatrons, stale))
    assert.deepEqual(told, { refused: 'version-stale', version: 2, card: edited.card })
    await db.rows(sql`update patron set version = 1`)
  }
  done(await merge(db, library, other))
  const third = await aPatron(db, besides(library))
  const gone = { refused: 'patron-merged', mergedInto: library.card, card: other.card }
  assert.deepEqual(refusal(await merge(db, library, other)), gone)
  assert.deepEqual(refusal(await merge(db, other, library)), gone)
  assert.deepEqual(refusal(await merge(db, other, third)), gone)
})

test('merged in both directions at once, one record stays and the second desk hears why', async () => {
  await using db = await scratchDatabase()
  await warm(db, 2)
  const library = await aSmallLibrary(db)
  for (let round = 0; round < 10; round++) {
    const [one, two] = [await aPatron(db, besides(library)), await aPatron(db, besides(library))]
    const told = await Promise.all([merge(db, one, two), merge(db, two, one)])
    assert.deepEqual(told.map(({ outcome }) => outcome).toSorted(), ['done', 'refused'])
    const [no] = told.filter(({ outcome }) => outcome === 'refused')
    assert.ok(no && refusal(no).refused === 'patron-merged')
    const left = [one, two].map(({ card }) => patron(db, { card }))
    assert.equal((await Promise.all(left)).filter(Boolean).length, 1)
  }
  assert.deepEqual(await invariantsOf(db), [])
})

test('while desks lend and take back for the record that goes, nothing stays behind with it', async () => {
  await using db = await scratchDatabase()
  await warm(db, 4)
  const { library } = await twoRecords(db, { loanDays: 1, fineCentsPerDay: 50, fineCapCents: 500 })
  const late = () => by({ occurredAt: daysOn(10) })
  for (let round = 0; round < 25; round++) {
    const gone = await aPatron(db, besides(library))
    const kept = await aPatron(db, besides(library))
    const [one, two] = [await lentTo(db, library, gone), await lentTo(db, library, gone)]
    const free = await aCopy(db, besides(library))
    const { branchId, titleId } = library
    await Promise.all([
      write(db, late(), takeBack, { barcode: one.barcode, branchId }),
      merge(db, kept, gone, late()),
      write(db, late(), takeBack, { barcode: two.barcode, branchId }),
      write(db, late(), lend, { card: gone.card, barcode: free.barcode, branchId }),
      write(db, late(), placeHold, { card: gone.card, titleId, pickupBranchId: branchId }),
    ])
    assert.deepEqual(await invariantsOf(db), [])
    assert.equal((await patron(db, kept))?.owesCents, 800, `round ${round}`)
    await db.rows(
      sql`update hold set state = 'cancelled', closed_at = now(), patron_id = null where closed_at is null`,
    )
  }
})

test('a desk that has read whose loan it ends is waited for, and its charge moves too', async () => {
  await using db = await scratchDatabase()
  const { library, other } = await twoRecords(db, { loanDays: 1, fineCentsPerDay: 50, fineCapCents: 500 })
  const { barcode } = await lentTo(db, library, other)
  let merging: ReturnType<typeof merge> | undefined
  await db.transaction(async (tx) => {
    const rows: typeof tx.rows = async (statement) => {
      if (!merging && statement.text.includes('update loan')) {
        merging = merge(db, library, other)
        await whenSomebodyWaits(db, merging)
      }
      return tx.rows(statement)
    }
    const ask = { barcode, branchId: library.branchId }
    await takeBack.work({ ...tx, rows }, ask, by({ occurredAt: daysOn(10) }))
  })
  assert.ok(merging)
  const told = done(await merging)
  assert.deepEqual([told.returnedLoans, told.fineCents], [1, 400])
  assert.deepEqual(await invariantsOf(db, { journalled: false }), [])
})

test('losing the connection at any statement merges once or not at all', async () => {
  await using db = await scratchDatabase()
  const { library } = await twoRecords(db)
  await neverTwice(db, mergePatrons, async () => {
    const [kept, gone] = [await aPatron(db, besides(library)), await aPatron(db, besides(library))]
    await lentTo(db, library, gone)
    const other = await aCopy(db, { branchId: library.branchId, itemTypeId: library.itemTypeId })
    for (const [index, each] of [kept, gone].entries())
      await waitsFor(db, { ...library, titleId: other.titleId }, each.card, daysOn(index))
    done(await write(db, by({ occurredAt: daysOn(2) }), takeBack, { ...other, branchId: library.branchId }))
    const times = async () => {
      const after = await patron(db, kept)
      const [row] = await db.rows(
        sql`select from patron where id = ${gone.patronId} and merged_into is not null`,
      )
      const all = [after?.openLoans === 1, after?.version === 2, row !== undefined]
      assert.ok(all.every(Boolean) || !all.some(Boolean), JSON.stringify(all))
      return all.every(Boolean) ? 1 : 0
    }
    const ask = { card: kept.card, version: 1, mergedCard: gone.card, mergedVersion: 1 }
    return { ask, times, by: { occurredAt: daysOn(3) } }
  })
  assert.deepEqual(await invariantsOf(db), [])
})

test('the card of a merged record leads to the kept one, through any number of merges, and is nobody’s anew', async () => {
  await using db = await scratchDatabase()
  const { library, other: first } = await twoRecords(db)
  const second = await aPatron(db, besides(library))
  done(await merge(db, second, first))
  done(await merge(db, library, second))
  const leads = { refused: 'patron-merged', mergedInto: library.card }
  const { branchId } = library
  const category = (await patron(db, library))?.categoryCode ?? ''
  for (const { card } of [first, second] satisfies Person[]) {
    const asked = { card, categoryCode: category, branchId, familyName: 'New' }
    assert.deepEqual(refusal(await write(db, by(), registerPatron, asked)), leads)
    assert.deepEqual(refusal(await write(db, by(), importPatron, asked)), leads)
    const edit = { patronId: library.patronId, version: 3, card }
    assert.equal((await patron(db, library))?.version, 2)
    assert.deepEqual(refusal(await write(db, by(), editPatron, { ...edit, version: 2 })), leads)
    assert.deepEqual(refusal(await write(db, by(), blockPatron, { card, because: 'x' })), leads)
    assert.deepEqual(refusal(await write(db, by(), payFine, { card, cents: 1 })), leads)
    const hold = { card, titleId: library.titleId, pickupBranchId: branchId }
    assert.deepEqual(refusal(await write(db, by(), placeHold, hold)), leads)
    assert.deepEqual(
      refusal(await write(db, by(), lend, { card, branchId, barcode: library.barcode })),
      leads,
    )
    assert.deepEqual(await findPatrons(db, { query: card }), [])
  }
  assert.deepEqual(await invariantsOf(db), [])
})

test('the sessions of a merged record end, and its password opens nothing', async () => {
  await using db = await scratchDatabase()
  const { library, other } = await twoRecords(db)
  const tokens = []
  for (const { card } of [library, other]) {
    done(
      await write(db, by(), setPatronPassword, { card, password: await wantedPassword('one of many words') }),
    )
    const ask = { kind: 'patron', account: card, password: 'one of many words', now: monday } as const
    const signed = await signIn(db, ask)
    assert.ok('token' in signed)
    tokens.push(signed.token)
  }
  assert.equal(done(await merge(db, library, other)).sessionsEnded, 1)
  const who = await Promise.all(tokens.map((token) => session(db, token, monday)))
  assert.deepEqual(
    who.map((each) => each?.kind),
    ['patron', undefined],
  )
  const again = { kind: 'patron', account: other.card, password: 'one of many words', now: monday } as const
  assert.deepEqual(await signIn(db, again), { refused: 'sign-in-wrong' })
})

test('the journal tells of a merge what moved, and of either card all that was done with both', async () => {
  await using db = await scratchDatabase()
  const { library, other } = await twoRecords(db)
  await lentTo(db, library, other)
  done(await merge(db, library, other))
  for (const { card } of [library, other]) {
    const lines = (await journal(db, { card })).map(({ line }) => line)
    assert.equal(lines.length, 2)
    assert.equal(
      lines[0],
      `Merged the patron with card ${other.card} into card ${library.card}: 1 open and 0 returned loans, 0 holds, 0.00 owed.`,
    )
    assert.match(lines[1] ?? '', /^Lent /)
  }
})

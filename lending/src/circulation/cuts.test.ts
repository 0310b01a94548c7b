import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutAt } from '../../test/cut.ts'
import { invariantsOf } from '../../test/invariants.ts'
import {
  aBranch,
  aCopy,
  aPatron,
  aSmallLibrary,
  besides,
  by,
  type SmallLibrary,
} from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import type { Database } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { type Outcome, type PlainObject, type Refusal, type Verb, write } from '../postgres/write.ts'
import { cancelHold, placeHold, resumeHold, suspendHold } from './hold.ts'
import { lend } from './lend.ts'
import { movePickup } from './move-pickup.ts'
import { renew } from './renew.ts'
import { takeBack } from './take-back.ts'

/** No verb has more statements; past it the loop would never end. */
const statementsMax = 40

type Scene<Ask> = {
  /** Makes a new case in the same database, and what to ask for. */
  readonly prepare: (db: Database, library: SmallLibrary) => Promise<Ask>
  /** How often it happened to that case: 0 or 1. */
  readonly effects: (ask: Ask) => Sql
}

/** Cuts the connection at each statement in turn, before it and after it, and asks what must always hold. */
async function cutEverywhere<Ask, Done extends PlainObject, Refused extends Refusal>(
  verb: Verb<Ask, Done, Refused>,
  { prepare, effects }: Scene<Ask>,
): Promise<void> {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 7, fineCentsPerDay: 20, fineCapCents: 500 })
  const heard = new Set<string>()
  for (const cut of ['before', 'reply-lost'] as const) {
    for (let at = 1; ; at++) {
      assert.ok(at < statementsMax, 'A verb has too many statements.')
      const ask = await prepare(db, library)
      const times = async () => (await db.rows<{ times: number }>(effects(ask)))[0]?.times
      const who = by({ occurredAt: new Date('2026-03-16T11:00:00Z') })
      const cutDb = cutAt(db, at, cut)
      const told = await outcomeOf(() => write(cutDb, who, verb, ask))
      heard.add(told)
      if (told === 'done') assert.equal(await times(), 1, `told done, ${cut} statement ${at}`)
      if (told === 'lost') assert.equal(await times(), 0, `told lost, ${cut} statement ${at}`)
      const settled = await write(db, who, verb, ask)
      assert.equal(settled.outcome, 'done', `${JSON.stringify(settled)}, ${cut} statement ${at}`)
      assert.equal(await times(), 1, `settled by its key, ${cut} statement ${at}`)
      if (!cutDb.reached()) break
    }
  }
  assert.deepEqual([...heard].toSorted(), ['done', 'lost', 'unknown'])
  assert.deepEqual(await invariantsOf(db), [])
}

async function outcomeOf(
  writing: () => Promise<Outcome<PlainObject, Refusal>>,
): Promise<'done' | 'refused' | 'unknown' | 'lost'> {
  try {
    return (await writing()).outcome
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'BIBBY_WRITE_LOST', String(error))
    return 'lost'
  }
}

async function aFreshCopy(db: Database, library: SmallLibrary) {
  const { branchId, categoryId, itemTypeId } = library
  const { card } = await aPatron(db, { branchId, categoryId })
  return { ...(await aCopy(db, { branchId, itemTypeId })), card, branchId }
}

async function aLentCopy(db: Database, library: SmallLibrary) {
  const copy = await aFreshCopy(db, library)
  const outcome = await write(db, by(), lend, copy)
  return { ...copy, loanId: outcome.outcome === 'done' ? outcome.answer.loanId : 0 }
}

async function aHold(db: Database, library: SmallLibrary, titleId: number) {
  const { card } = await aPatron(db, besides(library))
  const ask = { card, titleId, pickupBranchId: library.branchId }
  const outcome = await write(db, by(), placeHold, ask)
  return { holdId: outcome.outcome === 'done' ? outcome.answer.holdId : 0 }
}

test('losing the connection at any statement never lends a copy twice', () =>
  cutEverywhere(lend, {
    prepare: aFreshCopy,
    effects: ({ barcode }) => sql`
      select count(*)::integer as times from loan join copy on copy.id = loan.copy_id
      where copy.barcode = ${barcode} and loan.returned_at is null
    `,
  }))

test('losing the connection at any statement never fulfils a hold without the loan', () =>
  cutEverywhere(lend, {
    prepare: async (db, library) => {
      const copy = await aFreshCopy(db, library)
      await write(db, by(), placeHold, { ...copy, pickupBranchId: library.branchId })
      await write(db, by(), takeBack, copy)
      return copy
    },
    effects: ({ barcode }) => sql`
      select count(*)::integer as times from loan
      join copy on copy.id = loan.copy_id
      join hold on hold.copy_id = copy.id and hold.state = 'fulfilled'
      where copy.barcode = ${barcode} and loan.returned_at is null
    `,
  }))

test('losing the connection at any statement never charges a late loan twice', () =>
  cutEverywhere(takeBack, {
    prepare: async (db, library) => {
      const copy = await aLentCopy(db, library)
      const { holdId } = await aHold(db, library, copy.titleId)
      assert.ok(holdId > 0)
      return copy
    },
    effects: ({ barcode }) => sql`
      select count(*)::integer as times from loan
      join copy on copy.id = loan.copy_id
      join fine_line on fine_line.loan_id = loan.id
      join hold on hold.copy_id = copy.id and hold.state = 'on-shelf'
      where copy.barcode = ${barcode} and loan.returned_at is not null
    `,
  }))

test('losing the connection at any statement never renews twice', () =>
  cutEverywhere(renew, {
    prepare: async (db, library) => ({ loanId: (await aLentCopy(db, library)).loanId }),
    effects: ({ loanId }) => sql`select renewals as times from loan where id = ${loanId}`,
  }))

test('losing the connection at any statement never places a hold twice', () =>
  cutEverywhere(placeHold, {
    prepare: async (db, library) => ({
      ...(await aFreshCopy(db, library)),
      pickupBranchId: library.branchId,
    }),
    effects: ({ titleId }) => sql`select count(*)::integer as times from hold where title_id = ${titleId}`,
  }))

test('losing the connection at any statement never cancels a hold without sending its copy on', () =>
  cutEverywhere(cancelHold, {
    prepare: async (db, library) => {
      const copy = await aFreshCopy(db, library)
      const first = await aHold(db, library, copy.titleId)
      await aHold(db, library, copy.titleId)
      await write(db, by(), takeBack, copy)
      return first
    },
    effects: ({ holdId }) => sql`
      select count(*)::integer as times from hold
      join hold as after_it on after_it.copy_id = hold.copy_id and after_it.state = 'on-shelf'
      where hold.id = ${holdId} and hold.state = 'cancelled'
    `,
  }))

test('losing the connection at any statement suspends a hold, or resumes it, once', async () => {
  const prepare: Scene<{ holdId: number }>['prepare'] = async (db, library) =>
    aHold(db, library, (await aFreshCopy(db, library)).titleId)
  await cutEverywhere(suspendHold, {
    prepare: async (db, library) => ({ ...(await prepare(db, library)), until: 'forever' }),
    effects: ({ holdId }) => sql`
      select (suspended_until is not null)::integer as times from hold where id = ${holdId}
    `,
  })
  await cutEverywhere(resumeHold, {
    prepare: async (db, library) => {
      const hold = await prepare(db, library)
      await write(db, by(), suspendHold, { ...hold, until: 'forever' })
      return hold
    },
    effects: ({ holdId }) => sql`select version - 2 as times from hold where id = ${holdId}`,
  })
})

test('losing the connection at any statement has a hold fetched elsewhere once', () =>
  cutEverywhere(movePickup, {
    prepare: async (db, library) => {
      const { holdId } = await aHold(db, library, (await aFreshCopy(db, library)).titleId)
      const { branchId: pickupBranchId } = await aBranch(db)
      return { holdId, pickupBranchId }
    },
    effects: ({ holdId, pickupBranchId }) => sql`
      select count(*)::integer as times from hold where id = ${holdId} and pickup_branch_id = ${pickupBranchId}
    `,
  }))

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aServedLibrary, bearing } from '../../test/api-fixtures.ts'
import { cutAt } from '../../test/cut.ts'
import { done } from '../../test/every-cut.ts'
import { invariantsOf } from '../../test/invariants.ts'
import { aCopy, aPatron, aTitle, besides, by, monday } from '../../test/library-fixtures.ts'
import {
  aCataloguer,
  aMailbox,
  atRest,
  carriedOut,
  codeIn,
  digestOfAll,
} from '../../test/operation-fixtures.ts'
import { survivorOf } from '../catalogue/survivor.ts'
import { titleWithIsbn } from '../catalogue/title-isbn.ts'
import { cancelHold, placeHold } from '../circulation/hold.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { inEnglish } from '../language/messages.ts'
import { withWords } from '../language/worded.ts'
import { mergePatrons } from '../patrons/merge-patrons.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { mergeTitles } from './merge-titles.ts'
import { openOperations } from './operations.ts'
import { sendNothing } from './send-code.ts'

async function aLibrary() {
  const { mails, sendDirect } = aMailbox()
  const at = await aServedLibrary({ sendDirect })
  const actor = await aCataloguer(at.db, at.branchId)
  const places = { branchId: at.branchId, itemTypeId: at.itemTypeId }
  const [from, into] = [
    await aTitle(at.db, { title: 'Emma' }),
    await aTitle(at.db, { title: 'Emma, a novel' }),
  ]
  const copies = [
    await aCopy(at.db, { ...places, titleId: from.titleId }),
    await aCopy(at.db, { ...places, titleId: from.titleId }),
    await aCopy(at.db, { ...places, titleId: into.titleId }),
  ]
  const given = { from: from.titleId, into: into.titleId, because: 'One book' }
  const plan = (over: Partial<typeof given> = {}) =>
    at.library.operations.guard.plan(mergeTitles, { by: actor, given: { ...given, ...over } })
  let minutes = 0
  const waits = async (titleId: number, card?: string) => {
    const who = card ?? (await aPatron(at.db, besides(at))).card
    minutes += 1
    const occurredAt = new Date(monday.getTime() + minutes * 60_000)
    done(
      await write(at.db, by({ occurredAt }), placeHold, { titleId, card: who, pickupBranchId: at.branchId }),
    )
    return who
  }
  const lent = async (barcode: string) => {
    const { card } = await aPatron(at.db, besides(at))
    done(await write(at.db, by(), lend, { card, barcode, branchId: at.branchId }))
  }
  return {
    ...at,
    mails,
    actor,
    copies,
    given,
    plan,
    waits,
    lent,
    [Symbol.asyncDispose]: at[Symbol.asyncDispose],
  }
}

type At = Awaited<ReturnType<typeof aLibrary>>

async function merged(at: At, over: Parameters<At['plan']>[0] = {}) {
  const told = await at.plan(over)
  assert.ok('planned' in told, JSON.stringify(told))
  const end = await carriedOut(at.library, told.planned, at.mails)
  assert.equal(end.state, 'done', JSON.stringify(end.because))
  return told.planned
}

async function undone(at: At, { id }: { readonly id: string }) {
  await at.library.operations.guard.undo({ by: at.actor, id })
  assert.equal((await atRest(at.library, id)).state, 'undone')
  assert.deepEqual(await invariantsOf(at.db, { journalled: false }), [])
}

const queue = (db: Database, titleId: number) =>
  db.rows<{ card: string }>(sql`
    select patron.card from hold join patron on patron.id = hold.patron_id
    where hold.title_id = ${titleId} and hold.closed_at is null order by hold.placed_at, hold.id
  `)

test('copies, loans and holds move to the title that stays, who waits for both keeps the earlier place, and undo brings every table back to the row', async () => {
  await using at = await aLibrary()
  const { from, into } = at.given
  for (const copy of at.copies) await at.lent(copy.barcode)
  const both = await at.waits(from)
  const other = await at.waits(into)
  await at.waits(into, both)
  const third = await at.waits(from)
  const before = await digestOfAll(at.db)
  const plan = await merged(at)
  assert.deepEqual(withWords(inEnglish, plan.samples), [
    `“Emma” (title ${from}) into “Emma, a novel” (title ${into})`,
    '2 copies',
    '2 open loans',
    '2 holds',
    'Of these, 1 of a patron who waits for both: the earlier place is kept',
  ])
  assert.deepEqual(
    (await queue(at.db, into)).map(({ card }) => card),
    [both, other, third],
  )
  assert.deepEqual(await queue(at.db, from), [])
  const [copies] = await at.db.rows<{ n: number }>(
    sql`select count(*) as n from copy where title_id = ${into}`,
  )
  assert.equal(copies?.n, 3)
  assert.equal(await survivorOf(at.db, from), into)
  assert.deepEqual(await invariantsOf(at.db, { journalled: false }), [])

  await at.library.operations.guard.undo({ by: at.actor, id: plan.id })
  assert.equal((await atRest(at.library, plan.id)).state, 'undone')
  assert.equal(await digestOfAll(at.db), before)
  assert.equal(await survivorOf(at.db, from), undefined)
})

test('what was lent, given back and cancelled after a merging keeps that when it is undone', async () => {
  await using at = await aLibrary()
  const { from, into } = at.given
  const [first, , last] = at.copies
  for (const copy of at.copies) await at.lent(copy.barcode)
  const both = await at.waits(from)
  await at.waits(into, both)
  const plan = await merged(at)
  const back = { barcode: first?.barcode ?? '', branchId: at.branchId }
  const { next } = done(await write(at.db, by(), takeBack, back))
  assert.equal(next.to, 'hold-shelf', 'the copy of the one serves who waited for the other')
  const [kept] = await at.db.rows<{ id: number }>(sql`select id from hold where closed_at is null`)
  done(await write(at.db, by(), cancelHold, { holdId: kept?.id ?? 0 }))
  const anew = await at.waits(into)
  await at.library.operations.guard.undo({ by: at.actor, id: plan.id })
  assert.equal((await atRest(at.library, plan.id)).state, 'undone')
  assert.deepEqual(
    (await queue(at.db, into)).map(({ card }) => card),
    [anew],
    'who no longer waits does not wait again by what gave way',
  )
  const titleOf = await at.db.rows(sql`
    select title_id from copy where id in (${first?.copyId ?? 0}, ${last?.copyId ?? 0}) order by id
  `)
  assert.deepEqual(titleOf, [{ title_id: from }, { title_id: into }])
  assert.deepEqual(await invariantsOf(at.db, { journalled: false }), [])
})

test('two patrons who waited for both titles, and are one patron now, wait once for each when it is undone', async () => {
  await using at = await aLibrary()
  const { from, into } = at.given
  for (const copy of at.copies) await at.lent(copy.barcode)
  const [one, other] = [await at.waits(from), await at.waits(from)]
  for (const card of [one, other]) await at.waits(into, card)
  const plan = await merged(at)
  const ask = { card: one, version: 1, mergedCard: other, mergedVersion: 1 }
  done(await write(at.db, by(), mergePatrons, ask))
  await undone(at, plan)
  for (const titleId of [from, into]) assert.deepEqual(await queue(at.db, titleId), [{ card: one }])
})

test('who got the book meanwhile does not wait again when it is undone', async () => {
  await using at = await aLibrary()
  const { from, into } = at.given
  for (const copy of at.copies) await at.lent(copy.barcode)
  const both = await at.waits(from)
  await at.waits(into, both)
  const plan = await merged(at)
  const book = { barcode: at.copies[0]?.barcode ?? '', branchId: at.branchId }
  done(await write(at.db, by(), takeBack, book))
  done(await write(at.db, by(), lend, { ...book, card: both }))
  await undone(at, plan)
  for (const titleId of [from, into]) assert.deepEqual(await queue(at.db, titleId), [])
})

test('of two holds of a patron one that is suspended gives way, and its place is kept', async () => {
  await using at = await aLibrary()
  const { from, into } = at.given
  for (const copy of at.copies) await at.lent(copy.barcode)
  const both = await at.waits(from)
  await at.db.rows(sql`update hold set suspended_until = '9999-01-01'`)
  const other = await at.waits(into)
  await at.waits(into, both)
  await merged(at)
  assert.deepEqual(await queue(at.db, into), [{ card: both }, { card: other }])
  const left = await at.db.rows(
    sql`select id from hold where closed_at is null and suspended_until is not null`,
  )
  assert.deepEqual(left, [])
})

test('mergings into one title are undone from the last, and everybody waits for what they waited for', async () => {
  await using at = await aLibrary()
  const { from, into } = at.given
  const third = await aTitle(at.db, { title: 'Emma again' })
  const place = { branchId: at.branchId, itemTypeId: at.itemTypeId, titleId: third.titleId }
  for (const copy of [...at.copies, await aCopy(at.db, place)]) await at.lent(copy.barcode)
  const both = await at.waits(third.titleId)
  await at.waits(from, both)
  const first = await merged(at)
  const second = await merged(at, { from: third.titleId })
  const early = await at.library.operations.guard.undo({ by: at.actor, id: first.id })
  assert.equal('refused' in early && early.refused, 'changed-since')
  await undone(at, second)
  await undone(at, first)
  for (const titleId of [third.titleId, from]) assert.deepEqual(await queue(at.db, titleId), [{ card: both }])
  assert.deepEqual(await queue(at.db, into), [])
})

test('of two holds of a patron that with a copy ready stays, at the earlier place of the other', async () => {
  await using at = await aLibrary()
  const { from, into } = at.given
  for (const copy of at.copies) await at.lent(copy.barcode)
  const both = await at.waits(from)
  const other = await at.waits(into)
  await at.waits(into, both)
  const holds = await at.db.rows<{ id: number; card: string; titleId: number; placedAt: Date }>(sql`
    select hold.id, patron.card, hold.title_id as "titleId", placed_at as "placedAt"
    from hold join patron on patron.id = hold.patron_id order by hold.id
  `)
  const first = holds.find(({ card }) => card === other)
  done(await write(at.db, by(), cancelHold, { holdId: first?.id ?? 0 }))
  const back = { barcode: at.copies[2]?.barcode ?? '', branchId: at.branchId }
  done(await write(at.db, by(), takeBack, back))
  await merged(at)
  const kept = await at.db.rows(sql`
    select id, state, placed_at as "placedAt" from hold where closed_at is null
  `)
  const [early, late] = holds.filter(({ card }) => card === both)
  assert.deepEqual(kept, [{ id: late?.id, state: 'on-shelf', placedAt: early?.placedAt }])
})

test('a title with itself, one that is gone, and a patron with a ready copy of each stand in the way', async () => {
  await using at = await aLibrary()
  const { from, into } = at.given
  const obstaclesOf = (told: object) => [
    ...new Set(Array.from(JSON.stringify(told).matchAll(/"obstacle":"([^"]+)"/g), ([, name]) => name)),
  ]
  assert.deepEqual(obstaclesOf(await at.plan({ into: from })), ['title-same'])
  assert.deepEqual(obstaclesOf(await at.plan({ into: 9 })), ['title-unknown'])
  for (const copy of at.copies) await at.lent(copy.barcode)
  const both = await at.waits(from)
  await at.waits(into, both)
  for (const copy of [at.copies[0], at.copies[2]])
    done(await write(at.db, by(), takeBack, { barcode: copy?.barcode ?? '', branchId: at.branchId }))
  assert.deepEqual(obstaclesOf(await at.plan()), ['waits-for-both'])
})

test('who waits for a title after the plan is seen, and the plan does not run', async () => {
  await using at = await aLibrary()
  const told = await at.plan()
  assert.ok('planned' in told)
  for (const copy of at.copies.slice(0, 2)) await at.lent(copy.barcode)
  await at.waits(at.given.from)
  assert.notEqual((await carriedOut(at.library, told.planned, at.mails)).state, 'done')
  assert.equal(await survivorOf(at.db, at.given.from), undefined)
})

test('a hold that was being placed while the titles became one goes to nobody’s title', async () => {
  await using at = await aLibrary()
  const { from, into } = at.given
  for (const copy of at.copies) await at.lent(copy.barcode)
  await merged(at)
  await assert.rejects(
    at.db.rows(sql`
      insert into hold (title_id, patron_id, pickup_branch_id, placed_at)
      select ${from}, id, ${at.branchId}, now() from patron limit 1
    `),
    { code: 'BB002' },
  )
  assert.deepEqual(await queue(at.db, into), [])
})

test('by API: planned by who may write the catalogue, refused with what stands in the way', async () => {
  await using at = await aLibrary()
  const post = async (role: 'cataloguer' | 'desk', payload: object) =>
    at.app.inject({
      method: 'POST',
      url: '/api/v1/operations/merge-titles',
      headers: bearing(await at.tokenOf(role)),
      payload,
    })
  assert.equal((await post('desk', at.given)).statusCode, 403)
  const planned = await post('cataloguer', at.given)
  assert.deepEqual([planned.statusCode, planned.json().count], [201, 1])
  const refused = await post('cataloguer', { ...at.given, into: at.given.from })
  assert.deepEqual([refused.statusCode, refused.json().code], [409, 'in-the-way'])
})

test('a way that leads on through several mergings ends at the title that stays, from an ISBN too', async () => {
  await using at = await aLibrary()
  const isbn = '9780141439587'
  await at.db.rows(sql`update title set isbns = array[${isbn}::text] where id = ${at.given.from}`)
  await merged(at)
  const { titleId } = await aTitle(at.db, { title: 'Emma again' })
  const told = await at.plan({ from: at.given.into, into: titleId })
  assert.ok('planned' in told, JSON.stringify(told))
  await carriedOut(at.library, told.planned, at.mails)
  assert.equal(await survivorOf(at.db, at.given.from), titleId)
  assert.deepEqual(await titleWithIsbn(at.db, isbn), { found: 'one', titleId })
  const own = await aTitle(at.db, { title: 'Emma, printed anew' })
  await at.db.rows(sql`update title set isbns = array[${isbn}::text] where id = ${own.titleId}`)
  assert.deepEqual(await titleWithIsbn(at.db, isbn), { found: 'one', titleId: own.titleId })
})

test('losing the connection at any statement merges titles at most once, and it can be gone on with', async () => {
  await using at = await aLibrary()
  const { guard } = at.library.operations
  for (const cut of ['before', 'reply-lost'] as const) {
    for (let nth = 1, isReached = true; isReached; nth++) {
      const where = `${cut} ${nth}`
      const told = await at.plan()
      assert.ok('planned' in told, where)
      const { id, phrase, requestedBy } = told.planned
      await guard.sendCode({ by: requestedBy, id })
      await guard.confirm({ by: requestedBy, id, phrase: phrase ?? '', code: codeIn(at.mails) })
      const cutting = cutAt(at.db, nth, cut)
      await using lossy = openOperations({
        ...at.library,
        db: cutting,
        sendDirect: sendNothing,
        secondPerson: false,
      })
      await lossy.guard.run({ id, signal: new AbortController().signal }).catch(() => undefined)
      isReached = cutting.reached()
      assert.equal((await atRest(at.library, id)).state, 'done', where)
      const [kept] = await at.db.rows(sql`select version from title where id = ${at.given.into}`)
      assert.deepEqual(kept, { version: 2 }, where)
      await guard.undo({ by: at.actor, id })
      assert.equal((await atRest(at.library, id)).state, 'undone', where)
    }
  }
})

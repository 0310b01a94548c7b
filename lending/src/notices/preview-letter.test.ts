import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done } from '../../test/every-cut.ts'
import { aCopy, aPatron, aSmallLibrary, besides, by, monday } from '../../test/library-fixtures.ts'
import { handClock, here, noticesOn, senderFor } from '../../test/notice-fixtures.ts'
import { type Behaviour, noticeService } from '../../test/notice-service.ts'
import { digestOfAll } from '../../test/operation-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { cancelHold, placeHold } from '../circulation/hold.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { mergePatrons } from '../patrons/merge-patrons.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { noticesOf } from './cause.ts'
import { type Kind, kindNames } from './kinds.ts'
import { type LetterPreview, previewLetter } from './preview-letter.ts'
import { openSender } from './sender.ts'
import { sweepNotices } from './sweep.ts'

const dayMs = 24 * 60 * 60_000
const draft = { subject: 'For {name}: {titles}', body: '{items}', item: '* {title}' }

async function aLibrary(db: ScratchDatabase, behave?: (nth: number) => Behaviour) {
  const library = await aSmallLibrary(db)
  await noticesOn(db)
  const service = await noticeService((_, nth) => behave?.(nth) ?? 'sent')
  const { clock, move } = handClock(monday)
  const sender = openSender(senderFor(db, { ...service, clock }))
  const aReader = (over: Parameters<typeof aPatron>[1] = {}) =>
    aPatron(db, { ...besides(library), email: 'ada@example.org', wantsReceipts: true, ...over })
  const { branchId, itemTypeId } = library
  const lendOne = async (card: string) => {
    const { barcode } = await aCopy(db, { branchId, itemTypeId })
    return done(await write(db, by({ occurredAt: clock() }), lend, { card, barcode, branchId })).loanId
  }
  return {
    branchId,
    itemTypeId,
    clock,
    aReader,
    lendOne,
    /** Previews, and nothing is another thing after that. */
    preview: async (kind: Kind, card: string, over: { draft?: typeof draft } = {}) => {
      const before = await digestOfAll(db)
      const told = await previewLetter(db, { kind, card, now: clock(), ...over })
      assert.equal(await digestOfAll(db), before, 'a preview changes no row')
      return told
    },
    /** Lets the sweeps run once, and then some minutes pass with a look each; gives the letters by kind. */
    sent: async () => {
      await sweepNotices(db, { actor: 'system:sweeps', instance: 'test', installation: here }, clock())
      for (let n = 0; n < 12; n++) {
        await sender.look()
        await sender.idle()
        move(60_000)
      }
      const rows = await db.rows<{ id: string; kind: Kind }>(
        sql`select id, kind from notice where id = letter_id`,
      )
      const kindOf = new Map(rows.map(({ id, kind }) => [id, kind]))
      return Map.groupBy(service.mailbox.values(), ({ id }) => kindOf.get(id))
    },
    [Symbol.asyncDispose]: async () => {
      await sender[Symbol.asyncDispose]()
      await service[Symbol.asyncDispose]()
    },
  }
}

function shown(told: Awaited<ReturnType<typeof previewLetter>>): LetterPreview {
  assert.ok(!('refused' in told), JSON.stringify(told))
  return told
}

const words = ({ subject, text, html }: { subject: string; text: string; html: string }) => ({
  subject,
  text,
  html,
})

test('of each kind the preview is the letter that then goes out, and looking changes no row', async () => {
  await using db = await scratchDatabase()
  await using at = await aLibrary(db)
  const { branchId, itemTypeId } = at
  const { card, patronId } = await at.aReader({ expiresOn: '2026-03-10' })
  const other = await at.aReader({ card: 'another', email: 'other@example.org', expiresOn: '2026-03-11' })
  for (const [loan, days] of [
    [await at.lendOne(card), -1],
    [await at.lendOne(card), 2],
    [await at.lendOne(card), 2],
    [await at.lendOne(other.card), 2],
  ])
    await db.rows(
      sql`update loan set due_at = ${new Date(monday.getTime() + (days ?? 0) * dayMs)} where id = ${loan ?? 0}`,
    )
  const returned = await aCopy(db, { branchId, itemTypeId })
  done(await write(db, by(), lend, { card, barcode: returned.barcode, branchId }))
  done(await write(db, by(), takeBack, { barcode: returned.barcode, branchId }))
  const wanted = await aCopy(db, { branchId, itemTypeId })
  done(await write(db, by(), placeHold, { card, titleId: wanted.titleId, pickupBranchId: branchId }))
  done(await write(db, by(), takeBack, { barcode: wanted.barcode, branchId }))
  const rows = sql`
    select 'hold-expired:1' as cause, ${patronId}::bigint as patron_id, null::bigint as loan_id, null::bigint as hold_id,
      jsonb_build_object('title', 'Emma', 'branch', 'Main') as facts
  `
  await db.rows(noticesOf('hold-expired', { at: monday, rows }))

  const previews = new Map<Kind, LetterPreview>()
  for (const kind of kindNames) previews.set(kind, shown(await at.preview(kind, card)))
  const sent = await at.sent()
  for (const kind of kindNames) {
    const { shows, letters } = previews.get(kind) as LetterPreview
    const mails = (sent.get(kind) ?? []).filter(({ to }) => to.email === 'ada@example.org')
    assert.equal(shows, 'what-is-due', kind)
    assert.deepEqual(letters.map(words), mails.map(words), kind)
    assert.equal(letters.length, 1, kind)
  }
  assert.equal(previews.get('due-soon')?.letters[0]?.things, 2)
  assert.equal(previews.get('loan-receipt')?.letters[0]?.things, 4)
  assert.equal(
    shown(await at.preview('due-soon', card)).shows,
    'nothing-due',
    'what went out is not due any more',
  )
})

test('where nothing is due, or nobody is told, that is said, and the things are made up', async () => {
  await using db = await scratchDatabase()
  await using at = await aLibrary(db)
  const { card } = await at.aReader()
  for (const kind of kindNames) {
    const told = shown(await at.preview(kind, card))
    assert.equal(told.shows, 'nothing-due', kind)
    assert.match(told.letters[0]?.text ?? '', /^Dear Ada Reader,/, kind)
  }
  const made = shown(await at.preview('overdue', card, { draft }))
  assert.deepEqual([made.letters[0]?.subject, made.letters[0]?.text], ['For Ada Reader: “Emma”', '* Emma'])
  const silent = await at.aReader({ card: 'silent', email: '' })
  assert.equal(shown(await at.preview('overdue', silent.card)).shows, 'no-address')
  await at.lendOne(silent.card)
  assert.equal(shown(await at.preview('loan-receipt', silent.card)).shows, 'no-address')
  const left = await at.aReader({ card: 'left' })
  await at.lendOne(left.card)
  await db.rows(sql`update patron set email = '' where id = ${left.patronId}`)
  assert.equal(shown(await at.preview('loan-receipt', left.card)).shows, 'no-address')
  const cancelled = await at.aReader({ card: 'cancelled' })
  const { branchId, itemTypeId } = at
  const copy = await aCopy(db, { branchId, itemTypeId })
  const hold = { card: cancelled.card, titleId: copy.titleId, pickupBranchId: branchId }
  const { holdId } = done(await write(db, by(), placeHold, hold))
  done(await write(db, by(), takeBack, { barcode: copy.barcode, branchId }))
  assert.equal(shown(await at.preview('hold-ready', cancelled.card)).shows, 'what-is-due')
  done(await write(db, by(), cancelHold, { holdId }))
  assert.equal(
    shown(await at.preview('hold-ready', cancelled.card)).shows,
    'nothing-due',
    'it is not true any more',
  )
  const spared = await at.aReader({ card: 'spared', protected: true, expiresOn: '2026-03-10' })
  assert.equal(
    shown(await at.preview('card-expiring', spared.card)).shows,
    'nothing-due',
    'sweeps leave them alone',
  )
})

test('a draft is filled with what is really due, and one with a word that nothing fills is refused', async () => {
  await using db = await scratchDatabase()
  await using at = await aLibrary(db)
  const { card } = await at.aReader()
  await at.lendOne(card)
  const { letters, name } = shown(await at.preview('loan-receipt', ` ${card} `, { draft }))
  assert.deepEqual(
    [letters[0]?.subject, letters[0]?.text],
    ["For Ada Reader: “Charlotte's Web”", "* Charlotte's Web"],
  )
  assert.equal(name, 'Ada Reader')
  const wrong = await at.preview('loan-receipt', card, { draft: { ...draft, item: '{secret}' } })
  assert.ok('refused' in wrong && wrong.refused === 'fields-invalid' && 'problems' in wrong)
  assert.deepEqual(Object.keys(wrong.problems), ['item'])
  assert.deepEqual(await at.preview('loan-receipt', 'nobody'), { refused: 'patron-unknown' })
})

test('words that may have been sent are shown as they go again, whatever the draft says; of a merged record too', async () => {
  await using db = await scratchDatabase()
  await using at = await aLibrary(db, () => 'unknown-lost')
  const gone = await at.aReader({ card: 'gone' })
  const kept = await at.aReader({ card: 'kept' })
  await at.lendOne(gone.card)
  await at.sent()
  const [row] = await db.rows<{ tried: { text: string } }>(
    sql`select tried from notice where tried is not null`,
  )
  const before = shown(await at.preview('loan-receipt', gone.card, { draft }))
  assert.deepEqual([before.letters[0]?.isWritten, before.letters[0]?.text], [true, row?.tried.text])
  await at.lendOne(kept.card)
  const ask = { card: kept.card, version: 1, mergedCard: gone.card, mergedVersion: 1 }
  done(await write(db, by({ occurredAt: at.clock() }), mergePatrons, ask))
  const after = shown(await at.preview('loan-receipt', kept.card, { draft }))
  assert.deepEqual(
    after.letters.map(({ isWritten, text }) => [isWritten, text]),
    [
      [true, row?.tried.text],
      [false, "* Charlotte's Web"],
    ],
  )
  assert.deepEqual(await at.preview('loan-receipt', gone.card), {
    refused: 'patron-merged',
    mergedInto: kept.card,
  })
})

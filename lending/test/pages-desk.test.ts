import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeHold } from '../src/circulation/hold.ts'
import { sql } from '../src/postgres/sql.ts'
import { write } from '../src/postgres/write.ts'
import { cursor, noChromium, oneBrowser } from './browser.ts'
import { heard, scan, signIn } from './desk-fixtures.ts'
import { aCopy, aPatron, aTitle, besides, by } from './library-fixtures.ts'
import { anOpenLibrary } from './open-library.ts'

const skip = noChromium
const browsing = oneBrowser()

test('a desk works by keyboard alone: cards, books, a refusal, an override, the next patron', {
  skip,
}, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const page = await browser.newPage()
  await signIn(page, at, at.address)
  const second = await aCopy(at.db, besides(at))
  const next = await aPatron(at.db, { ...besides(at), familyName: 'Next', blockedBecause: 'Owes a book' })

  await page.goto(`${at.address}/desk`)
  await scan(page, at.card)
  await page.getByText('Scan the books').waitFor()
  await scan(page, at.barcode)
  await page.getByText('On loan: 1 item').waitFor()
  await scan(page, 'no-such-book')
  await page.getByText('No copy has this barcode.').first().waitFor()
  await heard(page)

  // The next card is scanned where a book was expected.
  await scan(page, next.card)
  await page.getByText('Owes a book').first().waitFor()
  await scan(page, second.barcode)
  await page.getByText('The patron is blocked.').first().waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.type('It was found')
  await page.keyboard.press('Enter')
  await page.getByText('On loan: 1 item').waitFor()
  await page.getByText('overridden').first().waitFor()

  await heard(page)
  await scan(page, '')
  await page.getByText('Scan the patron’s card').waitFor()
  assert.equal((await at.db.rows(sql`select from loan where returned_at is null`)).length, 2)
})

test('a whole shift by keyboard alone: 60 loans, 40 returns, 3 refusals, a hold, and a receipt', {
  skip,
}, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const page = await browser.newPage()
  await signIn(page, at, at.address)
  const patrons = await Promise.all(
    Array.from({ length: 6 }, (_, nth) => aPatron(at.db, { ...besides(at), familyName: `Patron ${nth}` })),
  )
  const blocked = await aPatron(at.db, { ...besides(at), blockedBecause: 'Lost a book' })
  const waiting = await aPatron(at.db, { ...besides(at), familyName: 'Waiting' })
  const first = await aCopy(at.db, { ...besides(at), ...(await aTitle(at.db, { title: 'Emma' })) })
  const others = await Promise.all(Array.from({ length: 59 }, () => aCopy(at.db, besides(at))))
  const copies = [first, ...others]
  const hold = { card: waiting.card, titleId: first.titleId, pickupBranchId: at.branchId }
  assert.equal((await write(at.library.db, by({ occurredAt: new Date() }), placeHold, hold)).outcome, 'done')

  await page.goto(`${at.address}/desk`)
  for (const [nth, { card }] of patrons.entries()) {
    await scan(page, card)
    await page.getByRole('heading', { name: `Patron ${nth}` }).waitFor()
    for (const { barcode } of copies.slice(nth * 10, nth * 10 + 10)) await scan(page, barcode)
    await page.getByText('On loan: 10 items').waitFor()
  }
  await scan(page, blocked.card)
  await page.getByText('Lost a book').first().waitFor()
  await scan(page, at.barcode)
  await page.getByText('The patron is blocked.').first().waitFor()
  // The next card ends what was refused, and a book that somebody else has is refused too.
  await scan(page, waiting.card)
  await page.getByRole('heading', { name: 'Waiting' }).waitFor()
  await scan(page, first.barcode)
  await page.getByText('The copy is on loan.').first().waitFor()
  await scan(page, 'no-such-book')
  await page.getByText('No copy has this barcode.').first().waitFor()

  // A command that is scanned leads to the pile of returns.
  await scan(page, 'DESKRETURN')
  await page.getByText('Scan what comes back').waitFor()
  for (const { barcode } of copies.slice(1, 40)) await scan(page, barcode)
  await scan(page, first.barcode)
  await page.locator('#desk[data-outcome="attention"]').waitFor()
  await page.getByText('To the hold shelf').first().waitFor()
  await scan(page, '/next')
  await page.getByText('Scan the patron’s card').waitFor()
  await scan(page, patrons[5]?.card ?? '')
  await page.getByText('On loan: 10 items').waitFor()
  await scan(page, '/receipt')
  await page.getByRole('button', { name: 'Print' }).waitFor()
  assert.equal(await page.locator('.paper .work').count(), 10)

  const [told] = await at.db.rows<{ lent: number; back: number; refused: number }>(sql`
    select count(*)::int as lent, count(returned_at)::int as back,
      (select count(*)::int from journal where action = 'lend' and outcome = 'refused') as refused
    from loan
  `)
  assert.deepEqual(told, { lent: 60, back: 40, refused: 3 })
})

test('a book that is scanned before any card comes back, and what it is to be lent for is said', {
  skip,
}, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const page = await browser.newPage()
  await signIn(page, at, at.address)
  await page.goto(`${at.address}/desk?card=${at.card}`)
  await scan(page, at.barcode)
  await page.locator('#desk[data-outcome="done"]').waitFor()
  await scan(page, at.barcode)
  await page.locator('#desk[data-outcome="refused"]').waitFor()
  await page.getByRole('button', { name: 'Take it back' }).press('Enter')
  await page.getByText('Back to the shelf').first().waitFor()
  await page.getByText('On loan: 0 items').waitFor()
  await scan(page, at.barcode)
  await page.getByText('On loan: 1 item').waitFor()
  await scan(page, '')
  await scan(page, at.barcode)
  await page.getByText('Back to the shelf').first().waitFor()
  await page.getByText('Scan the patron’s card').waitFor()
  await scan(page, 'neither')
  await page.getByText('Nobody has this card, and no copy has this barcode.').first().waitFor()
  assert.equal((await at.db.rows(sql`select from loan where returned_at is null`)).length, 0)
})

test('no scan is lost when they come faster than the answers', { skip }, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const page = await browser.newPage()
  await signIn(page, at, at.address)
  const others = []
  for (let count = 0; count < 7; count++) others.push(await aCopy(at.db, besides(at)))
  await page.goto(`${at.address}/desk?card=${at.card}`)
  await page.locator('#scan').waitFor()
  for (const { barcode } of [...others, at]) await scan(page, barcode)
  await page.getByText('On loan: 8 items').waitFor()
  assert.equal(await page.evaluate('document.activeElement.id'), 'scan')

  await page.goto(`${at.address}/check-in`)
  for (const { barcode } of [...others, at]) await scan(page, barcode)
  await page.getByText(at.barcode, { exact: true }).first().waitFor()
  const open = await at.db.rows(sql`select from loan where returned_at is null`)
  assert.equal(open.length, 0)
})

test('scans that cannot be sent are kept, and sent again under their keys', { skip }, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const page = await browser.newPage()
  await signIn(page, at, at.address)
  await page.goto(`${at.address}/desk?card=${at.card}`)
  // The first answer is lost on its way: the loan was made, and the desk does not know.
  let lost = 0
  await page.route('**/desk/scan', async (route) => {
    if (lost > 0) return route.continue()
    lost += 1
    await route.fetch()
    return route.abort()
  })
  await scan(page, at.barcode)
  await page.getByText('The library cannot be reached.').waitFor()
  await page.getByRole('button', { name: 'Send them again' }).press('Enter')
  await page.getByText('On loan: 1 item').waitFor()
  assert.equal((await at.db.rows(sql`select from loan`)).length, 1)
})

test('behind a card that nobody has, no book goes to whoever stood there before', { skip }, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const page = await browser.newPage()
  await signIn(page, at, at.address)
  await page.goto(`${at.address}/desk?card=${at.card}`)
  const { promise: typed, resolve: typedAll } = Promise.withResolvers<void>()
  await page.route('**/desk/scan', async (route) => {
    await typed
    await route.continue()
  })
  await scan(page, 'a-card-read-badly')
  await scan(page, at.barcode)
  typedAll()
  await page.getByText('Was it the next card?').waitFor()
  assert.deepEqual(await at.db.rows(sql`select from loan`), [])
  await page.getByRole('button', { name: 'Go on with them' }).press('Enter')
  await page.getByText('On loan: 1 item').waitFor()
})

test('an answer leaves the field and the rows that are still there where they are', { skip }, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const page = await browser.newPage()
  await signIn(page, at, at.address)
  const second = await aCopy(at.db, besides(at))
  await page.goto(`${at.address}/desk?card=${at.card}`)
  await scan(page, at.barcode)
  await page.getByText('On loan: 1 item').waitFor()
  // What is put there anew has not been seen before.
  await page.evaluate(
    "document.querySelectorAll('#scan, .rows li').forEach((each) => { each.isSeen = true })",
  )
  const seen = () =>
    page.evaluate("[...document.querySelectorAll('.rows li')].map((each) => each.isSeen === true)")
  assert.deepEqual(await seen(), [true, true])
  await scan(page, second.barcode)
  await page.getByText('On loan: 2 items').waitFor()
  // What was just done comes first, and loans in the order of their days.
  assert.deepEqual(await seen(), [false, true, true, false])
  assert.equal(await page.evaluate('document.activeElement.isSeen'), true)
})

test('a desk that has sounded is silent again, and mixes no silence', { skip, timeout: 60_000 }, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const page = await browser.newPage()
  await page.addInitScript(`
    const { createOscillator } = AudioContext.prototype
    AudioContext.prototype.createOscillator = function () {
      globalThis.mixer = this
      return createOscillator.call(this)
    }
  `)
  await signIn(page, at, at.address)
  await page.goto(`${at.address}/desk?card=${at.card}`)
  await scan(page, at.barcode)
  const silentAfter = (seconds: unknown) =>
    page.evaluate(`new Promise((resolve) => {
      const look = () => {
        const { currentTime, state } = globalThis.mixer ?? {}
        if (currentTime > ${seconds} && state === 'suspended') resolve(currentTime)
        else requestAnimationFrame(look)
      }
      look()
    })`)
  const first = await silentAfter(0)
  await scan(page, (await aCopy(at.db, besides(at))).barcode)
  await silentAfter(first)
})

test('suggestions come while typing, by keyboard, and search without script needs none', {
  skip,
}, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const page = await browser.newPage()
  const suggestions = ['Emma', 'Emil'].map((text) => ({ text, kind: 'title' }))
  await page.route('**/suggestions*', (route) => route.fulfill({ json: { suggestions } }))
  await page.goto(`${at.address}/`)
  await cursor(page)
  await page.keyboard.type('em')
  await page.getByRole('option', { name: 'Emma' }).waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/search?query=Emil')
})

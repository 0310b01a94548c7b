import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BinaryBitmap, Code128Reader, GlobalHistogramBinarizer, RGBLuminanceSource } from '@zxing/library'
import type { Browser, Locator, Page } from 'playwright-core'
import { placeHold } from '../src/circulation/hold.ts'
import { lend } from '../src/circulation/lend.ts'
import { takeBack } from '../src/circulation/take-back.ts'
import { sql } from '../src/postgres/sql.ts'
import { write } from '../src/postgres/write.ts'
import { type Browsing, cursor, noChromium, oneBrowser } from './browser.ts'
import { type Cut, cutAt } from './cut.ts'
import { done } from './every-cut.ts'
import { aBranch, aCopy, aPatron, besides, by } from './library-fixtures.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'
import { aVisitor } from './visitor.ts'

const browsing = oneBrowser()
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)

/** Lends the patron of the library a new copy, so many days ago. */
async function lentDaysAgo(at: OpenLibrary, days: number) {
  const { branchId, itemTypeId, card } = at
  const copy = await aCopy(at.db, { branchId, itemTypeId })
  const ask = { card, barcode: copy.barcode, branchId }
  return { ...copy, ...done(await write(at.db, by({ occurredAt: daysAgo(days) }), lend, ask)) }
}

async function anotherWaits(at: OpenLibrary, titleId: number) {
  const { card } = await aPatron(at.db, besides(at))
  done(await write(at.db, by(), placeHold, { titleId, card, pickupBranchId: at.branchId }))
}

async function signedIn(at: OpenLibrary) {
  await at.letIn(at.card)
  const patron = aVisitor(at.app)
  await patron.signIn('patron', at.card)
  return patron
}

test('renew all tells of each loan what became of it, and a second click is the same request', async () => {
  await using at = await anOpenLibrary()
  const [first, wanted] = [await lentDaysAgo(at, 5), await lentDaysAgo(at, 4)]
  await lentDaysAgo(at, 0)
  await anotherWaits(at, wanted.titleId)
  const patron = await signedIn(at)
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  for (const [who, path] of [
    [patron, '/account'],
    [desk, `/patrons/${at.patronId}`],
  ] as const) {
    await at.db.rows(sql`update loan set due_at = ${first.dueAt}, renewals = 0 where id = ${first.loanId}`)
    const before = await who.open(path)
    assert.match(before.text, /Not renewable: somebody waits for it.*Renewable nearer to its due date/)
    const form = before.forms.find(({ action }) => action === `${path}/renew-all`)
    assert.ok(form)
    const told = await who.post(form.action, form.fields)
    assert.match(
      told.text,
      /1 renewed, 2 not\. Charlotte's Web : renewed until \w+ .*Charlotte's Web : Not renewable: somebody waits for it Charlotte's Web : Renewable nearer/,
    )
    const again = await who.post(form.action, form.fields)
    assert.match(again.text, /1 renewed, 2 not\./)
    const loans = await at.db.rows(sql`select id from loan where renewals > 0`)
    assert.deepEqual(loans, [{ id: first.loanId }])
  }
})

test('what stands in the way of every renewal is said once, and nothing is offered', async () => {
  await using at = await anOpenLibrary()
  await lentDaysAgo(at, 5)
  await lentDaysAgo(at, 5)
  await at.db.rows(
    sql`update patron set blocked_because = 'Lost', blocked_at = now() where card = ${at.card}`,
  )
  const page = await (await signedIn(at)).open('/account')
  assert.equal(page.text.match(/Nothing can be renewed while the card is blocked/g)?.length, 1)
  assert.ok(!page.forms.some(({ action }) => action.startsWith('/account/renew')))
})

test('renew all that is cut off at any statement is sent once more, and renews each loan once', async () => {
  let cut: { readonly at: number; readonly how: Cut } | undefined
  let reached = true
  await using at = await anOpenLibrary({
    through: (db) => ({
      ...db,
      withConnection: async (work) => {
        if (!cut) return db.withConnection(work)
        const cutting = cutAt(db, cut.at, cut.how)
        try {
          return await cutting.withConnection(work)
        } finally {
          reached ||= cutting.reached()
        }
      },
    }),
  })
  const patron = await signedIn(at)
  for (const how of ['before', 'reply-lost'] as const) {
    reached = true
    // The first statement of each transaction is what reading pages consists of too.
    for (let statement = 2; reached; statement++) {
      reached = false
      const loans = [await lentDaysAgo(at, 5), await lentDaysAgo(at, 4)]
      await patron.open('/account')
      const form = patron.seen().forms.find(({ action }) => action === '/account/renew-all')
      assert.ok(form)
      cut = { at: statement, how }
      const first = await patron.post(form.action, form.fields)
      cut = undefined
      const isUnknown = /Send it once more/.test(first.text)
      const settled = isUnknown ? await patron.send(form.action) : await patron.post(form.action, form.fields)
      assert.match(settled.text, /2 loans are renewed/, `cut ${how} at ${statement}`)
      const ids = loans.map(({ loanId }) => loanId)
      const renewals = await at.db.rows(sql`select renewals from loan where id = any(${ids})`)
      assert.deepEqual(renewals, [{ renewals: 1 }, { renewals: 1 }], `cut ${how} at ${statement}`)
      await at.db.rows(sql`update loan set returned_at = now() where returned_at is null`)
    }
  }
})

test('a patron sees about when a hold comes, and has it fetched elsewhere; so does the desk', async () => {
  await using at = await anOpenLibrary()
  const reader = await aPatron(at.db, besides(at))
  const { branchId, titleId, card } = at
  done(
    await write(at.db, by({ occurredAt: daysAgo(7) }), lend, {
      card: reader.card,
      barcode: at.barcode,
      branchId,
    }),
  )
  const { branchId: hill } = await aBranch(at.db, { name: 'Hill Branch' })
  done(await write(at.db, by(), placeHold, { titleId, card, pickupBranchId: branchId }))
  const patron = await signedIn(at)
  const mine = await patron.open('/account')
  assert.match(mine.text, /Number 1 in the queue · ready in about 3 weeks Fetch it at Main/)
  const moved = await patron.send('/account/holds/', { branchId: String(hill) }, { says: 'Fetch it there' })
  assert.match(moved.text, /fetched there now.*Fetch it at Hill Branch/)
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  const path = `/patrons/${at.patronId}`
  assert.match((await desk.open(path)).text, /ready in about 3 weeks Fetch it at Hill Branch/)
  const back = await desk.send(`${path}/holds/`, { branchId: String(branchId) }, { says: 'Fetch it there' })
  assert.match(back.text, /Fetch it at Main/)
  await at.db.rows(sql`update loan set due_at = now() - interval '1 day'`)
  assert.match((await patron.open('/account')).text, /nobody can say yet when it is ready/)
})

test('a fine says what it is for, and history is kept, forgotten now, and kept no more', async () => {
  await using at = await anOpenLibrary()
  const { branchId } = at
  await at.db.rows(sql`update loan_rule set fine_cents_per_day = 20, fine_cap_cents = 500`)
  const { barcode } = await lentDaysAgo(at, 60)
  done(await write(at.db, by({ occurredAt: daysAgo(2) }), takeBack, { barcode, branchId }))
  const patron = await signedIn(at)
  assert.match((await patron.open('/account')).text, /€5\.00 owed.*Brought back late: Charlotte's Web/)
  assert.match((await patron.open('/account/history')).text, /Charlotte's Web .*30 days after the return/)
  assert.match((await patron.send('/account/history')).text, /Until you have it forgotten/)
  // What was recorded today keeps its answer for a day; the debt keeps its loan.
  await at.db.rows(sql`delete from fine_line`)
  await at.db.rows(
    sql`update loan set returned_at = now() - interval '40 days', lent_at = now() - interval '60 days'`,
  )
  await at.db.rows(sql`alter table journal disable trigger user`)
  await at.db.rows(
    sql`update journal set recorded_at = now() - interval '40 days' where action in ('lend', 'take-back')`,
  )
  await at.db.rows(sql`alter table journal enable trigger user`)
  const forgotten = await patron.send('/account/history/forget')
  assert.match(
    forgotten.text,
    /Forgotten\. What you return from now on is kept\..*Nothing that you returned is remembered/,
  )
  assert.match(
    (await patron.send('/account/history', {}, { says: 'Keep no more' })).text,
    /we forget that it was you/,
  )
})

async function openAs(
  browser: Browsing,
  at: OpenLibrary,
  {
    kind,
    account,
    ...options
  }: { kind: 'staff' | 'patron'; account: string } & Parameters<Browser['newPage']>[0],
): Promise<Page> {
  const page = await browser.newPage(options)
  await page.goto(`${at.address}/sign-in?kind=${kind}`)
  await page.locator(`#${kind}-account`).fill(account)
  await page.locator(`#${kind}-password`).fill(pagePassword)
  await page.keyboard.press('Enter')
  await page.waitForURL((url) => url.pathname !== '/sign-in')
  return page
}

/** Runs in the browser, which can read pictures. */
const greyOf = `async (picture, turned) => {
  const image = new Image()
  image.src = 'data:image/png;base64,' + picture
  await image.decode()
  const [width, height] = turned ? [image.height, image.width] : [image.width, image.height]
  const drawing = new OffscreenCanvas(width, height).getContext('2d')
  if (turned) drawing.setTransform(0, 1, -1, 0, width, 0)
  drawing.drawImage(image, 0, 0)
  const { data } = drawing.getImageData(0, 0, width, height)
  return { width, grey: Array.from({ length: width * height }, (_, n) => data[4 * n + 1]) }
}`

/** Reads the bars as they are on the screen: a picture of them is what a scanner sees. */
async function scanned(browser: Browsing, bars: Locator, { turned = false } = {}): Promise<string> {
  const picture = (await bars.screenshot()).toString('base64')
  await using context = await browser.newContext()
  const reader = await context.newPage()
  const { width, grey } = await reader.evaluate<{ width: number; grey: number[] }>(
    `(${greyOf})('${picture}', ${turned})`,
  )
  const source = new RGBLuminanceSource(Uint8ClampedArray.from(grey), width, grey.length / width)
  return new Code128Reader().decode(new BinaryBitmap(new GlobalHistogramBinarizer(source))).getText()
}

test('the card on a phone is scanned from the screen, in the dark too and without script', {
  skip: noChromium,
}, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  await at.letIn(at.card)
  const page = await openAs(browser, at, {
    kind: 'patron',
    account: at.card,
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    javaScriptEnabled: false,
  })
  const show = async (card: string, path: string) => {
    await at.db.rows(sql`update patron set card = ${card} where id = ${at.patronId}`)
    await page.goto(at.address + path)
    await page.locator('.card-face').scrollIntoViewIfNeeded()
    return page.locator('svg.barcode')
  }
  for (const [card, path] of [
    ['29000000000015', '/account/card'],
    ['29000000000015', '/account'],
    ['K-000017', '/account/card'],
    ['Aa~ 1', '/account/card'],
    ['LIBRARY-OF-BABEL-0017', '/account/card'],
  ] as const) {
    const bars = await show(card, path)
    const [drawn, box] = [await bars.getAttribute('viewBox'), await bars.boundingBox()]
    assert.equal(drawn, `0 0 ${box?.width} ${box?.height}`, `${card} is not made smaller than it was drawn`)
    const turned = (box?.height ?? 0) > (box?.width ?? 0)
    assert.equal(turned, card.length > 20)
    assert.equal(await scanned(browser, bars, { turned }), card)
  }
  for (const card of ['Ω-17', 'x'.repeat(64)]) {
    assert.equal(await (await show(card, '/account/card')).count(), 0)
    await page.getByText('no barcode that can be scanned').waitFor()
    await page.getByText(card).waitFor()
  }
})

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with script' : 'without script'
  test(`a desk registers somebody and lends them a book by few keys, ${how}`, {
    skip: noChromium,
  }, async () => {
    await using at = await anOpenLibrary()
    await using browser = browsing()
    const account = await at.staff('desk')
    const page = await openAs(browser, at, { kind: 'staff', account, javaScriptEnabled })
    await page.goto(`${at.address}/patrons/new`)
    await cursor(page)
    let pressed = 0
    const press = async (key: string) => {
      pressed += 1
      await page.keyboard.press(key)
    }
    await page.keyboard.type('Ada')
    await press('Tab')
    await page.keyboard.type('Lovelace')
    await press('Tab')
    // The scanner types the number of the card that is handed over, and Enter.
    await page.keyboard.type('29000000000022')
    await press('Enter')
    await page.getByText('The patron is registered.').waitFor()
    assert.match(page.url(), /\/desk\?card=29000000000022/)
    await cursor(page)
    await page.keyboard.type(at.barcode)
    await press('Enter')
    await page.getByText('On loan: 1 item').waitFor()
    assert.equal(pressed, 4, 'two names, two scans, and nothing else')

    // Without a card at hand one is made, and it stands on the desk.
    await page.goto(`${at.address}/patrons?query=Grace+Hopper`)
    await page.getByText('Register them').click()
    await cursor(page)
    await page.keyboard.press('Enter')
    await page.getByText('The patron is registered.').waitFor()
    await page.getByText('Grace Hopper').first().waitFor()
  })
}

test('a card that is taken is asked for again, with all that was typed, and where the cursor stands', {
  skip: noChromium,
}, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const page = await openAs(browser, at, { kind: 'staff', account: await at.staff('desk') })
  await page.goto(`${at.address}/patrons/new`)
  await page.locator('#field-givenName').fill('Ada')
  await page.locator('#field-card').fill(at.card)
  await page.keyboard.press('Enter')
  await page.getByText('Another patron has this card number.').first().waitFor()
  assert.equal(await page.evaluate('document.activeElement.id'), 'field-card')
  assert.equal(await page.locator('#field-givenName').inputValue(), 'Ada')
})

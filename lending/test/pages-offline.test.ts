import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lend } from '../src/circulation/lend.ts'
import { takeBack } from '../src/circulation/take-back.ts'
import { sql } from '../src/postgres/sql.ts'
import { write } from '../src/postgres/write.ts'
import { noChromium, oneBrowser } from './browser.ts'
import { aCable } from './cable.ts'
import { aDesk, endSession, readyForOffline, scan, sendAgain, signIn, someone } from './desk-fixtures.ts'
import { aCopy, besides, by } from './library-fixtures.ts'
import { anOpenLibrary, type OpenLibrary } from './open-library.ts'

const skip = noChromium
const browsing = oneBrowser()
const tenMinutesMs = 10 * 60_000

test('a desk that is offline for ten minutes loses none of 30 scans, and lists the 3 that conflict', {
  skip,
}, async () => {
  await using at = await anOpenLibrary()
  await using cable = await aCable(at.address)
  await using browser = browsing()
  const { page } = await aDesk(browser, at, cable.address)
  const [ada, ben, other] = [await someone(at, 'Ada'), await someone(at, 'Ben'), await someone(at, 'Other')]
  const books = await Promise.all(Array.from({ length: 26 }, () => aCopy(at.db, besides(at))))
  const [forAda, forBen, back] = [books.slice(0, 11), books.slice(11, 20), books.slice(20)]
  const { branchId } = at
  const yesterday = new Date(Date.now() - 24 * 60 * 60_000)
  for (const { barcode } of back) await done(at, lend, { card: other.card, barcode, branchId }, yesterday)
  await page.goto(`${cable.address}/check-in`)
  await readyForOffline(page)
  await page.goto(`${cable.address}/desk`)
  await readyForOffline(page)

  await cable.pull()
  await page.clock.setFixedTime(Date.now() - tenMinutesMs)
  await scan(page, ada.card)
  await page.getByText('The library cannot be reached.').waitFor()
  for (const { barcode } of forAda) await scan(page, barcode)
  await page.getByText('Kept here: 12').waitFor()
  // The device goes on from where it was, also when its page is loaded anew.
  await page.reload()
  await page.getByText('Kept here: 12').waitFor()
  await scan(page, '')
  await scan(page, ben.card)
  for (const { barcode } of forBen) await scan(page, barcode)
  await scan(page, 'not-a-book')
  await page.getByText('Kept here: 23').waitFor()
  await page.goto(`${cable.address}/check-in`)
  for (const { barcode } of back) await scan(page, barcode)
  await scan(page, at.barcode)
  await page.getByText('Kept here: 30').waitFor()
  await page.clock.setFixedTime(Date.now())

  // Another desk, with another wire, goes on meanwhile.
  const [taken] = forBen
  const [returned] = back
  assert.ok(taken && returned)
  await done(at, lend, { card: other.card, barcode: taken.barcode, branchId })
  await done(at, takeBack, { barcode: returned.barcode, branchId })
  await done(at, lend, { card: ada.card, barcode: returned.barcode, branchId })

  const before = Date.now()
  await cable.plugIn()
  await sendAgain(page)
  await page.getByText('The library is back. Handed in: 30').waitFor()
  const link = page.getByRole('link', { name: 'To be looked at: 3' })
  await link.waitFor()

  const loans = await at.db.rows<{ card: string; barcode: string; lent_at: Date; back: boolean }>(sql`
    select patron.card, copy.barcode, loan.lent_at, loan.returned_at is not null as back
    from loan join copy on copy.id = loan.copy_id join patron on patron.id = loan.patron_id
  `)
  const openOf = (card: string) => loans.filter((each) => each.card === card && !each.back)
  assert.deepEqual(
    openOf(ada.card)
      .map(({ barcode }) => barcode)
      .toSorted(),
    [...forAda, returned].map(({ barcode }) => barcode).toSorted(),
  )
  assert.equal(openOf(ben.card).length, forBen.length - 1)
  assert.deepEqual(
    openOf(other.card).map(({ barcode }) => barcode),
    [taken.barcode],
  )
  const ages = openOf(ben.card).map(({ lent_at }) => before - lent_at.getTime())
  assert.ok(
    ages.every((age) => Math.abs(age - tenMinutesMs) < 90_000),
    `lent as of then: ${ages.join()}`,
  )

  await link.press('Enter')
  await page.getByRole('heading', { name: 'Kept scans' }).waitFor()
  const listed = await page.locator('.kept-scans > li').allTextContents()
  assert.equal(listed.length, 3)
  for (const said of [
    'The copy is on loan.',
    'No copy has this barcode.',
    'It was lent again after this was scanned.',
  ])
    assert.equal(listed.filter((each) => each.includes(said)).length, 1, said)
  await page.getByRole('button', { name: 'Seen to' }).first().press('Enter')
  await page.getByText('It is seen to.').waitFor()
  assert.equal(await page.locator('.kept-scans > li').count(), 2)
})

test('behind a scan that nobody knows no kept book goes to whoever stood there before', {
  skip,
}, async () => {
  await using at = await anOpenLibrary()
  await using cable = await aCable(at.address)
  await using browser = browsing()
  const { page } = await aDesk(browser, at, cable.address)
  const [ada, ben] = [await someone(at, 'Ada'), await someone(at, 'Ben')]
  const [one, two, three] = await Promise.all([1, 2, 3].map(() => aCopy(at.db, besides(at))))
  assert.ok(one && two && three)
  await page.goto(`${cable.address}/desk?card=${ada.card}`)
  await page.getByText('Scan the books').waitFor()
  await cable.pull()
  for (const code of [one.barcode, 'a-card-read-badly', two.barcode, ben.card, three.barcode])
    await scan(page, code)
  await page.getByText('Kept here: 5').waitFor()
  await cable.plugIn()
  await sendAgain(page)
  await page.getByText('To be looked at: 2').waitFor()
  const lent = await at.db.rows<{ card: string; barcode: string }>(sql`
    select patron.card, copy.barcode from loan join copy on copy.id = loan.copy_id
    join patron on patron.id = loan.patron_id order by loan.lent_at
  `)
  assert.deepEqual(lent, [
    { card: ada.card, barcode: one.barcode },
    { card: ben.card, barcode: three.barcode },
  ])

  // Somebody says whose it was: it is lent as of then.
  await page.getByRole('link', { name: 'To be looked at: 2' }).press('Enter')
  const row = page.locator('.kept-scans > li', { hasText: two.barcode })
  await row.getByLabel('Lend it to card').fill(ben.card)
  await row.getByRole('button', { name: 'Lend' }).press('Enter')
  await page.getByText('It is lent, as of when it was scanned.').waitFor()
  assert.equal((await at.db.rows(sql`select from loan`)).length, 3)
})

test('what is scanned while kept scans go in comes behind them, and a command is one offline too', {
  skip,
}, async () => {
  await using at = await anOpenLibrary()
  await using cable = await aCable(at.address)
  await using browser = browsing()
  const { page } = await aDesk(browser, at, cable.address)
  const [ada, carol] = [await someone(at, 'Ada'), await someone(at, 'Carol')]
  const books = await Promise.all(Array.from({ length: 8 }, () => aCopy(at.db, besides(at))))
  await page.goto(`${cable.address}/desk?card=${ada.card}`)
  await readyForOffline(page)
  await page.reload()
  await cable.pull()
  for (const { barcode } of books.slice(0, 5)) await scan(page, barcode)
  await page.getByText('Kept here: 5').waitFor()
  // A command ends what stands open; behind it the next card is scanned.
  for (const code of ['DESKLEND', carol.card, books[5]?.barcode ?? '']) await scan(page, code)
  await page.getByText('Kept here: 7').waitFor()
  await cable.plugIn()
  // The page is loaded anew while all that is kept: the next scans do not overtake it.
  await page.goto(`${cable.address}/desk`)
  await page.getByRole('button', { name: 'Turn the sound off' }).waitFor()
  await scan(page, ada.card)
  await scan(page, books[6]?.barcode ?? '')
  await page.getByText('Handed in: 9').waitFor()
  const lent = await at.db.rows<{ card: string; count: number }>(sql`
    select patron.card, count(*)::int as count from loan join patron on patron.id = loan.patron_id group by 1 order by 2
  `)
  assert.deepEqual(lent, [
    { card: carol.card, count: 1 },
    { card: ada.card, count: 6 },
  ])
})

test('a loan whose answer was lost is no conflict when a colleague hands it in', { skip }, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const { page, context } = await aDesk(browser, at, at.address)
  await page.goto(`${at.address}/desk?card=${at.card}`)
  await page.getByText('Scan the books').waitFor()
  await page.route('**/desk/scan', async (route) => {
    await route.fetch()
    return route.abort()
  })
  await scan(page, at.barcode)
  await page.getByText('Kept here: 1').waitFor()
  await endSession(context)
  await signIn(page, at, at.address)
  await page.goto(`${at.address}/desk`)
  await page.getByText('Handed in: 1').waitFor()
  assert.equal((await at.db.rows(sql`select from loan`)).length, 1)
  assert.deepEqual(await at.db.rows(sql`select from kept_scan`), [])
})

test('two pages of one device keep apart who stands at each', { skip }, async () => {
  await using at = await anOpenLibrary()
  await using cable = await aCable(at.address)
  await using browser = browsing()
  const { page: left, context } = await aDesk(browser, at, cable.address)
  const right = await context.newPage()
  const [ada, ben] = [await someone(at, 'Ada'), await someone(at, 'Ben')]
  const books = await Promise.all(Array.from({ length: 6 }, () => aCopy(at.db, besides(at))))
  await left.goto(`${cable.address}/desk?card=${ada.card}`)
  await right.goto(`${cable.address}/desk?card=${ben.card}`)
  await left.getByText('Scan the books').waitFor()
  await right.getByText('Scan the books').waitFor()
  await cable.pull()
  for (const [nth, { barcode }] of books.entries()) {
    const page = nth % 2 === 0 ? left : right
    await page.bringToFront()
    await scan(page, barcode)
    await page.getByText(`Kept here: ${nth + 1}`).waitFor()
  }
  await cable.plugIn()
  await left.bringToFront()
  await sendAgain(left)
  await left.getByText('On loan: 3 items').waitFor()
  const lent = await at.db.rows<{ barcode: string; card: string }>(sql`
    select copy.barcode, patron.card from loan join copy on copy.id = loan.copy_id
    join patron on patron.id = loan.patron_id order by copy.id
  `)
  const expected = books.map(({ barcode }, nth) => ({ barcode, card: nth % 2 === 0 ? ada.card : ben.card }))
  assert.deepEqual(
    lent.toSorted((a, b) => (a.barcode < b.barcode ? -1 : 1)),
    expected.toSorted((a, b) => (a.barcode < b.barcode ? -1 : 1)),
  )
})

test('while the library can only be read, and after a sign-out, scans are kept and said so', {
  skip,
}, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const { page, context } = await aDesk(browser, at, at.address)
  await page.goto(`${at.address}/desk?card=${at.card}`)
  await page.getByText('Scan the books').waitFor()
  await at.db.rows(sql`update fence set mode = 'read-only', reason = 'A test'`)
  await scan(page, at.barcode)
  await page.getByText('Kept here: 1').waitFor()
  await sendAgain(page)
  await page.getByText('The library can only be read now.').waitFor()

  // A page that is opened meanwhile stays as it is, and goes on by itself when writing does.
  const opened = await context.newPage()
  let loads = 0
  opened.on('load', () => {
    loads += 1
  })
  await opened.goto(`${at.address}/desk`)
  await opened.getByText('The library can only be read since').waitFor()
  await opened.waitForLoadState('networkidle')
  assert.equal(loads, 1)
  await opened.close()

  await at.db.rows(sql`update fence set mode = 'normal'`)
  const cookies = await context.cookies()
  await endSession(context)
  await sendAgain(page)
  await page.getByText('You are signed out.').waitFor()
  assert.equal((await at.db.rows(sql`select from loan`)).length, 0)

  await context.addCookies(cookies)
  await sendAgain(page)
  await page.getByText('On loan: 1 item').waitFor()
  assert.equal((await at.db.rows(sql`select from loan`)).length, 1)
})

async function done(
  at: OpenLibrary,
  verb: typeof lend | typeof takeBack,
  ask: { readonly card?: string; readonly barcode: string; readonly branchId: number },
  occurredAt = new Date(),
): Promise<void> {
  const outcome = await write(at.library.db, by({ occurredAt }), verb as typeof lend, { card: '', ...ask })
  assert.equal(outcome.outcome, 'done', JSON.stringify(outcome))
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../src/postgres/sql.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  answered,
  atOnce,
  cardShown,
  comesTo,
  frames,
  hanging,
  heard,
  isDeskOf,
  isLookAt,
  isOfRenewal,
  isPostTo,
  isScanOf,
  linkOf,
  loansOf,
  openFor,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  scanHanging,
  sendAgain,
  telling,
  whoHas,
} from './desk-fixtures.ts'
import { openBeside, reasoning, renew, renewable } from './desk-situations.ts'
import { nothingStored, writtenDown, writtenDownUnclocked } from './desk-store.ts'

// Ways that lead away from a desk, one after another and while the library comes back: what is scanned on them is for whoever
// the last one is for, and for whom the page shows.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

test('a link that is pressed while a form for Ada is on its way ends Ada', { skip, timeout }, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, other } = desk
  const [one = '', two = ''] = desk.books
  await heard(page)
  const shown = await telling(page, other)
  const press = await linkOf(page, other, 'Next patron')
  const letRenew = await hanging(page, isPostTo('/desk/renew'), () => renew(page))
  const letGo = await hanging(page, isDeskOf(''), press)
  while ((await shown()) !== '');
  await scanBlindly(page, two)
  await writtenDown(other, two)
  letGo()
  letRenew()
  await comesTo(page, ({ search }) => search === '')
  await nothingStored(other)
  assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', undefined])
})

test('what was scanned on a first way is for whom that was, and a second one ends them', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 3)
  const { page, other } = desk
  const [, two = '', three = ''] = desk.books
  await heard(page)
  const press = await linkOf(page, other, 'Next patron')
  const letRenew = await hanging(page, isPostTo('/desk/renew'), () => renew(page))
  await scanBlindly(page, two)
  await writtenDown(other, two)
  const letGo = await hanging(page, isDeskOf(''), press)
  await scanBlindly(page, three)
  await writtenDown(other, three)
  letGo()
  letRenew()
  await comesTo(page, ({ search }) => search === '')
  await readyToScan(page)
  await nothingStored(page)
  assert.deepEqual([await whoHas(desk, two), await whoHas(desk, three)], ['Ada', undefined])
  assert.equal(await cardShown(page), '')
})

test('a form that is pressed while the library comes back stays for whom it shows', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, other, cable, ada, ben } = desk
  const [, two = ''] = desk.books
  await heard(page)
  await cable.pull()
  await scan(page, ben)
  await page.getByText('Kept here: 1').waitFor()
  const letShow = await hanging(page, isDeskOf(ben), () => cable.plugIn())
  const shown = await telling(page, other)
  // The form waits to hear that the library is back.
  const letHear = await hanging(page, isDeskOf(''), () => renew(page))
  letShow()
  assert.equal(await shown(), ada)
  letHear()
  await page.waitForURL(isOfRenewal)
  await Promise.all([answered(page, two), scan(page, two)])
  await nothingStored(page)
  assert.deepEqual([await cardShown(page), await whoHas(desk, two)], [ada, 'Ada'])
})

test('what is scanned between two ways, while the library is asked, is for whom the first one is', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 3)
  const { page, other, cable } = desk
  const [, two = '', three = ''] = desk.books
  await heard(page)
  await readyForOffline(page)
  const press = await linkOf(page, other, 'Next patron')
  await cable.pull()
  await scan(page, two)
  await page.getByText('Kept here: 1').waitFor()
  await cable.plugIn()
  const letHear = await hanging(page, isDeskOf(''), () => renew(page))
  await page.locator('#scan').focus()
  await scanBlindly(page, three)
  await press()
  await frames(other, 10)
  let isRenewed = false
  page.context().on('request', (asked) => {
    isRenewed ||= isPostTo('/desk/renew')(asked)
  })
  letHear()
  await comesTo(page, ({ search }) => search === '')
  assert.ok(!isRenewed, 'the last way is taken, and no other')
  await readyToScan(page)
  await nothingStored(page)
  assert.deepEqual(
    [await cardShown(page), await whoHas(desk, two), await whoHas(desk, three)],
    ['', 'Ada', 'Ada'],
  )
})

test('a desk that cannot write down what it leaves is left all the same', { skip, timeout }, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page } = desk
  await heard(page)
  await scanHanging(page, desk.books[1] ?? '')
  await page.evaluate(`Storage.prototype.setItem = () => { throw new Error('Nothing is kept here.') }`)
  await page.getByRole('link', { name: 'Next patron' }).click()
  await comesTo(page, ({ search }) => search === '')
})

for (const [when, isHeld] of [
  ['the library is asked whether it is back', () => isDeskOf('')],
  ['the desk is asked for anew', isDeskOf],
] as const) {
  test(`Enter while ${when} ends whoever the page shows`, { skip, timeout }, async () => {
    await using desk = await openBeside(browsing(), 2)
    const { page, other, cable, ada } = desk
    const [one = '', two = ''] = desk.books
    await readyToScan(page)
    await cable.pull()
    await scan(page, one)
    await page.getByText('Kept here: 1').waitFor()
    const letShow = await hanging(page, isHeld(ada), () => cable.plugIn())
    await scan(page, '')
    await page.getByText('Scan a card, then the books').waitFor()
    const shown = await telling(page, other)
    letShow()
    assert.equal(await shown(), '')
    await Promise.all([answered(page, two), scan(page, two)])
    await nothingStored(page)
    assert.deepEqual([await whoHas(desk, one), await whoHas(desk, two)], ['Ada', undefined])
  })
}

test('a page that is opened for Ada later does not follow a card that was scanned on the way to another', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, other, address, ada, ben } = desk
  const [, two = ''] = desk.books
  await heard(page)
  const letReceipt = await hanging(
    page,
    (asked) => isLookAt(asked, '/desk/receipt'),
    () => scan(page, 'DESKRECEIPT'),
  )
  await scanBlindly(page, ben)
  await writtenDown(other, ben)
  letReceipt()
  await page.waitForURL('**/desk/receipt*')
  await heard(page)
  const letIn = await hanging(
    page,
    (asked) => isScanOf(asked, ben),
    () => page.goto(`${address}/desk?card=${ada}`),
  )
  await page.getByRole('heading', { name: 'Ada Reader' }).waitFor()
  await scan(page, two)
  await writtenDown(page, two)
  letIn()
  await nothingStored(page)
  assert.equal(await whoHas(desk, two), 'Ada')
})

test('the refusal of a form, and a reason for it, stay while what was scanned on the way goes in', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { at, page, other, ada } = desk
  const [, two = ''] = desk.books
  await at.db.rows(
    sql`update patron set blocked_because = 'Owes a book', blocked_at = now() where card = ${ada}`,
  )
  await heard(page)
  const letGo = await hanging(page, isPostTo('/desk/renew'), () => renew(page))
  await scanBlindly(page, two)
  await writtenDown(other, two)
  const letShow = await hanging(page, isDeskOf(ada), async () => letGo())
  const reason = page.locator('#answer input[name="reason"]')
  await reason.focus()
  await page.keyboard.type('her mother ')
  const isShown = page.waitForResponse((answer) => isDeskOf(ada)(answer.request()))
  letShow()
  await (await isShown).finished()
  await frames(page, 30)
  await page.keyboard.type('asked')
  assert.equal(await reason.inputValue(), 'her mother asked')
  await page.locator('#scan').focus()
  await frames(page, 30)
  assert.equal(await reason.count(), 1)
})

test('a page that does not come in ten seconds does not come over whoever was scanned after that', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, other, ben } = desk
  const [, two = ''] = desk.books
  await heard(page)
  const [late, shown] = [await desk.context.newPage(), await telling(page, other)]
  await openFor(late, desk.address, desk.ada)
  await heard(late)
  await page.bringToFront()
  const letGo = await hanging(page, isPostTo('/desk/renew'), async () => {
    await renew(page)
    await renew(late)
  })
  await frames(other, 10.5 * 60)
  await scanBlindly(page, ben)
  while ((await shown()) !== ben);
  letGo()
  await heard(page)
  assert.equal(await cardShown(page), ben)
  // Where nothing was scanned it comes all the same, and says what was done.
  await late.waitForURL(isOfRenewal)
  await Promise.all([answered(page, two), scan(page, two)])
  await nothingStored(page)
  assert.equal(await whoHas(desk, two), 'Ben')
})

test('a page that a form led to shows whom its scans are for, and not who stood before it', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 4)
  const { page, context, ada } = desk
  const [, two = '', three = '', four = ''] = desk.books
  await heard(page)
  const letTwo = await scanHanging(page, two)
  let isAway = true
  await context.route('**/desk/hand-in', (route) => (isAway ? route.abort() : route.fallback()))
  await renew(page)
  await page.waitForURL(isOfRenewal)
  await page.getByText('The library cannot be reached').waitFor()
  isAway = false
  letTwo()
  const letBack = await hanging(page, isDeskOf(''), () => sendAgain(page))
  await scan(page, three)
  await writtenDown(page, three)
  const letThree = await hanging(
    page,
    (asked) => isScanOf(asked, three),
    async () => letBack(),
  )
  assert.equal(await cardShown(page), ada)
  await scan(page, four)
  await writtenDown(page, four)
  letThree()
  await nothingStored(page)
  assert.deepEqual(
    [await cardShown(page), await whoHas(desk, three), await whoHas(desk, four)],
    [ada, 'Ada', 'Ada'],
  )
})

test('a book right behind something unknown is listed too where a command leads away between them', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { at, page, other, address } = desk
  const [one = ''] = desk.books
  await readyToScan(page)
  await atOnce(page)
  await scan(page, 'badly-read')
  await page.locator('#desk[data-outcome="refused"]').waitFor()
  const letReceipt = await hanging(
    page,
    (asked) => isLookAt(asked, '/desk/receipt'),
    () => scan(page, 'DESKRECEIPT'),
  )
  await scanBlindly(page, one)
  await writtenDownUnclocked(other, one)
  letReceipt()
  await page.waitForURL('**/desk/receipt*')
  await page.clock.resume()
  await page.goto(`${address}/desk`)
  await readyToScan(page)
  await nothingStored(page)
  const listed = await at.db.rows(sql`select refused from kept_scan`)
  assert.deepEqual([listed, await loansOf(at)], [[{ refused: 'after-unknown' }], []])
})

for (const [how, says] of [
  ['answered', 'On loan: 1 item'],
  ['kept', 'Kept here: 1'],
] as const) {
  test(`what a page says of the form that led to it is gone once a scan is ${how}`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await openBeside(browsing(), 1)
    const { page, cable, address, ada } = desk
    await page.goto(`${address}/desk?card=${ada}&said=renewed`)
    await page.getByText('Renewed.').waitFor()
    await readyToScan(page)
    if (how === 'kept') await cable.pull()
    await scan(page, desk.books[0] ?? '')
    await page.getByText(says).waitFor()
    await page.getByText('Renewed.').waitFor({ state: 'detached' })
  })
}

test('a button of the list keeps the focus when an answer comes', { skip, timeout }, async () => {
  await using desk = await renewable(browsing(), 2)
  const { at, page } = desk
  const [one = '', two = ''] = desk.books
  await heard(page)
  const letGo = await scanHanging(page, two)
  await page.getByRole('button', { name: 'Renew' }).first().focus()
  letGo()
  await page.getByText('On loan: 2 items').waitFor()
  const [loan] = await at.db.rows<{ id: number }>(sql`
    select loan.id from loan join copy on copy.id = loan.copy_id where copy.barcode = ${one}
  `)
  const [asked] = await Promise.all([
    page.context().waitForEvent('request', isPostTo('/desk/renew')),
    page.keyboard.press('Enter'),
  ])
  assert.equal(new URLSearchParams(asked.postData() ?? '').get('loanId'), String(loan?.id))
})

test('an answer that waits for a reason, and comes after its page was left and stayed, takes no newer scan with it', {
  skip,
  timeout,
}, async () => {
  await using desk = await reasoning(browsing())
  const { page, context, letGo, ben } = desk
  const [, two = ''] = desk.books
  const isAnswered = answered(page, two)
  letGo()
  await (await isAnswered).finished()
  await page.clock.install()
  await hanging(page, isPostTo('/desk/lend'), () => page.keyboard.press('Enter'))
  await (await context.newCDPSession(page)).send('Page.stopLoading')
  await context.unrouteAll({ behavior: 'ignoreErrors' })
  await page.clock.fastForward(10_500)
  await nothingStored(page)
  // No frame comes between the answer and the next scan.
  await page.clock.pauseAt(Date.now() + 60_000)
  await page.locator('#scan').focus()
  await scanBlindly(page, ben)
  await writtenDownUnclocked(page, ben)
  await page.clock.resume()
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await nothingStored(page)
})

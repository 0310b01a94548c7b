import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Request } from 'playwright-core'
import { lend } from '../src/circulation/lend.ts'
import { write } from '../src/postgres/write.ts'
import { noChromium, oneBrowser } from './browser.ts'
import {
  aDesk,
  answered,
  aWiredDesk,
  endSession,
  hanging,
  isLookAt,
  isScanOf,
  loansOf,
  openFor,
  readyForOffline,
  scan,
  scanBlindly,
  signIn,
  someone,
} from './desk-fixtures.ts'
import { nothingStored, stored, writtenDown } from './desk-store.ts'
import { by } from './library-fixtures.ts'
import { anOpenLibrary } from './open-library.ts'
import { aVisitor } from './visitor.ts'

const skip = noChromium
const browsing = oneBrowser()

test('a book scanned while the desk is shown anew, after kept scans went in, is for whoever the kept card opened', {
  skip,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, cable, page, ada, ben, books, address } = desk
  const [one = '', two = ''] = books
  await openFor(page, address, ada)
  await readyForOffline(page)
  await cable.pull()
  for (const code of ['', ben, one]) await scan(page, code)
  await page.getByText('Kept here: 2').waitFor()
  const letGo = await hanging(
    page,
    (request) => isLookAt(request, '/desk') && new URL(request.url()).searchParams.get('card') === ben,
    () => cable.plugIn(),
  )
  await scan(page, two)
  await Promise.all([answered(page, two), letGo()])
  assert.deepEqual(await loansOf(at), [
    { who: 'Ben', barcode: one, back: false },
    { who: 'Ben', barcode: two, back: false },
  ])
})

test('books scanned while the desk asks whether the library takes scans again, and behind that, are for whoever the kept card opened', {
  skip,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 3 })
  const { at, cable, page, ada, ben, books, address } = desk
  const [one = '', two = '', three = ''] = books
  await openFor(page, address, ada)
  await readyForOffline(page)
  await cable.pull()
  for (const code of ['', ben, one]) await scan(page, code)
  await page.getByText('Kept here: 2').waitFor()
  const isLook = (request: Request) => isLookAt(request, '/desk')
  const letGo = await hanging(page, isLook, () => cable.plugIn())
  await scan(page, two)
  await Promise.all([
    answered(page, two),
    answered(page, three),
    page.waitForResponse((answer) => isLook(answer.request())).then(() => scan(page, three)),
    letGo(),
  ])
  assert.deepEqual(
    await loansOf(at),
    [one, two, three].map((barcode) => ({ who: 'Ben', barcode, back: false })),
  )
})

for (const arrives of [false, true]) {
  const what = arrives ? 'had reached the library, unanswered' : 'had not reached the library'
  test(`scans under way when the page is loaded anew are done once each, where the first ${what}`, {
    skip,
  }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 2 })
    const { at, page, ada, books, address } = desk
    const [one = '', two = ''] = books
    await openFor(page, address, ada)
    const { promise: sent, resolve: isSent } = Promise.withResolvers<void>()
    await page.route('**/desk/scan', async (route) => {
      if (arrives) await route.fetch()
      isSent()
    })
    await scan(page, one)
    await sent
    await scan(page, two)
    await page.getByText('On their way: 2').waitFor()
    await page.unroute('**/desk/scan')
    await page.reload()
    await nothingStored(page)
    assert.deepEqual(await loansOf(at), [
      { who: 'Ada', barcode: one, back: false },
      { who: 'Ada', barcode: two, back: false },
    ])
  })
}

for (const when of ['before that page has noticed', 'after that page has noticed'] as const)
  test(`a page whose scans another page handed in goes on for whom it stood, ${when}`, { skip }, async () => {
    await using desk = await aWiredDesk(browsing(), { books: 3 })
    const { at, cable, page: left, context, ada, ben, books, address } = desk
    const right = await context.newPage()
    const [one = '', two = '', three = ''] = books
    await openFor(left, address, ada)
    await openFor(right, address, ben)
    await cable.pull()
    // The right page hears of the library only after the left one was at it.
    await right.route('**', (route) => route.abort())
    await right.bringToFront()
    await scan(right, one)
    await right.getByText('Kept here: 1').waitFor()
    await left.bringToFront()
    await scan(left, two)
    await left.getByText('Kept here: 2').waitFor()
    await cable.plugIn()
    await left.getByText('Handed in: 2').waitFor()
    await right.bringToFront()
    await right.unroute('**')
    if (when === 'after that page has noticed')
      await right.getByText('The library cannot be reached.').waitFor({ state: 'hidden' })
    await Promise.all([answered(right, three), scan(right, three)])
    const loans = await loansOf(at)
    assert.deepEqual(
      loans.filter(({ who }) => who === 'Ben'),
      [one, three].map((barcode) => ({ who: 'Ben', barcode, back: false })),
    )
    assert.equal(loans.length, 3)
  })

test('behind a command for returns that was on its way when the library went, books are taken back', {
  skip,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 3 })
  const { at, cable, page, ada, books, address } = desk
  const [onLoan = '', free = '', another = ''] = books
  const { card } = await someone(at, 'Other')
  const yesterday = by({ occurredAt: new Date(Date.now() - 24 * 60 * 60_000) })
  for (const barcode of [onLoan, another]) {
    const ask = { card, barcode, branchId: at.branchId }
    assert.equal((await write(at.library.db, { ...yesterday, key: barcode }, lend, ask)).outcome, 'done')
  }
  await openFor(page, address, ada)
  await readyForOffline(page)
  const letGo = await hanging(
    page,
    (request) => isScanOf(request, 'DESKRETURN'),
    () => scan(page, 'DESKRETURN'),
  )
  await scan(page, onLoan)
  await cable.pull()
  letGo()
  await page.getByText('The library cannot be reached.').waitFor()
  for (const barcode of [free, another]) await scan(page, barcode)
  await writtenDown(page, another)
  await Promise.all([...books.map((barcode) => answered(page, barcode)), cable.plugIn()])
  assert.deepEqual(await loansOf(at), [
    { who: 'Other', barcode: onLoan, back: true },
    { who: 'Other', barcode: another, back: true },
  ])
})

test('what is scanned fast behind the command for the next patron is done, and the page shows whose card it was', {
  skip,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, ada, ben, books, address } = desk
  const [one = '', two = ''] = books
  await openFor(page, address, ada)
  const letGo = await hanging(
    page,
    (request) => isScanOf(request, 'DESKNEXT'),
    () => scan(page, 'DESKNEXT'),
  )
  await scan(page, ben)
  await scan(page, one)
  await page.getByText('On their way: 3').waitFor()
  await Promise.all([answered(page, one), letGo()])
  await page.getByText('On loan: 1 item').waitFor({ timeout: 10_000 })
  await page.getByRole('heading', { name: 'Ben Reader' }).waitFor()
  await Promise.all([answered(page, two), scan(page, two)])
  assert.deepEqual(await loansOf(at), [
    { who: 'Ben', barcode: one, back: false },
    { who: 'Ben', barcode: two, back: false },
  ])
})

test('a book scanned behind the command for the next patron, before the new page is there, is not lent to the one before', {
  skip,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, ada, books, address } = desk
  const [one = ''] = books
  await openFor(page, address, ada)
  const letGo = await hanging(
    page,
    (request) => isLookAt(request, '/desk'),
    () => scan(page, 'DESKNEXT'),
  )
  const isThere = Promise.any([answered(page, one), writtenDown(page, one)])
  await scanBlindly(page, one)
  await isThere
  letGo()
  await page.getByText('Scan the patron’s card').waitFor()
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [])
})

test('who stands at the desk stands there again when one comes back from where a command led', {
  skip,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 2 })
  const { at, page, ada, ben, books, address } = desk
  const [one = '', two = ''] = books
  await openFor(page, address, ada)
  for (const code of [ben, one, 'DESKHELP']) await scan(page, code)
  await page.waitForURL('**/desk/commands')
  await page.goBack()
  await page.getByText('Scan the books').waitFor()
  assert.deepEqual(await page.getByRole('heading', { name: /Ada|Ben/ }).allTextContents(), ['Ben Reader'])
  await Promise.all([answered(page, two), scan(page, two)])
  assert.deepEqual(await loansOf(at), [
    { who: 'Ben', barcode: one, back: false },
    { who: 'Ben', barcode: two, back: false },
  ])
})

test('two clicks on the button to go on send every scan that was held once, and none is left', {
  skip,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 4 })
  const { at, page, ada, books, address } = desk
  await openFor(page, address, ada)
  const sent: string[] = []
  page.on('request', (request) => {
    sent.push(...books.filter((code) => isScanOf(request, code)))
  })
  const letGoUnknown = await hanging(
    page,
    (request) => isScanOf(request, 'badly-read'),
    () => scan(page, 'badly-read'),
  )
  for (const barcode of books) await scan(page, barcode)
  letGoUnknown()
  await page.getByText('Was it the next card?').waitFor()
  const letGo = await hanging(
    page,
    (request) => isScanOf(request, books[0] ?? ''),
    () => page.getByRole('button', { name: 'Go on with them' }).dblclick(),
  )
  letGo()
  await nothingStored(page)
  assert.deepEqual(sent, books)
  assert.deepEqual(
    await loansOf(at),
    books.map((barcode) => ({ who: 'Ada', barcode, back: false })),
  )
})

test('a scan that whoever is signed in may not hand in is not given up, and goes in when the desk signs in next', {
  skip,
}, async () => {
  await using desk = await aWiredDesk(browsing(), { books: 1 })
  const { at, page, context, ada, books, address } = desk
  const [one = ''] = books
  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  await cataloguer.open('/stock-takes')
  const { path } = await cataloguer.send('/stock-takes')
  await openFor(page, address, ada)
  await endSession(context)
  await scan(page, one)
  await page.getByText('You are signed out.').waitFor()

  await signIn(page, at, address, 'cataloguer')
  const forbidden = page.waitForResponse((answer) => answer.status() === 403)
  await page.goto(`${address}${path}`)
  await forbidden
  await page.getByText('They go in when somebody signs in who may do that.').waitFor()
  assert.deepEqual(await stored(page), [{ code: one, faults: 0 }])

  await endSession(context)
  await signIn(page, at, address)
  await page.goto(`${address}/desk`)
  await nothingStored(page)
  assert.deepEqual(await loansOf(at), [{ who: 'Ada', barcode: one, back: false }])
})

for (const role of ['link', 'button'] as const)
  test(`a ${role} in what the desk says of kept scans keeps the focus while the desk tries again`, {
    skip,
  }, async () => {
    await using at = await anOpenLibrary()
    await using browser = browsing()
    const { page, context } = await aDesk(browser, at, at.address)
    await page.clock.install()
    await openFor(page, at.address, at.card)
    await endSession(context)
    await scan(page, at.barcode)
    await page.getByText('You are signed out.').waitFor()
    const name = role === 'link' ? 'Sign in' : 'Send them again'
    await page.locator('#kept').getByRole(role, { name }).focus()
    for (let nth = 1; nth <= 2; nth += 1) {
      const attempt = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/sign-in')
      await page.clock.fastForward(60_000)
      await attempt
      await page.locator('#kept').getByRole(role, { name }).waitFor()
      const focused = `document.activeElement?.closest('#kept a, #kept button')?.textContent ?? 'elsewhere'`
      assert.equal(await page.evaluate(focused), name, `attempt ${nth}`)
    }
  })

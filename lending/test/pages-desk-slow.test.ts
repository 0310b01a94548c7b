import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
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
  linkOf,
  loansOf,
  readyForOffline,
  readyToScan,
  scan,
  scanBlindly,
  scanHanging,
  sendAgain,
  whoHas,
} from './desk-fixtures.ts'
import { openBeside, renew, renewable } from './desk-situations.ts'
import { busyDisk, look, nothingStored, writtenDown } from './desk-store.ts'

// A disk that is slow to say what was kept and to drop what was answered: what is scanned and pressed meanwhile counts.

const skip = noChromium
const timeout = 60_000
const browsing = oneBrowser()

for (const when of ['while the next page is on its way', 'when that is there'] as const) {
  test(`a link that is pressed before a slow disk has said what was kept ends whoever the page shows; it does ${when}`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await openBeside(browsing(), 2)
    const { page, other, cable } = desk
    const [one = '', two = ''] = desk.books
    await readyForOffline(page)
    await cable.pull()
    await scan(page, one)
    await page.getByText('Kept here: 1').waitFor()
    const isFree = await busyDisk(other)
    await cable.plugIn()
    await page.reload()
    await readyToScan(page)
    const letGo = await hanging(page, isDeskOf(''), await linkOf(page, other, 'Next patron'))
    const isEarly = when === 'while the next page is on its way'
    if (isEarly) await isFree()
    await scanBlindly(page, two)
    if (isEarly) await writtenDown(other, two)
    letGo()
    await page.waitForURL(({ search }) => search === '')
    await readyToScan(page)
    await isFree()
    await nothingStored(page)
    assert.deepEqual(
      [await cardShown(page), await whoHas(desk, one), await whoHas(desk, two)],
      ['', 'Ada', undefined],
    )
  })
}

for (const [way, then] of [
  ['link', undefined],
  ['form', 'Ada'],
] as const) {
  test(`behind a ${way} that is pressed before a slow disk has said what was kept, a book is for whom it leads to`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await renewable(browsing(), 3)
    const { page, other, cable } = desk
    const [, two = '', three = ''] = desk.books
    await readyForOffline(page)
    await cable.pull()
    await scan(page, two)
    await page.getByText('Kept here: 1').waitFor()
    const isFree = await busyDisk(other)
    await cable.plugIn()
    await page.reload()
    await readyToScan(page)
    await heard(page)
    const isAsked = way === 'link' ? isDeskOf('') : isPostTo('/desk/renew')
    const press = way === 'link' ? await linkOf(page, other, 'Next patron') : () => renew(page)
    const letGo = await hanging(page, isAsked, press)
    await isFree()
    if (way === 'form') {
      await scanBlindly(page, three)
      await writtenDown(other, three)
    }
    letGo()
    await page.waitForURL(way === 'link' ? ({ search }) => search === '' : isOfRenewal)
    await readyToScan(page)
    await nothingStored(page)
    if (way === 'link') await Promise.all([answered(page, three), scan(page, three)])
    assert.deepEqual([await whoHas(desk, two), await whoHas(desk, three)], ['Ada', then])
  })
}

test('what is entered before a slow disk has said who was scanned on the way is theirs, also when the page is loaded anew', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, other, ben } = desk
  const [, two = ''] = desk.books
  await heard(page)
  const letGo = await hanging(page, isPostTo('/desk/renew'), () => renew(page))
  const isFree = await busyDisk(other)
  await scanBlindly(page, ben)
  letGo()
  await page.waitForURL(isOfRenewal)
  await readyToScan(page)
  await heard(page)
  await scanBlindly(page, two)
  page.on('dialog', (asks) => asks.accept())
  await page.reload()
  await readyToScan(page)
  await Promise.all([answered(page, two), isFree()])
  await nothingStored(other)
  assert.equal(await whoHas(desk, two), 'Ben')
})

for (const [how, go] of [
  ['left by a link', async (page: Page) => page.getByRole('link', { name: 'Next patron' }).click()],
  ['loaded anew', async (page: Page) => page.reload()],
] as const) {
  test(`a book that is entered while a slow disk drops what was not known is listed when the page is ${how}`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await openBeside(browsing(), 1)
    const { at, page, other } = desk
    const [one = ''] = desk.books
    await readyToScan(page)
    await heard(page)
    await atOnce(page)
    const letBad = await scanHanging(page, 'badly-read')
    const isFree = await busyDisk(other)
    letBad()
    await page.locator('#desk[data-outcome="refused"]').waitFor()
    await scanBlindly(page, one)
    await page.clock.resume()
    await isFree()
    await page.getByText('Was it the next card?').waitFor()
    page.on('dialog', (asks) => asks.accept())
    await go(page)
    await readyToScan(page)
    await nothingStored(page)
    const listed = await at.db.rows(sql`select refused from kept_scan`)
    assert.deepEqual([listed, await loansOf(at)], [[{ refused: 'after-unknown' }], []])
  })
}

test('a form of somebody whom Enter has ended before a slow disk said so leads nowhere', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 3)
  const { page, other, cable } = desk
  const [, two = '', three = ''] = desk.books
  await heard(page)
  await cable.pull()
  await scan(page, two)
  await page.getByText('Kept here: 1').waitFor()
  const isFree = await busyDisk(other)
  await scan(page, '')
  await renew(page)
  await cable.plugIn()
  await isFree()
  await page.getByText('Scan a card, then the books').waitFor()
  await scan(page, three)
  await writtenDown(page, three)
  await sendAgain(page)
  await nothingStored(page)
  assert.deepEqual(
    [await cardShown(page), await whoHas(desk, two), await whoHas(desk, three)],
    ['', 'Ada', undefined],
  )
})

test('behind a form that is pressed again before a slow disk has said who was scanned on the way, a book is for whom it says', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, other, ben } = desk
  const [, two = ''] = desk.books
  await heard(page)
  const letGo = await hanging(page, isPostTo('/desk/renew'), () => renew(page))
  await scanBlindly(page, ben)
  await writtenDown(other, ben)
  const isFree = await busyDisk(other)
  letGo()
  await page.waitForURL(isOfRenewal)
  await readyToScan(page)
  await heard(page)
  const letAgain = await hanging(page, isPostTo('/desk/renew'), () => renew(page))
  await isFree()
  await scanBlindly(page, two)
  await writtenDown(other, two)
  letAgain()
  await readyToScan(page)
  await nothingStored(page)
  assert.equal(await whoHas(desk, two), 'Ada')
})

test('a book right behind something unknown is listed where the page goes before a slow disk has it', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { at, page, other } = desk
  await readyToScan(page)
  await heard(page)
  await atOnce(page)
  await scan(page, 'badly-read')
  await page.locator('#desk[data-outcome="refused"]').waitFor()
  const isFree = await busyDisk(other)
  await scanBlindly(page, desk.books[0] ?? '')
  await page.clock.resume()
  page.on('dialog', (asks) => asks.accept())
  await page.reload()
  await readyToScan(page)
  await isFree()
  await nothingStored(page)
  const listed = await at.db.rows(sql`select refused from kept_scan`)
  assert.deepEqual([listed, await loansOf(at)], [[{ refused: 'after-unknown' }], []])
})

test('a form that is pressed while a slow disk drops a command that was answered leads on, and the command no more', {
  skip,
  timeout,
}, async () => {
  await using desk = await renewable(browsing(), 2)
  const { page, other, ada } = desk
  const [, two = ''] = desk.books
  await heard(page)
  const letCommand = await scanHanging(page, 'DESKRETURN')
  const isFree = await busyDisk(other)
  const isAnswered = answered(page, 'DESKRETURN')
  letCommand()
  await (await isAnswered).finished()
  await frames(page, 10)
  await renew(page)
  await isFree()
  await comesTo(page, isOfRenewal)
  await readyToScan(page)
  await Promise.all([answered(page, two), scan(page, two)])
  await nothingStored(page)
  assert.deepEqual([await cardShown(page), await whoHas(desk, two)], [ada, 'Ada'])
})

for (const [when, begin] of [
  ['when something is scanned', async (page: Page) => heard(page)],
  ['while the desk looks what was left', async (page: Page) => Promise.all([look(page), heard(page)])],
  ['as the desk comes', async (page: Page) => page.reload()],
] as const) {
  test(`a disk that takes long ${when} is told, and no more once it has what was scanned`, {
    skip,
    timeout,
  }, async () => {
    await using desk = await renewable(browsing(), 2)
    const { page, other } = desk
    const [, two = ''] = desk.books
    // It has looked what was left, once.
    await nothingStored(page)
    const slow = page.getByText('slow to write down')
    const isFree = await busyDisk(other)
    await begin(page)
    await readyToScan(page)
    await scanBlindly(page, two)
    await slow.waitFor()
    await isFree()
    await page.getByText('On loan: 2 items').waitFor()
    await slow.waitFor({ state: 'hidden' })
    await nothingStored(page)
  })
}

test('a disk that takes long is told by the page that comes in the place of the one where something was scanned', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, other } = desk
  const [one = ''] = desk.books
  await readyToScan(page)
  const slow = page.getByText('slow to write down')
  const isFree = await busyDisk(other)
  await scanBlindly(page, one)
  await page.reload()
  await slow.waitFor()
  await isFree()
  await nothingStored(page)
  await slow.waitFor({ state: 'hidden' })
  assert.equal(await whoHas(desk, one), 'Ada')
})

test('a disk that takes long to write down that somebody goes is told', { skip, timeout }, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, other, cable } = desk
  const [one = ''] = desk.books
  await readyForOffline(page)
  await readyToScan(page)
  await cable.pull()
  await scan(page, one)
  await page.locator('#kept.warn').waitFor()
  await writtenDown(other, one)
  const isFree = await busyDisk(other)
  const press = await linkOf(page, other, 'Next patron')
  await press()
  await page.getByText('slow to write down').waitFor()
  await isFree()
  await page.getByText('Scan a card, then the books').waitFor()
  await cable.plugIn()
  await nothingStored(other)
  assert.equal(await whoHas(desk, one), 'Ada')
})

test('a disk that takes long is told to whoever presses again what leads away', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, other } = desk
  await readyToScan(page)
  const isFree = await busyDisk(other)
  await page.reload()
  await readyToScan(page)
  await page.evaluate(`new MutationObserver(([{ target }]) => {
    localStorage.setItem('told', target.textContent)
  }).observe(document.querySelector('#kept'), { childList: true })`)
  const press = await linkOf(page, other, 'Search')
  const letGo = await hanging(page, (request) => isLookAt(request, '/'), press)
  await press()
  while (!(await other.evaluate("localStorage.getItem('told')?.includes('slow to write down')")));
  await isFree()
  letGo()
  await comesTo(page, '**/')
})

test('a disk that takes long to say what was kept moves nothing on a desk where nothing is scanned', {
  skip,
  timeout,
}, async () => {
  await using desk = await openBeside(browsing(), 1)
  const { page, other } = desk
  const [one = ''] = desk.books
  await readyToScan(page)
  const slow = page.getByText('slow to write down')
  const isFree = await busyDisk(other)
  await page.reload()
  await readyToScan(page)
  for (let nth = 0; nth < 4; nth += 1) await heard(page)
  assert.equal(await slow.isVisible(), false)
  await scanBlindly(page, one)
  await slow.waitFor()
  await isFree()
  await page.getByText('On loan: 1 item').waitFor()
  await nothingStored(page)
})

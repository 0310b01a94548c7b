import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { cursor, noChromium, oneBrowser } from './browser.ts'
import { anOpenLibrary, pagePassword } from './open-library.ts'
import { aVisitor } from './visitor.ts'

const browsing = oneBrowser()

test('by page without script: register, lend, hold, return, shelf, lend to the next', async () => {
  await using at = await anOpenLibrary()
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))

  await desk.open('/patrons/new')
  const registered = await desk.send(
    '/patrons',
    { givenName: 'Inês', familyName: 'Carvalho' },
    { says: 'Register' },
  )
  assert.match(registered.text, /The patron is registered/)
  const card = /Card (\d{8,})/.exec(registered.text)?.[1] ?? ''
  assert.notEqual(card, '')

  await desk.open('/desk')
  assert.match((await desk.send('/desk/scan', { code: at.card })).text, /Scan the books/)
  const lent = await desk.send('/desk/scan', { code: at.barcode })
  assert.match(lent.text, /On loan: 1 item/)
  assert.match(lent.text, /Due /)

  await desk.open(`/titles/${at.titleId}`)
  assert.match(desk.seen().text, /On loan, due/)
  const held = await desk.send(`/titles/${at.titleId}/hold`, { card })
  assert.match(held.text, /The hold is placed/)

  await desk.open('/check-in')
  const back = await desk.send('/check-in', { code: at.barcode })
  assert.match(back.text, /To the hold shelf/)
  assert.match(back.text, /For Inês Carvalho/)
  assert.match((await desk.open('/shelf')).text, /Ready on the hold shelf: 1/)

  await desk.open(`/desk?card=${at.card}`)
  const refused = await desk.send('/desk/scan', { code: at.barcode })
  assert.equal(refused.status, 409)
  assert.match(refused.text, /The copy waits for another patron/)

  await desk.open(`/desk?card=${card}`)
  assert.match(desk.seen().text, /Ready on the hold shelf/)
  const next = await desk.send('/desk/scan', { code: at.barcode })
  assert.match(next.text, /On loan: 1 item/)
  assert.match((await desk.open('/shelf')).text, /Ready on the hold shelf: 0/)
})

test('a patron renews, waits, suspends, resumes and cancels by page without script', async () => {
  await using at = await anOpenLibrary()
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await at.letIn(at.card)
  const patron = aVisitor(at.app)
  const account = await patron.signIn('patron', at.card)
  assert.equal(account.path, '/account')
  assert.match(account.text, /Nothing on loan/)

  await patron.open(`/titles/${at.titleId}`)
  assert.match((await patron.send(`/titles/${at.titleId}/hold`)).text, /The hold is placed/)
  await patron.open('/account')
  assert.match(patron.seen().text, /Number 1 in the queue/)
  assert.match(
    (await patron.send('/account/holds/', {}, { says: 'Suspend' })).text,
    /Suspended until it is resumed/,
  )
  assert.match((await patron.send('/account/holds/', {}, { says: 'Resume' })).text, /Number 1 in the queue/)
  assert.match((await patron.send('/account/holds/', {}, { says: 'Cancel' })).text, /You wait for nothing/)

  await desk.open(`/desk?card=${at.card}`)
  await desk.send('/desk/scan', { code: at.barcode })
  await patron.open('/account')
  assert.match(patron.seen().text, /1 loan/)
  assert.match(patron.seen().text, /Due in \d+ days · .*Renewable nearer to its due date/)
})

test('in Chromium without script the desk lends and takes back', { skip: noChromium }, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  const address = at.address
  await signInByKeyboard(page, address, await at.staff('desk'))

  await page.goto(`${address}/desk`)
  await cursor(page)
  await page.keyboard.type(at.card)
  await page.keyboard.press('Enter')
  await page.getByText('Scan the books').waitFor()
  await cursor(page)
  await page.keyboard.type(at.barcode)
  await page.keyboard.press('Enter')
  await page.getByText('On loan: 1 item').waitFor()

  await page.goto(`${address}/check-in`)
  await cursor(page)
  await page.keyboard.type(at.barcode)
  await page.keyboard.press('Enter')
  await page.getByText('Back to the shelf').first().waitFor()
})

test('in Chromium by keyboard alone an operator adds a colleague, sets the library and their own password', {
  skip: noChromium,
}, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
  await signInByKeyboard(page, at.address, await at.staff('operator'))
  const fill = async (field: string, text: string) => {
    await tabTo(page, field)
    await page.keyboard.press('Control+A')
    await page.keyboard.type(text)
  }
  const press = async (thing: string) => {
    await tabTo(page, thing)
    await page.keyboard.press('Enter')
  }

  await press('a[href="/staff"]')
  await press('a[href="/staff/new"]')
  await cursor(page)
  await page.keyboard.type('ruth')
  await fill('[name="password"]', pagePassword)
  await fill('[name="name"]', 'Ruth Adler')
  await page.keyboard.press('Enter')
  await page.getByText('The member of staff is added').waitFor()
  await press('a:has-text("Ruth Adler")')
  await press('button:has-text("Remove")')
  await page.getByText('The account is removed').waitFor()

  await press('.nav-summary')
  await press('a[href="/settings"]')
  await fill('[name="holdShelfDays"]', '4')
  await press('button:has-text("Save")')
  await page.getByText('The settings are saved').waitFor()

  await press('a[href="/me"]')
  await fill('[name="current"]', pagePassword)
  await fill('[name="password"]', 'a password of many words')
  await fill('[name="again"]', 'a password of many words')
  await page.keyboard.press('Enter')
  await page.getByText('Your password is changed').waitFor()
  await press('button:has-text("Sign out everywhere")')
  await page.getByText('You are signed out, here and everywhere else').waitFor()
})

/** No page has more places to stop at. */
const stopsMax = 80

/** Goes on by Tab until the cursor is there. */
async function tabTo(page: Page, thing: string): Promise<void> {
  for (let stops = 0; stops < stopsMax; stops++) {
    if ((await page.locator(`${thing}:focus`).count()) > 0) return
    await page.keyboard.press('Tab')
  }
  assert.fail(`${page.url()}: no Tab leads to ${thing}`)
}

/** The fields are focused on arrival: nobody touches a mouse. */
async function signInByKeyboard(page: Page, address: string, login: string): Promise<void> {
  await page.goto(`${address}/sign-in?kind=staff`)
  await cursor(page)
  await page.keyboard.type(login)
  await page.keyboard.press('Tab')
  await page.keyboard.type(pagePassword)
  await page.keyboard.press('Enter')
  await page.getByText('Sign out').waitFor()
}

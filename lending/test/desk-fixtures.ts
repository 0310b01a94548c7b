import type { BrowserContext, Page, Request, Response } from 'playwright-core'
import { sessionCookie } from '../src/http/signed-in.ts'
import { sql } from '../src/postgres/sql.ts'
import type { Role } from '../src/staff/permission.ts'
import { signIn as beginSession } from '../src/staff/session.ts'
import { type Browsing, cursor } from './browser.ts'
import { aCable } from './cable.ts'
import { aCopy, aPatron, besides } from './library-fixtures.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'

/** A device of its own, with somebody from the desk signed in on its page, who did so before. */
export async function aDesk(browser: Pick<Browsing, 'newContext'>, at: OpenLibrary, address: string) {
  const context = await browser.newContext()
  const ask = { kind: 'staff', account: await at.staff('desk'), password: pagePassword } as const
  const session = await beginSession(at.db, { ...ask, now: new Date() })
  if ('refused' in session) throw new Error(session.refused)
  await context.addCookies([{ name: sessionCookie, value: session.token, url: address }])
  const page = await context.newPage()
  await page.goto(address)
  await page.getByText('Sign out').waitFor()
  return { page, context }
}

/** Signs somebody new in, by keyboard. */
export async function signIn(
  page: Page,
  at: OpenLibrary,
  address: string,
  role: Role = 'desk',
): Promise<void> {
  await page.goto(`${address}/sign-in?kind=staff`)
  await signInHere(page, await at.staff(role))
}

/** Signs in at the page that asks for it, by keyboard. */
export async function signInHere(page: Page, login: string): Promise<void> {
  await cursor(page)
  await page.keyboard.type(login)
  await page.keyboard.press('Tab')
  await page.keyboard.type(pagePassword)
  await page.keyboard.press('Enter')
  await page.getByText('Sign out').waitFor()
}

/** A device on which the session has ended. What its forms are known by stays: a page that is open asks on meanwhile. */
export async function endSession(context: BrowserContext): Promise<void> {
  await context.clearCookies({ name: sessionCookie })
}

/** The worker has what it needs to show the desk alone. */
export async function readyForOffline(page: Page): Promise<void> {
  await page.evaluate(`navigator.serviceWorker.ready.then(
    () => navigator.serviceWorker.controller ?? new Promise((resolve) => {
      navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true })
    })
  ).then(() => undefined)`)
}

/** A patron of this library, called so. */
export async function someone(at: OpenLibrary, givenName: string): Promise<{ card: string }> {
  return aPatron(at.db, { ...besides(at), givenName })
}

/** Types a code as a scanner does, once the cursor stands in a field. */
export async function scan(page: Page, code: string): Promise<void> {
  await cursor(page)
  await scanBlindly(page, code)
}

/** Types a code as a scanner does, whatever the page is at: also while it is about to go to another one. */
export async function scanBlindly(page: Page, code: string): Promise<void> {
  await page.keyboard.type(code)
  await page.keyboard.press('Enter')
}

/** Two patrons, and the barcodes of so many books on the shelf. */
export async function adaAndBen(at: OpenLibrary, { books }: { readonly books: number }) {
  const [ada, ben] = [await someone(at, 'Ada'), await someone(at, 'Ben')]
  const copies = []
  for (let nth = 0; nth < books; nth += 1) copies.push(await aCopy(at.db, besides(at)))
  return { ada: ada.card, ben: ben.card, books: copies.map(({ barcode }) => barcode) }
}

/** The desk with this card open. */
export async function openFor(page: Page, address: string, card: string): Promise<void> {
  await page.goto(`${address}/desk?card=${card}`)
  await page.getByText('Scan the books').waitFor()
}

/** The library has said what became of this scan, live or kept, at this page. Asked for before the answer can come. */
export async function answered(page: Page, code: string): Promise<Response> {
  return page.waitForResponse(
    (answer) => isScanOf(answer.request(), code) && answer.status() !== 403 && answer.status() < 500,
  )
}

/** Whether this sends the scan of this code. */
export function isScanOf(request: Request, code: string): boolean {
  return request.method() === 'POST' && new URLSearchParams(request.postData() ?? '').get('code') === code
}

/**
 * Holds back what the device asks for after `begin`, as far as it `isHeld`. Resolves when the first of it hangs, and gives
 * what lets all of it go on.
 */
export async function hanging(
  page: Page,
  isHeld: (request: Request) => boolean,
  begin: () => Promise<unknown>,
): Promise<() => void> {
  const { promise: over, resolve: letGo } = Promise.withResolvers<void>()
  await page.context().route('**', async (route) => {
    if (isHeld(route.request())) await over
    // The page may be gone by now.
    await route.fallback().catch(() => undefined)
  })
  // Of the device, not of the page: for a page that is opened its worker asks.
  await Promise.all([page.context().waitForEvent('request', isHeld), begin()])
  return letGo
}

/** All loans, in the order in which they were made. */
export async function loansOf(at: OpenLibrary) {
  return at.db.rows<{ who: string; barcode: string; back: boolean }>(sql`
    select patron.given_name as who, copy.barcode, loan.returned_at is not null as back from loan
    join copy on copy.id = loan.copy_id join patron on patron.id = loan.patron_id order by loan.id
  `)
}

/** A desk as `aWiredDesk` opens it. */
export type WiredDesk = Awaited<ReturnType<typeof aWiredDesk>>

/** A desk behind a cable that can be pulled, with two patrons and so many books; closing it closes all of it. */
export async function aWiredDesk(
  browser: Pick<Browsing, 'newContext'>,
  { books }: { readonly books: number },
) {
  const at = await anOpenLibrary()
  const cable = await aCable(at.address)
  const { page, context } = await aDesk(browser, at, cable.address)
  return {
    at,
    cable,
    page,
    context,
    address: cable.address,
    ...(await adaAndBen(at, { books })),
    [Symbol.asyncDispose]: async () => {
      await context.close()
      await cable[Symbol.asyncDispose]()
      await at[Symbol.asyncDispose]()
    },
  }
}

/** The desk has its script, and takes scans by it. */
export async function readyToScan(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Turn the sound off' }).waitFor()
}

/** Whoever works here has heard the answer that came last: what is scanned from now on was scanned for it. */
export async function heard(page: Page): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const until = performance.now() + 800
    const look = () => (performance.now() > until ? resolve() : requestAnimationFrame(look))
    look()
  })`)
}

/** However slow the machine is, no time passes on this page, or the next, until its clock goes on. */
export async function atOnce(page: Page): Promise<void> {
  await page.clock.install()
  await page.clock.pauseAt(Date.now() + 1_000)
}

/** The page comes to this address: that another way is given up for that is told as a fault of the first wait. */
export async function comesTo(page: Page, url: Parameters<Page['waitForURL']>[0]): Promise<void> {
  await page.waitForURL(url).catch(() => page.waitForURL(url))
}

/** Whether this asks for a page at this path. */
export function isLookAt(request: Request, path: string): boolean {
  return request.method() === 'GET' && new URL(request.url()).pathname === path
}

/** Whether this asks for the desk of whoever has this card; '' for that of nobody. */
export function isDeskOf(card: string): (request: Request) => boolean {
  return (request) =>
    isLookAt(request, '/desk') && (new URL(request.url()).searchParams.get('card') ?? '') === card
}

/** Gives what presses a link of the page, from a page beside it: also when another page is on its way, and nobody can ask for it. */
export async function linkOf(page: Page, other: Page, name: string): Promise<() => Promise<void>> {
  await page.evaluate(`addEventListener('storage', ({ key }) => {
    if (key !== 'press') return
    [...document.querySelectorAll('a')].find(({ textContent }) => textContent === ${JSON.stringify(name)}).click()
  })`)
  return () => other.evaluate("localStorage.setItem('press', String(performance.now()))")
}

/** Whose card the desk shows. */
export async function cardShown(page: Page): Promise<string> {
  return page.locator('form[data-scan] [name="card"]').inputValue()
}

/** The library can only be read for a while, or be written to again. */
export async function only(at: OpenLibrary, mode: 'read-only' | 'normal'): Promise<void> {
  await at.db.rows(sql`update fence set mode = ${mode}, reason = 'A test'`)
}

/** Asks for another attempt to hand in; the page may have made one by itself, and the button may be gone. */
export async function sendAgain(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: 'Send them again' })
    .press('Enter', { timeout: 2_000 })
    .catch(() => undefined)
}

/** Whether this posts to a path. */
export function isPostTo(path: string): (request: Request) => boolean {
  return (request) => request.method() === 'POST' && new URL(request.url()).pathname === path
}

/** Scans a code whose answer does not come yet; gives what lets it come. */
export async function scanHanging(page: Page, code: string): Promise<() => void> {
  return hanging(
    page,
    (asked) => isScanOf(asked, code),
    () => scan(page, code),
  )
}

/** So many frames later, as this page counts them: one that is on its way to another page cannot be asked. */
export async function frames(page: Page, count: number): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const wait = (left) => left > 0 ? requestAnimationFrame(() => wait(left - 1)) : resolve()
    wait(${count})
  })`)
}

/** The page tells a page beside it whom it shows: while another page is on its way nobody can ask it. */
export async function telling(page: Page, other: Page): Promise<() => Promise<unknown>> {
  await page.evaluate(`(() => {
    const tell = () => {
      localStorage.setItem('shown', document.querySelector('form[data-scan] [name="card"]').value)
      requestAnimationFrame(tell)
    }
    tell()
  })()`)
  // What was on its way has been shown by then.
  return async () => {
    await frames(other, 30)
    return other.evaluate("localStorage.getItem('shown')")
  }
}

/** The page of whoever renewed: done, or asked for a reason. */
export const isOfRenewal = ({ pathname, searchParams }: URL) =>
  pathname === '/desk/renew' || searchParams.get('said') === 'renewed'

/** Who has borrowed this book, and has it or had it. */
export async function whoHas({ at }: Pick<WiredDesk, 'at'>, book: string): Promise<string | undefined> {
  return (await loansOf(at)).find(({ barcode }) => barcode === book)?.who
}

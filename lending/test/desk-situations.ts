import type { Page } from 'playwright-core'
import { placeHold } from '../src/circulation/hold.ts'
import { sql } from '../src/postgres/sql.ts'
import { write } from '../src/postgres/write.ts'
import type { Browsing } from './browser.ts'
import { aWiredDesk, hanging, heard, isScanOf, openFor, readyToScan, scan } from './desk-fixtures.ts'
import { later, takenAll } from './desk-store.ts'
import { by } from './library-fixtures.ts'

// Desks in which something stands already, and the papers that they lead to.

/** A desk that is open for Ada; `other` is a page beside it. */
export async function openBeside(browser: Pick<Browsing, 'newContext'>, books: number) {
  const desk = await aWiredDesk(browser, { books })
  const { page, context, address, ada } = desk
  const other = await context.newPage()
  await other.goto(`${address}/me`)
  await openFor(page, address, ada)
  await page.bringToFront()
  return { ...desk, other }
}

/** A desk as `openBeside` opens it. */
export type BesideDesk = Awaited<ReturnType<typeof openBeside>>

/** Ada's receipt, with the field for the next scan. */
export async function onReceipt(browser: Pick<Browsing, 'newContext'>, books = 1): Promise<BesideDesk> {
  const desk = await openBeside(browser, books)
  await readyToScan(desk.page)
  await toReceipt(desk.page)
  return desk
}

/** By the command. */
export async function toReceipt(page: Page): Promise<void> {
  await scan(page, 'DESKRECEIPT')
  await page.waitForURL('**/desk/receipt*')
  await page.locator('#scan:focus').waitFor()
  await heard(page)
}

/** The slip for this book, which comes back and is kept for Ben. */
export async function toSlip({ at, page, address, ben }: BesideDesk, book: string): Promise<void> {
  const hold = { card: ben, titleId: at.titleId, pickupBranchId: at.branchId }
  const placed = await write(at.library.db, by({ occurredAt: new Date() }), placeHold, hold)
  if (placed.outcome !== 'done') throw new Error('The hold was refused.')
  await page.goto(`${address}/check-in`)
  await readyToScan(page)
  await scan(page, book)
  await page.getByRole('link', { name: 'Slip to print' }).click()
  await page.waitForURL('**/desk/slip*')
}

/** The same, where Ada has a book that she may renew. */
export async function renewable(browser: Pick<Browsing, 'newContext'>, books: number) {
  const desk = await openBeside(browser, books)
  const { page } = desk
  const [one = ''] = desk.books
  await scan(page, one)
  await page.getByText('On loan: 1 item').waitFor()
  return desk
}

/** Presses the button that renews the first of the loans, and waits for nothing. */
export async function renew(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Renew' }).first().click({ noWaitAfter: true })
}

/** What a closed tab has left is anybody's by then, in milliseconds: longer than an answer may take to come. */
export const closedMs = 20_000

/** The other page is a desk, so much later, and has taken all that closed tabs have left. */
export async function takesUp(
  { other, context, address }: Pick<BesideDesk, 'other' | 'context' | 'address'>,
  ms = closedMs,
): Promise<void> {
  await context.unrouteAll()
  await other.bringToFront()
  await other.goto(`${address}/desk`)
  await readyToScan(other)
  await later(other, ms)
  await takenAll(other)
}

/** Ada may not borrow: her book asks for a reason, which is being typed when the library answers the next one. */
export async function reasoning(browser: Pick<Browsing, 'newContext'>) {
  const desk = await aWiredDesk(browser, { books: 2 })
  const { at, page, address, ada } = desk
  const [one = '', two = ''] = desk.books
  await at.db.rows(
    sql`update patron set blocked_because = 'Owes a book', blocked_at = now() where card = ${ada}`,
  )
  await openFor(page, address, ada)
  const letGo = await hanging(
    page,
    (asked) => isScanOf(asked, two),
    async () => {
      for (const code of [one, two]) await scan(page, code)
    },
  )
  await page.locator('#answer input[name="reason"]').focus()
  await page.keyboard.type('her mother ')
  return { ...desk, letGo }
}

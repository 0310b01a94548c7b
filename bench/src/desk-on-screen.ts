import { openPool } from '@bibby/lending/postgres/pool.ts'
import { aBrowser } from '@bibby/lending/test/browser.ts'
import { barcodeOf, cardOf, desk, fillLibrary } from './filled-library.ts'
import { percentiles } from './percentiles.ts'
import type { Row } from './row.ts'
import { dataFolder, startBibby } from './running-bibby.ts'

const patrons = 20_000
const copies = 100_000
/** Open at once in one browser, each with its own patrons. */
const desks = 5
const scansPerSecond = 10
const seconds = 40
/** A card, and then so many books: what is open at a desk grows with it. */
const booksAPatron = 8
const limitMs = 100

type Desk = Awaited<ReturnType<typeof openDesk>>

/**
 * From Enter in the field of the desk to the frame that shows the answer, in a real browser that shares the processors
 * with Bibby and its database. Scans come at an even pace, whatever the answers take.
 */
export async function deskOnScreen(): Promise<readonly Row[]> {
  await using folder = await dataFolder()
  await using bibby = await startBibby(folder.path)
  await using db = openPool({
    connection: bibby.connection,
    name: 'bench',
    connectionsMax: 2,
    statementLimitMs: 600_000,
  })
  await fillLibrary(db, { patrons, copies })
  await db.withConnection((connection) => connection.query('vacuum analyze'))
  await using browser = await aBrowser()
  const open = await Promise.all(
    Array.from({ length: desks }, (_, nth) => openDesk(browser, bibby.address, nth)),
  )
  // The first scans of each page compile its script, and the server's.
  await Promise.all(open.map((each) => scanAll(each, { from: 0, count: 2 * (booksAPatron + 1) })))
  const count = (seconds * scansPerSecond) / desks
  const times = await Promise.all(open.map((each) => scanAll(each, { from: 1_000, count })))
  const { p50, p95, p99, max } = percentiles(times.flat())
  return [
    {
      what: 'desk: from a scan to its answer on the screen',
      measured: `p50 ${p50.toFixed(0)}, p95 ${p95.toFixed(0)}, p99 ${p99.toFixed(0)}, longest ${max.toFixed(0)} ms`,
      against: `a limit of ${limitMs} ms for p95; Chromium ${browser.version()} on the same processors`,
      ratio: p95 / limitMs,
      size: `${times.flat().length} scans at ${scansPerSecond}/s from ${desks} desks, ${copies} copies, ${patrons} patrons`,
    },
  ]
}

async function openDesk(browser: Awaited<ReturnType<typeof aBrowser>>, address: string, nth: number) {
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${address}/sign-in?kind=staff&to=/desk`)
  await page.locator('#staff-account').fill(desk.account)
  await page.locator('#staff-password').fill(desk.password)
  await page.keyboard.press('Enter')
  await page.locator('#scan').waitFor()
  return { page, nth }
}

/** Cards and books of a desk of its own, so that nothing is refused. */
function codesOf(nth: number, { from, count }: { from: number; count: number }): readonly string[] {
  return Array.from({ length: count }, (_, at) => {
    const patron = Math.floor((from + at) / (booksAPatron + 1))
    const book = (from + at) % (booksAPatron + 1)
    if (book === 0) return cardOf(nth * (patrons / desks) + patron)
    return barcodeOf(nth * (copies / desks) + patron * booksAPatron + book - 1)
  })
}

async function scanAll(
  { page, nth }: Desk,
  ask: { readonly from: number; readonly count: number },
): Promise<readonly number[]> {
  const everyMs = (1_000 * desks) / scansPerSecond
  const times: unknown = await page.evaluate(
    `(${scanInPage})(${JSON.stringify(codesOf(nth, ask))}, ${everyMs})`,
  )
  return times as readonly number[]
}

/** Runs in the page: sends each code by the form, as Enter does, and waits for the frame after the desk has changed. */
const scanInPage = `async (codes, everyMs) => {
  const times = []
  const asked = []
  const { promise, resolve } = Promise.withResolvers()
  const seen = new MutationObserver(() => {
    const at = asked.shift()
    if (at === undefined) return
    requestAnimationFrame(() => {
      times.push(performance.now() - at)
      if (times.length === codes.length) resolve()
    })
  })
  seen.observe(document.querySelector('#desk'), { childList: true })
  const begun = performance.now()
  for (const [nth, code] of codes.entries()) {
    const due = begun + nth * everyMs
    await new Promise((later) => setTimeout(later, Math.max(0, due - performance.now())))
    asked.push(due)
    const input = document.querySelector('#scan')
    input.value = code
    input.form.requestSubmit()
  }
  await promise
  seen.disconnect()
  return times
}`

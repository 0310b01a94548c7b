import { setTimeout as wait } from 'node:timers/promises'
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
/** For each way of `paces`. */
const seconds = 40
/** A card, and then so many books: what is open at a desk grows with it. */
const booksAPatron = 8
const limitMs = 100
/** From the start of Bibby on: then the first round of the hourly sweeps is over, some seconds of work in an hour. */
const firstRoundMs = 75_000

/** When the desks scan, always as often. Desks know nothing of each other: by chance is what a library sees. */
const paces = {
  'by chance': 'each scan at any moment of its half second',
  'in turn': 'a scan every tenth of a second',
  together: 'five scans in the same moment, twice a second',
} as const
type Pace = keyof typeof paces

type Desk = Awaited<ReturnType<typeof openDesk>>

/**
 * From Enter in the field of the desk to the frame that shows the answer, in a real browser that shares the processors
 * with Bibby and its database. Scans come when they are due, whatever the answers take.
 */
export async function deskOnScreen(): Promise<readonly Row[]> {
  await using folder = await dataFolder()
  const begun = performance.now()
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
  await wait(Math.max(0, begun + firstRoundMs - performance.now()))
  const rows: Row[] = []
  for (const [nth, [pace, how]] of Object.entries(paces).entries()) {
    const times = await measured(open, pace as Pace, nth)
    const { p50, p95, p99, max } = percentiles(times)
    rows.push({
      what: `desk: from a scan to its answer on the screen, ${pace}`,
      measured: `p50 ${p50.toFixed(0)}, p95 ${p95.toFixed(0)}, p99 ${p99.toFixed(0)}, longest ${max.toFixed(0)} ms`,
      against: `a limit of ${limitMs} ms for p95; Chromium ${browser.version()} on the same processors`,
      ratio: p95 / limitMs,
      size: `${times.length} scans at ${scansPerSecond}/s from ${desks} desks (${how}), ${copies} copies, ${patrons} patrons`,
    })
  }
  return rows
}

async function measured(open: readonly Desk[], pace: Pace, nth: number): Promise<readonly number[]> {
  const count = (seconds * scansPerSecond) / desks
  const from = 90 + nth * Math.ceil(count / (booksAPatron + 1)) * (booksAPatron + 1)
  const times = await Promise.all(open.map((desk) => scanAll(desk, { from, count, pace })))
  return times.flat()
}

async function openDesk(browser: Awaited<ReturnType<typeof aBrowser>>, address: string, nth: number) {
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${address}/sign-in?kind=staff&to=/desk`)
  await page.locator('#staff-account').fill(desk.account)
  await page.locator('#staff-password').fill(desk.password)
  await page.keyboard.press('Enter')
  // The last thing that the desk's script puts there before it takes scans.
  await page.getByRole('button', { name: 'Turn the sound off' }).waitFor()
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
  ask: { readonly from: number; readonly count: number; readonly pace?: Pace },
): Promise<readonly number[]> {
  const everyMs = (1_000 * desks) / scansPerSecond
  const dueMs = Array.from({ length: ask.count }, (_, at) => (at + partOf(nth, ask.pace)) * everyMs)
  const times: unknown = await page.evaluate(
    `(${scanInPage})(${JSON.stringify(codesOf(nth, ask))}, ${JSON.stringify(dueMs)})`,
  )
  return times as readonly number[]
}

/** Where in its time a scan of a desk comes, 0 to 1. */
function partOf(nth: number, pace: Pace = 'by chance'): number {
  if (pace === 'by chance') return Math.random()
  return pace === 'together' ? 0 : nth / desks
}

/** Runs in the page: sends each code by the form, as Enter does, and waits for the frame after the desk has changed. */
const scanInPage = `async (codes, dueMs) => {
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
  // Each answer is another one's.
  seen.observe(document.querySelector('#desk'), { attributeFilter: ['data-address'] })
  const begun = performance.now()
  for (const [nth, code] of codes.entries()) {
    const due = begun + dueMs[nth]
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

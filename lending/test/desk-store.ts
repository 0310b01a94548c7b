import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { frames } from './desk-fixtures.ts'

// What a desk has written down on its device, as a page beside it or the desk's own can see.

/** Nothing that was scanned waits on this device any more, nor in the tab, a moment from now at the latest. */
export async function nothingStored(page: Page): Promise<void> {
  await untilStored(page, 'codes.length === 0 && jotted.length === 0 && ofDevice.length === 0')
  assert.deepEqual(await stored(page), [])
}

/** This scan is written down on the device. */
export async function writtenDown(page: Page, code: string): Promise<void> {
  await untilStored(page, `codes.includes(${JSON.stringify(code)})`)
}

/** The same while the clocks of the device stand still: then it has no frames. */
export async function writtenDownUnclocked(page: Page, code: string): Promise<void> {
  while (!(await stored(page)).some((each) => each.code === code));
}

/** Waits, but not for ever, until this is true of the `codes` that the device has written down, and of what the tab has `jotted`. */
async function untilStored(page: Page, isSo: string): Promise<void> {
  await asked(
    page,
    `(async () => {
    const until = performance.now() + 10_000
    for (;;) {
      // What is jotted is dropped only when it is written down.
      const jotted = JSON.parse(sessionStorage.getItem('bibby-jotted') ?? '[]')
      const ofDevice = Object.keys(localStorage).filter((name) => name.startsWith('bibby-jotted-'))
      const codes = (await (${readStore})()).map(({ code }) => code)
      if (${isSo} || performance.now() > until) return
      await new Promise(requestAnimationFrame)
    }
  })()`,
  )
}

/** What this device has written down and not dropped. */
export async function stored(page: Page): Promise<readonly { code: string; faults: number }[]> {
  return asked(page, `(${readStore})()`)
}

/** Asks a page, and again the one that comes in its place meanwhile. */
async function asked<Answer>(page: Page, script: string): Promise<Answer> {
  for (;;) {
    try {
      return await page.evaluate<Answer>(script)
    } catch (error) {
      if (!String(error).includes('context was destroyed')) throw error
    }
  }
}

const readStore = `() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('bibby-desk')
  opening.onerror = () => reject(opening.error)
  opening.onsuccess = () => {
    const all = opening.result.transaction('scans').objectStore('scans').getAll()
    all.onsuccess = () => {
      opening.result.close()
      resolve(all.result.map(({ code, faults = 0 }) => ({ code, faults })))
    }
  }
})`

/** Whom this device remembers to stand at its desks. */
export async function remembered(page: Page): Promise<readonly { card?: string }[]> {
  return page.evaluate(`new Promise((resolve, reject) => {
    const opening = indexedDB.open('bibby-desk')
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const all = opening.result.transaction('context').objectStore('context').getAll()
      all.onsuccess = () => {
        opening.result.close()
        // The lease of whoever hands in is none.
        resolve(all.result.filter(({ until }) => until === undefined))
      }
    }
  })`)
}

/** Which page each code belongs to that is on the disk. */
export async function pagesOfStored(page: Page): Promise<ReadonlyMap<string, string>> {
  return new Map(
    await page.evaluate<[string, string][]>(`new Promise((resolve) => {
      const opening = indexedDB.open('bibby-desk')
      opening.onsuccess = () => {
        const all = opening.result.transaction('scans').objectStore('scans').getAll()
        all.onsuccess = () => {
          opening.result.close()
          resolve(all.result.map(({ code, page }) => [code, page]))
        }
      }
    })`),
  )
}

/** Keeps the disk of the device busy, from a page beside; gives what sets it free. */
export async function busyDisk(other: Page): Promise<() => Promise<unknown>> {
  await other.evaluate(`new Promise((resolve) => {
    const opening = indexedDB.open('bibby-desk')
    opening.onsuccess = () => {
      const scans = opening.result.transaction('scans', 'readwrite').objectStore('scans')
      const go = () => { scans.count().onsuccess = () => globalThis.isOver ? opening.result.close() : go() }
      go()
      resolve()
    }
  })`)
  return () => other.evaluate('globalThis.isOver = true')
}

/** Asks a desk to look around, as when somebody comes back to it. */
export async function look(page: Page): Promise<void> {
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
}

/** Asks it again and again, as long as this is so: not faster than a disk can say anything. */
async function lookWhile(page: Page, isSo: () => Promise<boolean>): Promise<void> {
  while (await isSo()) {
    await look(page)
    await frames(page, 10)
  }
}

/** A desk has taken all that closed pages have left: what those held may be held for a moment yet. */
export async function takenAll(page: Page): Promise<void> {
  const isAnyLeft = "Object.keys(localStorage).some((name) => name.startsWith('bibby-jotted-'))"
  await lookWhile(page, () => page.evaluate(isAnyLeft))
}

/** A desk has taken this scan; one that has just come looks at nothing else before it has looked at its own. */
export async function taken(page: Page, code: string): Promise<void> {
  await lookWhile(page, async () => !(await stored(page)).some((each) => each.code === code))
}

/** By the clock of this page it is so much later. The clocks of Playwright wait for every page, also for one that is on its way. */
export async function later(page: Page, ms: number): Promise<void> {
  await page.evaluate(`(() => {
    const { now } = Date
    Date.now = () => now() + ${ms}
  })()`)
}

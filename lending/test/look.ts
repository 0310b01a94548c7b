import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { BrowserContext, Page } from 'playwright-core'
import type { Browsing } from './browser.ts'

const screenshots = join(import.meta.dirname, '..', '..', 'screenshots')
/** Pictures are for people and take as long as all the rest: `npm run screenshots` takes them, the tests leave them out. */
const takesPictures = process.env.SCREENSHOTS === 'yes'
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
/** One way to look at a page. */
type View = {
  /** Ends the names of its pictures. */
  readonly name: string
  readonly width: number
  readonly height: number
  /** What the browser asks for. */
  readonly locale: string
  /** In which colours axe looks; without, it does not. */
  readonly checkedIn?: 'light' | 'dark'
  /** Pages come in pieces here, as over a poor line: one that is shown half moves when the rest is there. */
  readonly isSlow?: true
  /** Only for pictures. */
  readonly isPicture?: true
}

const wide = { width: 1280, height: 900 }
const phone = { width: 390, height: 844 }
/** Both widths and both directions of reading are looked at, in light and dark; German has the longest words. */
const views: readonly View[] = [
  { name: '1280', ...wide, locale: 'en', checkedIn: 'light' },
  { name: '390-ar', ...phone, locale: 'ar', checkedIn: 'dark', isSlow: true },
  { name: '390-de', ...phone, locale: 'de' },
  { name: '390', ...phone, locale: 'en', isPicture: true },
  { name: '1280-ar', ...wide, locale: 'ar', isPicture: true },
]

/** 60 kB a second, as a phone has it at the edge of a town. */
const slowLine = { offline: false, latency: 5, downloadThroughput: 60 * 1024, uploadThroughput: 60 * 1024 }

/** Paths by name. */
type Shots = Readonly<Record<string, string>>

/** Pages that say of something that it is not there. */
const ofWhatIsNot: ReadonlySet<string> = new Set(['not-found', 'desk-unknown', 'merge-refused'])

/** A served library, and who is signed in to it, by role; a role that is not there is nobody. */
export type Seeing = {
  readonly address: string
  readonly states: Map<string, Awaited<ReturnType<BrowserContext['storageState']>>>
}

/**
 * Opens each page, wide and on a phone, in light and dark, from left to right and from right to left, and says what is wrong: another status than it should have, what
 * axe finds, what moves after it was shown, what is too wide. The pages are paths by name, by role. With `SCREENSHOTS=yes` it
 * takes a picture of each.
 */
export async function lookAt(
  browser: Browsing,
  at: Seeing,
  pages: Readonly<Record<string, Shots>>,
): Promise<readonly string[]> {
  if (takesPictures) await mkdir(screenshots, { recursive: true })
  const wrong = await Promise.all(
    views
      .filter(({ isPicture }) => takesPictures || !isPicture)
      .map(async (view) => {
        const found: string[] = []
        for (const [role, shots] of Object.entries(pages)) {
          const state = at.states.get(role)
          await using context = await browser.newContext({
            viewport: { width: view.width, height: view.height },
            locale: view.locale,
            // What is half way from light to dark is not what is meant.
            reducedMotion: 'reduce',
            ...(state ? { storageState: state } : {}),
          })
          const page = await context.newPage()
          if (view.isSlow)
            await (await context.newCDPSession(page)).send('Network.emulateNetworkConditions', slowLine)
          for (const [name, path] of Object.entries(shots)) {
            const answer = await opened(page, at.address + path)
            // A picture of an error page would pass for the page.
            if (answer?.ok() === ofWhatIsNot.has(name))
              found.push(`${name}-${view.name}: ${answer?.status()}`)
            found.push(...(await lookAtOne(page, name, view)))
          }
        }
        return found
      }),
  )
  return wrong.flat()
}

/** A search that a busy machine stopped at its half second is asked again, as its page says. */
async function opened(page: Page, address: string): ReturnType<Page['goto']> {
  for (let left = 5; ; left -= 1) {
    const answer = await page.goto(address)
    if (answer?.status() !== 422 || left === 0) return answer
  }
}

async function lookAtOne(page: Page, name: string, view: View): Promise<readonly string[]> {
  const { checkedIn } = view
  const wrong: string[] = []
  if (checkedIn) {
    await page.emulateMedia({ colorScheme: checkedIn })
    wrong.push(...(await violations(page, `${name}-${view.name}-${checkedIn}`)))
  }
  const shift = Number(await page.evaluate(layoutShift))
  if (shift > 0.01) wrong.push(`${name}-${view.name}: moved by ${shift}`)
  const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))
  if (overflow > 0) wrong.push(`${name}-${view.name}: ${overflow} px too wide`)
  // Last: for a picture of the whole page the window is made as high as the page, and what stands at its foot moves.
  for (const colorScheme of takesPictures ? (['light', 'dark'] as const) : []) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({
      path: join(screenshots, `${name}-${view.name}-${colorScheme}.png`),
      fullPage: true,
    })
  }
  return wrong
}

/** How far things moved after they were first shown, as browsers reckon it. */
const layoutShift = `new Promise((resolve) => {
  let sum = 0
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) sum += value
  }).observe({ type: 'layout-shift', buffered: true })
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)))
})`

async function violations(page: Page, name: string): Promise<string[]> {
  // Legacy: without a second page that gathers what frames of other hosts say. There are no frames here.
  const { violations: found } = await new AxeBuilder({ page }).setLegacyMode(true).withTags(tags).analyze()
  return found.map(
    ({ id, nodes }) =>
      `${name}: ${id}: ${nodes
        .map(({ html }) => html)
        .join(' | ')
        .slice(0, 400)}`,
  )
}

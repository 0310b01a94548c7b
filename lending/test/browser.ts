import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before } from 'node:test'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

/** Debian's Chromium: the one without windows, which takes a third of the time, or else the whole of it. */
const chromiumPath =
  ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path)) ?? ''

/** Why the tests in a real browser are left out, or false where they can run. */
export const noChromium: string | false = chromiumPath !== '' ? false : 'There is no Chromium here.'

/** Starts Chromium, told this too: `await using browser = await aBrowser()`. */
export async function aBrowser(...told: readonly string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // How far below the window pictures are loaded: as in the browser that people have.
      '--blink-settings=lazyLoadingImageMarginPxUnknown=1250,lazyLoadingImageMarginPx4G=1250',
      ...told,
    ],
  })
}

/** What one test does in the browser of its file; closing it closes every page that the test opened. */
export type Browsing = AsyncDisposable & Pick<Browser, 'newContext' | 'newPage'>

/**
 * One Chromium for the tests of a file, which takes a second to start: `const browsing = oneBrowser()` at its top, and
 * `await using browser = browsing()` in each test.
 */
export function oneBrowser(): () => Browsing {
  let started: Browser | undefined
  before(async () => {
    if (!noChromium) started = await aBrowser()
  })
  after(() => started?.close())
  return () => {
    const browser = started
    assert.ok(browser, 'The browser of this file was not started.')
    const contexts: BrowserContext[] = []
    const newContext: Browser['newContext'] = async (options) => {
      const context = await browser.newContext(options)
      contexts.push(context)
      return context
    }
    return {
      newContext,
      newPage: async (options) => (await newContext(options)).newPage(),
      [Symbol.asyncDispose]: async () => {
        await Promise.all(contexts.map((context) => context.close()))
      },
    }
  }
}

/** A person sees the cursor in a field before they type. */
export async function cursor(page: Page): Promise<void> {
  await page.locator('input:focus').waitFor()
}

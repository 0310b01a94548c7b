import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { noChromium, oneBrowser } from './browser.ts'
import { signIn } from './desk-fixtures.ts'
import { anOpenLibrary } from './open-library.ts'

const browsing = oneBrowser()

type Box = { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number }

/** Where the first element of each kind stands, in pixels of the page. */
async function boxes<Name extends string>(page: Page, ...names: readonly Name[]): Promise<Record<Name, Box>> {
  return page.evaluate(`Object.fromEntries(${JSON.stringify(names)}.map((name) =>
    [name, document.querySelector(name).getBoundingClientRect().toJSON()]))`)
}

for (const tag of ['en', 'de', 'ar'])
  for (const width of [390, 1280])
    test(`the less daily doors open within a screen of ${width}, and move nothing (${tag})`, {
      skip: noChromium,
      timeout: 60_000,
    }, async () => {
      await using at = await anOpenLibrary()
      await using browser = browsing()
      const context = await browser.newContext({ viewport: { width, height: 800 } })
      const page = await context.newPage()
      await signIn(page, at, at.address, 'operator')
      await page.goto(`${at.address}/language?is=${tag}&to=/search`)
      const named = ['.wordmark', '.nav-summary', '.who', '.head'] as const
      const before = await boxes(page, ...named)
      if (width === 390) {
        // One line, and the doors of every day below it.
        const { top, bottom } = before['.wordmark']
        for (const { top: over, bottom: under } of [before['.nav-summary'], before['.who']])
          assert.ok(over >= top && under <= bottom)
      }
      await page.locator('.nav-summary').click()
      assert.deepEqual(await boxes(page, ...named), before)
      const { left, right } = (await boxes(page, '.nav-more > nav'))['.nav-more > nav']
      assert.ok(left >= 0 && right <= width, `${left} to ${right}`)
    })

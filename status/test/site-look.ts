import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, chromium, type Page } from 'playwright-core'

const screenshots = join(import.meta.dirname, '..', '..', 'screenshots')

/** Debian's Chromium: the one without windows, or else the whole of it. */
const chromiumPath =
  ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path)) ?? ''
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json',
}

/** Why the tests in a real browser are left out, or false where they can run. */
export const noChromium: string | false = chromiumPath !== '' ? false : 'There is no Chromium here.'

/** Starts Chromium; the caller closes it. */
export async function aBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
    ],
  })
}

/** Files as any static host serves them, below a path of their own; `serve` puts others in their place. */
export type Host = AsyncDisposable & {
  readonly address: string
  readonly serve: (files: ReadonlyMap<string, string>) => void
}

/** Serves files: `await using host = await aHost(files)`. */
export async function aHost(first: ReadonlyMap<string, string>): Promise<Host> {
  let files = first
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://host.example').pathname
    const name = path.replace('/some/where/', '') || 'index.html'
    const content = files.get(name)
    const isFound = path.startsWith('/some/where/') && content !== undefined
    const type = types[name.slice(name.lastIndexOf('.') + 1)] ?? 'text/plain'
    response.writeHead(isFound ? 200 : 404, { 'content-type': isFound ? type : 'text/html; charset=utf-8' })
    response.end(isFound ? content : (files.get('404.html') ?? ''))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/where/`,
    serve: (others) => {
      files = others
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What axe finds on the page, against WCAG 2.2 AA. */
export async function violations(page: Page, name: string): Promise<string[]> {
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

/** Takes a picture of the whole page, with those of the library: for people, so only with `SCREENSHOTS=yes`. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env.SCREENSHOTS !== 'yes') return
  await mkdir(screenshots, { recursive: true })
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true })
}

/** By how many pixels the page is too wide. */
export async function overflow(page: Page): Promise<number> {
  return Number(
    await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
  )
}

/** What the page complains of: errors of script, refusals by its policy, what was not found. */
export function complaints(page: Page): readonly string[] {
  const heard: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') heard.push(message.text())
  })
  page.on('pageerror', (error) => heard.push(error.message))
  page.on('requestfailed', (request) => {
    const word = request.failure()?.errorText
    // The browser gives up an icon that is on its way when the page goes on to the next.
    if (word === 'net::ERR_ABORTED' && request.url().includes('/favicon.svg')) return
    heard.push(`${request.url()}: ${word}`)
  })
  return heard
}

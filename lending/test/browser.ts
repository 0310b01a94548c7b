import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { App } from '../src/http/app.ts'
import { buildServer, type ServerOptions } from '../src/http/server.ts'
import { type Library, openLibrary } from '../src/library.ts'
import { type SendDirect, sendNothing } from '../src/operations/send-code.ts'
import type { Database } from '../src/postgres/pool.ts'
import { sql } from '../src/postgres/sql.ts'
import { hashPassword } from '../src/staff/password.ts'
import type { Role } from '../src/staff/permission.ts'
import { aSmallLibrary, aStaffMember, type SmallLibrary } from './library-fixtures.ts'
import { here } from './notice-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

/** The password of everybody in these tests. */
export const pagePassword = 'correct horse battery staple'

/** A small library whose pages are served, by the real clock: browsers drop cookies of a day that is past. */
export type OpenLibrary = AsyncDisposable &
  SmallLibrary & {
    readonly app: App
    readonly db: ScratchDatabase
    readonly library: Library
    /** Adds a member of staff with this role and gives their login. */
    readonly staff: (role: Role) => Promise<string>
    /** Gives a patron the password. */
    readonly letIn: (card: string) => Promise<void>
    /** Where it listens, on a port of its own. */
    readonly address: string
  }

/** Opens one: `await using at = await anOpenLibrary()`. */
export async function anOpenLibrary({
  through = (db) => db,
  sendDirect = sendNothing,
  isProduction = false,
  mailGoes = 'to-files',
  ...served
}: ServerOptions & {
  /** What a code goes out by. */
  sendDirect?: SendDirect
  isProduction?: boolean
  mailGoes?: Library['mailGoes']
  /** What the server sees of the database. */
  through?: (db: Database) => Database
} = {}): Promise<OpenLibrary> {
  const db = await scratchDatabase()
  const dataFolder = await mkdtemp(join(tmpdir(), 'bibby-pages-'))
  const opened = openLibrary({
    connection: db.connection,
    dataFolder,
    instance: 'test',
    installation: here,
    isProduction,
    mailGoes,
    sendDirect,
  })
  const library: Library = { ...opened, db: through(opened.db) }
  const small = await aSmallLibrary(db)
  const app = await buildServer(library, { logLevel: 'silent', ...served })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const hashed = await hashPassword(pagePassword)
  return {
    ...small,
    app,
    db,
    library,
    staff: async (role) => {
      const { login } = await aStaffMember(db, { role, branchId: small.branchId })
      await db.rows(sql`update staff set password_hash = ${hashed} where login = ${login}`)
      return login
    },
    letIn: async (card) => {
      await db.rows(sql`update patron set password_hash = ${hashed} where card = ${card}`)
    },
    address: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await library[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

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

/** A page as somebody without script has it. */
export type Seen = {
  readonly status: number
  readonly path: string
  readonly html: string
  /** What can be read on it, in one line. */
  readonly text: string
  readonly forms: readonly SeenForm[]
}

/** A form with what is in its fields already. */
export type SeenForm = {
  readonly action: string
  readonly method: string
  readonly fields: Readonly<Record<string, string>>
  readonly text: string
}

/** Somebody who reads pages and sends forms, without script; keeps cookies as a browser does. */
export type Visitor = {
  readonly open: (path: string) => Promise<Seen>
  /** Sends the form of the page seen last whose action begins so (the first that also says `says`). */
  readonly send: (
    action: string,
    fields?: Readonly<Record<string, string>>,
    options?: { readonly says?: string },
  ) => Promise<Seen>
  /** Brings a file by the form of the page seen last. */
  readonly upload: (
    action: string,
    file: { readonly name: string; readonly content: string | Buffer },
    fields?: Readonly<Record<string, string>>,
  ) => Promise<Seen>
  /** Sends exactly this, as a forger would. */
  readonly post: (path: string, fields: Readonly<Record<string, string>>) => Promise<Seen>
  readonly signIn: (kind: 'staff' | 'patron', account: string) => Promise<Seen>
  readonly seen: () => Seen
  /** What the browser would send along. */
  readonly cookies: () => Record<string, string>
}

/** Somebody at the door, whose browser asks for these languages (`Accept-Language`). */
export function aVisitor(app: App, { accepts = 'en' }: { readonly accepts?: string } = {}): Visitor {
  const cookies = new Map<string, string>()
  let last: Seen | undefined

  const ask = async (
    method: 'GET' | 'POST',
    path: string,
    payload?: string | Buffer,
    type = 'application/x-www-form-urlencoded',
  ): Promise<Seen> => {
    const answer = await app.inject({
      method,
      url: path,
      cookies: Object.fromEntries(cookies),
      headers: {
        accept: 'text/html',
        'accept-language': accepts,
        ...(payload === undefined ? {} : { 'content-type': type }),
      },
      ...(payload === undefined ? {} : { payload }),
    })
    for (const { name, value } of answer.cookies) cookies.set(name, value)
    const { location } = answer.headers
    if (typeof location === 'string') return ask('GET', location)
    last = readPage({ status: answer.statusCode, path, html: answer.body })
    return last
  }

  const visitor: Visitor = {
    open: (path) => ask('GET', path),
    post: (path, fields) => ask('POST', path, new URLSearchParams(fields).toString()),
    send: (action, fields = {}, { says = '' } = {}) => {
      const form = visitor
        .seen()
        .forms.find((each) => each.action.startsWith(action) && each.text.includes(says))
      assert.ok(form, `${visitor.seen().path} has no form for ${action} ${says}`)
      const filled = new URLSearchParams({ ...form.fields, ...fields }).toString()
      if (form.method === 'post') return ask('POST', form.action, filled)
      return ask('GET', `${form.action}?${filled}`)
    },
    upload: (action, { name, content }, fields = {}) => {
      const form = visitor.seen().forms.find((each) => each.action.startsWith(action))
      assert.ok(form, `${visitor.seen().path} has no form for ${action}`)
      const { file: _, ...others } = form.fields
      const parts = Object.entries({ ...others, ...fields }).map(
        ([field, value]) => `--edge\r\ncontent-disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
      )
      const head = `--edge\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: text/plain\r\n\r\n`
      const pieces = [parts.join('') + head, content, '\r\n--edge--\r\n']
      const body = Buffer.concat(pieces.map((piece) => Buffer.from(piece)))
      return ask('POST', form.action, body, 'multipart/form-data; boundary=edge')
    },
    signIn: async (kind, account) => {
      await visitor.open(`/sign-in?kind=${kind}`)
      return visitor.send('/sign-in', { kind, account, password: pagePassword })
    },
    seen: () => {
      assert.ok(last, 'Nothing was opened yet.')
      return last
    },
    cookies: () => Object.fromEntries(cookies),
  }
  return visitor
}

function readPage({ status, path, html }: { status: number; path: string; html: string }): Seen {
  const body = html.slice(html.indexOf('<body'))
  return {
    status,
    path,
    html,
    text: textOf(body),
    forms: [...body.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, attributes = '', inside = '']) => ({
      action: attribute(attributes, 'action') ?? path,
      method: attribute(attributes, 'method') ?? 'get',
      fields: Object.fromEntries(fieldsOf(inside)),
      text: textOf(inside),
    })),
  }
}

function* fieldsOf(inside: string): Generator<[string, string]> {
  for (const [, attributes = ''] of inside.matchAll(/<input\b([^>]*)>/g)) {
    const name = attribute(attributes, 'name')
    const isLeftOut = attribute(attributes, 'type') === 'checkbox' && !/\bchecked\b/.test(attributes)
    if (name && !isLeftOut) yield [name, attribute(attributes, 'value') ?? '']
  }
  for (const [, attributes = '', text = ''] of inside.matchAll(/<textarea\b([^>]*)>(.*?)<\/textarea>/gs)) {
    const name = attribute(attributes, 'name')
    if (name) yield [name, unescaped(text)]
  }
  for (const [, attributes = '', options = ''] of inside.matchAll(/<select\b([^>]*)>(.*?)<\/select>/gs)) {
    const name = attribute(attributes, 'name')
    const chosen = /<option\b([^>]*\bselected\b[^>]*)>/.exec(options) ?? /<option\b([^>]*)>/.exec(options)
    if (name) yield [name, attribute(chosen?.[1] ?? '', 'value') ?? '']
  }
}

function attribute(attributes: string, name: string): string | undefined {
  for (const [, found, value] of attributes.matchAll(/([a-z-]+)="([^"]*)"/g)) {
    if (found === name) return unescaped(value ?? '')
  }
  return undefined
}

function textOf(html: string): string {
  return unescaped(html.replaceAll(/<[^>]*>/g, ' '))
    .replaceAll(/\s+/g, ' ')
    .trim()
}

function unescaped(text: string): string {
  const letters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#96': '`' }
  return text.replaceAll(/&([a-z0-9#]+);/g, (whole, name: string) => letters[name] ?? whole)
}

/** A person sees the cursor in a field before they type. */
export async function cursor(page: Page): Promise<void> {
  await page.locator('input:focus').waitFor()
}

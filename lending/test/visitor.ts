import assert from 'node:assert/strict'
import type { App } from '../src/http/app.ts'
import { pagePassword } from './open-library.ts'

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

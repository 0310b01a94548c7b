import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiAccess } from '../src/http/access.ts'
import { aServedLibrary, patient, type ServedLibrary } from './api-fixtures.ts'

type Form = { readonly cookie: string; readonly csrf: string }

/** Every route that is no API, from the figures that the server keeps of each. */
async function pagesOf(at: ServedLibrary): Promise<{ method: string; path: string }[]> {
  const { body } = await at.app.inject('/metrics')
  const found = body.matchAll(/^bibby_requests_total\{route="([^"]+)",method="(\w+)",class="ok"\}/gm)
  return (
    [...found]
      .map(([, path = '', method = '']) => ({ method, path }))
      .filter(({ path }) => path.startsWith('/') && !/^\/(?:api|actuator|metrics|assets)\b/.test(path))
      // Events go on until somebody leaves; see pages-operator.test.ts.
      .filter(({ path }) => !path.endsWith('/events'))
      // What the API has outside of its own folder takes a token, and no form.
      .filter(({ method, path }) => !(`${method} ${path}` in apiAccess))
  )
}

/** A browser of an operator: the session, and a form's token with its cookie. */
async function browsing(at: ServedLibrary): Promise<Form> {
  const session = `bibby_session=${await at.tokenOf('operator')}`
  const page = await at.app.inject({ url: '/patrons', headers: { cookie: session } })
  const csrf = /name="_csrf" value="([^"]+)"/.exec(page.body)?.[1]
  const form = page.cookies.find(({ name }) => name === 'bibby_form')
  assert.ok(csrf && form, 'no form on the page')
  return { cookie: `${session}; bibby_form=${form.value}`, csrf }
}

const odd = [
  '',
  '-1',
  '0',
  '1e9',
  '9'.repeat(40),
  'NaN',
  '\u0000',
  'a\u001bb',
  '%',
  "'; drop table loan; --",
  '<script>alert(1)</script>',
  '2026-02-30',
  'infinity',
  '../../etc/passwd',
  'x'.repeat(5_000),
  '😀'.repeat(300),
]
const fields = [
  ...['card', 'barcode', 'barcodes', 'branch', 'query', 'q', 'name', 'givenName', 'familyName', 'category'],
  ...[
    'until',
    'day',
    'cents',
    'euros',
    'reason',
    'because',
    'id',
    'holdId',
    'loanId',
    'titleId',
    'version',
    'mergedVersion',
  ],
  ...[
    'after',
    'from',
    'to',
    'format',
    'upload',
    'encoding',
    'mapping',
    'account',
    'password',
    'current',
    'currency',
    'holdShelfDays',
    'forgetAfterDays',
    'blockAt',
    'again',
    'code',
    'kind',
    'login',
    'role',
    'email',
    'branchId',
  ],
]

test('no address and no form of a page, however broken, is more than the sender’s mistake', {
  timeout: 300_000,
}, async () => {
  await using at = await aServedLibrary({ bounds: patient, limits: { signInsPerMinute: 1_000_000 } })
  const { cookie, csrf } = await browsing(at)
  const pages = await pagesOf(at)
  assert.ok(pages.length > 30)
  for (const { method, path } of pages) {
    if (path.includes('sign-out')) continue
    for (const value of odd) {
      const part = encodeURIComponent(value)
      const url = `${path.replaceAll(/:\w+/g, part.slice(0, 1_000)).replace('*', part.slice(0, 1_000))}`
      const all = new URLSearchParams(Object.fromEntries(fields.map((name) => [name, value.slice(0, 200)])))
      const typed = Object.fromEntries(fields.map((name) => [name, value]))
      const form = new URLSearchParams({ ...typed, _csrf: csrf, key: 'fuzz-key-1' })
      const answer = await at.app.inject(
        method === 'GET'
          ? { method, url: `${url}?${all}`.slice(0, 12_000), headers: { cookie, accept: 'text/html' } }
          : {
              method: method as 'POST',
              url,
              headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
              payload: form.toString(),
            },
      )
      const what = `${method} ${path} ${JSON.stringify(value.slice(0, 60))}`
      assert.ok(answer.statusCode < 500, `${what}: ${answer.statusCode} ${answer.body.slice(0, 600)}`)
      assert.ok(
        path.endsWith('/uploads') || !answer.body.includes('form-stale'),
        `${what}: the token was not taken`,
      )
      assert.ok(!answer.body.includes('<script>alert'), `${what}: script came back as script`)
    }
  }
})

test('a form without its token, or from another site, changes nothing', async () => {
  await using at = await aServedLibrary()
  const { cookie, csrf } = await browsing(at)
  const send = (payload: string, headers: Record<string, string> = {}) =>
    at.app.inject({
      method: 'POST',
      url: '/patrons',
      headers: { cookie, 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload,
    })
  for (const { method, path } of await pagesOf(at)) {
    if (method !== 'POST') continue
    const answer = await at.app.inject({
      method,
      url: path.replaceAll(/:\w+/g, '1'),
      headers: { cookie },
      payload: '',
    })
    assert.equal(answer.statusCode, 403, `${path} took a form without a token`)
    assert.equal(answer.json().code, 'form-stale')
  }
  const elsewhere = await send(`_csrf=${encodeURIComponent(csrf)}`, { 'sec-fetch-site': 'cross-site' })
  assert.equal(elsewhere.statusCode, 403)
})

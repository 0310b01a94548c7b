import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeHold } from '../src/circulation/hold.ts'
import { keepScan } from '../src/circulation/kept-scan.ts'
import { lend } from '../src/circulation/lend.ts'
import { sql } from '../src/postgres/sql.ts'
import { write } from '../src/postgres/write.ts'
import { aBrowser, noChromium } from './browser.ts'
import { aCharge, aCopy, aPatron, besides, by } from './library-fixtures.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'
import { aVisitor } from './visitor.ts'

/** Ends quotes of both kinds, tags and comments, and would run in a browser that took it for more than text. */
const hostile = `'"\`--></title></textarea><xss onpointerenter=1><img src=x onerror="globalThis.harmed=1">{{7*7}}\${7}</script>`
const asMarkup = /<xss|<img src=x/

test('whatever stands in any text of any table is shown as text on every page', async () => {
  await using at = await anOpenLibrary()
  const ids = await aLittleOfAll(at)
  const hostileColumns = await poison(at)
  assert.ok(hostileColumns.length > 30, hostileColumns.join())
  for (const who of ['operator', 'patron', 'nobody'] as const) {
    const visitor = aVisitor(at.app)
    if (who === 'operator') await visitor.signIn('staff', await at.staff('operator'))
    if (who === 'patron') await visitor.signIn('patron', at.card)
    let shown = 0
    for (const path of paths(ids)) {
      const { html, status } = await visitor.open(path)
      assert.ok(status < 500, `${status} at ${path}`)
      assert.doesNotMatch(html, asMarkup, `${who} at ${path}`)
      if (html.includes('&lt;xss')) shown += 1
    }
    assert.ok(
      shown > (who === 'operator' ? 15 : 1),
      `${who} saw it on ${shown} pages: the test looks elsewhere`,
    )
  }
})

test('whatever an address holds is shown as text, in every field of every page', async () => {
  await using at = await anOpenLibrary()
  const ids = await aLittleOfAll(at)
  const visitor = aVisitor(at.app)
  await visitor.signIn('staff', await at.staff('operator'))
  const names = [
    'query',
    'card',
    'barcode',
    'said',
    'to',
    'branch',
    'language',
    'year',
    'material',
    'shelf',
    'after',
    'from',
    'by',
    'kind',
    'actor',
    'action',
    'callNumber',
    'upload',
    'isbn',
  ]
  const asked = new URLSearchParams(Object.fromEntries(names.map((name) => [name, hostile]))).toString()
  for (const path of paths(ids)) {
    const { html, status } = await visitor.open(`${path.split('?')[0]}?${asked}`)
    assert.ok(status < 500, `${status} at ${path}`)
    assert.doesNotMatch(html, asMarkup, path)
    assert.doesNotMatch(html, /(?:href|src|action)="(?:javascript:|\/\/)/i, path)
  }
})

test('in a browser nothing of it runs, and the policy has nothing to stop', {
  skip: noChromium,
}, async () => {
  await using at = await anOpenLibrary()
  const ids = await aLittleOfAll(at)
  await poison(at)
  await using browser = await aBrowser()
  const page = await (await browser.newContext()).newPage()
  const stopped: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content.Security/i.test(message.text())) stopped.push(message.text())
  })
  await page.goto(`${at.address}/sign-in?kind=staff`)
  await page.locator('#staff-account').fill(await at.staff('operator'))
  await page.locator('#staff-password').fill(pagePassword)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/')
  for (const path of [
    `/titles/${ids.titleId}`,
    `/desk?card=${at.card}`,
    '/desk/kept',
    `/patrons/${ids.patronId}`,
    '/journal',
  ]) {
    await page.goto(at.address + path)
    assert.equal(await page.evaluate('globalThis.harmed'), undefined, path)
    assert.equal(await page.locator('xss').count(), 0, path)
  }
  // What the script of the desk shows it takes from elsewhere than the page.
  await at.db.rows(sql`update fence set mode = 'read-only', reason = ${hostile}`)
  await page.goto(`${at.address}/desk`)
  await page.locator('#scan').fill(hostile.slice(0, 60))
  await page.keyboard.press('Enter')
  await page.getByText('Kept here: 1').waitFor()
  assert.equal(await page.locator('xss').count(), 0)
  assert.deepEqual(stopped, [])
})

type Ids = {
  readonly titleId: number
  readonly copyId: number
  readonly patronId: number
  readonly staffId: number
}

/** A loan, a hold, a fine, a block and a kept scan, so that pages have something to show. */
async function aLittleOfAll(at: OpenLibrary): Promise<Ids> {
  await at.letIn(at.card)
  const { branchId, titleId, card } = at
  const now = by({ occurredAt: new Date() })
  assert.equal(
    (await write(at.library.db, now, lend, { card, barcode: at.barcode, branchId })).outcome,
    'done',
  )
  const other = await aPatron(at.db, { ...besides(at), blockedBecause: 'x' })
  const hold = { card: other.card, titleId, pickupBranchId: branchId }
  await at.db.rows(
    sql`update patron set blocked_because = null, blocked_at = null where card = ${other.card}`,
  )
  assert.equal((await write(at.library.db, by({ occurredAt: new Date() }), placeHold, hold)).outcome, 'done')
  await aCharge(at.db, { patronId: at.patronId, cents: 250 })
  const { copyId, barcode } = await aCopy(at.db, besides(at))
  const scan = {
    branchId,
    meant: 'lend' as const,
    card,
    code: barcode,
    scannedAt: new Date().toISOString(),
    refused: 'loan-limit',
  }
  assert.equal((await write(at.library.db, by(), keepScan, scan)).outcome, 'done')
  const [staff] = await at.db.rows<{ id: number }>(sql`select id from staff order by id limit 1`)
  return { titleId, copyId, patronId: at.patronId, staffId: staff?.id ?? 0 }
}

/** What says who may sign in, or must be of one form, stays as it is. */
const kept = [
  'session',
  'staff.login',
  'staff.password_hash',
  'staff.role',
  'patron.card',
  'patron.password_hash',
  'branch.time_zone',
  'fence',
  'library.currency',
  'library.id',
  'title.language',
  'title.material',
  'migration',
  'journal.actor',
  'journal.action',
  'journal.outcome',
  'copy.barcode',
]

/** Writes the hostile text into every text of every table that takes it, and says which took it. */
async function poison(at: OpenLibrary): Promise<readonly string[]> {
  const columns = await at.db.rows<{ table: string; column: string; isList: boolean }>(sql`
    select table_name as table, column_name as column, data_type = 'ARRAY' as "isList"
    from information_schema.columns
    where table_schema = 'public' and is_generated = 'NEVER' and is_updatable = 'YES'
      and (data_type = 'text' or (data_type = 'ARRAY' and udt_name = '_text'))
  `)
  const taken: string[] = []
  for (const { table, column, isList } of columns) {
    if (kept.includes(table) || kept.includes(`${table}.${column}`)) continue
    // Names of tables and columns come from the catalogue of the database.
    const statement = isList
      ? `update "${table}" set "${column}" = array[$1]::text[]`
      : `update "${table}" set "${column}" = $1`
    const changed = await at.db
      .withConnection((connection) => connection.query(statement, [hostile]))
      .catch(() => ({ rowCount: 0 }))
    if (changed.rowCount) taken.push(`${table}.${column}`)
  }
  return taken
}

function paths({ titleId, copyId, patronId, staffId }: Ids): readonly string[] {
  return [
    ...[
      '/',
      '/search?query=xss',
      '/search/list?query=xss',
      '/suggestions?query=xss',
      '/sign-in',
      '/account',
      '/account/history',
      '/account/card',
      '/me',
    ],
    ...[
      `/titles/${titleId}`,
      `/titles/${titleId}/edit`,
      `/titles/${titleId}/marc`,
      `/copies/${copyId}/edit`,
      '/catalogue/new',
    ],
    ...[
      '/desk',
      '/check-in',
      '/shelf',
      '/overdue',
      '/desk/kept',
      '/desk/commands',
      '/desk/offline',
      '/patrons?query=xss',
      '/patrons/new',
      '/patrons/import',
    ],
    ...[
      `/patrons/${patronId}`,
      `/patrons/${patronId}/merge`,
      '/imports',
      '/stock-takes',
      '/rules',
      '/journal',
      '/branches',
      '/settings',
    ],
    ...[
      '/staff',
      `/staff/${staffId}`,
      '/notices',
      '/notices/preview',
      '/notices/dead',
      '/notices/mail',
      '/notices/templates/overdue',
    ],
    ...[
      '/operations',
      '/operations/now',
      '/operations/withdraw-copies',
      '/operations/edit-copies',
      '/operations/erase-patron',
      '/halt',
    ],
    ...['/reports', '/reports/loans', '/reports/overdue', '/reports/top-titles', '/reports/inventory'],
  ]
}

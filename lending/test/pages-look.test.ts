import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { Config } from '../src/config.ts'
import { buildServer } from '../src/http/server.ts'
import { openLibrary } from '../src/library.ts'
import type { DataFolder } from '../src/postgres/data-folder.ts'
import { type Sql, sql } from '../src/postgres/sql.ts'
import { found } from '../src/sample/found.ts'
import { readAccounts } from '../src/sample/sign-in-file.ts'
import { aBrowser, noChromium } from './browser.ts'
import { lookAt, type Seeing } from './look.ts'
import { deadNotices, here } from './notice-fixtures.ts'
import { scratchDatabase } from './scratch-database.ts'

test('every page can be read by everybody, in light and dark, on a phone and on a desk', {
  skip: noChromium,
}, async () => {
  await using at = await theSampleLibrary()
  await using browser = await aBrowser()
  await prepare(browser, at)
  assert.deepEqual(await lookAt(browser, at, await shotsOf(at)), [])
})

type Sample = AsyncDisposable &
  Seeing & {
    readonly accounts: ReadonlyMap<string, string>
    /** Where the pages are that had to be made first, by name. */
    readonly paths: Map<string, string>
    readonly one: <Row extends object>(statement: Sql) => Promise<Row>
  }

async function theSampleLibrary(): Promise<Sample> {
  const db = await scratchDatabase()
  const dataFolder = await mkdtemp(join(tmpdir(), 'bibby-look-'))
  const library = openLibrary({ connection: db.connection, dataFolder, installation: here })
  await found(library, {
    folder: { path: dataFolder, libraryId: randomUUID() } as DataFolder,
    config: { sample: true, environment: 'development' } as Config,
    print: { step: () => undefined, warn: () => undefined },
    signal: new AbortController().signal,
  })
  const accounts = new Map((await readAccounts(dataFolder))?.map((each) => [each.account, each.password]))
  await deadNotices(db, 3)
  const mail = join(dataFolder, 'notices', 'mail')
  await mkdir(mail, { recursive: true })
  await writeFile(
    join(mail, 'look@example.org.eml'),
    'From: Library <library@example.org>\r\nTo: Ada <ada@example.org>\r\nSubject: Ready for you\r\n\r\nDear Ada,\r\n\r\nEmma is on the hold shelf.\r\n',
  )
  await db.rows(sql`update notice_queue set halted_since = now(), halted_because = 'mail-server-unavailable'`)
  const app = await buildServer(library, { logLevel: 'silent' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    address: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    accounts,
    states: new Map(),
    paths: new Map(),
    one: async <Row extends object>(statement: Sql) => {
      const [row] = await db.rows<Row>(statement)
      assert.ok(row, statement.text)
      return row
    },
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await library[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

const reader = '29000000000015'

/** Signs everybody in, and leaves behind what the pages shall show: a slip, refusals, an import. */
async function prepare(browser: Browser, at: Sample): Promise<void> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await signIn(page, at, { kind: 'patron', account: reader, role: 'patron' })
  await context.clearCookies()
  await signIn(page, at, { kind: 'staff', account: 'operator', role: 'staff' })

  const free = await at.one<{ barcode: string; copyId: number }>(sql`
    select copy.barcode, copy.id as "copyId" from copy
    where copy.lendable and not exists (select from loan where loan.copy_id = copy.id and returned_at is null)
      and not exists (select from hold where hold.copy_id = copy.id and closed_at is null)
      and copy.withdrawn_at is null and copy.in_transit_to is null
    order by copy.id offset 20 limit 1
  `)
  // What waits on the shelf for somebody is scanned again: the slip is shown again.
  const held = await at.one<{ barcode: string; copyId: number }>(sql`
    select copy.barcode, copy.id as "copyId" from hold join copy on copy.id = hold.copy_id
    join staff on staff.branch_id = hold.pickup_branch_id and staff.login = 'operator'
    where hold.state = 'on-shelf' order by hold.id limit 1
  `)
  await page.goto(`${at.address}/desk?card=${reader}`)
  await page.locator('#scan').fill(free.barcode)
  await page.keyboard.press('Enter')
  await page.getByText(free.barcode).first().waitFor()
  await page.locator('#scan').fill(held.barcode)
  await page.keyboard.press('Enter')
  await page.getByText('Refused').first().waitFor()

  await page.goto(`${at.address}/check-in`)
  await page.locator('#scan').fill(held.barcode)
  await page.keyboard.press('Enter')
  await page.getByText('To the hold shelf').first().waitFor()
  at.paths.set('slip', `/check-in?copy=${held.copyId}`)
  at.paths.set('paper-slip', `/desk/slip?copy=${held.copyId}`)
  at.paths.set('lent', `/desk?card=${reader}&copy=${free.copyId}`)
  await keptScans(at, free.copyId)

  // Two records of one person, with all that a merge may have to settle.
  const { patronId } = await at.one<{ patronId: number }>(sql`
    insert into patron (
      card, category_id, branch_id, given_name, family_name, email, phone, note, expires_on, blocked_because, blocked_at,
      keeps_history
    )
    select 'OLD-2231', category_id, branch_id, given_name, family_name || '-Berg', 'old@example.org', '+49 30 1234', 'Asks for large print',
      '2031-05-01', 'A book is lost', now(), true
    from patron where card = ${reader}
    returning id as "patronId"
  `)
  await at.one(sql`
    with loan as (
      insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at)
      select copy.id, ${patronId}, patron.category_id, patron.branch_id, (select min(id) from loan_rule), now(), now() + interval '9 days'
      from copy join patron on patron.id = ${patronId}
      where copy.withdrawn_at is null and copy.in_transit_to is null
        and not exists (select from loan where loan.copy_id = copy.id and returned_at is null)
        and not exists (select from hold where hold.copy_id = copy.id and closed_at is null)
      order by copy.id desc limit 2
      returning id
    ), hold as (
      insert into hold (title_id, patron_id, pickup_branch_id, placed_at)
      select distinct on (hold.title_id) hold.title_id, ${patronId}::bigint, hold.pickup_branch_id, now()
      from hold join patron on patron.id = hold.patron_id and patron.card = ${reader}
      where hold.closed_at is null
      returning id
    )
    insert into fine_line (patron_id, kind, cents, at) values (${patronId}, 'charge', 240, now()) returning id
  `)

  await at.one(sql`update patron set keeps_history = true where card = ${reader} returning id`)

  await page.goto(`${at.address}/patrons/import`)
  await page.getByLabel('CSV or TSV file').setInputFiles({
    name: 'new-school-year.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(pupils),
  })
  await page.getByRole('button', { name: 'Look at it' }).click()
  await page.getByLabel('Category of new patrons').selectOption('child')
  await page.getByRole('button', { name: 'Look again' }).click()
  await page.getByText('Start the import').waitFor()
  at.paths.set('patron-preview', page.url().slice(at.address.length))
  // What was imported is gone from there: the preview is of a second copy.
  await page.goto(`${at.address}/patrons/import`)
  await page.getByLabel('CSV or TSV file').setInputFiles({
    name: 'new-school-year.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(pupils),
  })
  await page.getByRole('button', { name: 'Look at it' }).click()
  await page.getByLabel('Category of new patrons').selectOption('child')
  await page.getByRole('button', { name: 'Look again' }).click()
  await page.getByRole('button', { name: 'Start the import' }).click()
  await page.getByText('Import another file').waitFor()
  at.paths.set('patron-result', page.url().slice(at.address.length))

  await planToErase(page, at)
  await planShelves(page, at)
  at.paths.set('preview', await lookAtGifts(page, at))
  await page.getByText('Take only a part of a column').click()
  await page.getByLabel('ISBN, of').fill('([0-9]{10,13})')
  await page.locator('[name="may.isbn"]').check()
  await page.getByRole('button', { name: 'Look again' }).click()
  await page.getByText('The first records').waitFor()
  at.paths.set('mapping', page.url().slice(at.address.length))
  // What was imported is gone from there too: another copy of it is.
  await lookAtGifts(page, at)
  await page.getByRole('button', { name: 'Start the import' }).click()
  await page.locator('[data-progress="over"]').waitFor()
  await context.close()
}

/** What an offline desk could not hand in. */
async function keptScans(at: Sample, copyId: number): Promise<void> {
  await at.one(sql`
    insert into kept_scan (
      branch_id, meant, patron_id, copy_id, unknown_code, scanned_at, handed_in_at, handed_in_by, refused
    )
    select patron.branch_id, kept.meant, patron.id, kept.copy_id, kept.code, now() - interval '40 minutes', now(),
      (select 'staff:' || id from staff where login = 'operator'), kept.refused
    from patron
    cross join (values
      ('lend', ${copyId}::bigint, null, 'copy-on-loan'),
      ('lend', null, '978-read-badly', 'copy-unknown'),
      ('take-back', ${copyId}, null, 'lent-since')
    ) as kept (meant, copy_id, code, refused)
    where patron.card = ${reader}
    returning id
  `)
}

/** Plans to erase somebody who has nothing open, and then somebody who has. */
async function planToErase(page: Page, at: Sample): Promise<void> {
  await at.one(sql`
    with quiet as (
      insert into patron (card, category_id, branch_id, given_name, family_name, email, expires_on, password_hash)
      select 'QUIET-7', category_id, branch_id, 'Iduna', 'Vogelsang-Okonkwo', 'iduna@example.org', '2031-05-01', '!'
      from patron where card = ${reader}
      returning id, category_id, branch_id
    )
    insert into loan (
      copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at, returned_at, returned_branch_id
    )
    select (select min(id) from copy), quiet.id, category_id, branch_id, (select min(id) from loan_rule),
      now() - interval '90 days', now() - interval '60 days', now() - interval '70 days', branch_id
    from quiet, generate_series(1, 34)
    returning id
  `)
  for (const card of [reader, 'QUIET-7']) {
    await page.goto(`${at.address}/operations/erase-patron?card=${card}`)
    await page.getByLabel('Why').fill('They moved away, and wrote to us')
    await page.getByRole('button', { name: 'Plan it' }).click()
    await page
      .getByText(card === reader ? 'Something stands in the way' : 'ERASE 1 PATRON')
      .first()
      .waitFor()
  }
  at.paths.set('erase-planned', page.url().slice(at.address.length))
  const { id } = await at.one<{ id: string }>(sql`select id from guard_operation where state = 'refused'`)
  at.paths.set('erase-refused', `/operations/${id}`)
}

/** A format of cards, and a shelf plan. */
async function planShelves(page: Page, at: Sample): Promise<void> {
  await page.goto(`${at.address}/branches`)
  const form = page.locator('form[action="/branches/card-format"]').first()
  await form.locator('[name="pattern"]').fill('29[0-9]{12}')
  await form.locator('[name="example"]').fill('29000000000015')
  await form.getByRole('button').click()
  await page.getByText('The format is saved').waitFor()
  await page.goto(`${at.address}/branches/main/shelf-plan`)
  for (const [nth, [shelf, pattern]] of [
    ['Poems', '811'],
    ['Novels and stories', '8[0-9]{2}'],
    ['Science', '5[0-9]{2}(\\.[0-9]+)?'],
  ].entries()) {
    await page.locator(`[name="shelf-${nth + 1}"]`).fill(shelf ?? '')
    await page.locator(`[name="pattern-${nth + 1}"]`).fill(pattern ?? '')
  }
  await page.getByRole('button', { name: 'Save the plan' }).click()
  await page.getByText('The plan is saved').waitFor()
}

/** Brings the file and gives the path of its preview. */
async function lookAtGifts(page: Page, at: Sample): Promise<string> {
  await page.goto(`${at.address}/imports`)
  await page.getByLabel('Format').selectOption('csv')
  await page.getByLabel('File', { exact: true }).setInputFiles({
    name: 'gifts-of-november.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(gifts),
  })
  await page.getByRole('button', { name: 'Look at it' }).click()
  await page.getByText('Before the import').first().waitFor()
  return page.url().slice(at.address.length)
}

const pupils = `card,first name,surname,email,class
P-100,Mila,Öberg,mila@example.org,4b
P-101,伟,王,,4b
P-102,Omar,الطيب,no-address,4a
,Nobody,,,
${reader},Anna,Lindqvist,anna@example.net,
`

const gifts = `title,author,isbn,year,language
The Left Hand of Darkness,"Le Guin, Ursula K.",9780441478125,1969,eng
Палата № 6,"Чехов, Антон Павлович",,1892,rus
雪国,川端康成,,1948,jpn
,"Nobody",,,
موسم الهجرة إلى الشمال,الطيب صالح,,1966,ara
Os Maias,"Eça de Queirós",978972,1888,por
`

/** A shelf that was looked through: some of its copies, and what must not stand there. */
async function aStockTake(at: Sample, copyId: number): Promise<number> {
  const { id } = await at.one<{ id: number }>(sql`
    insert into stock_take (branch_id, shelf, started_by, started_at, ended_at)
    select branch_id, shelf, 'staff:1', now(), now() from copy where id = ${copyId}
    returning id
  `)
  await at.one(sql`
    insert into stock_take_scan (stock_take_id, barcode, copy_id, found, scanned_by, scanned_at)
    select ${id}, copy.barcode, copy.id,
      (array['here', 'here', 'elsewhere', 'on-loan', 'waited-for', 'in-transit', 'withdrawn'])[1 + (copy.id % 7)],
      'staff:1', now()
    from copy order by copy.id limit 20
    returning stock_take_id
  `)
  return id
}

async function signIn(
  page: Page,
  at: Sample,
  { kind, account, role }: { kind: 'staff' | 'patron'; account: string; role: string },
): Promise<void> {
  await page.goto(`${at.address}/sign-in?kind=${kind}`)
  await page.locator(`#${kind}-account`).fill(account)
  await page.locator(`#${kind}-password`).fill(at.accounts.get(account) ?? '')
  await page.keyboard.press('Enter')
  await page.getByText('Sign out').waitFor()
  at.states.set(role, await page.context().storageState())
}

async function shotsOf(at: Sample): Promise<Record<string, Record<string, string>>> {
  const { patronId } = await at.one<{ patronId: number }>(
    sql`select id as "patronId" from patron where card = ${reader}`,
  )
  const { titleId } = await at.one<{ titleId: number }>(sql`
    select title_id as "titleId" from copy
    where withdrawn_at is null group by title_id
    order by count(*) filter (where exists (select from loan where loan.copy_id = copy.id and returned_at is null)) desc,
      count(*) desc, title_id limit 1
  `)
  const { barcode, copyId } = await at.one<{ barcode: string; copyId: number }>(
    sql`select barcode, id as "copyId" from copy order by id limit 1`,
  )
  const { staffId } = await at.one<{ staffId: number }>(
    sql`select id as "staffId" from staff where login = 'desk'`,
  )
  const { changeSetId } = await at.one<{ changeSetId: number }>(
    sql`select id as "changeSetId" from change_set order by id desc limit 1`,
  )
  const { otherId } = await at.one<{ otherId: number }>(
    sql`select id as "otherId" from title where id <> ${titleId} order by id limit 1`,
  )
  const stockTakeId = await aStockTake(at, copyId)
  return {
    anybody: {
      home: '/',
      search: '/search?query=fiction',
      narrowed: '/search?query=history&available=yes',
      nothing: '/search?query=zzqqxx',
      slip: '/search?query=prejudise',
      title: `/titles/${titleId}`,
      'sign-in': '/sign-in',
      'not-found': '/nothing-here',
      'desk-offline': '/desk/offline',
    },
    patron: {
      account: '/account',
      history: '/account/history',
      'account-card': '/account/card',
      'me-patron': '/me',
      'title-for-a-patron': `/titles/${titleId}`,
    },
    staff: {
      'home-of-staff': '/',
      'desk-empty': '/desk',
      desk: `/desk?card=${reader}`,
      'desk-unknown': '/desk?card=000',
      'desk-lent': at.paths.get('lent') ?? '',
      'desk-kept': '/desk/kept',
      'desk-receipt': `/desk/receipt?card=${reader}`,
      'desk-slip': at.paths.get('paper-slip') ?? '',
      'desk-commands': '/desk/commands',
      'check-in': '/check-in',
      'check-in-slip': at.paths.get('slip') ?? '',
      shelf: '/shelf',
      overdue: '/overdue',
      patrons: '/patrons?query=a',
      'patron-new': '/patrons/new',
      patron: `/patrons/${patronId}`,
      'merge-scan': `/patrons/${patronId}/merge`,
      merge: `/patrons/${patronId}/merge?card=OLD-2231`,
      'merge-refused': `/patrons/${patronId}/merge?card=nobody`,
      'patron-import': '/patrons/import',
      'patron-import-preview': at.paths.get('patron-preview') ?? '',
      'patron-import-result': at.paths.get('patron-result') ?? '',
      imports: '/imports',
      'import-preview': at.paths.get('preview') ?? '',
      'import-mapping': at.paths.get('mapping') ?? '',
      import: `/imports/${changeSetId}`,
      rejects: `/imports/${changeSetId}/rejects`,
      'reject-mend': `/imports/${changeSetId}/rejects/4`,
      'stock-takes': '/stock-takes',
      'stock-take': `/stock-takes/${stockTakeId}?scanned=${barcode}`,
      'stock-take-not-seen': `/stock-takes/${stockTakeId}/not-seen`,
      record: `/titles/${titleId}/marc`,
      'record-edit': `/titles/${titleId}/marc/edit`,
      'title-merge': `/titles/${titleId}/merge?from=${otherId}`,
      rules: `/rules?card=${reader}&barcode=${barcode}`,
      journal: '/journal',
      branches: '/branches',
      'shelf-plan': '/branches/main/shelf-plan?callNumber=811.5%20PLA',
      me: '/me',
      notices: '/notices',
      'notices-dead': '/notices/dead',
      'notices-mail': '/notices/mail',
      'notice-mail': '/notices/mail/look@example.org.eml',
      'notices-preview': '/notices/preview',
      'notice-text': '/notices/templates/hold-ready',
      operations: '/operations',
      erase: `/operations/erase-patron?card=${reader}`,
      'erase-planned': at.paths.get('erase-planned') ?? '',
      'erase-refused': at.paths.get('erase-refused') ?? '',
      settings: '/settings',
      staff: '/staff',
      'staff-new': '/staff/new',
      'staff-member': `/staff/${staffId}`,
      'title-edit': `/titles/${titleId}/edit`,
      'title-for-staff': `/titles/${titleId}`,
      'copy-edit': `/copies/${copyId}/edit`,
    },
  }
}

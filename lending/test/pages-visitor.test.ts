import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { sql } from '../src/postgres/sql.ts'
import { type Browsing, noChromium, oneBrowser } from './browser.ts'
import { aBranch, aCopy, aTitle } from './library-fixtures.ts'
import { anOpenLibrary, type OpenLibrary } from './open-library.ts'
import { someTitles } from './searchable.ts'
import { aVisitor } from './visitor.ts'

const browsing = oneBrowser()

test('a picture that is brought is shown and journalled, another takes its place, and what is none changes nothing', async () => {
  await using at = await anOpenLibrary()
  const { titleId } = await aTitle(at.db, { title: 'Emma' })
  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  const bring = async (name: string, content: string | Buffer) => {
    await cataloguer.open(`/titles/${titleId}/edit`)
    return cataloguer.upload(`/titles/${titleId}/cover`, { name, content })
  }
  const covers = join(at.library.dataFolder, 'covers')

  const jpeg = await picture('jpeg')
  assert.match((await bring('whatever.exe', jpeg)).text, /The cover is saved/)
  assert.deepEqual(await readFile(join(covers, `title-${titleId}.jpg`)), jpeg)
  assert.ok(cataloguer.seen().html.includes(`src="/covers/title-${titleId}/336?v=`))

  const bad = [
    ['Call me Ishmael.', /no JPEG, PNG or WebP picture/],
    [jpeg.subarray(0, 200), /no JPEG, PNG or WebP picture/],
    [Buffer.alloc(10_000_001), /The picture is too large/],
    ['', /empty/],
  ] as const
  for (const [content, words] of bad) {
    assert.match((await bring('emma.jpg', content)).text, words)
    assert.deepEqual(await readdir(covers), [`title-${titleId}.jpg`])
  }

  await bring('emma.webp', await picture('webp'))
  assert.deepEqual(await readdir(covers), [`title-${titleId}.webp`])
  assert.deepEqual(await readdir(join(at.library.dataFolder, 'uploads')), [])
  const journal = await at.db.rows(sql`
    select answer ->> 'kind' as kind from journal where action = 'set-cover' and outcome = 'done' order by id
  `)
  assert.deepEqual(journal, [{ kind: 'jpeg' }, { kind: 'webp' }])

  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  assert.equal((await desk.post(`/titles/${titleId}/cover`, {})).status, 403)
})

test('a cover is kept for a year by its mark, asked for again without, and no name leads out of its folder', async () => {
  await using at = await anOpenLibrary()
  await putCover(at, '9780141439587.png', await picture('png'))
  const [titleId = 0] = await someTitles(at.db, [{ title: 'Emma', isbns: ['9780141439587'] }])
  const { html } = await aVisitor(at.app).open(`/titles/${titleId}`)
  const [, marked = ''] = /src="(\/covers\/[^"]+)"/.exec(html) ?? []
  const kept = await at.app.inject(marked)
  assert.equal(kept.headers['content-type'], 'image/webp')
  assert.match(String(kept.headers['cache-control']), /max-age=31536000, immutable/)
  const plain = await at.app.inject('/covers/9780141439587/144')
  assert.equal(plain.headers['cache-control'], 'no-cache')
  const again = { url: '/covers/9780141439587/144', headers: { 'if-none-match': String(plain.headers.etag) } }
  assert.equal((await at.app.inject(again)).statusCode, 304)
  assert.notEqual(kept.headers.etag, plain.headers.etag)

  await putCover(at, '9780141439587.png', await picture('png', 300))
  assert.equal((await at.app.inject(again)).statusCode, 200)

  const strangers = [
    '9780141439587/145',
    '9780141439587.png/144',
    '..%2f..%2fbibby.json/144',
    '%2e%2e/144',
    'x/144',
  ]
  for (const name of strangers) assert.equal((await at.app.inject(`/covers/${name}`)).statusCode, 404, name)

  await putCover(at, '9780141439587.png', Buffer.from('Call me Ishmael.'))
  const unfit = await at.app.inject('/covers/9780141439587/144')
  assert.equal(unfit.statusCode, 200)
  assert.equal(unfit.headers['content-type'], 'image/svg+xml')
  assert.equal(unfit.headers['cache-control'], 'no-store')
})

test('the address of an ISBN leads to its title, or to a search where several have it', async () => {
  await using at = await anOpenLibrary()
  const [emma] = await someTitles(at.db, [
    { title: 'Emma', isbns: ['9780141439587'] },
    { title: 'Frankenstein', isbns: ['9780141439471'] },
    { title: 'Frankenstein', isbns: ['9780141439471'] },
  ])
  const leads = async (isbn: string) => {
    const { statusCode, headers } = await at.app.inject(`/isbn/${isbn}`)
    return `${statusCode} ${headers.location ?? ''}`
  }
  for (const isbn of ['9780141439587', '0-14-143958-0', '978-0-14-143958-7'])
    assert.equal(await leads(isbn), `303 /titles/${emma}`)
  assert.equal(await leads('0141439475'), '303 /search?query=9780141439471')
  for (const isbn of ['9780141439518', '9780141439588', 'x', '%00']) assert.match(await leads(isbn), /^40\d /)
})

test('a title says in the words of schema.org what it is and where it is to be had, and has one address', async () => {
  await using at = await anOpenLibrary()
  const [titleId = 0] = await someTitles(at.db, [
    {
      title: 'Mort <4>',
      authors: ['Pratchett, Terry'],
      isbns: ['9780552131063'],
      publishedYear: 1987,
      language: 'eng',
      series: ['Discworld ; 4'],
      summary: 'Death takes an apprentice.',
    },
  ])
  const { branchId, itemTypeId } = at
  await aCopy(at.db, { titleId, branchId, itemTypeId, barcode: 'B-1' })
  await aCopy(at.db, { titleId, branchId, itemTypeId, barcode: 'B-2', withdrawnBecause: 'torn' })
  const { html } = await aVisitor(at.app).open(`/titles/${titleId}?said=hold-placed`)
  assert.match(html, /<article itemscope itemtype="https:\/\/schema\.org\/Book">/)
  const said = new Map(itemprops(html))
  assert.deepEqual(
    ['name', 'author', 'isbn', 'datePublished', 'inLanguage', 'isPartOf', 'availability', 'serialNumber'].map(
      (name) => said.get(name),
    ),
    [
      'Mort &lt;4&gt;',
      'Pratchett, Terry',
      '9780552131063',
      '1987',
      'en',
      'Discworld ; 4',
      'https://schema.org/InStock',
      'B-1',
    ],
  )
  assert.ok(html.includes(`<link rel="canonical" href="/titles/${titleId}">`))
  assert.match(html, /<meta property="og:title" content="Mort &lt;4&gt;">/)
  assert.match(html, /<meta name="description" content="Death takes an apprentice\.">/)
})

test('a title leads to its neighbours in its series, and to what three patrons took home with it', async () => {
  await using at = await anOpenLibrary()
  const [mort = 0, sourcery = 0, emma = 0] = await someTitles(at.db, [
    { title: 'Mort', series: ['Discworld ; 4'] },
    { title: 'Sourcery', series: ['Discworld ; 5'] },
    { title: 'Emma' },
  ])
  await at.db.rows(
    sql`insert into often_lent_with (title_id, other_ids, patrons) values (${mort}, ${[emma]}, ${[3]})`,
  )
  // The search is connected by now: neighbours do not wait long for it.
  await aVisitor(at.app).open('/search?query=mort')
  const { text, html } = await aVisitor(at.app).open(`/titles/${mort}`)
  assert.match(text, /In the series Discworld Sourcery Number 5, after this one Often lent with .*Emma/)
  for (const path of [`/titles/${sourcery}`, `/titles/${emma}`, '/search?query=Discworld'])
    assert.ok(html.includes(`href="${path}"`), path)
})

test('a list to take along has each branch by itself, in the order in which one walks', async () => {
  await using at = await anOpenLibrary()
  const { itemTypeId, branchId } = at
  const { branchId: hill } = await aBranch(at.db, { name: 'Hill' })
  const ids = await someTitles(
    at.db,
    ['Walks ten', 'Walks nine', 'Walks lent'].map((title) => ({ title })),
  )
  const [ten = 0, nine = 0] = ids
  for (const [titleId, callNumber] of [
    [ten, '10 WAL'],
    [nine, '9 WAL'],
  ] as const)
    await at.db.rows(sql`
      insert into copy (title_id, barcode, branch_id, item_type_id, call_number)
      values (${titleId}, ${`C-${callNumber}`}, ${branchId}, ${itemTypeId}, ${callNumber})
    `)
  await aCopy(at.db, { titleId: ten, branchId: hill, itemTypeId })
  const visitor = aVisitor(at.app)
  const results = await visitor.open('/search?query=walks')
  assert.match(results.text, /1 at Hill ?, 1 at Main/)
  const staff = aVisitor(at.app)
  await staff.signIn('staff', await at.staff('desk'))
  assert.match((await staff.open('/search?query=walks')).text, /1 of 1 here, 1 at Hill/)
  const { text } = await visitor.open('/search/list?query=walks')
  assert.match(
    text,
    /Hill .*Walks ten .*Main .*9 WAL Walks nine .*10 WAL Walks ten .*Not on the shelf now Walks lent/,
  )
  assert.match((await visitor.open(`/search/list?query=walks&branch=${hill}`)).text, /Hill .*Walks ten/)
  assert.doesNotMatch(visitor.seen().text, /Main Call number/)
})

test('a list to take along comes without shelves where they take too long to find', async () => {
  await using at = await anOpenLibrary()
  const [titleId = 0] = await someTitles(at.db, [{ title: 'Walks' }])
  await aCopy(at.db, { titleId, branchId: at.branchId, itemTypeId: at.itemTypeId })
  // For the search alone, the names of branches are without end.
  await at.db.rows(sql`alter table branch enable row level security`)
  await at.db.rows(sql`create policy endless on branch to bibby_search using (pg_sleep(60) is not null)`)
  const { status, text } = await aVisitor(at.app).open('/search/list?query=walks')
  assert.equal(status, 200)
  assert.match(text, /Where they stand cannot be said just now.* Walks/)
})

test('pages go squeezed to passers-by, and as they are to whoever is signed in', async () => {
  await using at = await anOpenLibrary()
  const headers = { 'accept-encoding': 'gzip' }
  const squeezed = await at.app.inject({ url: '/', headers })
  assert.equal(squeezed.headers['content-encoding'], 'gzip')
  assert.match(gunzipSync(squeezed.rawPayload).toString(), /What would you like to read/)
  assert.match(String(squeezed.headers.vary), /accept-encoding/)
  assert.equal((await at.app.inject('/')).headers['content-encoding'], undefined)
  const signedIn = await at.app.inject({ url: '/', headers, cookies: await cookiesOf(at) })
  assert.match(signedIn.body, /My account/)
  assert.equal(signedIn.headers['content-encoding'], undefined)
})

test('a drawn cover holds its title and its author, in any script', { skip: noChromium }, async () => {
  await using at = await anOpenLibrary()
  await using browser = browsing()
  const titles = [
    ['Emma', 'Austen, Jane'],
    ['WOMEN WHO MWAAM WITH WWWWWWWWWWWWWWWWWW', 'WWWWWW, MMMMMMMM MMMMMM'],
    ['Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft', 'Ä'],
    [
      'The Curious Incident of the Dog in the Night-Time, and Other Things That Were Lost and Found Again, Twice',
      'X',
    ],
    ['كليلة ودمنة: حكايات الحيوان على ألسنة الحكماء', 'ابن المقفع، عبد الله'],
    ['שירים לנצח', 'Amichai, Yehuda'],
    ['源氏物語と平安時代の宮廷文化についての研究', '紫式部'],
    ['สี่แผ่นดินและเรื่องราวอื่นๆ', 'คึกฤทธิ์ ปราโมช'],
    ['गोदान और अन्य कहानियाँ', 'प्रेमचंद'],
    ['👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦 family', ''],
    ['…', '—'],
  ]
  await someTitles(
    at.db,
    titles.map(([title = '', author = '']) => ({
      title,
      authors: author ? [author] : [],
      subjects: ['drawn'],
    })),
  )
  const page = await browser.newPage()
  await page.goto(`${at.address}/search?query=drawn`)
  assert.deepEqual(await page.evaluate(spilt), [])
  assert.equal(await page.locator('.drawn-cover').count(), titles.length)
})

/** What reaches out of its cover, or over the spine. */
const spilt = `[...document.querySelectorAll('.drawn-cover')].flatMap((cover) => {
  const board = cover.getBoundingClientRect()
  const spine = cover.querySelector('.spine').getBoundingClientRect()
  const isLeft = spine.left - board.left < 1
  return [...cover.querySelectorAll('tspan')].filter((line) => {
    const range = document.createRange()
    range.selectNodeContents(line)
    const { left, right, top, bottom } = range.getBoundingClientRect()
    const [from, to] = isLeft ? [spine.right, board.right] : [board.left, spine.left]
    return left < from - 0.5 || right > to + 0.5 || top < board.top - 2 || bottom > board.bottom + 2
  }).map((line) => line.textContent)
})`

test('the first pages come in under 60 kB from one place, and nothing on them moves', {
  skip: noChromium,
}, async () => {
  await using at = await anOpenLibrary()
  const paths = await aShelfOfThirty(at)
  await using browser = browsing()
  for (const javaScriptEnabled of [true, false]) {
    for (const path of paths) {
      const { bytes, pictureBytes, elsewhere, shift } = await loaded(browser, at, {
        path,
        javaScriptEnabled,
      })
      const told = `${path} ${javaScriptEnabled ? 'with' : 'without'} script: ${bytes} bytes, ${pictureBytes} of pictures`
      assert.ok(bytes - pictureBytes < 20_000, told)
      // Without script browsers load all pictures at once, those far below too (HTML, lazy loading).
      if (javaScriptEnabled) assert.ok(bytes < 60_000, told)
      assert.deepEqual(elsewhere, [], told)
      assert.equal(shift, 0, told)
    }
  }
})

test('while somebody types, titles and authors are told apart, and what is chosen is searched for', {
  skip: noChromium,
}, async () => {
  await using at = await anOpenLibrary()
  await someTitles(at.db, [
    { title: 'Jane Eyre', authors: ['Brontë, Charlotte'] },
    { title: 'Emma', authors: ['Austen, Jane'] },
  ])
  await using browser = browsing()
  const page = await browser.newPage()
  await page.goto(at.address)
  await page.locator('#query').pressSequentially('jane')
  await page.getByRole('option', { name: 'Jane Eyre Title' }).waitFor()
  await page.getByRole('option', { name: 'Austen, Jane Author' }).click()
  await page.waitForURL((url) => url.searchParams.get('query') === 'Austen, Jane')
  assert.deepEqual(await page.locator('.results .work').allTextContents(), ['Emma'])
})

test('on paper there are no doors and no forms, and it says where a title is found', {
  skip: noChromium,
}, async () => {
  await using at = await anOpenLibrary()
  const [titleId] = await someTitles(at.db, [{ title: 'Emma' }])
  await using browser = browsing()
  const page = await browser.newPage()
  for (const path of ['/search?query=emma', `/titles/${titleId}`, '/search/list?query=emma']) {
    await page.goto(at.address + path)
    assert.equal(await page.getByText(at.address + path).isVisible(), false)
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    assert.equal(await page.getByText(at.address + path).isVisible(), true, path)
    assert.deepEqual(await shownOf(page, 'nav, form, .facets, footer, .button'), [], path)
    const ink = await page.evaluate('getComputedStyle(document.querySelector("h1, .work")).color')
    assert.equal(ink, 'rgb(0, 0, 0)', path)
    await page.emulateMedia({ media: 'screen', colorScheme: null })
  }
})

async function shownOf(page: Page, selector: string): Promise<string[]> {
  const shown: string[] = []
  for (const each of await page.locator(selector).all())
    if (await each.isVisible()) shown.push((await each.textContent()) ?? '')
  return shown
}

/** What a page costs whoever comes for the first time, and what they see of its coming. */
async function loaded(
  browser: Browsing,
  at: OpenLibrary,
  { path, javaScriptEnabled }: { path: string; javaScriptEnabled: boolean },
) {
  await using context = await browser.newContext({ viewport: { width: 390, height: 844 }, javaScriptEnabled })
  const page = await context.newPage()
  const elsewhere: string[] = []
  const kinds = new Map<string, string>()
  const sums = { bytes: 0, pictureBytes: 0, shift: 0 }
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== at.address) elsewhere.push(request.url())
  })
  const wire = await context.newCDPSession(page)
  await wire.send('Network.enable')
  await wire.send('PerformanceTimeline.enable', { eventTypes: ['layout-shift'] })
  wire.on('PerformanceTimeline.timelineEventAdded', ({ event }) => {
    sums.shift += event.layoutShiftDetails?.value ?? 0
  })
  wire.on('Network.responseReceived', ({ requestId, type }) => kinds.set(requestId, type))
  wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    sums.bytes += encodedDataLength
    if (kinds.get(requestId) === 'Image') sums.pictureBytes += encodedDataLength
  })
  await page.goto(at.address + path, { waitUntil: 'networkidle' })
  return { ...sums, elsewhere }
}

const realCovers = fileURLToPath(new URL('../../../shared/data/covers/', import.meta.url))

/** A page of results, every second of them with a cover, and the three pages that most people see first. */
async function aShelfOfThirty(at: OpenLibrary): Promise<string[]> {
  const names = Array.from({ length: 30 }, (_, index) => `Shelf of books, volume ${index + 1}`)
  const ids = await someTitles(
    at.db,
    names.map((title) => ({
      title,
      authors: ['Reader, Ada'],
      summary: title.repeat(20),
      publishedYear: 2000,
    })),
  )
  const real = existsSync(realCovers) ? await readdir(realCovers) : []
  for (const [index, titleId] of ids.entries()) {
    await aCopy(at.db, { titleId, branchId: at.branchId, itemTypeId: at.itemTypeId })
    const name = real[index % real.length]
    if (index % 2 === 1) continue
    if (name) await copyFile(join(realCovers, name), join(await coversOf(at), `title-${titleId}.jpg`))
    else await putCover(at, `title-${titleId}.jpg`, await picture('jpeg', 600))
  }
  // Made when they are first asked for: whoever comes first may see some of them at their second look.
  for (const titleId of ids) {
    const file = await at.library.covers.find(`title-${titleId}`)
    if (file) await at.library.covers.picture(file, 144)
  }
  return ['/', '/search?query=shelf', `/titles/${ids[0]}`]
}

async function coversOf(at: OpenLibrary): Promise<string> {
  const folder = join(at.library.dataFolder, 'covers')
  await mkdir(folder, { recursive: true })
  return folder
}

async function putCover(at: OpenLibrary, name: string, bytes: Buffer): Promise<void> {
  await writeFile(join(await coversOf(at), name), bytes)
}

async function picture(kind: 'jpeg' | 'png' | 'webp', width = 200): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 20 } as const
  return sharp({ create: { width, height: 1.5 * width, channels: 3, background: 'teal', noise } })
    .toFormat(kind)
    .toBuffer()
}

async function cookiesOf(at: OpenLibrary): Promise<Record<string, string>> {
  await at.letIn(at.card)
  const visitor = aVisitor(at.app)
  await visitor.signIn('patron', at.card)
  return visitor.cookies()
}

/** What stands in the attributes of microdata, by name; of several the first. */
function itemprops(html: string): [string, string][] {
  const found = [
    ...html.matchAll(
      /<(\w+)[^>]* itemprop="(\w+)"(?: content="([^"]*)")?[^>]*>([^<]*)(?:<bdi[^>]*>([^<]*))?/g,
    ),
  ]
  return found
    .map(([, , name = '', content, text = '', inside]) => [name, content ?? (inside || text)])
    .toReversed() as [string, string][]
}

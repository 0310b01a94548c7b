import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { type ImportLibrary, waitForImport } from '../src/catalogue/import/start-import.ts'
import { sql } from '../src/postgres/sql.ts'
import { type Cut, cutAt } from './cut.ts'
import { aCharge, aCopy, besides } from './library-fixtures.ts'
import { anOpenLibrary } from './open-library.ts'
import { aVisitor } from './visitor.ts'

test('a form that was sent, gone back to and sent with another name says so, and sends that one next', async () => {
  await using at = await anOpenLibrary()
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  const page = await desk.open('/patrons/new')
  const form = page.forms.find(({ action }) => action === '/patrons')
  assert.ok(form)
  assert.match((await desk.post('/patrons', { ...form.fields, familyName: 'Berg' })).path, /^\/desk\?card=/)
  const second = await desk.post('/patrons', { ...form.fields, familyName: 'Thal' })
  assert.match(second.text, /sent before, with something else in it/)
  assert.doesNotMatch(second.text, /Idempotency/)
  assert.match((await desk.send('/patrons', {}, { says: 'Register' })).text, /Thal/)
  assert.equal((await at.db.rows(sql`select from patron where family_name in ('Berg', 'Thal')`)).length, 2)
})

test('a patron whose password the desk sets is signed out at once', async () => {
  await using at = await anOpenLibrary()
  await at.letIn(at.card)
  const reader = aVisitor(at.app)
  await reader.signIn('patron', at.card)
  assert.equal((await reader.open('/account')).path, '/account')
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  const path = `/patrons/${at.patronId}`
  await desk.open(path)
  await desk.send(`${path}/password`, { password: 'a password of many words' })
  assert.match((await reader.open('/account')).path, /^\/sign-in/)
})

test('at the desk a patron is blocked, let go, extended, edited, given a password, and pays', async () => {
  await using at = await anOpenLibrary()
  await aCharge(at.db, { patronId: at.patronId, cents: 500 })
  const manager = aVisitor(at.app)
  await manager.signIn('staff', await at.staff('manager'))
  const path = `/patrons/${at.patronId}`
  const open = () => manager.open(path)

  await open()
  assert.match(
    (await manager.send(`${path}/block`, { because: 'Lost a book' })).text,
    /The patron is blocked\./,
  )
  assert.match((await open()).text, /Blocked Lost a book/)
  assert.match((await manager.send(`${path}/unblock`)).text, /The block is lifted/)
  await open()
  assert.match((await manager.send(`${path}/extend`, { until: '2031-05-01' })).text, /1 May 2031/)
  await open()
  assert.match((await manager.send(`${path}/edit`, { givenName: 'Zoë' })).text, /The changes are saved/)
  await open()
  assert.match(
    (await manager.send(`${path}/password`, { password: 'a password of many words' })).text,
    /The password is set/,
  )
  await open()
  assert.match((await manager.send(`${path}/pay`, { amount: '2,50' })).text, /The payment is recorded/)
  assert.match((await open()).text, /€2\.50/)
  const tooMuch = await manager.send(`${path}/pay`, { amount: '100' })
  assert.equal(tooMuch.status, 409)
  assert.match(tooMuch.text, /That is more than is owed/)
  await open()
  assert.match(
    (await manager.send(`${path}/waive`, { amount: '2.50', reason: 'Illness' })).text,
    /Nothing owed/,
  )
})

test('two who edit a patron at once do not overwrite each other', async () => {
  await using at = await anOpenLibrary()
  const login = await at.staff('desk')
  const [one, other] = [aVisitor(at.app), aVisitor(at.app)]
  for (const each of [one, other]) {
    await each.signIn('staff', login)
    await each.open(`/patrons/${at.patronId}`)
  }
  const path = `/patrons/${at.patronId}/edit`
  assert.equal((await one.send(path, { phone: '111' })).status, 200)
  const late = await other.send(path, { phone: '222' })
  assert.equal(late.status, 409)
  assert.match(late.text, /Somebody changed it meanwhile/)
})

test('a file is brought, looked at, imported, its rejects handed back, and all of it undone', async () => {
  await using at = await anOpenLibrary()
  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  await cataloguer.open('/imports')
  const content = 'name,who\n"Os Maias",Eça\n,Nobody\n"雪国",川端康成\n'
  const preview = await cataloguer.upload(
    '/imports/uploads',
    { name: 'gifts.csv', content },
    { format: 'csv' },
  )
  assert.match(preview.path, /^\/imports\/preview/)
  assert.match(preview.text, /Os Maias/)
  assert.match(preview.text, /It has no title/)

  const mapped = await cataloguer.send('/imports/preview', { 'map.title': 'name', 'map.authors': 'who' })
  assert.match(mapped.text, /川端康成/)
  const started = await cataloguer.send('/imports', { name: 'Gifts' })
  const id = Number(/^\/imports\/(\d+)$/.exec(started.path)?.[1])
  assert.match(started.html, /<h1>Gifts<\/h1>/)
  await waitForImport(at.library as ImportLibrary, id)

  const over = await cataloguer.open(`/imports/${id}`)
  assert.match(over.text, /Done.* Read 3 New 2 Updated 0 Unchanged 0 Set aside 1/)
  assert.match((await cataloguer.open(`/imports/${id}/rejects`)).text, /It has no title/)
  assert.match((await cataloguer.open(`/imports/${id}/rejects-file`)).html, /^name,who\n,Nobody/)
  await cataloguer.open(`/imports/${id}`)
  assert.match((await cataloguer.send(`/imports/${id}/undo`)).text, /2 titles undone/)
  assert.match((await cataloguer.open('/imports')).text, /Gifts.*Undone/)
})

test('an import whose form is sent twice is one import, and an empty file is none', async () => {
  await using at = await anOpenLibrary()
  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  await cataloguer.open('/imports')
  const empty = await cataloguer.upload(
    '/imports/uploads',
    { name: 'empty.csv', content: '' },
    { format: 'csv' },
  )
  assert.equal(empty.status, 400)
  assert.match(empty.text, /The file is empty/)

  await cataloguer.open('/imports')
  await cataloguer.upload('/imports/uploads', { name: 'a.csv', content: 'title\nEmma\n' }, { format: 'csv' })
  const form = cataloguer.seen().forms.find(({ action }) => action === '/imports')
  assert.ok(form)
  const one = await cataloguer.post('/imports', form.fields)
  const two = await cataloguer.post('/imports', form.fields)
  assert.equal(one.path, two.path)
  assert.equal((await at.db.rows(sql`select from change_set`)).length, 1)
  await waitForImport(at.library as ImportLibrary, Number(one.path.split('/').at(-1)))
})

test('an import that says it runs, with nobody at it, is let go on; one that somebody is at is not', async () => {
  await using at = await anOpenLibrary()
  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  await cataloguer.open('/imports')
  await cataloguer.upload('/imports/uploads', { name: 'a.csv', content: 'title\nEmma\n' }, { format: 'csv' })
  const { path } = await cataloguer.send('/imports')
  const id = Number(path.split('/').at(-1))
  await waitForImport(at.library as ImportLibrary, id)
  // As a process leaves it that was killed in the middle, or whose database stayed away too long.
  const [file] = await at.db.rows<{ path: string }>(sql`
    update change_set set state = 'running', ended_at = null where id = ${id} returning file_path as path
  `)
  await writeFile(file?.path ?? '', 'title\nEmma\n')
  const other = await at.db.connectAlone()
  await other.query(`select pg_advisory_lock(hashtextextended('bibby import ' || $1::text, 0))`, [String(id)])
  const busy = await cataloguer.open(path)
  assert.match(busy.text, /Running/)
  assert.ok(busy.forms.every(({ action }) => action !== `${path}/run`))
  await other.end()
  await at.db.rows(
    sql`select pg_advisory_xact_lock(hashtextextended('bibby import ' || ${String(id)}::text, 0))`,
  )
  await rm(file?.path ?? '')
  const elsewhere = await cataloguer.open(path)
  assert.match(elsewhere.text, /Its file is not on this machine\./)
  assert.ok(elsewhere.forms.every(({ action }) => action !== `${path}/run`))
  await writeFile(file?.path ?? '', 'title\nEmma\n')
  assert.match((await cataloguer.open(path)).text, /It was cut off on its way\..*Go on/)
  await cataloguer.send(`${path}/run`)
  await waitForImport(at.library as ImportLibrary, id)
  assert.match((await cataloguer.open(path)).text, /Done/)
})

test('a check-in that is refused says which code was scanned', async () => {
  await using at = await anOpenLibrary()
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await desk.open('/check-in')
  const refused = await desk.send('/check-in', { code: 'no-such-<book>' })
  assert.equal(refused.status, 404)
  assert.match(refused.text, /No copy has this barcode\..*Scanned: no-such-<book>/)
})

test('rules are set and explained, days are closed and opened, titles and copies added, by page', async () => {
  await using at = await anOpenLibrary()
  const manager = aVisitor(at.app)
  await manager.signIn('staff', await at.staff('manager'))

  await manager.open('/rules')
  const set = await manager.send(
    '/rules',
    { branch: at.branchCode, loanDays: '9', fine: '0.20' },
    { says: 'Save the rule' },
  )
  assert.match(set.text, /Loans that it made before keep their due dates/)
  const explained = await manager.send('/rules', { card: at.card, barcode: at.barcode }, { says: 'Explain' })
  assert.match(explained.text, /The rule for branch Main.* 9 days/)

  await manager.open('/branches')
  assert.match(
    (await manager.send('/branches/closed-days', { day: '2031-12-25', reason: 'Feast' })).text,
    /Feast/,
  )
  await manager.open('/branches')
  assert.match((await manager.send('/branches/closed-days/remove')).text, /No closed days ahead/)

  await manager.open('/catalogue/new')
  const added = await manager.send('/catalogue', {
    title: 'Палата № 6',
    authors: 'Чехов, Антон',
    year: '1892',
    language: 'rus',
  })
  assert.match(added.text, /The title is added/)
  const titleId = /^\/titles\/(\d+)/.exec(added.path)?.[1]
  const withCopy = await manager.send(`/titles/${titleId}/copies`, { barcode: 'new-1' })
  assert.match(withCopy.text, /The copy is added/)
  assert.match((await manager.open(`/titles/${titleId}`)).html, /<bdi dir="auto" lang="ru">Палата № 6<\/bdi>/)
  assert.match((await manager.open('/search?query=%D0%BF%D0%B0%D0%BB%D0%B0%D1%82%D0%B0')).text, /Палата № 6/)
  assert.match((await manager.open('/journal?barcode=new-1')).text, /Added copy/)
})

test('a copy is edited by page, from the version that was seen, and a lent one stays with whoever has it', async () => {
  await using at = await anOpenLibrary()
  const manager = aVisitor(at.app)
  await manager.signIn('staff', await at.staff('manager'))
  await manager.open(`/desk?card=${at.card}`)
  await manager.send('/desk/scan', { code: at.barcode })
  const edit = `/copies/${at.copyId}/edit`
  assert.ok((await manager.open(`/titles/${at.titleId}`)).html.includes(`href="${edit}"`))
  const page = await manager.open(edit)
  const form = page.forms.find(({ action }) => action === edit)
  assert.ok(form)
  const typed = { shelf: 'Youth', callNumber: 'J 823', here: 'yes', note: 'Spine\nis weak' }
  const saved = await manager.send(edit, typed)
  assert.match(saved.text, /The copy is changed.*J 823.*Youth.*On loan/)
  assert.match((await manager.open(edit)).html, /Spine\nis weak<\/textarea>/)
  const stale = await manager.post(edit, { ...form.fields, shelf: 'Other', key: 'another-key' })
  assert.equal(stale.status, 409)
  assert.match(stale.text, /Somebody changed it meanwhile/)
  assert.match((await manager.send(edit, { barcode: ' ' })).text, /The barcode must not be empty/)
  const other = await aCopy(at.db, besides(at))
  assert.match((await manager.send(edit, { barcode: other.barcode })).text, /Another copy has this barcode/)
  const [copy] = await at.db.rows(sql`select shelf, lendable, version from copy where id = ${at.copyId}`)
  assert.deepEqual(copy, { shelf: 'Youth', lendable: false, version: 2 })
})

test('a renewal that the rule refuses is overridden at the desk, with a reason', async () => {
  await using at = await anOpenLibrary()
  await at.db.rows(sql`update loan_rule set renewals_max = 0`)
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  await desk.open(`/desk?card=${at.card}`)
  await desk.send('/desk/scan', { code: at.barcode })
  await at.db.rows(
    sql`update loan set lent_at = lent_at - interval '9 days', due_at = due_at - interval '9 days'`,
  )
  await desk.open(`/desk?card=${at.card}`)
  const refused = await desk.send('/desk/renew')
  assert.equal(refused.status, 409)
  assert.match(refused.text, /renewed as often as the rule allows/)
  assert.doesNotMatch(refused.text, /Ask a member of staff/)
  const without = await desk.send('/desk/renew', { reason: ' ' }, { says: 'Override' })
  assert.match(without.text, /A reason is missing/)
  const done = await desk.send('/desk/renew', { reason: 'Ill' }, { says: 'Override' })
  assert.match(done.text, /Renewed\..*overridden/)
})

test('a form whose outcome is lost on the way is sent once more, and lends once', async () => {
  let cut: { readonly at: number; readonly how: Cut } | undefined
  let reached = true
  await using at = await anOpenLibrary({
    through: (db) => ({
      ...db,
      withConnection: async (work) => {
        if (!cut) return db.withConnection(work)
        const cutting = cutAt(db, cut.at, cut.how)
        try {
          return await cutting.withConnection(work)
        } finally {
          reached ||= cutting.reached()
        }
      },
    }),
  })
  const desk = aVisitor(at.app)
  await desk.signIn('staff', await at.staff('desk'))
  let asked = 0
  let unknown = 0
  for (const how of ['before', 'reply-lost'] as const) {
    reached = true
    // The first statement of each transaction is what reading pages consists of too.
    for (let statement = 2; reached; statement++) {
      reached = false
      asked += 1
      const { barcode } = await aCopy(at.db, besides(at))
      await desk.open(`/desk?card=${at.card}`)
      const form = desk.seen().forms.find(({ action }) => action === '/desk/scan')
      assert.ok(form)
      const fields = { ...form.fields, code: barcode }
      cut = { at: statement, how }
      const first = await desk.post('/desk/scan', fields)
      cut = undefined
      const isUnknown = /Send it once more/.test(first.text)
      if (isUnknown) unknown += 1
      const settled = isUnknown ? await desk.send('/desk/scan') : await desk.post('/desk/scan', fields)
      assert.equal(settled.status, 200, `cut ${how} at ${statement}`)
      const loans = await at.db.rows(sql`
        select from loan join copy on copy.id = loan.copy_id where copy.barcode = ${barcode}
      `)
      assert.equal(loans.length, 1, `cut ${how} at ${statement}`)
    }
  }
  assert.ok(asked > 6 && unknown >= 1, `${asked} asked, ${unknown} unknown`)
})

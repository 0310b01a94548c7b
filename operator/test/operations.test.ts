import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { temporaryHome } from '@bibby/lending/test/bibby-process.ts'
import { aPatron, aSmallLibrary, besides } from '@bibby/lending/test/library-fixtures.ts'
import { copiesOn } from '@bibby/lending/test/operation-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '@bibby/lending/test/scratch-database.ts'
import { command } from './command.ts'

type Ran = { readonly code: number; readonly out: string; readonly talk: string }

/** Runs `bibby` on this database. */
function commandOn(
  { connection: { host, user, database } }: ScratchDatabase,
  settings: Readonly<Record<string, string>>,
): (...words: readonly string[]) => Promise<Ran> {
  const address = `postgresql://${user}@${encodeURIComponent(host)}/${database}`
  const env = { PATH: '/usr/bin:/bin', BIBBY_DATABASE_URL: address, ...settings }
  return (...words) =>
    new Promise((resolve) => {
      execFile(process.execPath, [...command, ...words], { env }, (error, out, talk) =>
        resolve({ code: error ? Number(error.code) : 0, out, talk }),
      )
    })
}

test('by command: without a code nothing is done, the exit code is 3, and what is in the way is named', async () => {
  await using db = await scratchDatabase()
  await using home = await temporaryHome('operations')
  const { branchId, itemTypeId, branchCode } = await aSmallLibrary(db)
  const [copy] = await copiesOn(db, 'kept', 9, { branchId, itemTypeId })
  const bibby = commandOn(db, { BIBBY_DATA: home.data })
  const withdrawn = async () =>
    db.withConnection(
      async (on) => (await on.query('select from copy where withdrawn_at is not null')).rowCount,
    )

  const wrong = await bibby('withdraw', '--barcode', 'no-such', '--because', 'Worn')
  assert.equal(wrong.code, 3)
  assert.match(wrong.talk, /No copy has this barcode: no-such/)
  const all = await bibby('withdraw', '--branch', branchCode, '--because', 'Worn')
  assert.match(all.talk, /It would touch 10 of 10; at once it may be 5,000, and 20% of all/)

  const planned = await bibby('withdraw', '--barcode', copy?.barcode ?? '', '--because', 'Worn')
  assert.equal(planned.code, 3)
  const id = /bibby operation code ([0-9a-f-]{36})/.exec(planned.out)?.[1] ?? ''
  assert.match(planned.out, /WITHDRAW 1 COPIES #[0-9a-f]{4}: planned.*Nothing was done yet/s)
  const coded = await bibby('operation', 'code', id)
  assert.equal(coded.code, 3)
  assert.match(coded.talk, /account of your own/)
  assert.match((await bibby('operation', 'list')).out, /armed +staff:0 +WITHDRAW 1 COPIES.*refused/s)
  assert.match((await bibby('operation', 'stop', id, '--because', 'no')).out, /refused: stopped/)
  assert.equal(await withdrawn(), 0)
})

test('by command: a patron is planned to be erased, with what hangs on them; nobody with this card is named', async () => {
  await using db = await scratchDatabase()
  await using home = await temporaryHome('erase')
  const { card } = await aSmallLibrary(db)
  const bibby = commandOn(db, { BIBBY_DATA: home.data })
  const wrong = await bibby('patron', 'erase', 'no-such', '--because', 'They asked for it')
  assert.deepEqual([wrong.code, /Nobody has this card: no-such/.test(wrong.talk)], [3, true], wrong.talk)
  const planned = await bibby('patron', 'erase', card, '--because', 'They asked for it')
  assert.equal(planned.code, 3)
  assert.match(planned.out, /ERASE 1 PATRON #[0-9a-f]{4}: planned.*Ada Reader, card .*Nothing was done yet/s)
  assert.match((await bibby('patron', 'show', card)).out, /Ada Reader/)
})

test('by command: in production notices on is a plan, tells the letters and exits with 3; elsewhere, and off, is direct', async () => {
  await using db = await scratchDatabase()
  await using home = await temporaryHome('notices-on')
  const library = await aSmallLibrary(db)
  const soon = new Date(Date.now() + 3 * 24 * 60 * 60_000).toISOString().slice(0, 10)
  const { card } = await aPatron(db, { ...besides(library), email: 'ada@example.org', expiresOn: soon })
  const inProduction = commandOn(db, { BIBBY_DATA: home.data, BIBBY_ENVIRONMENT: 'production' })
  const elsewhere = commandOn(db, { BIBBY_DATA: home.data })
  const state = async () => /^Notices are (on|off)/.exec((await inProduction('notices')).out)?.[1]

  const planned = await inProduction('notices', 'on')
  assert.equal(planned.code, 3, planned.talk)
  assert.match(planned.out, /SEND 1 LETTERS AND TURN NOTICES ON #[0-9a-f]{4}: planned/)
  assert.match(planned.out, /Card expiring, to card .*Nothing was done yet.*bibby operation code/s)
  assert.equal(await state(), 'off')
  assert.deepEqual(await elsewhere('notices', 'on'), { code: 0, out: 'Notices are on.\n', talk: '' })
  const ofKind = ['notices', 'template', 'preview', 'card-expiring', card]
  assert.match(
    (await elsewhere(...ofKind, '--subject', 'Until {expires}')).out,
    /^To .* \(.*\), as it would go out now:\n\nUntil \w+, .*\n\nDear .*Nothing was sent or written\.\n$/s,
  )
  assert.match(
    (await elsewhere('notices', 'template', 'preview', 'overdue', card)).out,
    /^Nothing of this kind is due for/,
  )
  assert.equal((await elsewhere('notices', 'template', 'preview', 'overdue', 'nobody')).code, 3)
  assert.equal((await inProduction('notices', 'off')).out, 'Notices are off.\n')
})

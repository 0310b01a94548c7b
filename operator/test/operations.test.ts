import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryHome } from '@bibby/lending/test/bibby-process.ts'
import { aSmallLibrary } from '@bibby/lending/test/library-fixtures.ts'
import { copiesOn } from '@bibby/lending/test/operation-fixtures.ts'
import { scratchDatabase } from '@bibby/lending/test/scratch-database.ts'

const command = fileURLToPath(new URL('../src/bibby.ts', import.meta.url))
type Ran = { readonly code: number; readonly out: string; readonly talk: string }

test('by command: without a code nothing is done, the exit code is 3, and what is in the way is named', async () => {
  await using db = await scratchDatabase()
  await using home = await temporaryHome('operations')
  const { branchId, itemTypeId, branchCode } = await aSmallLibrary(db)
  const [copy] = await copiesOn(db, 'kept', 9, { branchId, itemTypeId })
  const { host, user, database } = db.connection
  const env = {
    BIBBY_DATABASE_URL: `postgresql://${user}@${encodeURIComponent(host)}/${database}`,
    BIBBY_DATA: home.data,
  }
  const bibby = (...words: readonly string[]): Promise<Ran> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [command, ...words],
        { env: { PATH: '/usr/bin:/bin', ...env } },
        (error, out, talk) => resolve({ code: error ? Number(error.code) : 0, out, talk }),
      )
    })
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

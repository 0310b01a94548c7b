import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCopy, aPatron, aSmallLibrary, by } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { haltStanding } from '../halt/resume.ts'
import { journal } from '../journal/journal.ts'
import { boundsOf, fanOutNouns, fewRows } from './fan-out.ts'
import { type Database, openPool, type Tx } from './pool.ts'
import { type Sql, sql } from './sql.ts'
import { type Verb, write } from './write.ts'

/** Thirty loans that are open. */
async function thirtyLoans(db: Database) {
  const library = await aSmallLibrary(db)
  await db.rows(sql`update loan_rule set loans_max = 1000`)
  const { titleId, branchId, itemTypeId } = library
  for (let each = 0; each < 30; each++) {
    const { barcode } = await aCopy(db, { titleId, branchId, itemTypeId })
    const { outcome } = await write(db, by(), lend, { card: library.card, barcode, branchId })
    assert.equal(outcome, 'done')
  }
  return library
}

/** A verb of the desk with a mistake: its condition was forgotten. */
function mistaken(how: (tx: Tx) => Promise<unknown>): Verb<object, { done: true }, never> {
  return {
    action: 'take-back',
    about: () => ({}),
    work: async (tx) => {
      await how(tx)
      return { done: true }
    },
  }
}

const closesAll = () => sql`update loan set returned_at = now()`
const isStopped = { code: 'BIBBY_FAN_OUT', message: /30 rows of loan, where it may change 10/ }
const openLoans = async (db: Database) =>
  (await db.rows(sql`select from loan where returned_at is null`)).length

test('a verb that by mistake closes every loan is stopped at its bound, halted on both processes, and others go on', async () => {
  await using db = await scratchDatabase()
  const library = await thirtyLoans(db)
  await using other = openPool({
    connection: db.connection,
    name: 'other-process',
    connectionsMax: 2,
    statementLimitMs: 5_000,
  })
  const wrong = mistaken((tx) => tx.rows(closesAll()))
  await assert.rejects(write(db, by(), wrong, {}), isStopped)
  assert.equal(await openLoans(db), 30)

  for (const process of [db, other]) {
    await assert.rejects(write(process, by(), takeBack, library), { code: 'BIBBY_VERB_HALTED' })
    const { titleId, branchId, itemTypeId } = library
    const { barcode } = await aCopy(db, { titleId, branchId, itemTypeId })
    assert.equal((await write(process, by(), lend, { ...library, barcode })).outcome, 'done')
  }
  const [entry] = await journal(db, { action: 'halt' })
  assert.equal(entry?.actor, 'system:fan-out')
  assert.match(entry?.line ?? '', /^Halted take-back: It would have changed 30 rows of loan/)
  assert.deepEqual(
    (await haltStanding(db)).verbs.map(({ verb }) => verb),
    ['take-back'],
  )
})

const waysAround: Readonly<Record<string, (tx: Tx) => unknown>> = {
  'with the commit': (tx) => tx.withCommit(closesAll()),
  'inside another statement': (tx) => tx.rows(sql`with closed as (${closesAll()}) select 1 as one`),
  'in a savepoint': async (tx) => {
    await tx.rows(sql`savepoint here`)
    await tx.rows(closesAll())
    await tx.rows(sql`release savepoint here`)
  },
  'row by row': async (tx) => {
    const loans = await tx.rows<{ id: number }>(sql`select id from loan`)
    for (const { id } of loans) await tx.rows(sql`update loan set returned_at = now() where id = ${id}`)
  },
  'by deleting': (tx) => tx.rows(sql`delete from loan`),
}
for (const [way, how] of Object.entries(waysAround)) {
  test(`the server counts what a write changes ${way}`, async () => {
    await using db = await scratchDatabase()
    await thirtyLoans(db)
    await assert.rejects(
      write(
        db,
        by(),
        mistaken(async (tx) => how(tx)),
        {},
      ),
      isStopped,
    )
    assert.equal(await openLoans(db), 30)
  })
}

test('a write may change as many rows as its bound says, and not one more; what went before on the connection is not counted', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  const { branchId, categoryId } = await aSmallLibrary(db)
  const many = (patrons: number) => ({
    ...mistaken(async (tx) => {
      for (let each = 0; each < patrons; each++) await aPatron(tx, { branchId, categoryId })
    }),
    action: 'register-patron',
  })
  for (let again = 0; again < 5; again++) {
    assert.equal((await write(db, by(), many(fewRows), {})).outcome, 'done')
  }
  await assert.rejects(write(db, by(), many(fewRows + 1), {}), { code: 'BIBBY_FAN_OUT' })
})

test('a verb that is large by nature may change what it says, of that noun only', async () => {
  await using db = await scratchDatabase()
  await thirtyLoans(db)
  const large = { ...mistaken((tx) => tx.rows(closesAll())), fanOut: { loan: 30, because: 'A test.' } }
  assert.equal((await write(db, by(), large, {})).outcome, 'done')
  const other = {
    ...mistaken((tx) => tx.rows(sql`update copy set shelf = 'x'`)),
    fanOut: { loan: 30, because: 'A test.' },
  }
  await assert.rejects(write(db, by(), other, {}), { code: 'BIBBY_FAN_OUT', message: /rows of copy/ })
})

test('the bounds are counted in the order in which the server counts', async () => {
  await using db = await scratchDatabase()
  await db.withConnection(async (connection) => {
    const { rows } = await connection.query<{ body: string }>(
      `select pg_get_functiondef('rows_changed'::regproc) as body`,
    )
    const counted = [...(rows[0]?.body ?? '').matchAll(/tuples_inserted\(\('(\w+)'/g)].map(([, noun]) => noun)
    assert.deepEqual(counted, fanOutNouns)
  })
  assert.equal(boundsOf(undefined), '{10,10,10,10,10,10,10}')
  assert.equal(boundsOf({ copy: 3, because: 'A test.' }), '{10,10,3,10,10,10,10}')
})

test('what is not counted row by row is refused: no table of the library is emptied as a whole', async () => {
  await using db = await scratchDatabase()
  const tables: readonly Sql[] = [
    sql`truncate loan cascade`,
    sql`truncate hold cascade`,
    sql`truncate copy cascade`,
    sql`truncate title cascade`,
    sql`truncate patron cascade`,
    sql`truncate fine_line`,
    sql`truncate notice cascade`,
  ]
  for (const statement of tables) await assert.rejects(db.rows(statement), /never emptied|are kept/)
})

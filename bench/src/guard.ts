import { randomBytes } from 'node:crypto'
import { openGuard } from '@bibby/guard/guard.ts'
import { guarded } from '@bibby/guard/guarded.ts'
import { holdCopies } from '@bibby/lending/operations/copies-in-the-way.ts'
import { copiesMeant } from '@bibby/lending/operations/copies-meant.ts'
import { guardHost } from '@bibby/lending/operations/host.ts'
import { type Database, openPool, type Tx } from '@bibby/lending/postgres/pool.ts'
import { sql } from '@bibby/lending/postgres/sql.ts'
import { fillLibrary } from './filled-library.ts'
import { percentiles } from './percentiles.ts'
import type { Row } from './row.ts'
import { dataFolder, startBibby } from './running-bibby.ts'

const rows = 1_000
const copies = 20_000
const rounds = 9
const by = 'staff:1'

/** What the guard costs: the same copies withdrawn by plan, code and batches, and bare in one transaction. */
export async function guard(): Promise<readonly Row[]> {
  await using folder = await dataFolder()
  await using bibby = await startBibby(folder.path)
  await using db = openPool({
    connection: bibby.connection,
    name: 'bench',
    connectionsMax: 2,
    statementLimitMs: 60_000,
  })
  await fillLibrary(db, { patrons: 10, copies })
  const ids = (await db.rows<{ id: string }>(sql`select id::text from copy order by id limit ${rows}`)).map(
    ({ id }) => id,
  )
  await db.rows(sql`update copy set shelf = 'weeding' where id = any(${ids}::bigint[])`)
  const guardedly = withdrawGuarded(db)
  const measured: { bare: number; plan: number; confirm: number; run: number }[] = []
  for (let round = 0; round <= rounds; round++) {
    await putBack(db, ids)
    const bare = await msOf(() => db.transaction((tx) => withdraw(tx, ids)))
    await allWithdrawn(db)
    await putBack(db, ids)
    const took = await guardedly()
    await allWithdrawn(db)
    if (round > 0) measured.push({ bare, ...took }) // The first one warms up.
  }
  const median = (of: (each: (typeof measured)[number]) => number) => percentiles(measured.map(of)).p50
  const whole = median(({ plan, confirm, run }) => plan + confirm + run)
  const bare = median((each) => each.bare)
  const parts = `plan ${ms(median(({ plan }) => plan))}, code and confirmation ${ms(median(({ confirm }) => confirm))}, run ${ms(median(({ run }) => run))}`
  return [
    {
      what: 'guarded operation: plan, code, confirmation and run',
      measured: `${ms(whole)} (${parts})`,
      against: `the same update bare, in one transaction: ${ms(bare)}`,
      ratio: whole / bare,
      size: `${rows.toLocaleString('en')} of ${copies.toLocaleString('en')} copies in batches of 200 without a pace, median of ${rounds}`,
    },
  ]
}

/** As copies are withdrawn, but at once: the pace is meant, and no cost. */
function withdrawGuarded(db: Database) {
  const withdrawing = guarded<Tx, { readonly shelf: string }>({
    name: 'bench-withdraw',
    phrase: () => ({ verb: 'WITHDRAW', noun: 'COPIES' }),
    ceiling: { rows: 5_000, percent: 20 },
    find: (tx, { shelf }, limit) =>
      copiesMeant(tx, { shelf, branch: null, itemType: null, barcodes: null }, limit),
    hold: holdCopies,
    dependents: 'none',
    act: (tx, ids) => withdraw(tx, ids),
    undo: { days: 30, restore: async () => undefined },
    batchRows: 200,
    pace: 'at-once',
    health: 'not-asked',
    people: { needed: 1, confirmMinutes: 60 },
  })
  let code = ''
  const secret = randomBytes(32)
  const opened = openGuard(
    guardHost({
      db,
      instance: 'bench',
      clock: () => new Date(),
      send: async (message) => {
        code = message.code
        return { sentTo: 'the bench' }
      },
      mayStill: async () => true,
      secret: () => secret,
    }),
    [withdrawing],
  )
  return async () => {
    let [id, phrase] = ['', '']
    const plan = await msOf(async () => {
      const told = await opened.plan(withdrawing, { by, given: { shelf: 'weeding' } })
      if (!('planned' in told)) throw new Error(`The plan was refused: ${JSON.stringify(told)}`)
      id = told.planned.id
      phrase = told.planned.phrase ?? ''
    })
    const confirm = await msOf(async () => {
      await opened.sendCode({ by, id })
      const told = await opened.confirm({ by, id, phrase, code })
      if ('refused' in told) throw new Error(`The confirmation was refused: ${told.refused}`)
    })
    const run = await msOf(() => opened.run({ id, signal: new AbortController().signal }))
    return { plan, confirm, run }
  }
}

function withdraw(tx: Tx, ids: readonly string[]) {
  return tx.rows<{ id: string; versionAfter: string; before: { version: number } }>(sql`
    with before as (
      select id, version from copy where id = any(${ids}::bigint[])
    )
    update copy
    set withdrawn_because = 'Worn', withdrawn_at = clock_timestamp(), version = copy.version + 1
    from before
    where copy.id = before.id
    returning copy.id::text, copy.version::text as "versionAfter", json_build_object('version', before.version) as before
  `)
}

async function putBack(db: Database, ids: readonly string[]): Promise<void> {
  await db.rows(sql`
    update copy set withdrawn_because = null, withdrawn_at = null where id = any(${ids}::bigint[])
  `)
  await db.withConnection((connection) => connection.query('vacuum analyze copy'))
}

async function allWithdrawn(db: Database): Promise<void> {
  const [found] = await db.rows<{ n: number }>(
    sql`select count(*)::integer as n from copy where withdrawn_at is not null and shelf = 'weeding'`,
  )
  if (found?.n !== rows) throw new Error(`${found?.n} of ${rows} copies were withdrawn.`)
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

const ms = (value: number) => `${value.toFixed(0)} ms`

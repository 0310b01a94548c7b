import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { cutAt } from '../../test/cut.ts'
import { done, neverTwice } from '../../test/every-cut.ts'
import { aCopy, aPatron, aSmallLibrary, besides, by, monday } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { expireHold } from '../circulation/expire-holds.ts'
import { cancelHold, placeHold } from '../circulation/hold.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import type { Kind } from './kinds.ts'
import { noticeBalance } from './ledger.ts'

type Told = { readonly kind: Kind; readonly patronId: number; readonly facts: Record<string, unknown> }

async function told(db: Database, about: { loanId?: number; holdId?: number }): Promise<readonly Told[]> {
  return db.rows<Told>(sql`
    select kind, patron_id as "patronId", facts from notice
    where loan_id = ${about.loanId ?? null} or hold_id = ${about.holdId ?? null}
    order by caused_at, id
  `)
}

async function aLibraryThatTells(db: Database) {
  const library = await aSmallLibrary(db)
  await db.rows(sql`update notice_switch set installations = '{"here"}'`)
  const wants = async () =>
    aPatron(db, { ...besides(library), email: 'ada@example.org', wantsReceipts: true })
  const freshCopy = async () => aCopy(db, { branchId: library.branchId, itemTypeId: library.itemTypeId })
  const held = async () => {
    const copy = await freshCopy()
    const { card, patronId } = await aPatron(db, { ...besides(library), email: 'ben@example.org' })
    const ask = { card, titleId: copy.titleId, pickupBranchId: library.branchId }
    const { holdId } = done(await write(db, by(), placeHold, ask))
    return { holdId, patronId, copy, takeBack: { barcode: copy.barcode, branchId: library.branchId } }
  }
  return { library, wants, freshCopy, held }
}

const weekLater = new Date('2026-03-16T11:00:00Z')

test('a receipt is caused if and only if the loan is made', async () => {
  await using db = await scratchDatabase()
  const { library, wants, freshCopy } = await aLibraryThatTells(db)
  await neverTwice(db, lend, async () => {
    const [{ card, patronId }, { barcode }] = [await wants(), await freshCopy()]
    const times = async () => {
      const [{ loans = 0, receipts = 0 } = {}] = await db.rows<{ loans: number; receipts: number }>(sql`
        select (select count(*) from loan where patron_id = ${patronId}) as loans,
          (select count(*) from notice where patron_id = ${patronId} and kind = 'loan-receipt') as receipts
      `)
      assert.equal(receipts, loans)
      return receipts
    }
    return { ask: { card, barcode, branchId: library.branchId }, times }
  })
  assert.equal((await noticeBalance(db)).difference, 0)
})

test('a receipt of a return is caused if and only if the copy was taken back', async () => {
  await using db = await scratchDatabase()
  const { library, wants, freshCopy } = await aLibraryThatTells(db)
  await neverTwice(db, takeBack, async () => {
    const [{ card }, { barcode }] = [await wants(), await freshCopy()]
    const ask = { barcode, branchId: library.branchId }
    const { loanId } = done(await write(db, by(), lend, { ...ask, card }))
    const times = async () => {
      const [row] = await db.rows<{ is_back: boolean }>(
        sql`select returned_at is not null as is_back from loan where id = ${loanId}`,
      )
      const returns = (await told(db, { loanId })).filter(({ kind }) => kind === 'return-receipt').length
      assert.equal(returns, row?.is_back ? 1 : 0)
      return returns
    }
    return { ask, times }
  })
})

test('a patron is told that a hold is ready if and only if a copy was captured for it', async () => {
  await using db = await scratchDatabase()
  const { held } = await aLibraryThatTells(db)
  await neverTwice(db, takeBack, async () => {
    const { holdId, patronId, takeBack: ask } = await held()
    const times = async () => {
      const [row] = await db.rows<{ state: string; until: string }>(
        sql`select state, shelf_until as until from hold where id = ${holdId}`,
      )
      const all = await told(db, { holdId })
      assert.equal(all.length, row?.state === 'on-shelf' ? 1 : 0)
      for (const each of all) {
        const facts = { title: "Charlotte's Web", branch: 'Main', until: row?.until }
        assert.deepEqual(each, { kind: 'hold-ready', patronId, facts })
      }
      return all.length
    }
    return { ask, times }
  })
})

test('a patron is told that a hold has expired if and only if it has, and the next one that theirs is ready', async () => {
  await using db = await scratchDatabase()
  const { library, held } = await aLibraryThatTells(db)
  await neverTwice(db, expireHold, async () => {
    const { holdId, copy, takeBack: ask } = await held()
    const next = await aPatron(db, { ...besides(library), email: 'cy@example.org' })
    const place = { card: next.card, titleId: copy.titleId, pickupBranchId: library.branchId }
    const { holdId: nextId } = done(await write(db, by(), placeHold, place))
    done(await write(db, by(), takeBack, ask))
    const times = async () => {
      const [row] = await db.rows<{ state: string }>(sql`select state from hold where id = ${holdId}`)
      const expired = (await told(db, { holdId })).filter(({ kind }) => kind === 'hold-expired').length
      assert.equal(expired, row?.state === 'expired' ? 1 : 0)
      assert.deepEqual(
        (await told(db, { holdId: nextId })).map(({ kind }) => kind),
        expired ? ['hold-ready'] : [],
      )
      return expired
    }
    return { ask: { holdId }, times, by: { occurredAt: weekLater } }
  })
})

test('nobody is told that a hold has expired that was cancelled', async () => {
  await using db = await scratchDatabase()
  const { held } = await aLibraryThatTells(db)
  const { holdId, takeBack: ask } = await held()
  done(await write(db, by(), takeBack, ask))
  done(await write(db, by(), cancelHold, { holdId }))
  assert.deepEqual(
    (await told(db, { holdId })).map(({ kind }) => kind),
    ['hold-ready'],
  )
})

test('who has no address is told nothing', async () => {
  await using db = await scratchDatabase()
  const { library, freshCopy } = await aLibraryThatTells(db)
  const { card } = await aPatron(db, { ...besides(library), wantsReceipts: true })
  const { barcode } = await freshCopy()
  const { loanId } = done(await write(db, by(), lend, { card, barcode, branchId: library.branchId }))
  assert.deepEqual(await told(db, { loanId }), [])
})

test('while notices are off no receipt is caused', async () => {
  await using db = await scratchDatabase()
  const { library, wants, freshCopy } = await aLibraryThatTells(db)
  await db.rows(sql`update notice_switch set installations = '{}'`)
  const [{ card }, { barcode }] = [await wants(), await freshCopy()]
  const { loanId } = done(await write(db, by(), lend, { card, barcode, branchId: library.branchId }))
  assert.deepEqual(await told(db, { loanId }), [])
})

test('a receipt rides in the statement of the loan: a checkout has not one more, with it or without', async () => {
  await using db = await scratchDatabase()
  const { library, wants, freshCopy } = await aLibraryThatTells(db)
  const { branchId } = library
  // The first loan of a process also reads the policy.
  done(await write(db, by(), lend, { card: library.card, barcode: library.barcode, branchId }))
  const statements = async (card: string) => {
    for (let at = 1; ; at++) {
      assert.ok(at < 20, 'A checkout has too many statements.')
      const { barcode } = await freshCopy()
      const cut = cutAt(db, at, 'before')
      await write(cut, by(), lend, { card, barcode, branchId }).catch(() => undefined)
      if (!cut.reached()) return at - 1
    }
  }
  assert.equal(await statements((await aPatron(db, besides(library))).card), checkoutStatements)
  assert.equal(await statements((await wants()).card), checkoutStatements)
})

test('no checkout notifies: NOTIFY would hold a lock of the whole database at its commit', async () => {
  await using db = await scratchDatabase()
  const { library, wants, freshCopy } = await aLibraryThatTells(db)
  const [{ card }, { barcode }] = [await wants(), await freshCopy()]
  let said = ''
  const heard: Database = {
    ...db,
    withConnection: (work) =>
      db.withConnection(async (connection) => {
        const { stream } = (connection as unknown as { connection: { stream: Socket } }).connection
        const send = stream.write.bind(stream)
        stream.write = ((...given: Parameters<typeof send>) => {
          said += Buffer.from(given[0]).toString('latin1')
          return send(...given)
        }) as typeof stream.write
        try {
          return await work(connection)
        } finally {
          Reflect.deleteProperty(stream, 'write')
        }
      }),
  }
  done(await write(heard, by(), lend, { card, barcode, branchId: library.branchId }))
  assert.match(said, /insert into notice/)
  const functions = await db.rows<{ name: string }>(sql`
    select proname as name
    from pg_proc
    where pronamespace = 'public'::regnamespace and pg_get_functiondef(oid) ~* '\\mnotify\\M|pg_notify'
      and prokind in ('f', 'p')
  `)
  assert.deepEqual([functions, /\bnotify\b|pg_notify/i.exec(said)], [[], null])
})

/** Begin, the opening with its reading, the loan with its journal row, commit. */
const checkoutStatements = 4

test('what happened earlier at an offline desk is told as of then', async () => {
  await using db = await scratchDatabase()
  const { library, wants, freshCopy } = await aLibraryThatTells(db)
  const [{ card }, { barcode }] = [await wants(), await freshCopy()]
  const ask = { card, barcode, branchId: library.branchId }
  const { loanId } = done(await write(db, by({ occurredAt: monday }), lend, ask))
  const [row] = await db.rows<{ at: Date; facts: object }>(
    sql`select caused_at as at, facts from notice where loan_id = ${loanId}`,
  )
  assert.deepEqual(row, {
    at: monday,
    facts: { title: "Charlotte's Web", dueOn: '2026-03-30' },
  })
})

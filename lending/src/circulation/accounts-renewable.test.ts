import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done } from '../../test/every-cut.ts'
import { aCharge, aCopy, aPatron, aSmallLibrary, besides, by, monday } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { inTheWayOfRenewals } from './accounts-renewable.ts'
import { placeHold } from './hold.ts'
import { lend } from './lend.ts'
import { renew } from './renew.ts'

const later = (days: number) => new Date(monday.getTime() + days * 86_400_000)

test('what an account says of a renewal is what the verb answers', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db, { loanDays: 28, renewalsMax: 1 })
  const { patronId, card, branchId, itemTypeId } = library
  const lendOne = async (occurredAt = monday) => {
    const { barcode, titleId } = await aCopy(db, { branchId, itemTypeId })
    const { loanId } = done(await write(db, by({ occurredAt }), lend, { card, barcode, branchId }))
    return { loanId, titleId }
  }
  const free = await lendOne()
  const wanted = await lendOne()
  const used = await lendOne()
  const fresh = await lendOne(later(7))
  const other = await aPatron(db, besides(library))
  const { titleId } = wanted
  done(await write(db, by(), placeHold, { titleId, card: other.card, pickupBranchId: branchId }))
  done(await write(db, by({ occurredAt: later(3) }), renew, { loanId: used.loanId }))

  const asTold = async (now: Date) => {
    const said = await inTheWayOfRenewals(db, { patronId, now, limit: 100 })
    const answers = []
    for (const { loanId } of [free, wanted, used, fresh]) {
      const [told] = [said.get(loanId)]
      const { refusal } = {
        refusal: undefined,
        ...(await write(db, by({ occurredAt: now }), renew, { loanId })),
      }
      assert.deepEqual(told, refusal)
      answers.push(told?.refused ?? 'renewed')
    }
    return answers
  }
  assert.deepEqual(await asTold(later(7)), ['renewed', 'hold-waits', 'renewal-limit', 'due-date-not-later'])
  await aCharge(db, { patronId, cents: 1_000 })
  assert.deepEqual(await asTold(later(8)), Array(4).fill('patron-owes'))
  await db.rows(
    sql`update patron set blocked_because = 'Lost card', blocked_at = now() where id = ${patronId}`,
  )
  assert.deepEqual(await asTold(later(8)), Array(4).fill('patron-blocked'))
  await db.rows(sql`update patron set expires_on = '2026-03-01' where id = ${patronId}`)
  assert.deepEqual(await asTold(later(8)), Array(4).fill('patron-expired'))
})

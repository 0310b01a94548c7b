import assert from 'node:assert/strict'
import { test } from 'node:test'
import { warm } from '../../test/at-once.ts'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { aBranch, aPatron, aStaffMember, by, monday } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { setPatronPassword } from '../patrons/patron.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { setStaffPassword } from './change-staff.ts'
import { setOwnPassword } from './own-password.ts'
import { hashPassword, wantedPassword } from './password.ts'
import { confirmPassword, type SignedIn, session, signIn } from './session.ts'

const right = 'correct horse battery'
const next = 'a password of many words'
const hashed = hashPassword(right)
const wanted = wantedPassword(next)

/** A patron and a member of staff who know their passwords. */
async function people(db: ScratchDatabase) {
  const { branchId } = await aBranch(db)
  const { login } = await aStaffMember(db, { branchId })
  const { card } = await aPatron(db, { branchId })
  await db.rows(sql`update staff set password_hash = ${await hashed} where login = ${login}`)
  await db.rows(sql`update patron set password_hash = ${await hashed} where card = ${card}`)
  return [
    { kind: 'staff', account: login },
    { kind: 'patron', account: card },
  ] as const
}

async function enter(
  db: ScratchDatabase,
  person: { readonly kind: 'staff' | 'patron'; readonly account: string },
  password: string,
): Promise<{ readonly token: string; readonly who: SignedIn }> {
  const entered = await signIn(db, { ...person, password, now: monday })
  assert.ok(!('refused' in entered), JSON.stringify(entered))
  return entered
}

test('who changes their own password stays signed in here, and nowhere else', async () => {
  await using db = await scratchDatabase()
  for (const person of await people(db)) {
    const [mine, other] = [await enter(db, person, right), await enter(db, person, right)]
    const given = { who: mine.who, password: await wanted, keepToken: mine.token }
    const ask = { ...given, passwordHash: await hashed }
    const told = done(await write(db, by({ actor: mine.who.actor }), setOwnPassword, ask))
    assert.equal(told.sessionsEnded, 1)
    assert.ok(await session(db, mine.token, monday))
    assert.equal(await session(db, other.token, monday), undefined)
    assert.deepEqual(await signIn(db, { ...person, password: right, now: monday }), {
      refused: 'sign-in-wrong',
    })
    await enter(db, person, next)
    const now = await confirmPassword(db, { who: mine.who, password: next, key: 'now', now: monday })
    assert.ok(!('refused' in now))
    const short = { ...given, ...now, password: await wantedPassword('short') }
    assert.equal(refusal(await write(db, by(), setOwnPassword, short)).refused, 'fields-invalid')
  }
})

test('a change of password that has its answer is not asked for the old one again', async () => {
  await using db = await scratchDatabase()
  const [person] = await people(db)
  const { who, token } = await enter(db, person, right)
  const ask = { who, password: right, now: monday }
  const passwordHash = await hashed
  assert.deepEqual(await confirmPassword(db, { ...ask, key: 'once' }), { passwordHash })
  const once = by({ actor: who.actor, key: 'once' })
  const change = { who, password: await wanted, passwordHash, keepToken: token }
  done(await write(db, once, setOwnPassword, change))
  assert.deepEqual(await confirmPassword(db, { ...ask, key: 'once' }), { passwordHash: undefined })
  const another = { ...change, passwordHash: undefined, password: await wantedPassword('something else') }
  const again = await write(db, once, setOwnPassword, another)
  assert.ok(again.outcome === 'done' && again.repeated)
  await enter(db, person, next)
  assert.deepEqual(await confirmPassword(db, { ...ask, key: 'another' }), { refused: 'password-wrong' })
})

test('who was given another password meanwhile has not shown that they know it', async () => {
  await using db = await scratchDatabase()
  for (const person of await people(db)) {
    const { who, token } = await enter(db, person, right)
    const key = `late ${who.actor}`
    const confirmed = await confirmPassword(db, { who, password: right, key, now: monday })
    assert.ok(!('refused' in confirmed))
    const given = await wantedPassword('given by a manager')
    if (who.kind === 'patron')
      done(await write(db, by(), setPatronPassword, { card: who.card, password: given }))
    else
      done(await write(db, by(), setStaffPassword, { askedBy: 'manager', login: who.login, password: given }))
    const ask = { who, password: await wanted, ...confirmed, keepToken: token }
    assert.deepEqual(refusal(await write(db, by({ actor: who.actor, key }), setOwnPassword, ask)), {
      refused: 'password-wrong',
    })
    await enter(db, person, 'given by a manager')
  }
})

test('a form for a new password that is sent twice at once is done once', async () => {
  await using db = await scratchDatabase()
  await warm(db, 2)
  for (const person of await people(db)) {
    const { who, token } = await enter(db, person, right)
    const twice = await Promise.all(
      [wantedPassword(next), wantedPassword(next)].map(async (password) => {
        const ask = { who, password: await password, passwordHash: await hashed, keepToken: token }
        return done(await write(db, by({ actor: who.actor, key: 'twice' }), setOwnPassword, ask))
      }),
    )
    assert.deepEqual(twice[0], twice[1])
    await enter(db, person, next)
  }
})

test('losing the connection at any statement never changes a password twice', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  await neverTwice(db, setOwnPassword, async () => {
    const { staffId, login } = await aStaffMember(db, { branchId })
    await db.rows(sql`update staff set password_hash = ${await hashed} where id = ${staffId}`)
    const actor = `staff:${staffId}` as const
    const who = { kind: 'staff', login, name: login, role: 'desk', branchId, branchCode: '' } as const
    const times = async () => {
      const rows = await db.rows<{ version: number }>(sql`select version from staff where login = ${login}`)
      return (rows[0]?.version ?? 0) - 1
    }
    return {
      ask: {
        who: { ...who, staffId, actor },
        password: await wanted,
        passwordHash: await hashed,
        keepToken: undefined,
      },
      times,
    }
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whenSomebodyWaits } from '../../test/at-once.ts'
import { aBranch, aPatron, aStaffMember, monday } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { hashPassword } from './password.ts'
import {
  confirmPassword,
  session,
  sessionLimits,
  signIn,
  signOut,
  signOutEverywhere,
  sweepSessions,
} from './session.ts'
import { countFailure, limitKey, oneAtATime } from './sign-in-limit.ts'

const right = 'correct horse battery'
const later = (ms: number) => new Date(monday.getTime() + ms)
const minuteMs = 60_000

async function aDesk(db: ScratchDatabase, login = 'ruth') {
  const branch = await aBranch(db)
  const { staffId } = await aStaffMember(db, { login, branchId: branch.branchId })
  await db.rows(sql`update staff set password_hash = ${await hashPassword(right)} where id = ${staffId}`)
  return { ...branch, staffId, login }
}

const attempt = (db: ScratchDatabase, over: { account?: string; password?: string; now?: Date } = {}) =>
  signIn(db, { kind: 'staff', account: 'ruth', password: right, now: monday, ...over })

async function token(db: ScratchDatabase, now = monday): Promise<string> {
  const answer = await attempt(db, { now })
  assert.ok(!('refused' in answer), JSON.stringify(answer))
  return answer.token
}

test('who gives the right password is known by the token from then on', async () => {
  await using db = await scratchDatabase()
  const desk = await aDesk(db)
  const answer = await attempt(db, { account: ' Ruth ' })
  assert.ok(!('refused' in answer))
  assert.match(answer.token, /^[A-Za-z0-9_-]{43}$/)
  const who = await session(db, answer.token, later(1))
  assert.deepEqual(who, answer.who)
  assert.deepEqual(who, {
    kind: 'staff',
    staffId: desk.staffId,
    login: 'ruth',
    name: 'ruth',
    role: 'desk',
    branchId: desk.branchId,
    branchCode: desk.branchCode,
    actor: `staff:${desk.staffId}`,
  })
})

test('a patron signs in by card, and without a password set nobody does', async () => {
  await using db = await scratchDatabase()
  const { patronId, card } = await aPatron(db)
  const ask = { kind: 'patron' as const, account: card, password: right, now: monday }
  assert.deepEqual(await signIn(db, ask), { refused: 'sign-in-wrong' })
  assert.deepEqual(await signIn(db, { ...ask, password: '' }), { refused: 'sign-in-wrong' })
  await db.rows(sql`update patron set password_hash = ${await hashPassword(right)} where id = ${patronId}`)
  const answer = await signIn(db, ask)
  assert.ok(!('refused' in answer))
  assert.equal(answer.who.actor, `patron:${patronId}`)
  assert.equal(answer.who.name, 'Ada Reader')
})

test('who reads the database finds no token in it', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  const secret = await token(db)
  const rows = await db.rows(sql`select session::text as text from session`)
  assert.equal(rows.length, 1)
  assert.ok(!JSON.stringify(rows).includes(secret))
  assert.ok(!JSON.stringify(rows).includes(Buffer.from(secret, 'base64url').toString('hex')))
})

test('a wrong password and an unknown account are one answer, at the same cost', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  const times = { known: [] as number[], unknown: [] as number[] }
  for (let n = 0; n < 5; n++) {
    for (const [kind, account] of [
      ['known', 'ruth'],
      ['unknown', 'nobody'],
    ] as const) {
      const from = performance.now()
      assert.deepEqual(await attempt(db, { account, password: `wrong ${n} wrong` }), {
        refused: 'sign-in-wrong',
      })
      times[kind].push(performance.now() - from)
    }
  }
  const least = (all: number[]) => Math.min(...all)
  // Hashing is the whole of the time; without the dummy the unknown account answers ten times faster.
  assert.ok(least(times.unknown) > least(times.known) / 3, JSON.stringify(times))
})

test('text that no account can have is a wrong sign-in, not a fault', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  for (const account of ['', 'a\0b', '\ud800', 'x'.repeat(100_000), "' or 1=1 --"]) {
    assert.deepEqual(await attempt(db, { account }), { refused: 'sign-in-wrong' })
  }
  for (const password of ['', 'short', '\0'.repeat(9), '\ud800'.repeat(9), 'x'.repeat(100_000)]) {
    assert.deepEqual(await attempt(db, { account: `a${password.length}`, password }), {
      refused: 'sign-in-wrong',
    })
  }
})

test('ten wrong passwords stop an account for 15 minutes, the right one too', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  for (const account of ['ruth', 'nobody']) {
    for (let n = 0; n < 10; n++) {
      const now = later(n * 1_000)
      assert.deepEqual(await attempt(db, { account, password: 'wrong wrong', now }), {
        refused: 'sign-in-wrong',
      })
    }
    assert.deepEqual(await attempt(db, { account, now: later(10_000) }), {
      refused: 'sign-in-too-often',
      retryAfterSeconds: 890,
    })
  }
  assert.ok(!('refused' in (await attempt(db, { now: later(900_000) }))))
})

test('guessing in parallel gains nothing: past ten failures the right password is refused', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  const guesses = await Promise.all(
    Array.from({ length: 30 }, (_, n) => attempt(db, { password: `guess number ${n}` })),
  )
  const refusals = guesses.map((guess) => ('refused' in guess ? guess.refused : 'in'))
  assert.equal(refusals.filter((each) => each === 'sign-in-wrong').length, 10)
  assert.equal(refusals.filter((each) => each === 'sign-in-too-often').length, 20)
  const answer = await attempt(db)
  assert.ok('refused' in answer)
  assert.equal(answer.refused, 'sign-in-too-often')
})

test('sign-ins of one account are settled one after another, each seeing the failures before it', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  const key = limitKey('staff', 'ruth')
  let told: ReturnType<typeof attempt> | undefined
  await db.transaction(async (tx) => {
    await oneAtATime(tx, key)
    told = attempt(db)
    assert.ok(await whenSomebodyWaits(db, told), 'it did not wait')
    for (let n = 0; n < 10; n++) await countFailure(tx, key, monday)
  })
  assert.deepEqual(await told, { refused: 'sign-in-too-often', retryAfterSeconds: 900 })
})

test('the right password forgives the wrong ones before it', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < 9; n++) await attempt(db, { password: 'wrong wrong' })
    await token(db)
  }
})

test('a session in use lasts, up to its most; one left alone ends', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  const { idleMs, mostMs } = sessionLimits.staff
  const used = await token(db)
  const left = await token(db)
  for (let at = idleMs / 2; at < mostMs; at += idleMs / 2) {
    assert.ok(await session(db, used, later(at)), `at ${at}`)
  }
  assert.equal(await session(db, used, later(mostMs)), undefined)
  assert.equal(await session(db, left, later(idleMs)), undefined)
})

test('a session that is used writes at most once a minute', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  const secret = await token(db)
  const seen = async () => (await db.rows<{ at: Date }>(sql`select seen_at as at from session`))[0]?.at
  await session(db, secret, later(minuteMs - 1))
  assert.deepEqual(await seen(), monday)
  await session(db, secret, later(minuteMs))
  assert.deepEqual(await seen(), later(minuteMs))
})

test('signing out ends one session, signing out everywhere ends all of that person’s', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  const other = await aDesk(db, 'olga')
  const [first, second, third] = [await token(db), await token(db), await token(db)]
  const olga = await attempt(db, { account: other.login })
  assert.ok(!('refused' in olga))
  await signOut(db, first)
  assert.equal(await session(db, first, monday), undefined)
  const who = await session(db, second, monday)
  assert.ok(who)
  assert.deepEqual(await signOutEverywhere(db, who), { ended: 2 })
  for (const each of [second, third]) assert.equal(await session(db, each, monday), undefined)
  assert.ok(await session(db, olga.token, monday))
})

test('someone removed is signed out, and cannot sign in', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  const secret = await token(db)
  await db.rows(sql`update staff set deleted_at = ${monday}`)
  assert.equal(await session(db, secret, monday), undefined)
  assert.deepEqual(await attempt(db), { refused: 'sign-in-wrong' })
})

test('a password is confirmed under the limit of signing in', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  const who = await session(db, await token(db), monday)
  assert.ok(who)
  const confirm = (password: string) => confirmPassword(db, { who, password, key: 'fresh', now: monday })
  assert.ok(!('refused' in (await confirm(right))))
  assert.deepEqual(await confirm('wrong wrong'), { refused: 'password-wrong' })
  for (let n = 0; n < 9; n++) await confirm('wrong wrong')
  assert.deepEqual(await confirm(right), {
    refused: 'sign-in-too-often',
    retryAfterSeconds: 900,
  })
})

test('the sweep removes sessions that ended and failures that no longer count, and no others', async () => {
  await using db = await scratchDatabase()
  await aDesk(db)
  await token(db)
  const open = await token(db, later(minuteMs))
  await attempt(db, { password: 'wrong wrong' })
  await attempt(db, { password: 'wrong wrong', now: later(sessionLimits.staff.idleMs) })
  assert.equal(await sweepSessions(db, later(sessionLimits.staff.idleMs)), 2)
  assert.ok(await session(db, open, later(sessionLimits.staff.idleMs)))
  assert.equal((await db.rows(sql`select from sign_in_failure`)).length, 1)
})

test('what is no token finds nobody', async () => {
  await using db = await scratchDatabase()
  for (const bad of ['', 'x', '\0'.repeat(43), 'é'.repeat(43), 'a'.repeat(100_000)]) {
    assert.equal(await session(db, bad, monday), undefined)
  }
})

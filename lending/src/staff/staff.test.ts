import assert from 'node:assert/strict'
import { test } from 'node:test'
import { warm } from '../../test/at-once.ts'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { aBranch, by, monday } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { session, signIn } from './session.ts'
import { type AddStaffAsk, addStaff, removeStaff, setStaffPassword, staffList } from './staff.ts'

const password = 'correct horse battery'

async function add(db: Database, branchId: number, over: Partial<AddStaffAsk> = {}) {
  const ask = { login: 'ruth', name: 'Ruth', role: 'desk' as const, branchId, password, ...over }
  return write(db, by(), addStaff, ask)
}

const signed = async (db: Database, account: string, word = password) => {
  const answer = await signIn(db, { kind: 'staff', account, password: word, now: monday })
  return 'refused' in answer ? answer.refused : answer.token
}

test('who is added can sign in, and stands in the list', async () => {
  await using db = await scratchDatabase()
  const { branchId, branchCode } = await aBranch(db)
  const { staffId } = done(await add(db, branchId, { login: 'Ruth', email: 'ruth@example.org' }))
  assert.deepEqual(await staffList(db), [
    {
      staffId,
      login: 'ruth',
      name: 'Ruth',
      role: 'desk',
      branchId,
      branchCode,
      branchName: 'Main',
      email: 'ruth@example.org',
    },
  ])
  assert.ok(await session(db, await signed(db, 'ruth'), monday))
})

test('a login is one person’s, even after they left', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  done(await add(db, branchId))
  assert.deepEqual(refusal(await add(db, branchId, { name: 'Other' })), { refused: 'login-taken' })
  done(await write(db, by(), removeStaff, { login: 'ruth' }))
  assert.deepEqual(refusal(await add(db, branchId)), { refused: 'login-taken' })
})

test('all that is wrong with a new member of staff is told at once', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  const told = await add(db, branchId, {
    login: 'Ruth Ö',
    role: 'god' as 'desk',
    email: 'no address',
    password: 'short',
  })
  const answer = refusal(told) as { refused: string; problems: object }
  assert.equal(answer.refused, 'fields-invalid')
  assert.deepEqual(Object.keys(answer.problems).toSorted(), ['email', 'login', 'password', 'role'])
  assert.deepEqual(refusal(await add(db, 1)), { refused: 'branch-unknown' })
})

test('a new password ends the other sessions, and the old password with them', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  done(await add(db, branchId))
  const [mine, other] = [await signed(db, 'ruth'), await signed(db, 'ruth')]
  const ask = { login: 'ruth', password: 'another password', keepToken: mine }
  assert.equal(done(await write(db, by(), setStaffPassword, ask)).sessionsEnded, 1)
  assert.ok(await session(db, mine, monday))
  assert.equal(await session(db, other, monday), undefined)
  assert.equal(await signed(db, 'ruth'), 'sign-in-wrong')
  assert.ok(await session(db, await signed(db, 'ruth', 'another password'), monday))
})

test('no digest of a password is kept in the journal', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  const twice = ['one password', 'two password'].map((word) => ({ login: 'ruth', password: word }))
  done(await add(db, branchId))
  for (const ask of twice) done(await write(db, by(), setStaffPassword, ask))
  const digests = await db.rows<{ digest: string }>(sql`
    select distinct encode(request_sha256, 'hex') as digest from journal where action = 'set-staff-password'
  `)
  assert.equal(digests.length, 1)
})

test('the last operator cannot be removed, not even by two who remove each other', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  done(await add(db, branchId, { login: 'one', role: 'operator' }))
  done(await add(db, branchId, { login: 'two', role: 'operator' }))
  done(await add(db, branchId, { login: 'ruth' }))
  await warm(db, 2)
  const both = await Promise.all(['one', 'two'].map((login) => write(db, by(), removeStaff, { login })))
  assert.deepEqual(both.map(({ outcome }) => outcome).toSorted(), ['done', 'refused'])
  assert.deepEqual((await staffList(db)).map(({ role }) => role).toSorted(), ['desk', 'operator'])
  done(await write(db, by(), removeStaff, { login: 'ruth' }))
})

test('who is removed is signed out everywhere', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  done(await add(db, branchId))
  const token = await signed(db, 'ruth')
  assert.equal(done(await write(db, by(), removeStaff, { login: 'ruth' })).sessionsEnded, 1)
  assert.equal(await session(db, token, monday), undefined)
  assert.equal(await signed(db, 'ruth'), 'sign-in-wrong')
  for (const login of ['ruth', 'nobody', '\0', '\ud800']) {
    assert.deepEqual(refusal(await write(db, by(), removeStaff, { login })), { refused: 'staff-unknown' })
    const ask = { login, password }
    assert.deepEqual(refusal(await write(db, by(), setStaffPassword, ask)), { refused: 'staff-unknown' })
  }
})

test('losing the connection at any statement never changes the staff twice', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  let n = 0
  const next = () => `desk${++n}`
  const live = async (login: string) => (await staffList(db)).filter((each) => each.login === login).length
  await neverTwice(db, addStaff, async () => {
    const login = next()
    const ask = { login, name: login, role: 'desk' as const, branchId, password }
    return { ask, times: () => live(login) }
  })
  await neverTwice(db, removeStaff, async () => {
    const login = next()
    done(await add(db, branchId, { login }))
    return { ask: { login }, times: async () => 1 - (await live(login)) }
  })
  await neverTwice(db, setStaffPassword, async () => {
    const login = next()
    done(await add(db, branchId, { login }))
    const times = async () => {
      const rows = await db.rows<{ version: number }>(sql`select version from staff where login = ${login}`)
      return (rows[0]?.version ?? 0) - 1
    }
    return { ask: { login, password: 'another password' }, times }
  })
})

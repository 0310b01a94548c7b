import assert from 'node:assert/strict'
import { test } from 'node:test'
import { warm } from '../../test/at-once.ts'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { aBranch, by, monday } from '../../test/library-fixtures.ts'
import { scratchDatabase } from '../../test/scratch-database.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { editStaff, removeStaff, restoreStaff, setStaffPassword } from './change-staff.ts'
import { wantedPassword } from './password.ts'
import { type Role, roles } from './permission.ts'
import { session, signIn } from './session.ts'
import { type AddStaffAsk, addStaff, staffList } from './staff.ts'

const password = 'correct horse battery'
const askedBy: Role = 'operator'

const wanted = wantedPassword(password)

async function add(db: Database, branchId: number, over: Partial<AddStaffAsk> = {}) {
  const ask = {
    ...({ askedBy, login: 'ruth', name: 'Ruth', role: 'desk', branchId, password: await wanted } as const),
    ...over,
  }
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
      version: 1,
    },
  ])
  assert.ok(await session(db, await signed(db, 'ruth'), monday))
})

test('a login is one person’s, even after they left', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  done(await add(db, branchId))
  assert.deepEqual(refusal(await add(db, branchId, { name: 'Other' })), { refused: 'login-taken' })
  done(await write(db, by(), removeStaff, { askedBy, login: 'ruth' }))
  assert.deepEqual(refusal(await add(db, branchId)), { refused: 'login-taken' })
})

test('all that is wrong with a new member of staff is told at once', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  const told = await add(db, branchId, {
    login: 'Ruth Ö',
    role: 'god' as 'desk',
    email: 'no address',
    password: await wantedPassword('short'),
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
  const next = await wantedPassword('another password')
  const ask = { askedBy, login: 'ruth', password: next, keepToken: mine }
  assert.equal(done(await write(db, by(), setStaffPassword, ask)).sessionsEnded, 1)
  assert.ok(await session(db, mine, monday))
  assert.equal(await session(db, other, monday), undefined)
  assert.equal(await signed(db, 'ruth'), 'sign-in-wrong')
  assert.ok(await session(db, await signed(db, 'ruth', 'another password'), monday))
})

test('no digest of a password is kept in the journal', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  done(await add(db, branchId))
  for (const word of ['one password', 'two password']) {
    const ask = { askedBy, login: 'ruth', password: await wantedPassword(word) }
    done(await write(db, by(), setStaffPassword, ask))
  }
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
  const both = await Promise.all(
    ['one', 'two'].map((login) => write(db, by(), removeStaff, { askedBy, login })),
  )
  assert.deepEqual(both.map(({ outcome }) => outcome).toSorted(), ['done', 'refused'])
  assert.deepEqual((await staffList(db)).map(({ role }) => role).toSorted(), ['desk', 'operator'])
  done(await write(db, by(), removeStaff, { askedBy, login: 'ruth' }))
})

test('the last operator cannot be made something else, not even by two who do it to each other', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  for (const login of ['one', 'two']) done(await add(db, branchId, { login, role: 'operator' }))
  await warm(db, 2)
  const ask = { askedBy, version: 1, role: 'desk' } as const
  const both = await Promise.all(['one', 'two'].map((login) => write(db, by(), editStaff, { ...ask, login })))
  assert.deepEqual(both.map(({ outcome }) => outcome).toSorted(), ['done', 'refused'])
  const [last] = (await staffList(db)).filter(({ role }) => role === 'operator')
  assert.ok(last)
  const rename = { askedBy, login: last.login, version: 1, name: 'Ann', role: 'operator' } as const
  done(await write(db, by(), editStaff, rename))
})

test('what is changed of a member of staff is changed, the rest stays, and a session has the new role', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  const other = await aBranch(db, { name: 'North' })
  done(await add(db, branchId, { email: 'ruth@example.org' }))
  const token = await signed(db, 'ruth')
  const change = (over: object) =>
    write(db, by(), editStaff, { askedBy, login: 'ruth', version: 1, ...over } as const)
  assert.equal(done(await change({ role: 'cataloguer', branchId: other.branchId })).version, 2)
  const [row] = await staffList(db)
  assert.deepEqual(
    [row?.name, row?.role, row?.branchName, row?.email],
    ['Ruth', 'cataloguer', 'North', 'ruth@example.org'],
  )
  const who = await session(db, token, monday)
  assert.equal(who?.kind === 'staff' && who.role, 'cataloguer')
  assert.deepEqual(refusal(await change({ name: 'Rut' })), { refused: 'version-stale', version: 2 })
  assert.equal(done(await change({ version: 2, email: '' })).version, 3)
  assert.equal((await staffList(db))[0]?.email, '')
  assert.deepEqual(refusal(await change({ version: 3, branchId: 1 })), { refused: 'branch-unknown' })
  const wrong = refusal(await change({ version: 3, name: ' ', role: 'god', email: 'nowhere' }))
  assert.deepEqual(Object.keys((wrong as { problems?: object }).problems ?? {}).toSorted(), [
    'email',
    'name',
    'role',
  ])
})

test('nobody acts on an account above their own, nor makes one', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  for (const role of roles) done(await add(db, branchId, { login: role, role }))
  done(await add(db, branchId, { login: 'second', role: 'operator' }))
  const above = { refused: 'role-above-yours' }
  const manager = { askedBy: 'manager', login: 'operator' } as const
  const refused = [
    await write(db, by(), removeStaff, manager),
    await write(db, by(), setStaffPassword, { ...manager, password: await wanted }),
    await write(db, by(), editStaff, { ...manager, version: 1, role: 'desk' }),
    await write(db, by(), editStaff, { ...manager, login: 'desk', version: 1, role: 'operator' }),
    await add(db, branchId, { ...manager, login: 'third', role: 'operator' }),
    await write(db, by(), editStaff, { askedBy: 'desk', login: 'manager', version: 1, name: 'x' }),
  ]
  for (const each of refused) {
    assert.deepEqual(each.outcome === 'refused' && each.refusal, above)
  }
  assert.equal((await staffList(db)).filter(({ version }) => version === 1).length, 5)
  done(await write(db, by(), editStaff, { ...manager, login: 'desk', version: 1, role: 'manager' }))
  done(await write(db, by(), removeStaff, { ...manager, login: 'manager' }))
})

test('nobody removes themselves', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  const { staffId } = done(await add(db, branchId, { role: 'operator' }))
  const mine = by({ actor: `staff:${staffId}` })
  assert.deepEqual(refusal(await write(db, mine, removeStaff, { askedBy, login: 'Ruth ' })), {
    refused: 'own-account',
  })
})

test('who is removed is signed out everywhere', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  done(await add(db, branchId))
  const token = await signed(db, 'ruth')
  assert.equal(done(await write(db, by(), removeStaff, { askedBy, login: 'ruth' })).sessionsEnded, 1)
  assert.equal(await session(db, token, monday), undefined)
  assert.equal(await signed(db, 'ruth'), 'sign-in-wrong')
  const unknown = { refused: 'staff-unknown' }
  for (const login of ['ruth', 'nobody', '\0', '\ud800']) {
    assert.deepEqual(refusal(await write(db, by(), removeStaff, { askedBy, login })), unknown)
  }
  for (const login of ['ruth', 'nobody', '\0', '\ud800']) {
    const ask: Parameters<typeof setStaffPassword.work>[1] = { askedBy, login, password: await wanted }
    assert.deepEqual(refusal(await write(db, by(), setStaffPassword, ask)), unknown)
  }
})

test('who was removed is brought back as they were, by somebody not below them', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  done(await add(db, branchId, { role: 'manager' }))
  const restore = (by_: Role, login = 'ruth') => write(db, by(), restoreStaff, { askedBy: by_, login })
  assert.deepEqual(refusal(await restore('operator')), { refused: 'staff-not-removed' })
  const before = await staffList(db)
  done(await write(db, by(), removeStaff, { askedBy, login: 'ruth' }))
  assert.deepEqual(
    (await staffList(db, { removed: true })).map(({ login }) => login),
    ['ruth'],
  )
  assert.deepEqual(refusal(await restore('desk')), { refused: 'role-above-yours' })
  assert.deepEqual(refusal(await restore('manager', 'nobody')), { refused: 'staff-unknown' })
  assert.equal(done(await restore('manager', ' Ruth')).login, 'ruth')
  assert.deepEqual(await staffList(db, { removed: true }), [])
  assert.deepEqual(
    await staffList(db),
    before.map((each) => ({ ...each, version: 3 })),
  )
  assert.ok(await session(db, await signed(db, 'ruth'), monday))
})

test('losing the connection at any statement never changes the staff twice', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await aBranch(db)
  let n = 0
  const next = () => `desk${++n}`
  const live = async (login: string) => (await staffList(db)).filter((each) => each.login === login).length
  await neverTwice(db, addStaff, async () => {
    const login = next()
    const ask = { askedBy, login, name: login, role: 'desk', branchId, password: await wanted } as const
    return { ask, times: () => live(login) }
  })
  await neverTwice(db, removeStaff, async () => {
    const login = next()
    done(await add(db, branchId, { login }))
    return { ask: { askedBy, login }, times: async () => 1 - (await live(login)) }
  })
  await neverTwice(db, restoreStaff, async () => {
    const login = next()
    done(await add(db, branchId, { login }))
    done(await write(db, by(), removeStaff, { askedBy, login }))
    return { ask: { askedBy, login }, times: () => live(login) }
  })
  await neverTwice(db, setStaffPassword, async () => {
    const login = next()
    done(await add(db, branchId, { login }))
    const times = async () => {
      const rows = await db.rows<{ version: number }>(sql`select version from staff where login = ${login}`)
      return (rows[0]?.version ?? 0) - 1
    }
    return { ask: { askedBy, login, password: await wanted }, times }
  })
  await neverTwice(db, editStaff, async () => {
    const login = next()
    done(await add(db, branchId, { login }))
    const times = async () => ((await staffList(db)).find((each) => each.login === login)?.version ?? 0) - 1
    return { ask: { askedBy, login, version: 1, role: 'manager' as const }, times }
  })
})

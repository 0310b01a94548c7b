import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aServedLibrary, bearing } from '../../test/api-fixtures.ts'
import { cutAt } from '../../test/cut.ts'
import { aPatron, besides, by, monday } from '../../test/library-fixtures.ts'
import { handClock, here, senderFor } from '../../test/notice-fixtures.ts'
import { noticeService } from '../../test/notice-service.ts'
import { aMailbox, atRest, codeIn } from '../../test/operation-fixtures.ts'
import { noticesOf } from '../notices/cause.ts'
import { openSender } from '../notices/sender.ts'
import { noticeSwitch, setNotices } from '../notices/set-notices.ts'
import { sweepNotices } from '../notices/sweep.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { openOperations } from './operations.ts'
import { sendNothing } from './send-code.ts'
import { turningOnAt } from './turn-notices-on.ts'

const daysMs = 24 * 60 * 60_000
const planning = '/api/v1/operations/turn-notices-on'
const switching = '/api/v1/notices/switch'

/** A library in production in which so many patrons have an address, with notices off. */
async function aLibrary({ isProduction = true, patrons = 3 } = {}) {
  const { mails, sendDirect } = aMailbox()
  const at = await aServedLibrary({ sendDirect, isProduction, installation: here })
  const told = []
  for (let n = 0; n < patrons; n++) {
    told.push(await aPatron(at.db, { ...besides(at), email: `reader-${n}@example.org` }))
  }
  const operator = await at.tokenOf('operator')
  await at.db.rows(sql`update staff set email = login || '@example.org'`)
  const ask = async (url: string, payload: object, token = operator) => {
    const response = await at.app.inject({ method: 'POST', url, headers: bearing(token), payload })
    return { status: response.statusCode, ...response.json() }
  }
  const confirmed = async (plan: { id: string; phrase: string }) => {
    const url = `/api/v1/operations/${plan.id}`
    assert.equal((await ask(`${url}/code`, {})).status, 200)
    return ask(`${url}/confirm`, { phrase: plan.phrase, code: codeIn(mails) })
  }
  const isOn = async () => (await noticeSwitch(at.db, here)) === 'on'
  return { ...at, told, ask, mails, confirmed, isOn, [Symbol.asyncDispose]: at[Symbol.asyncDispose] }
}

type At = Awaited<ReturnType<typeof aLibrary>>

/** Something is queued for these patrons, as when a hold of theirs has expired. */
async function queue({ db }: At, patronIds: readonly number[], { what = 'hold', at = monday } = {}) {
  const rows = sql`
    select 'hold-expired:' || id || ${what}::text as cause, id as patron_id, null::bigint as loan_id, null::bigint as hold_id,
      '{"title": "Emma", "branch": "Main"}'::jsonb as facts
    from unnest(${patronIds}::bigint[]) as id
  `
  await db.rows(noticesOf('hold-expired', { at, rows, rowsMax: patronIds.length }))
}

const idsOf = ({ told }: At) => told.map(({ patronId }) => patronId)

test('in production notices are turned on by a plan that tells how many letters go out; and so many do', async () => {
  await using at = await aLibrary({ patrons: 7 })
  const [first = 0, second = 0, third = 0, gone = 0, stale = 0, expiring = 0, merged = 0] = idsOf(at)
  await queue(at, [first, second, third, gone, merged])
  await queue(at, [first], { what: 'another' })
  await queue(at, [stale], { at: new Date(monday.getTime() - 8 * daysMs) })
  await at.db.rows(sql`update patron set deleted_at = ${monday} where id = ${gone}`)
  await at.db.rows(sql`update patron set merged_into = ${first}, deleted_at = ${monday} where id = ${merged}`)
  await at.db.rows(sql`update patron set expires_on = '2026-03-10' where id = ${expiring}`)
  const direct = await at.ask(switching, { on: true })
  assert.deepEqual([direct.status, direct.code], [409, 'notices-need-plan'])
  assert.match(direct.next, /bibby notices on/)

  const plan = await at.ask(planning, {})
  assert.equal(plan.status, 201, JSON.stringify(plan))
  assert.match(plan.phrase, /^SEND 5 LETTERS AND TURN NOTICES ON #[0-9a-f]{4}$/)
  assert.deepEqual(
    plan.samples.toSorted(),
    [
      ...[' (2)', '', ''].map((things, n) => `Hold expired${things}, to card ${at.told[n]?.card}`),
      `Hold expired, to card ${at.told[0]?.card}`,
      `Card expiring, to card ${at.told[5]?.card}`,
    ].toSorted(),
  )
  assert.equal(await at.isOn(), false, 'a plan turns nothing on')
  const done = await at.confirmed(plan)
  assert.deepEqual([done.state, await at.isOn()], ['done', true])
  const undone = await at.ask(`/api/v1/operations/${plan.id}/undo`, {})
  assert.deepEqual([undone.status, await at.isOn()], [409, true], 'what is sent stays sent')

  await sweepNotices(at.db, { actor: 'system:sweeps', instance: 'test', installation: here }, monday)
  await using service = await noticeService()
  const { clock, move } = handClock(new Date(monday.getTime() + 600_000))
  await using sender = openSender(senderFor(at.db, { ...service, clock }))
  for (let looks = 0; looks < 60; looks++) {
    await sender.look()
    await sender.idle()
    move(1_000)
  }
  assert.equal(service.mailbox.size, plan.count)
})

test('a letter more or fewer than was planned leaves notices off; a thing more in one of them does not', async () => {
  await using at = await aLibrary()
  const [first = 0, second = 0, third = 0] = idsOf(at)
  await queue(at, [first, second])
  const more = await at.ask(planning, {})
  await queue(at, [third])
  const refused = await at.confirmed(more)
  assert.deepEqual([refused.state, refused.because.refused], ['refused', 'set-changed'])
  assert.deepEqual(refused.because.difference.added.ids, [`hold-expired ${third}`])
  assert.equal(await at.isOn(), false)

  const fewer = await at.ask(planning, {})
  await at.db.rows(
    sql`update notice set state = 'void', ended_at = ${monday}, ended_because = 'patron-gone' where patron_id = ${third}`,
  )
  assert.equal((await at.confirmed(fewer)).because.refused, 'set-changed')
  const same = await at.ask(planning, {})
  await queue(at, [first], { what: 'another' })
  assert.deepEqual([(await at.confirmed(same)).state, await at.isOn()], ['done', true])
})

test('turning notices off is direct and at once, and ends a plan that was made before', async () => {
  await using at = await aLibrary()
  await queue(at, idsOf(at))
  const plan = await at.ask(planning, {})
  const off = await at.ask(switching, { on: false })
  assert.deepEqual([off.status, off.on], [200, false])
  assert.equal((await at.confirmed(plan)).because.refused, 'set-changed')
  assert.equal((await at.confirmed(await at.ask(planning, {}))).state, 'done')
  assert.equal((await at.ask(switching, { on: false })).on, false)
  assert.equal(await at.isOn(), false)
})

test('with nothing to send it is planned all the same, and a letter that comes then is a change', async () => {
  await using at = await aLibrary()
  const plan = await at.ask(planning, {})
  assert.match(plan.phrase, /^TURN ON 1 SWITCH OF NOTICES WITH NOTHING TO SEND #[0-9a-f]{4}$/)
  await queue(at, idsOf(at))
  assert.equal((await at.confirmed(plan)).because.refused, 'set-changed')
  await at.db.rows(sql`update notice set state = 'void', ended_at = ${monday}, ended_because = 'patron-gone'`)
  assert.equal((await at.confirmed(await at.ask(planning, {}))).state, 'done')
})

test('no plan is needed outside production, in a library where nobody has an address, and where notices are on', async () => {
  await using other = await aLibrary({ isProduction: false })
  await queue(other, idsOf(other))
  assert.equal((await other.ask(switching, { on: true })).on, true)
  await using empty = await aLibrary({ patrons: 0 })
  assert.equal((await empty.ask(switching, { on: true })).on, true)
  await aPatron(empty.db, { ...besides(empty), email: 'ada@example.org' })
  assert.equal((await empty.ask(switching, { on: true })).on, true)
  const again = await empty.ask(planning, {})
  assert.deepEqual([again.status, again.code], [409, 'in-the-way'])
  assert.match(again.detail, /Notices are on already: this installation/)
})

test('only who may change settings plans it, confirms it and turns the switch', async () => {
  await using at = await aLibrary()
  const manager = await at.tokenOf('manager')
  assert.equal((await at.ask(planning, {}, manager)).code, 'not-permitted')
  const { id } = await at.ask(planning, {})
  assert.equal((await at.ask(`/api/v1/operations/${id}/code`, {}, manager)).code, 'not-permitted')
  assert.equal((await at.ask(switching, { on: false }, manager)).status, 403)
})

test('losing the connection at any statement turns notices on once or not at all, and going on ends it', async () => {
  await using at = await aLibrary()
  await queue(at, idsOf(at))
  const [{ actor = '' } = {}] = await at.db.rows<{ actor: string }>(
    sql`select 'staff:' || id as actor from staff where role = 'operator'`,
  )
  const { guard, turnNoticesOn } = at.library.operations
  for (const cut of ['before', 'reply-lost'] as const) {
    let isReached = true
    for (let statement = 1; isReached; statement++) {
      const where = `${cut} ${statement}`
      assert.ok(statement < 60, `${where}: it never ends`)
      const given = await turningOnAt(at.db, { installation: here, now: monday })
      const told = await guard.plan(turnNoticesOn, { by: actor, given })
      assert.ok('planned' in told, where)
      const { id, phrase } = told.planned
      await guard.sendCode({ by: actor, id })
      const ask = { by: actor, id, phrase: phrase ?? '', code: codeIn(at.mails) }
      assert.ok('confirmed' in (await guard.confirm(ask)), where)
      const cutting = cutAt(at.db, statement, cut)
      await using lossy = openOperations({
        ...at.library,
        db: cutting,
        sendDirect: sendNothing,
        secondPerson: false,
      })
      await lossy.guard.run({ id, signal: new AbortController().signal }).catch(() => undefined)
      isReached = cutting.reached()
      const state = (await guard.show(id))?.state
      assert.equal(await at.isOn(), state === 'done', `${where}: ${state}`)
      assert.equal((await atRest(at.library, id)).state, 'done', where)
      assert.ok(await at.isOn(), where)
      await write(at.db, by(), setNotices, { on: false, installation: here, isProduction: true })
    }
  }
})

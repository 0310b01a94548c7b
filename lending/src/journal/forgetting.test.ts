import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anAuditedLibrary, anEntry, tamper } from '../../test/audit-fixtures.ts'
import { done } from '../../test/every-cut.ts'
import { aSmallLibrary, by } from '../../test/library-fixtures.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { forgetReturnedLoans } from '../patrons/forget.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { personalDigest } from './audit-link.ts'

const today = new Date()
const later = new Date(today.getTime() + 40 * 86_400_000)

/** A loan that came back and a refusal, linked or not, and then forgotten. */
async function forgotten({ linkedBefore = true } = {}) {
  const at = await anAuditedLibrary()
  const library = await aSmallLibrary(at.db)
  const who = () => by({ occurredAt: today, actor: 'staff:5' })
  done(await write(at.db, who(), lend, library))
  await write(at.db, who(), lend, library)
  done(await write(at.db, who(), takeBack, library))
  if (linkedBefore) await at.link()
  const { journalRows, refusals } = await forgetReturnedLoans(at.db, later)
  assert.deepEqual([journalRows, refusals], [2, 1])
  return at
}

for (const linkedBefore of [true, false]) {
  test(`what was forgotten leaves the chain intact${linkedBefore ? '' : ', also when it was not linked yet'}`, async () => {
    await using at = await forgotten({ linkedBefore })
    assert.deepEqual((await at.verify()).findings, [], 'before it is linked anew')
    await at.link()
    assert.deepEqual((await at.verify()).findings, [])
  })
}

test('while it is not forgotten, each entry has a salt of its own, without which its digest is another', async () => {
  await using at = await anAuditedLibrary()
  for (let n = 0; n < 5; n++) await anEntry(at.db)
  await at.link()
  const salts = await at.db.rows<{ salt: string }>(sql`select encode(salt, 'hex') as salt from audit_link`)
  assert.equal(new Set(salts.map(({ salt }) => salt)).size, 5)
  assert.ok(salts.every(({ salt }) => salt.length === 32))
  const digests = salts.map(({ salt }) => personalDigest({ personal: 'patron:7' }, salt))
  assert.equal(new Set(digests).size, 5)
})

test('once forgotten, nobody can work out from the chain who it was', async () => {
  await using at = await forgotten()
  const kept = await at.db.rows(sql`
    select from audit_link
    join journal on journal.id = audit_link.journal_id
    where journal.action in ('lend', 'take-back') and audit_link.salt is not null
  `)
  assert.equal(kept.length, 0)
})

test('a salt that a round wrote while the entry was being forgotten goes with the next', async () => {
  await using at = await forgotten()
  await tamper(at.db, sql`update audit_link set salt = ${Buffer.alloc(16)} where position <= 3`)
  assert.deepEqual((await at.verify()).findings, [])
  await at.link()
  const [left] = await at.db.rows<{ count: number }>(sql`
    select count(*) as count from audit_link where position <= 3 and salt is not null
  `)
  assert.equal(left?.count, 0)
})

const first = sql`(select id from journal where action = 'lend' and outcome = 'done')`
const doors: Readonly<Record<string, readonly [string, ...Sql[]]>> = {
  'a forgotten entry that is altered afterwards is named': [
    'altered',
    sql`update journal set loan_id = 77 where id = ${first}`,
  ],
  'the member of staff who acted stays the one, whatever is forgotten': [
    'altered',
    sql`update journal set actor = 'staff:6' where id = ${first}`,
  ],
  'nobody is written into an entry that was forgotten': [
    'altered',
    sql`update journal set patron_id = 9 where id = ${first}`,
  ],
}
for (const [law, [what, ...statements]] of Object.entries(doors)) {
  test(law, async () => {
    await using at = await forgotten()
    await at.link()
    await tamper(at.db, ...statements)
    assert.deepEqual(
      (await at.verify()).findings.map((each) => each.what),
      [what],
    )
  })
}

test('an entry that was emptied by another door than forgetting is named', async () => {
  await using at = await anAuditedLibrary()
  const library = await aSmallLibrary(at.db)
  done(await write(at.db, by(), lend, library))
  await at.link()
  const empty = sql`update journal set patron_id = null, answer = null, idempotency_key = null, request_sha256 = null`
  await tamper(at.db, empty, sql`update audit_link set salt = null`)
  assert.deepEqual(
    (await at.verify()).findings.map(({ what }) => what),
    ['altered'],
  )
  await at.db.rows(sql`
    insert into audit_forgotten (journal_id, forgotten_by) select id, 'system:forget made-up' from journal
  `)
  for (const linked of [false, true]) {
    if (linked) await at.link()
    const { findings } = await at.verify()
    assert.deepEqual(
      findings.map(({ what, text }) => [what, text]),
      [['forgotten-unaccounted', 'Forgotten, and not accounted for: 1 entries, of which 0 were said to be.']],
    )
  }
})

test('more entries than a forgetting said it took are named with it', async () => {
  await using at = await forgotten()
  await at.db.rows(sql`
    insert into audit_forgotten (journal_id, forgotten_by)
    select (select id from journal where action = 'forget' limit 1), forgotten_by
    from audit_forgotten
    limit 1
  `)
  await at.link()
  const { findings } = await at.verify()
  assert.deepEqual(
    findings.map(({ what, action }) => [what, action]),
    [['forgotten-unaccounted', 'forget']],
  )
})

test('forgetting may take people out of the journal and change nothing else', async () => {
  await using at = await anAuditedLibrary()
  done(await write(at.db, by(), lend, await aSmallLibrary(at.db)))
  const emptied = sql`patron_id = null, answer = null, idempotency_key = null, request_sha256 = null`
  for (const change of [
    sql`${emptied}, loan_id = null`,
    sql`${emptied}, action = 'renew'`,
    sql`${emptied}, actor = 'staff:9'`,
    sql`${emptied}, recorded_at = now()`,
    sql`patron_id = 8`,
    sql`answer = '{"patronName": "Somebody else"}'`,
  ]) {
    const changing = at.db.transaction(async (tx) => {
      await tx.rows(sql`set local bibby.forgetting = 'system:forget key'`)
      await tx.rows(sql`update journal set ${change}`)
    })
    await assert.rejects(changing, { code: 'BB001' }, change.text)
  }
  const unnamed = at.db.transaction(async (tx) => {
    await tx.rows(sql`set local bibby.forgetting = 'on'`)
    await tx.rows(sql`update journal set ${emptied}`)
  })
  await assert.rejects(unnamed, { code: 'BB001' }, 'who forgets must say so')
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type AuditedLibrary, anAuditedLibrary, anEntry, tamper } from '../../test/audit-fixtures.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import { chainHash } from './audit-link.ts'
import type { AuditVerdict } from './audit-report.ts'
import { verifyAudit } from './verify-audit.ts'

/** Five entries, linked, their head written. */
async function fiveEntries(): Promise<AuditedLibrary & { readonly ids: readonly string[] }> {
  const at = await anAuditedLibrary()
  const ids: string[] = []
  for (let n = 0; n < 5; n++) ids.push(await anEntry(at.db))
  await at.link()
  await at.keeper.writeHead()
  return { ...at, ids }
}

const found = ({ findings }: AuditVerdict) => findings.map(({ what, id }) => [what, id])

test('a journal that nobody touched is intact, and every entry has its link', async () => {
  await using at = await fiveEntries()
  const { findings, remarks, ...verdict } = await at.verify()
  assert.deepEqual([findings, remarks], [[], []])
  assert.deepEqual(verdict, {
    verdict: 'intact',
    links: 5,
    notLinkedYet: 0,
    heads: 1,
    lastHeadAt: '2026-03-02T11:00:00.000Z',
    found: 0,
  })
})

/** For each column a change of it. */
const changes: Readonly<Record<string, Sql>> = {
  epoch: sql`epoch = 2`,
  instance: sql`instance = 'other'`,
  actor: sql`actor = 'patron:8'`,
  action: sql`action = 'renew'`,
  idempotency_key: sql`idempotency_key = 'other'`,
  request_sha256: sql`request_sha256 = null`,
  outcome: sql`outcome = 'refused'`,
  title_id: sql`title_id = 2`,
  copy_id: sql`copy_id = 3`,
  patron_id: sql`patron_id = 8`,
  loan_id: sql`loan_id = null`,
  hold_id: sql`hold_id = 6`,
  change_set_id: sql`change_set_id = 7`,
  believed: sql`believed = '{"title": 1.0}'`,
  answer: sql`answer = 'null'`,
  occurred_at: sql`occurred_at = occurred_at + interval '1 microsecond'`,
  recorded_at: sql`recorded_at = 'infinity'`,
  written_in: sql`written_in = written_in + 1`,
}

test('an entry in which anything was altered is named, whichever column it was', async () => {
  await using at = await fiveEntries()
  const id = at.ids[2] ?? ''
  const columns = await at.db.rows<{ name: string }>(sql`
    select column_name as name from information_schema.columns where table_name = 'journal'
  `)
  const names = columns.map(({ name }) => name)
  assert.deepEqual(Object.keys(changes).toSorted(), names.filter((name) => name !== 'id').toSorted())
  await at.db.rows(sql`create table kept as select * from journal where id = ${id}`)
  for (const [name, change] of Object.entries(changes)) {
    await tamper(at.db, sql`update journal set ${change} where id = ${id}`)
    const verdict = await at.verify()
    assert.equal(verdict.verdict, 'broken', name)
    assert.deepEqual(found(verdict), [['altered', id]], name)
    assert.deepEqual([verdict.findings[0]?.position, verdict.findings[0]?.action], [3, 'lend'], name)
    await tamper(
      at.db,
      sql`delete from journal where id = ${id}`,
      sql`insert into journal select * from kept`,
    )
    assert.equal((await at.verify()).verdict, 'intact', name)
  }
  const other = randomUUID()
  await tamper(at.db, sql`update journal set id = ${other} where id = ${id}`)
  assert.deepEqual(found(await at.verify()), [
    ['removed', id],
    ['inserted', other],
  ])
})

test('a removed entry is named with its time and action, which are in its link', async () => {
  await using at = await fiveEntries()
  const id = at.ids[1] ?? ''
  const [entry] = await at.db.rows<{ recordedAt: string }>(sql`
    select to_json(recorded_at at time zone 'UTC') #>> '{}' as "recordedAt" from journal where id = ${id}
  `)
  await tamper(at.db, sql`delete from journal where id = ${id}`)
  const { findings } = await at.verify()
  assert.deepEqual(findings, [
    {
      what: 'removed',
      position: 2,
      id,
      recordedAt: `${entry?.recordedAt}Z`,
      action: 'lend',
      text: `Removed: entry ${id} (lend, ${entry?.recordedAt}Z), linked at 2, is not in the journal any more.`,
    },
  ])
})

test('a last entry that was cut off with its link is named by the head outside', async () => {
  await using at = await fiveEntries()
  const id = at.ids[4] ?? ''
  await tamper(
    at.db,
    sql`delete from journal where id = ${id}`,
    sql`delete from audit_link where journal_id = ${id}`,
  )
  const { findings } = await at.verify()
  assert.deepEqual(
    findings.map(({ what, position, id, action }) => [what, position, id, action]),
    [['cut-off', 5, id, 'lend']],
  )
})

test('a database that was put back to an older state is found, also after it has grown again', async () => {
  await using at = await fiveEntries()
  await tamper(
    at.db,
    sql`delete from journal where id = any(${at.ids.slice(2)}::uuid[])`,
    sql`delete from audit_link where position > 2`,
    sql`delete from audit_head`,
  )
  for (let n = 0; n < 9; n++) await anEntry(at.db)
  await at.link()
  assert.deepEqual(found(await at.verify()), [['rewritten', at.ids[4]]])
  await at.keeper.writeHead()
  assert.match(at.warned.join(), /does not hold link 5 any more/)
  assert.deepEqual(found(await at.verify()), [['rewritten', at.ids[4]]])
})

test('two entries that were swapped are both named', async () => {
  await using at = await fiveEntries()
  const [one = '', other = ''] = [at.ids[1], at.ids[3]]
  const between = randomUUID()
  await tamper(
    at.db,
    sql`update journal set id = ${between} where id = ${one}`,
    sql`update journal set id = ${one} where id = ${other}`,
    sql`update journal set id = ${other} where id = ${between}`,
  )
  assert.deepEqual(found(await at.verify()), [
    ['altered', one],
    ['altered', other],
  ])
})

test('two links that were swapped break the chain', async () => {
  await using at = await fiveEntries()
  await tamper(
    at.db,
    sql`update audit_link set position = 99 where position = 2`,
    sql`update audit_link set position = 2 where position = 3`,
    sql`update audit_link set position = 3 where position = 99`,
  )
  const verdict = await at.verify()
  assert.ok(found(verdict).some(([what, id]) => what === 'link-altered' && id === at.ids[2]))
})

test('an entry that was written in among older ones is named', async () => {
  await using at = await fiveEntries()
  const [first] = await at.db.rows<{ writtenIn: number }>(sql`
    select written_in as "writtenIn" from journal where id = ${at.ids[0] ?? ''}
  `)
  const id = await anEntry(at.db, { recordedAt: '2020-01-01', writtenIn: first?.writtenIn ?? 0 })
  assert.deepEqual(found(await at.verify()), [['inserted', id]])
  await anEntry(at.db)
  await at.link()
  assert.deepEqual(found(await at.verify()), [['inserted', id]], 'no round makes it one of the others')
})

test('an entry that carries a time long before it came is remarked upon', async () => {
  await using at = await fiveEntries()
  const id = await anEntry(at.db, { recordedAt: '2020-01-01' })
  await at.link()
  const { verdict, remarks } = await at.verify()
  assert.equal(verdict, 'intact')
  assert.ok(remarks.join().includes(`${id} (lend, 2020-01-01`), remarks.join())
})

test('a link that was removed is told by its place', async () => {
  await using at = await fiveEntries()
  await tamper(at.db, sql`delete from audit_link where position = 3`)
  const { findings } = await at.verify()
  assert.deepEqual(
    findings.map(({ what, position, id }) => [what, position, id]),
    [
      ['link-removed', 4, at.ids[3]],
      ['inserted', null, at.ids[2]],
    ],
  )
})

test('whoever alters an entry and reckons the whole chain anew is found by the head outside', async () => {
  await using at = await fiveEntries()
  await tamper(at.db, sql`update journal set action = 'renew' where id = ${at.ids[1] ?? ''}`)
  await tamper(at.db, sql`delete from audit_link`, sql`delete from audit_head`)
  await at.link()
  assert.deepEqual(found(await at.verify()), [['rewritten', at.ids[4]]])
})

test('each thing that a link says is covered by its hash', () => {
  const link = {
    position: 1,
    journalId: 'id',
    action: 'lend',
    recordedAt: 'then',
    writtenIn: 5,
    forgottenBy: null,
    lastingSha256: 'a',
    personalSha256: 'b',
    completeAt: null,
  }
  const all = Object.keys(link).map((name) => chainHash('', { ...link, [name]: 'other' }))
  assert.equal(new Set([...all, chainHash('', link), chainHash('x', link)]).size, all.length + 2)
})

test('neither journal nor chain can be changed by the door that everybody uses', async () => {
  await using at = await fiveEntries()
  for (const statement of [
    sql`update journal set action = 'renew'`,
    sql`delete from journal`,
    sql`truncate journal`,
    sql`update audit_link set position = position + 10`,
    sql`update audit_link set salt = ${Buffer.alloc(16)}`,
    sql`delete from audit_link`,
    sql`truncate audit_link`,
  ]) {
    await assert.rejects(at.db.rows(statement), { code: 'BB001' }, statement.text)
  }
  assert.equal((await at.verify()).verdict, 'intact')
})

test('a head that is written while the chain is being verified is no sign that it was cut off', async () => {
  await using at = await fiveEntries()
  const telling = await verifyAudit(at)
  if ('refused' in telling) throw new Error(telling.refused)
  await anEntry(at.db)
  await at.link()
  assert.equal((await at.keeper.writeHead())?.position, 6)
  const told = []
  for await (const each of telling) told.push(each)
  const last = told.at(-1) as AuditVerdict
  assert.deepEqual([last.verdict, last.links, found(last)], ['intact', 5, []])
})

test('whatever was written into an entry, a finding stays one line that fits', async () => {
  await using at = await fiveEntries()
  const long = `\nThe journal is as it was written.${'x'.repeat(100_000)}`
  await tamper(at.db, sql`update journal set action = ${long}`, sql`update audit_link set action = ${long}`)
  const { findings } = await at.verify()
  assert.equal(findings.length, 10)
  for (const { text, action } of findings) {
    assert.ok(text.length < 500 && !text.includes('\n'), text.slice(0, 500))
    assert.ok((action?.length ?? 0) < 150)
  }
})

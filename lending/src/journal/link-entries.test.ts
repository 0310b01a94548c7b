import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import type pg from 'pg'
import { openTransaction } from '../../test/at-once.ts'
import {
  type AuditedLibrary,
  anAuditedLibrary,
  anEntry,
  entryRow,
  tamper,
  verdictOf,
} from '../../test/audit-fixtures.ts'
import { aSmallLibrary, by } from '../../test/library-fixtures.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { nextJournalId } from '../postgres/journal-id.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { write } from '../postgres/write.ts'
import { headFile } from './audit-heads.ts'
import { openAuditKeeper } from './keep-audit.ts'

const silent = { head: () => undefined, warn: () => undefined }

/** Another process on the same database. */
const another = (at: AuditedLibrary) =>
  openAuditKeeper(
    { db: at.db, dataFolder: at.dataFolder, instance: 'other', clock: () => new Date() },
    silent,
  )

/** Every entry without exactly one link as it was written. */
async function notLinkedOnce(db: Pick<Database, 'rows'>): Promise<readonly object[]> {
  return db.rows(sql`
    select journal.id, count(audit_link.position)
    from journal
    full join audit_link on audit_link.journal_id = journal.id and audit_link.forgotten_by is null
    group by journal.id
    having count(audit_link.position) <> 1 or journal.id is null
  `)
}

async function linkAllOf(at: AuditedLibrary): Promise<void> {
  await at.link()
  assert.deepEqual(await notLinkedOnce(at.db), [])
  assert.deepEqual((await at.verify()).findings, [])
}

test('an entry whose transaction is still open is neither linked nor passed by', async () => {
  await using at = await anAuditedLibrary()
  const early = nextJournalId()
  await using open = await openTransaction(at.db, entryRow({ id: early }))
  const late = await anEntry(at.db)
  assert.deepEqual(await at.keeper.link(), { mayLink: true, entries: 0, forgotten: 0 })
  assert.equal((await at.verify()).notLinkedYet, 1)
  await open.end('commit')
  await linkAllOf(at)
  const links = await at.db.rows<{ id: string }>(sql`
    select journal_id as id from audit_link order by position
  `)
  assert.deepEqual(
    links.map(({ id }) => id),
    [early, late],
  )
})

type Step = readonly ['open' | 'commit' | 'rollback' | 'alone', number] | readonly ['link', number]
const steps = fc.array(
  fc.tuple(
    fc.constantFrom('open', 'commit', 'rollback', 'alone', 'link', 'link'),
    fc.integer({ min: 0, max: 3 }),
  ) as fc.Arbitrary<Step>,
  { minLength: 5, maxLength: 25 },
)

test('in whatever order writers begin and commit, each entry has one link and the chain is intact', async () => {
  await using at = await anAuditedLibrary()
  await using other = another(at)
  const writers = await Promise.all([0, 1, 2, 3].map(() => at.db.connectAlone()))
  try {
    await fc.assert(
      fc.asyncProperty(steps, async (run) => {
        const open = new Set<pg.Client>()
        const end = async (writer: pg.Client, how: string) => {
          if (open.delete(writer)) await writer.query(how)
        }
        for (const [what, which] of run) {
          const writer = writers[which] as pg.Client
          if (what === 'link') await (which % 2 === 0 ? at.keeper : other).link()
          else if (what === 'alone') await anEntry(at.db)
          else if (what !== 'open') await end(writer, what)
          else if (!open.has(writer)) {
            open.add(writer)
            await writer.query('begin')
            const row = entryRow({ id: nextJournalId() })
            await writer.query(row.text, [...row.values])
          }
        }
        assert.deepEqual((await at.verify()).findings, [])
        for (const writer of [...open].toReversed()) await end(writer, 'commit')
        await linkAllOf(at)
      }),
      { numRuns: 25 },
    )
  } finally {
    await Promise.all(writers.map((writer) => writer.end()))
  }
})

test('while desks write and two processes link at once, each entry is linked once', async () => {
  await using at = await anAuditedLibrary()
  await using other = another(at)
  const library = await aSmallLibrary(at.db)
  let writing = true
  const desk = async () => {
    for (let n = 0; n < 15; n++) {
      await write(at.db, by(), lend, library)
      await write(at.db, by(), takeBack, library)
    }
  }
  const linking = [at.keeper, other].map(async (keeper) => {
    while (writing) await keeper.link()
  })
  await Promise.all([desk(), desk(), desk(), desk()])
  writing = false
  await Promise.all(linking)
  await linkAllOf(at)
  const [all] = await at.db.rows<{ count: number }>(sql`select count(*) as count from journal`)
  assert.equal(all?.count, 120)
})

test('only one of two processes links at a time', async () => {
  await using at = await anAuditedLibrary()
  await anEntry(at.db)
  await using holder = await openTransaction(at.db, sql`select pg_advisory_xact_lock(722110021)`)
  assert.equal((await at.keeper.link()).mayLink, false)
  await holder.end('rollback')
  await linkAllOf(at)
})

test('while writes are stopped nothing is linked, and afterwards all of it', async () => {
  await using at = await anAuditedLibrary()
  await anEntry(at.db)
  await at.db.rows(sql`update fence set mode = 'halted'`)
  assert.equal((await at.keeper.link()).mayLink, false)
  assert.equal(await at.keeper.writeHead(), undefined)
  await at.db.rows(sql`update fence set mode = 'normal'`)
  await linkAllOf(at)
})

test('a clock that is wrong, ahead or behind, changes nothing about the chain', async () => {
  await using at = await anAuditedLibrary()
  const times = [
    '2026-03-02',
    '1970-01-01',
    '9999-12-31',
    '2026-03-01',
    'infinity',
    '-infinity',
    '0044-03-15 BC',
  ]
  for (const recordedAt of times) {
    const id = `${recordedAt === '1970-01-01' ? '00000000-0000' : 'ffffffff-ffff'}${nextJournalId().slice(13)}`
    await anEntry(at.db, { id, recordedAt })
    await at.link()
    await at.keeper.writeHead()
  }
  await linkAllOf(at)
})

test('a backlog of several batches is linked whole', async () => {
  await using at = await anAuditedLibrary()
  await manyEntries(at, 3_500)
  await linkAllOf(at)
})

test('a database restored into a server that counts its transactions anew goes on', async () => {
  await using at = await anAuditedLibrary()
  await anEntry(at.db)
  const far = 4_000_000_000
  await tamper(at.db, sql`update journal set written_in = ${far}`)
  await anEntry(at.db, { writtenIn: far + 1 })
  // As the other server had linked the first of them, and not yet the second.
  await at.db.rows(sql`create table later as select * from journal where written_in > ${far}`)
  await tamper(at.db, sql`delete from journal where written_in > ${far}`)
  await at.link()
  await at.db.rows(sql`insert into journal select * from later`)
  for (let n = 0; n < 3; n++) {
    await anEntry(at.db)
    assert.deepEqual((await at.verify()).findings, [])
    await linkAllOf(at)
  }
})

async function manyEntries(at: AuditedLibrary, count: number): Promise<void> {
  await at.db.rows(sql`
    insert into journal (id, epoch, instance, actor, action, outcome, occurred_at)
    select gen_random_uuid(), 1, 'test', 'staff:1', 'lend', 'done', now() from generate_series(1, ${count})
  `)
}

const child = fileURLToPath(new URL('../../test/audit-process.ts', import.meta.url))

function startChild({ db, dataFolder }: AuditedLibrary) {
  const { host, user, database } = db.connection
  const process_ = spawn(process.execPath, [child, host, user, database, dataFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { process: process_, ended: once(process_, 'close') }
}

test('killed between link and head: nothing is lost, and the next round writes the head', async () => {
  await using at = await anAuditedLibrary()
  await anEntry(at.db)
  // Whoever opens a pipe to read waits until somebody writes: the head is about to be written, and never is.
  execFileSync('mkfifo', [headFile(at.dataFolder)])
  const { process: killed, ended } = startChild(at)
  const [said] = await once(killed.stdout, 'data')
  assert.equal(String(said), 'linked\n')
  killed.kill('SIGKILL')
  await ended
  await rm(headFile(at.dataFolder))
  assert.equal((await at.verify()).heads, 0)
  await linkAllOf(at)
  assert.equal((await at.keeper.writeHead())?.position, 1)
  assert.equal((await at.verify()).heads, 1)
})

test('killed in the midst of linking: what is linked is whole, and the next round goes on', async () => {
  await using at = await anAuditedLibrary()
  await manyEntries(at, 20_000)
  const { process: killed, ended } = startChild(at)
  for (let links = 0; links === 0; ) {
    const [row] = await at.db.rows<{ links: number }>(sql`select count(*) as links from audit_link`)
    links = row?.links ?? 0
  }
  killed.kill('SIGKILL')
  await ended
  const { findings, links, notLinkedYet } = await verdictOf(at)
  assert.deepEqual(findings, [])
  assert.ok(links > 0 && notLinkedYet > 0, `${links} and ${notLinkedYet}`)
  await linkAllOf(at)
})

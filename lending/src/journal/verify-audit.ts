import type pg from 'pg'
import type { Database, Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import {
  type AuditLink,
  beginning,
  chainHash,
  type EntryText,
  entryText,
  lastingDigest,
  personalDigest,
  timeText,
} from './audit-link.ts'
import { type AuditStep, type Findings, inUtc, noFindings, short } from './audit-report.ts'
import { openAuditSession, rowsAlone } from './audit-session.ts'
import { checkForgotten } from './verify-forgotten.ts'
import { checkHeads } from './verify-heads.ts'

/** Why an audit says no: one is under way in this process, or it found something. */
export type AuditRefused = { readonly refused: 'audit-running' | 'audit-broken' }

/** Links are read a page at a time. */
const pageRows = 2_000
const readerLimitSeconds = 60
/** A writer may have been open for so long before an entry that says so is odd. */
const lateMs = 60 * 60_000

/** Libraries of this process that are being verified: it reads the whole journal, so once at a time is enough. */
const underWay = new WeakSet<object>()

/** What a verification tells, step by step. It must be read to the end or returned. */
export type AuditSteps = AsyncIterableIterator<AuditStep> & {
  readonly return: () => Promise<IteratorResult<AuditStep>>
}

/** What is verified: the database, and the heads of the data folder. */
export type Verified = { readonly db: Pick<Database, 'connectAlone'>; readonly dataFolder: string }

/**
 * Verifies the whole chain against the journal, unless this process is at it already; `begin` says where, by default
 * here. Throws DatabaseUnreachableError before anything.
 */
export async function verifyAudit<Of extends Verified>(
  library: Of,
  begin: (library: Of) => Promise<AsyncGenerator<AuditStep>> = auditSteps,
): Promise<AuditSteps | AuditRefused> {
  const { db } = library
  if (underWay.has(db)) return { refused: 'audit-running' }
  underWay.add(db)
  try {
    return untilOver(await begin(library), () => underWay.delete(db))
  } catch (error) {
    underWay.delete(db)
    throw error
  }
}

/** No generator: one that nobody began to read would not hear that it is left. */
function untilOver(steps: AsyncGenerator<AuditStep>, over: () => void): AuditSteps {
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: async () => {
      const step = await steps.next().catch((error: unknown) => {
        over()
        throw error
      })
      if (step.done) over()
      return step
    },
    return: async () => {
      over()
      return steps.return(undefined)
    },
  }
}

/** Verifies in one snapshot, and then against the heads of the data folder; read-only and in bounded memory. */
export async function auditSteps(library: Verified): Promise<AsyncGenerator<AuditStep>> {
  const session = await openAuditSession(library.db)
  try {
    // Who asked and does not read on must not hold the snapshot for ever.
    await session.query(`set idle_in_transaction_session_timeout = '${readerLimitSeconds}s'`)
    await session.query('begin transaction isolation level repeatable read read only')
    const [size] = await rowsAlone(session)<{ links: string }>(sql`
      select coalesce(max(position), 0) as links from audit_link
    `)
    const steps = walked(session, library, Number(size?.links ?? 0))
    // Begun, it closes its connection however it is left.
    await steps.next()
    return steps
  } catch (error) {
    await session.end()
    throw error
  }
}

async function* walked(session: pg.Client, { dataFolder }: Verified, of: number): AsyncGenerator<AuditStep> {
  try {
    const rows = rowsAlone(session)
    const findings = noFindings()
    const walk = startWalk(findings)
    yield { checked: 0, of }
    for (let page = await linksAfter(rows, 0); page.length > 0; ) {
      for (const link of page) walk.step(link)
      yield { checked: walk.links(), of }
      page = await linksAfter(rows, walk.last().position)
    }
    const notLinkedYet = await checkUnlinked(rows, walk.last().writtenIn, findings)
    await checkForgotten(rows, findings)
    // A head may have been written meanwhile, of a link that came after the snapshot.
    await session.query('commit')
    const heads = await checkHeads(rows, dataFolder, findings)
    yield {
      verdict: findings.count() === 0 ? 'intact' : 'broken',
      links: walk.links(),
      notLinkedYet,
      heads: heads.compared,
      lastHeadAt: heads.lastAt,
      found: findings.count(),
      findings: findings.named(),
      remarks: [...walk.remarks(), ...heads.remarks],
    }
  } finally {
    await session.end().catch(() => undefined)
  }
}

type Seen = Omit<AuditLink, 'position' | 'writtenIn'> & {
  readonly position: string
  readonly writtenIn: string
  readonly salt: string | null
  readonly chain: string
  /** Somebody forgot the entry after this link was made, and it was or will be linked again. */
  readonly isOverForgotten: boolean
  readonly isThere: boolean
} & EntryText

/** A page of links, each with its entry as it is now. */
async function linksAfter(rows: Rows, position: number): Promise<readonly Seen[]> {
  return rows<Seen>(sql`
    with page as materialized (
      select * from audit_link where position > ${position} order by position limit ${pageRows}
    )
    select
      page.position, page.journal_id as "journalId", page.action, ${timeText(sql`page.recorded_at`)} as "recordedAt",
      page.written_in as "writtenIn", page.forgotten_by as "forgottenBy",
      encode(page.lasting_sha256, 'hex') as "lastingSha256", encode(page.personal_sha256, 'hex') as "personalSha256",
      encode(page.salt, 'hex') as salt, encode(page.chain_sha256, 'hex') as chain,
      ${timeText(sql`page.complete_at`)} as "completeAt",
      exists (
        select from audit_link as later
        where later.journal_id = page.journal_id and later.forgotten_by is not null
          and later.position > page.position
      ) or exists (
        select from audit_forgotten where audit_forgotten.journal_id = page.journal_id
      ) as "isOverForgotten",
      journal.id is not null as "isThere", ${entryText}
    from page
    left join journal on journal.id = page.journal_id
    order by page.position
  `)
}

/** Walks along the chain, link by link. */
function startWalk(findings: Findings) {
  let last = { position: 0, writtenIn: 0 }
  let chain = beginning
  let links = 0
  let completeAt = Number.NEGATIVE_INFINITY
  let late = 0
  let firstLate = ''
  const step = (seen: Seen) => {
    const link: AuditLink = {
      ...seen,
      position: Number(seen.position),
      writtenIn: Number(seen.writtenIn),
    }
    const about = { ...link, id: seen.journalId }
    const expected = last.position + 1
    if (link.position > expected) {
      const fact =
        link.position === expected + 1 ? `link ${expected}` : `links ${expected} to ${link.position - 1}`
      findings.add('link-removed', { ...about, fact })
    } else if (chainHash(chain, link) !== seen.chain) findings.add('link-altered', about)
    if (!seen.isThere) {
      // Of an entry that was forgotten too, the first of its links says it.
      if (link.forgottenBy === null) findings.add('removed', about)
    } else {
      const fact = difference(seen)
      if (fact) findings.add('altered', { ...about, fact })
    }
    if (link.forgottenBy === null && Date.parse(inUtc(link.recordedAt)) < completeAt - lateMs) {
      late += 1
      firstLate ||= `entry ${seen.journalId} (${short(link.action)}, ${inUtc(link.recordedAt)})`
    }
    if (link.completeAt !== null) completeAt = Date.parse(inUtc(link.completeAt))
    last = { position: link.position, writtenIn: link.writtenIn }
    chain = seen.chain
    links += 1
  }
  const remarks = () =>
    late === 0
      ? []
      : [
          `${late} entries came over an hour later than the time that they carry; the first is ${firstLate}. ` +
            'A clock was wrong, a transaction was open for very long, or somebody wrote them in by hand.',
        ]
  return { step, remarks, links: () => links, last: () => last }
}

/** In what an entry is not as it was linked, if it is not. */
function difference(seen: Seen): string | undefined {
  if (lastingDigest(seen) !== seen.lastingSha256) return 'what, when or by whom'
  if (seen.isOverForgotten) return undefined
  if (seen.salt === null) return 'its salt is gone although nobody forgot it'
  return personalDigest(seen, seen.salt) === seen.personalSha256
    ? undefined
    : 'the person, the key or the answer'
}

/**
 * Counts entries without a link that the next round takes; any of a transaction before the end of the chain came in
 * later by another door. A database that was restored into another server counts its transactions anew, until the
 * next round has seen it.
 */
async function checkUnlinked(rows: Rows, writtenIn: number, findings: Findings): Promise<number> {
  const found = await rows<{
    id: string | null
    action: string
    recordedAt: string
    isBefore: boolean
    count: string
  }>(sql`
    with unlinked as materialized (
      select journal.id, journal.action, journal.recorded_at,
        journal.written_in < ${writtenIn}::bigint
          and ${writtenIn}::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint as is_before
      from journal
      where not exists (
        select from audit_link where audit_link.journal_id = journal.id and audit_link.forgotten_by is null
      )
    )
    (
      select null::uuid as id, '' as action, '' as "recordedAt", false as "isBefore", count(*) as count
      from unlinked
      where not is_before
    )
    union all
    (
      select id, action, ${timeText(sql`recorded_at`)}, true, 1
      from unlinked
      where is_before
      order by recorded_at
      limit ${insertedMax}
    )
  `)
  for (const { id, action, recordedAt, isBefore } of found) {
    if (isBefore && id !== null) findings.add('inserted', { id, action, recordedAt })
  }
  return Number(found.find(({ isBefore }) => !isBefore)?.count ?? 0)
}

/** So many entries without a link are told. */
const insertedMax = 1_000

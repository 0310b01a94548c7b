import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import type { Library } from '../library.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import {
  type AuditHead,
  type HeadMark,
  headPlace,
  isSameHead,
  knownHead,
  lastHead,
  readHeads,
  writeHead,
} from './audit-heads.ts'
import { timeText } from './audit-link.ts'
import { openAuditSession, rowsAlone } from './audit-session.ts'
import { type Linked, linkEntries } from './link-entries.ts'

/** Where the keeper of the chain speaks. */
export type AuditTelling = {
  /** A head was written: a log is a third place that holds it. */
  readonly head: (head: AuditHead) => void
  readonly warn: (text: string) => void
}

/** Keeps the chain for one process: links what is new, and now and then writes the head outside the database. */
export type AuditKeeper = AsyncDisposable & {
  readonly link: (signal?: AbortSignal) => Promise<Linked>
  /** Writes the end of the chain to the data folder, unless it is there already; gives what it wrote. */
  readonly writeHead: () => Promise<AuditHead | undefined>
}

/** What is not there any more: a link that a head knew, or a head in the file. */
type Warn = (what: 'link' | 'head', mark: HeadMark) => void

type Kept = Pick<Library, 'db' | 'dataFolder' | 'clock' | 'instance'>

const everyMs = 5_000
const headEveryMs = 60_000
/** How long the last round may go on linking when Bibby is stopped; what is left over is the next start’s. */
const lastRoundMs = 4_000

/**
 * Links every few seconds and writes the head every minute in which the chain grew, until closed; then once more. A
 * round that fails is told once and comes again.
 */
export function startAudit(library: Kept, telling: AuditTelling): AsyncDisposable {
  const keeper = openAuditKeeper(library, telling)
  const closing = new AbortController()
  let headAt = Number.NEGATIVE_INFINITY
  let told = ''
  const round = async (signal: AbortSignal, isLast: boolean) => {
    try {
      await keeper.link(signal)
      if (isLast || performance.now() - headAt >= headEveryMs) {
        if (await keeper.writeHead()) headAt = performance.now()
      }
      told = ''
    } catch (error) {
      const because = error instanceof Error ? error.message : 'unknown fault'
      if (because !== told) telling.warn(`The audit chain waits: ${because}`)
      told = because
    }
  }
  const rounds = async () => {
    while (!closing.signal.aborted) {
      await wait(everyMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
      if (!closing.signal.aborted) await round(closing.signal, false)
    }
  }
  const ended = rounds()
  return {
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await ended
      await round(AbortSignal.timeout(lastRoundMs), true)
      await keeper[Symbol.asyncDispose]()
    },
  }
}

/** A keeper for this library. Its connection is made when it is first needed, and anew after it was lost. */
export function openAuditKeeper(library: Kept, telling: AuditTelling): AuditKeeper {
  let open: pg.Client | undefined
  let warnedOf: number | undefined
  const onSession = async <T>(work: (session: pg.Client) => Promise<T>): Promise<T> => {
    open ??= await openAuditSession(library.db)
    try {
      return await work(open)
    } catch (error) {
      await open.end().catch(() => undefined)
      open = undefined
      throw error
    }
  }
  const warn: Warn = (what, { position, at }) => {
    if (warnedOf === position) return
    warnedOf = position
    telling.warn(
      what === 'link'
        ? `The audit chain does not hold link ${position} any more, whose hash was written down at ${at}. Run bibby audit verify, and keep the database and the data folder as they are.`
        : `The file of heads has not the head of link ${position} any more, which was written to it at ${at}. If nobody moved the file away on purpose, run bibby audit verify, and look for that head in the log.`,
    )
  }
  return {
    link: (signal) => onSession((session) => linkEntries(session, signal)),
    writeHead: () => onSession((session) => headOf(session, library, { head: telling.head, warn })),
    [Symbol.asyncDispose]: async () => void (await open?.end().catch(() => undefined)),
  }
}

async function headOf(
  session: pg.Client,
  { dataFolder, clock, instance }: Kept,
  tell: { readonly head: AuditTelling['head']; readonly warn: Warn },
): Promise<AuditHead | undefined> {
  const last = await lastHead(dataFolder)
  const rows = rowsAlone(session)
  const isHeld = last !== undefined && (await hashAt(session, last.position)) === last.chain
  if (last && !isHeld) tell.warn('link', last)
  const [tip] = await rows<{
    position: string
    chain: string
    id: string
    recordedAt: string
    action: string
  }>(
    sql`
      select position, encode(chain_sha256, 'hex') as chain, journal_id as id, action,
        ${timeText(sql`recorded_at`)} as "recordedAt"
      from audit_link
      where exists (select from fence where mode = 'normal') and not pg_is_in_recovery()
      order by position desc
      limit 1
    `,
  )
  if (!tip || (isHeld && last.position === Number(tip.position))) return undefined
  const { position, chain, ...entry } = tip
  const missing = await missingFrom(rows, dataFolder, last)
  if (missing) tell.warn('head', missing)
  const now = clock().toISOString()
  const head = {
    position: Number(position),
    chain,
    at: now,
    entry,
    instance,
    ...(missing ? { missing } : {}),
  }
  await writeHead(dataFolder, head)
  await rows(sql`
    insert into audit_head (place, position, chain_sha256, at)
    values (${headPlace(dataFolder)}, ${head.position}, decode(${chain}, 'hex'), ${head.at})
    on conflict (place) do update
    set position = excluded.position, chain_sha256 = excluded.chain_sha256, at = excluded.at
  `)
  tell.head(head)
  return head
}

/** The head that the database knows to have been written to the file last, if it is not in the file any more. */
async function missingFrom(
  rows: Rows,
  dataFolder: string,
  last: AuditHead | undefined,
): Promise<HeadMark | undefined> {
  const known = await knownHead(rows, dataFolder)
  if (!known || isSameHead(last, known)) return undefined
  // It is further up where a crash came before the database heard of the last, or the database was put back.
  for await (const { head } of readHeads(dataFolder)) if (isSameHead(head, known)) return undefined
  return known
}

async function hashAt(session: pg.Client, position: number): Promise<string | undefined> {
  const [link] = await rowsAlone(session)<{ chain: string }>(sql`
    select encode(chain_sha256, 'hex') as chain from audit_link where position = ${position}
  `)
  return link?.chain
}

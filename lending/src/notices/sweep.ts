import { randomUUID } from 'node:crypto'
import type { Database, Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type By, type Verb, write } from '../postgres/write.ts'
import { noticesOf } from './cause.ts'
import { countDue, dueNow, type SweptKind, sweptKinds } from './due-notices.ts'
import type { NoticeFigures } from './figures.ts'
import { noticeSettings } from './notice-settings.ts'

/** What a run of sweeps caused, by kind, and what it left because it was full. */
export type Swept = {
  readonly caused: Readonly<Record<SweptKind, number>>
  /** Due, and over the most that one run may cause: not caused, and told. */
  readonly over: number
}

const batchMax = 100

type CauseAsk = { readonly kind: SweptKind; readonly limit: number; readonly installation: string }

/** One batch of what is due, decided anew in the transaction that causes it. */
const causeNotices: Verb<
  CauseAsk,
  { readonly kind: SweptKind; readonly caused: number },
  { readonly refused: 'notices-off' }
> = {
  action: 'cause-notices',
  fanOut: { notice: batchMax, because: 'A sweep causes notices by the batch; a run has a limit of its own.' },
  about: () => ({}),
  work: async (tx, { kind, limit, installation }, { occurredAt }) => {
    const [on] = await tx.rows(sql`
      select from notice_switch where ${installation} = any(installations) for share
    `)
    if (!on) return { refused: 'notices-off' }
    const settings = await noticeSettings(tx)
    const rows = sql`select * from (${dueNow(kind, settings, occurredAt)}) as due limit ${limit}::integer`
    const caused = await tx.rows(
      sql`${noticesOf(kind, { at: occurredAt, rows, rowsMax: limit })} returning id`,
    )
    return { kind, caused: caused.length }
  },
}

/**
 * Causes what is due: overdue steps, due soon, cards that end; in batches, each a write of its own, and no more in all
 * than one run may. What is over is not caused but counted. While notices are off, nothing.
 */
export async function sweepNotices(
  db: Database,
  { installation, ...by }: Pick<By, 'actor' | 'instance'> & { readonly installation: string },
  now: Date,
): Promise<Swept> {
  const settings = await noticeSettings(db)
  const caused: Record<SweptKind, number> = { overdue: 0, 'due-soon': 0, 'card-expiring': 0 }
  let left = settings.runMax
  for (const kind of sweptKinds) {
    while (left > 0) {
      const ask = { kind, limit: Math.min(batchMax, left), installation }
      const told = await write(db, { ...by, key: randomUUID(), occurredAt: now }, causeNotices, ask)
      if (told.outcome === 'refused') return { caused, over: 0 }
      // Lost on the way: what landed is not due any more, the rest is the next run's.
      if (told.outcome === 'unknown') break
      caused[kind] += told.answer.caused
      left -= told.answer.caused
      if (told.answer.caused < ask.limit) break
    }
  }
  let over = 0
  if (left === 0) for (const kind of sweptKinds) over += await countDue(db, kind, { settings, now })
  return { caused, over }
}

/** The sweep: causes what is due, keeps the figure of what was left, and fails where a run was full, so that it is told. */
export async function tellDue(
  db: Database,
  now: Date,
  {
    figures,
    ...by
  }: { readonly instance: string; readonly installation: string; readonly figures: NoticeFigures },
): Promise<Swept> {
  const swept = await sweepNotices(db, { actor: 'system:sweeps', ...by }, now)
  figures.overRunMax = swept.over
  if (swept.over > 0) throw new RunFullError(swept)
  return swept
}

/** More was due than one run may cause. The rest is not caused; the next run goes on. */
export class RunFullError extends Error {
  override readonly name = 'RunFullError'
  readonly code = 'BIBBY_NOTICE_RUN_FULL'
  constructor({ caused, over }: Swept) {
    const sum = sweptKinds.reduce((all, kind) => all + caused[kind], 0)
    super(
      `It told ${sum} things, as many as one run may, and left ${over}. ` +
        'If so many are right, raise the limit; if not, turn notices off: bibby notices preview shows them.',
    )
  }
}

/** One notice that a run would cause. */
export type WouldTell = {
  readonly kind: SweptKind
  readonly patronId: number
  readonly card: string
  readonly name: string
  readonly email: string
  readonly facts: object
}

/** What a run would do now. */
export type Preview = {
  readonly wouldCause: readonly WouldTell[]
  readonly over: number
  /** Patrons with open loans or holds who have no address: nobody tells them anything. */
  readonly withoutAddress: number
}

/** The dry run: what the next run would cause, in its order and within its limit. Nothing is written. */
export async function previewSweep(db: { readonly rows: Rows }, now: Date): Promise<Preview> {
  const settings = await noticeSettings(db)
  const wouldCause: WouldTell[] = []
  let due = 0
  for (const kind of sweptKinds) {
    due += await countDue(db, kind, { settings, now })
    const left = settings.runMax - wouldCause.length
    if (left > 0) {
      wouldCause.push(
        ...(await db.rows<WouldTell>(sql`
          select ${kind} as kind, due.patron_id as "patronId", patron.card,
            concat_ws(' ', nullif(patron.given_name, ''), nullif(patron.family_name, '')) as name, patron.email, due.facts
          from (${dueNow(kind, settings, now)}) as due
          join patron on patron.id = due.patron_id
          order by due.cause
          limit ${left}
        `)),
      )
    }
  }
  const [without] = await db.rows<{ n: number }>(sql`
    select count(*)::integer as n
    from patron
    where email = '' and deleted_at is null
      and (
        exists (select from loan where loan.patron_id = patron.id and loan.returned_at is null)
        or exists (select from hold where hold.patron_id = patron.id and hold.closed_at is null)
      )
  `)
  return { wouldCause, over: due - wouldCause.length, withoutAddress: without?.n ?? 0 }
}

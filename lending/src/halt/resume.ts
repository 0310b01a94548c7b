import { type Fence, fence } from '../postgres/fence.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'

/** What is halted, and what must be typed to let it go on. */
export type HaltStanding = {
  readonly mode: Fence['mode']
  readonly epoch: number
  readonly since: string
  readonly reason: string
  /** Entries of the journal since the halt, but for halting and resuming; null where nothing is halted. */
  readonly writtenSince: number | null
  /** Null where all writes go on. */
  readonly phrase: string | null
  readonly verbs: readonly {
    readonly verb: string
    readonly since: string
    readonly because: string
    readonly phrase: string
  }[]
}

/** What stands halted now, and the phrase for each. */
export async function haltStanding(db: { readonly rows: Rows }): Promise<HaltStanding> {
  const found = await fence(db)
  const isHalted = found.mode === 'halted'
  const writtenSince = isHalted ? await entriesSince(db, found.since) : null
  const since = found.since.toISOString()
  return {
    mode: found.mode,
    epoch: found.epoch,
    since,
    reason: found.reason,
    writtenSince,
    phrase: isHalted ? phraseOf({ epoch: found.epoch, since, writtenSince: writtenSince ?? 0 }) : null,
    verbs: Object.entries(found.haltedVerbs).map(([verb, halted]) => ({
      verb,
      ...halted,
      phrase: phraseOf({ verb, epoch: found.epoch, since: halted.since }),
    })),
  }
}

/** Lets writes go on: those of one verb, or all. It names the halt that it ends. */
export type ResumeAsk = {
  readonly epoch: number
  /** When the halt came about, as it was told. */
  readonly since: string
  /** As `haltStanding` gives it, typed by a person. */
  readonly phrase: string
  readonly verb?: string | undefined
}

/** What goes on, and under which epoch. */
export type Resumed = {
  readonly verb: string | null
  readonly epoch: number
  readonly haltedSince: string
  readonly reason: string
}

/** Why nothing was resumed. */
export type ResumeRefused =
  | { readonly refused: 'not-halted' }
  | { readonly refused: 'halt-changed'; readonly epoch: number; readonly since: string }
  | { readonly refused: 'phrase-wrong'; readonly phrase: string }

/**
 * Ends a halt that the asker names by epoch and time, and whose phrase they have typed: it tells what was written
 * since, so nobody types it who has not looked. All writes go on under a new epoch: what was opened under the old one
 * can no longer land. A guard (code, second person) belongs before this verb, in the place that calls it.
 */
export const resume: Verb<ResumeAsk, Resumed, ResumeRefused> = {
  action: 'resume',
  about: () => ({}),
  passesFence: true,
  work: async (tx, ask) => {
    await tx.rows(sql`select from fence for update`)
    const standing = await haltStanding(tx)
    const halted =
      ask.verb === undefined ? ofAll(standing) : standing.verbs.find(({ verb }) => verb === ask.verb)
    if (!halted) return { refused: 'not-halted' }
    const { since, because, phrase } = halted
    if (ask.epoch !== standing.epoch || ask.since !== since) {
      return { refused: 'halt-changed', epoch: standing.epoch, since }
    }
    if (oneSpaced(ask.phrase) !== phrase) return { refused: 'phrase-wrong', phrase }
    const [now] = await tx.rows<{ epoch: number }>(
      ask.verb === undefined
        ? sql`
            update fence set mode = 'normal', epoch = epoch + 1, since = clock_timestamp(), reason = ''
            returning epoch
          `
        : sql`update fence set halted_verbs = halted_verbs - ${ask.verb}::text returning epoch`,
    )
    if (!now) throw new Error('The fence went away under its lock.')
    return { verb: ask.verb ?? null, epoch: now.epoch, haltedSince: since, reason: because }
  },
}

function ofAll({ phrase, since, reason }: HaltStanding) {
  return phrase === null ? undefined : { since, because: reason, phrase }
}

type Named = {
  readonly verb?: string
  readonly epoch: number
  readonly since: string
  readonly writtenSince?: number
}

function phraseOf({ verb, epoch, since, writtenSince }: Named): string {
  const at = since.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length).replace('T', ' ')
  const what = verb === undefined ? 'RESUME' : `RESUME ${verb}`
  const written = writtenSince === undefined ? '' : `, ${writtenSince} WRITTEN SINCE`
  return `${what} EPOCH ${epoch} HALTED ${at} UTC${written}`
}

function oneSpaced(typed: string): string {
  return typed.trim().replace(/\s+/g, ' ')
}

async function entriesSince(db: { readonly rows: Rows }, since: Date): Promise<number> {
  const [row] = await db.rows<{ written: number }>(sql`
    select count(*) as written from journal
    where recorded_at > ${since} and action not in ('halt', 'resume')
  `)
  return row?.written ?? 0
}

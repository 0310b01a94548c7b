import { worded } from '../language/worded.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Kind } from './kinds.ts'
import { waiting, whyNobody } from './letter.ts'
import { whyNotSent } from './overtaken.ts'
import { previewSweep } from './sweep.ts'

/** A letter that would go out if notices were on. */
export type LetterNow = {
  /** That of the letter where it was put together before; else made of patron and kind. */
  readonly id: string
  readonly kind: Kind
  readonly card: string
  /** How many things it tells. */
  readonly things: number
}

/** What would go out if notices were on, and whether more is queued than was looked at. */
export type LettersNow = { readonly letters: readonly LetterNow[]; readonly isMore: boolean }

/** So many queued notices are looked at. */
const lookedAtMax = 100_000

/**
 * The letters that would go out if notices were on: of what is queued and still true, and of what the next run of the
 * sweeps would cause. Those over what a patron may have in a day are among them, for they go the day after.
 */
export async function lettersNow(tx: { readonly rows: Rows }, now: Date): Promise<LettersNow> {
  const letters = new Map<string, LetterNow>()
  const tell = (id: string, { kind, card }: { readonly kind: Kind; readonly card: string }) =>
    letters.set(id, { id, kind, card, things: (letters.get(id)?.things ?? 0) + 1 })
  const first = sql`
    notice.id in (select id from notice where state = 'queued' order by next_at, id limit ${lookedAtMax + 1})
  `
  const queued = await waiting(tx, first, now)
  for (const each of queued) {
    if (whyNobody(each) ?? whyNotSent(each.kind, each.facts, each)) continue
    tell(each.letterId ?? `${each.kind} ${each.patronId}`, each)
  }
  const { wouldCause } = await previewSweep(tx, now)
  for (const each of wouldCause) tell(`${each.kind} ${each.patronId}`, each)
  return { letters: [...letters.values()], isMore: queued.length > lookedAtMax }
}

/** A letter in words, for whoever plans: to which card, and of what; not what it tells. */
export function letterInWords({ kind, card, things }: LetterNow): string {
  return worded('plan-line.letter', { kind: { say: `notice-kind.${kind}` }, things, card })
}

import type { Language } from '../../language/languages.ts'
import type { Fence } from '../../postgres/fence.ts'
import type { SignedIn } from '../../staff/session.ts'
import type { Say } from './say.ts'

/** One request for a page, as the page needs to know it. */
export type Visit = {
  readonly language: Language
  /** Says a message in that language. */
  readonly say: Say
  /** Undefined for a passer-by. */
  readonly who: SignedIn | undefined
  /** Goes into every form; a form without it is refused. */
  readonly csrf: string
  /** The path and query that were asked for. */
  readonly address: string
  /** Where the page can be loaded again: its address, or the first page for the answer to a form. */
  readonly again: string
  readonly now: Date
  /** The branch at whose desk the person works, or the library's first. */
  readonly branch: VisitedBranch | undefined
  /** The library whose pages these are; undefined where it cannot be asked for. */
  readonly library: { readonly name: string; readonly currency: string } | undefined
  /** Set while nothing can be written. */
  readonly stopped: Pick<Fence, 'mode' | 'since' | 'reason'> | undefined
  /** What was done just before, as a code of `said.ts`. */
  readonly said: string | undefined
}

/** The branch that a page speaks for: its clock is the one on the wall. */
export type VisitedBranch = {
  readonly branchId: number
  readonly code: string
  readonly name: string
  readonly timeZone: string
}

/** The time zone to show times in. */
export function zoneOf({ branch }: Pick<Visit, 'branch'>): string {
  return branch?.timeZone ?? 'UTC'
}

/** The currency that amounts are in, as ISO 4217 names it. */
export function currencyOf({ library }: Pick<Visit, 'library'>): string {
  return library?.currency ?? 'EUR'
}

import type { Rows, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import type { Setup } from './setup.ts'

/** What a library is founded with. */
export type FoundAsk = {
  readonly libraryId: string
  readonly isSample: boolean
  /** IANA name, for all branches. */
  readonly timeZone: string
  readonly setup: Setup
}

/** The library that was founded. */
export type Founded = { readonly libraryId: string; readonly isSample: boolean }

/** Makes the library itself, its places and its rules, all in one transaction. A database holds one library. */
export const foundLibrary: Verb<FoundAsk, Founded, { readonly refused: 'library-exists' }> = {
  action: 'found-library',
  about: () => ({}),
  work: async (tx, { libraryId, isSample, timeZone, setup }, { occurredAt }) => {
    const made = await tx.rows(sql`
      insert into library (id, name, created_at)
      values (${libraryId}, ${setup.name}, ${occurredAt})
      on conflict do nothing
      returning id
    `)
    if (made.length === 0) return { refused: 'library-exists' }
    for (const { code, name, closedWeekdays } of setup.branches) {
      await tx.rows(sql`
        insert into branch (code, name, time_zone, closed_weekdays)
        values (${code}, ${name}, ${timeZone}, ${closedWeekdays})
      `)
    }
    for (const { code, name } of setup.patronCategories) {
      await tx.rows(sql`insert into patron_category (code, name) values (${code}, ${name})`)
    }
    for (const { code, name } of setup.itemTypes) {
      await tx.rows(sql`insert into item_type (code, name) values (${code}, ${name})`)
    }
    await addRules(tx, setup)
    return { libraryId, isSample }
  },
}

async function addRules(tx: Tx, { rules }: Setup): Promise<void> {
  for (const rule of rules) {
    await tx.rows(sql`
      insert into loan_rule (
        branch_id, patron_category_id, item_type_id, lendable, loan_days, renewals_max, loans_max, holds_max,
        fine_cents_per_day, grace_days, fine_cap_cents
      )
      values (
        (select id from branch where code = ${rule.branch ?? null}),
        (select id from patron_category where code = ${rule.category ?? null}),
        (select id from item_type where code = ${rule.itemType ?? null}),
        ${rule.lendable ?? true}, ${rule.loanDays}, ${rule.renewalsMax}, ${rule.loansMax}, ${rule.holdsMax},
        ${rule.fineCentsPerDay}, ${rule.graceDays}, ${rule.fineCapCents}
      )
    `)
  }
}

/** Says that a founding is through: everything that belongs to it is there. */
export const finishFounding: Verb<{ readonly libraryId: string }, { libraryId: string }, never> = {
  action: 'finish-founding',
  about: () => ({}),
  work: async (_, { libraryId }) => ({ libraryId }),
}

/** Who founds: its keys in the journal tell how far a founding came. */
export const founder = 'system:founding'
/** The first key of a founding, and the last one. */
export const foundingKeys = { begun: 'founding:begun', finished: 'founding:finished' } as const

/** How far the founding of this database’s library is. */
export type Founding =
  | { readonly state: 'not-begun' }
  | { readonly state: 'begun'; readonly libraryId: string; readonly isSample: boolean; readonly at: Date }
  | { readonly state: 'finished'; readonly libraryId: string }

/** Reads from the library and the journal how far its founding is. */
export async function founding(db: { readonly rows: Rows }): Promise<Founding> {
  const [library] = await db.rows<{ id: string }>(sql`select id from library`)
  if (!library) return { state: 'not-begun' }
  const rows = await db.rows<{ key: string; answer: Founded; at: Date }>(sql`
    select idempotency_key as key, answer, occurred_at as at
    from journal
    where actor = ${founder} and idempotency_key in (${foundingKeys.begun}, ${foundingKeys.finished})
  `)
  const begun = rows.find(({ key }) => key === foundingKeys.begun)
  const isFinished = rows.some(({ key }) => key === foundingKeys.finished)
  // A library that came otherwise, as from a backup without its journal, is nobody’s to fill.
  if (!begun || isFinished) return { state: 'finished', libraryId: library.id }
  return { state: 'begun', libraryId: library.id, isSample: begun.answer.isSample, at: begun.at }
}

/** The ids of the branches, by code. */
export async function branchIds(db: { readonly rows: Rows }): Promise<ReadonlyMap<string, number>> {
  const rows = await db.rows<{ code: string; id: number }>(sql`select code, id from branch`)
  return new Map(rows.map(({ code, id }) => [code, id]))
}

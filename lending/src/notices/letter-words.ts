import type { Rows } from '../postgres/pool.ts'
import { type Sql, sql } from '../postgres/sql.ts'
import type { Letter } from './deliver.ts'
import type { Facts, Kind } from './kinds.ts'
import { defaultTemplates, fillIn, type LetterText, type Template } from './template.ts'

/** Whom a letter is for, and what it is written with. */
export type Reader = {
  readonly givenName: string
  readonly familyName: string
  readonly email: string
  readonly isGone: boolean
  readonly branch: string
  readonly library: string
  readonly currency: string
  readonly language: string
  /** The library's own; null is Bibby's. */
  readonly template: Template | null
}

/** Reads whom a letter of a kind is for, by the patron that it was caused for: who was merged into another is that other. */
export async function readerOf(tx: { readonly rows: Rows }, kind: Kind, patronId: Sql): Promise<Reader> {
  const [reader] = await tx.rows<Reader>(sql`
    select
      patron.given_name as "givenName", patron.family_name as "familyName", patron.email,
      patron.deleted_at is not null as "isGone", branch.name as branch,
      coalesce(library.name, '') as library, coalesce(library.currency, 'EUR') as currency,
      notice_setting.language,
      (
        select json_build_object('subject', subject, 'body', body, 'item', item)
        from notice_template
        where kind = ${kind}
      ) as template
    from patron as named
    join patron on patron.id = coalesce(named.merged_into, named.id)
    join branch on branch.id = patron.branch_id
    cross join notice_setting
    left join library on true
    where named.id = ${patronId}
  `)
  if (!reader) throw new Error('A letter is for nobody.')
  return reader
}

/** The address of a letter. */
export function addressee({ email, givenName, familyName }: Reader): Letter['to'] {
  return { email, name: [givenName, familyName].filter(Boolean).join(' ') }
}

/** One thing that a letter tells. */
export type ToldThing = {
  readonly facts: Facts
  /** The last day on the hold shelf by now. */
  readonly shelfUntil: string | null
}

/** What a letter says now; in the words of another template, if one is given. */
export function wordsOf(
  kind: Kind,
  {
    reader,
    told,
    template = reader.template ?? defaultTemplates[kind],
  }: {
    readonly reader: Reader
    readonly told: readonly ToldThing[]
    readonly template?: Template | undefined
  },
): LetterText {
  const items = told.map(({ facts, shelfUntil }) =>
    kind === 'hold-ready' && shelfUntil !== null ? { ...facts, until: shelfUntil } : facts,
  )
  return fillIn(template, { ...reader, items })
}

import { localDay } from '../circulation/open-days.ts'
import { scanned } from '../circulation/scanned.ts'
import { type NumberJudged, numberProblem } from '../formats/number-format.ts'
import type { Flaw } from '../language/flaw.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import type { WantedPassword } from '../staff/password.ts'
import { type CardJudged, cardTriesMax, madeCard } from './judged-card.ts'
import { mergedInto, type NobodyHasCard, nobodyHas } from './merged-card.ts'
import {
  checkedFields,
  expiryAfter,
  type FieldsInvalid,
  hasName,
  type PatronFields,
} from './patron-fields.ts'

export { type FoundPatron, findPatrons, type Patron, patron } from './find.ts'
export {
  blockPatron,
  extendCard,
  type SetPatronPasswordRefused,
  type StandingRefused,
  setKeepsHistory,
  setPatronPassword,
  unblockPatron,
} from './standing.ts'

/** A new patron. */
export type RegisterPatronAsk = PatronFields &
  CardJudged & {
    /** Made, with a check digit, when absent. */
    readonly card?: string
    readonly categoryCode: string
    readonly branchId: number
    /** The last day of the card; a year from today when absent. */
    readonly expiresOn?: string
    /** Without one, the patron cannot sign in. */
    readonly password?: WantedPassword
    readonly protected?: boolean
    readonly keepsHistory?: boolean
  }

/** A patron who is registered now. */
export type RegisteredPatron = {
  readonly patronId: number
  readonly card: string
  readonly expiresOn: string
  readonly version: number
}

/** The card is or was another patron's; of one that was merged away it is told where it leads, of one who was erased that. */
export type CardTaken =
  | { readonly refused: 'card-taken' }
  | { readonly refused: 'patron-erased' }
  | { readonly refused: 'patron-merged'; readonly mergedInto: string }

/** Why nobody was registered. */
export type RegisterPatronRefused =
  | CardTaken
  | { readonly refused: 'category-unknown' }
  | { readonly refused: 'branch-unknown' }
  | FieldsInvalid

/** Registers a patron. A card that anyone ever had stays taken, but that of somebody who was erased for good. */
export const registerPatron: Verb<RegisterPatronAsk, RegisteredPatron, RegisterPatronRefused> = {
  action: 'register-patron',
  about: ({ patronId }) => ({ patronId }),
  recognisedBy: ({ password: _, cardJudged: _judged, cardsMade: _made, ...rest }) => rest,
  work: async (tx, ask, { occurredAt }) => {
    const checked = checkedFields(ask)
    const problems: Record<string, Flaw> = 'refused' in checked ? { ...checked.problems } : {}
    const { password = { hash: null } } = ask
    if ('problem' in password) problems.password = password.problem
    if (!('refused' in checked) && !hasName(checked.fields)) problems.familyName = { flaw: 'nameless' }
    if ('refused' in checked || 'problem' in password || Object.keys(problems).length > 0)
      return { refused: 'fields-invalid', problems }
    const category = await categoryOf(tx, ask.categoryCode)
    if (!category) return { refused: 'category-unknown' }
    const branch = await branchOf(tx, ask.branchId)
    if (!branch) return { refused: 'branch-unknown' }
    const { fields } = checked
    const row: NewRow = {
      ...fields,
      categoryId: category.id,
      branchId: branch.id,
      expiresOn: fields.expiresOn ?? expiryAfter(localDay(occurredAt, branch.timeZone)),
      passwordHash: password.hash,
      protected: ask.protected ?? false,
      keepsHistory: ask.keepsHistory ?? false,
      registeredAt: occurredAt,
    }
    let problem: FieldsInvalid | undefined
    for (const { number, judged } of cardsToTry(fields.card, ask)) {
      problem = await numberProblem(tx, 'card', { branchId: branch.id, number, judged })
      const registered = problem ? undefined : await insert(tx, number, row)
      if (registered) return registered
    }
    return problem ?? cardTaken(tx, fields.card ?? '')
  },
}

/** What to change; what is absent stays. The patron is named by identity, or by the card that they have now. */
export type EditPatronAsk = PatronFields &
  Pick<CardJudged, 'cardJudged'> & {
    readonly patronId?: number
    readonly cardNow?: string
    /** The version that was seen; another one by now is refused. */
    readonly version: number
    readonly categoryCode?: string
    readonly branchId?: number
    readonly protected?: boolean
    readonly keepsHistory?: boolean
  }

/** Why nothing was changed. */
export type EditPatronRefused =
  | RegisterPatronRefused
  | NobodyHasCard
  | { readonly refused: 'version-stale'; readonly version: number }

/**
 * Changes what is kept about a patron; a lost card is replaced by a new number here. A protected patron too may be
 * edited by a person, one at a time: it is batches, sweeps and imports that pass them by.
 */
export const editPatron: Verb<
  EditPatronAsk,
  { patronId: number; card: string; version: number },
  EditPatronRefused
> = {
  action: 'edit-patron',
  about: ({ patronId }) => ({ patronId }),
  recognisedBy: ({ cardJudged: _, ...rest }) => rest,
  work: async (tx, ask) => {
    const checked = checkedFields(ask)
    if ('refused' in checked) return checked
    const { fields } = checked
    const is =
      ask.patronId === undefined ? sql`card = ${scanned(ask.cardNow ?? '')}` : sql`id = ${ask.patronId}`
    const [now] = await tx.rows<Now>(sql`
      select id, version, card, branch_id as "branchId", given_name as "givenName", family_name as "familyName"
      from patron
      where ${is} and deleted_at is null
      for no key update
    `)
    if (!now) return nobodyHas(tx, ask.cardNow ?? '')
    if (now.version !== ask.version) return { refused: 'version-stale', version: now.version }
    if (!hasName({ ...now, ...fields })) {
      return { refused: 'fields-invalid', problems: { familyName: { flaw: 'nameless' } } }
    }
    const category = ask.categoryCode === undefined ? null : await categoryOf(tx, ask.categoryCode)
    if (category === undefined) return { refused: 'category-unknown' }
    const branch = ask.branchId === undefined ? null : await branchOf(tx, ask.branchId)
    if (branch === undefined) return { refused: 'branch-unknown' }
    if (fields.card !== undefined && (await isTaken(tx, fields.card, now.id))) {
      return cardTaken(tx, fields.card)
    }
    if (fields.card !== undefined && fields.card !== now.card) {
      const branchId = branch?.id ?? now.branchId
      const problem = await numberProblem(tx, 'card', {
        branchId,
        number: fields.card,
        judged: ask.cardJudged,
      })
      if (problem) return problem
    }
    return update(tx, { ...ask, ...fields, patronId: now.id, categoryId: category?.id, branchId: branch?.id })
  },
}

type Now = {
  readonly id: number
  readonly version: number
  readonly card: string
  readonly branchId: number
  readonly givenName: string
  readonly familyName: string
}

type CardToTry = { readonly number: string; readonly judged: NumberJudged | undefined }

/** The card that was given, or else some that are made, those that were held to a format first. */
function cardsToTry(
  card: string | undefined,
  { cardJudged, cardsMade = [] }: CardJudged,
): readonly CardToTry[] {
  if (card !== undefined) return [{ number: card, judged: cardJudged }]
  if (cardsMade.length > 0) return cardsMade.map((judged) => ({ number: judged.number, judged }))
  return Array.from({ length: cardTriesMax }, () => ({ number: madeCard(), judged: undefined }))
}

type NewRow = PatronFields & {
  readonly categoryId: number
  readonly branchId: number
  readonly expiresOn: string
  readonly passwordHash: string | null
  readonly protected: boolean
  readonly keepsHistory: boolean
  readonly registeredAt: Date
}

async function insert(tx: Tx, card: string, row: NewRow): Promise<RegisteredPatron | undefined> {
  const [registered] = await tx.rows<RegisteredPatron>(sql`
    insert into patron (
      card, category_id, branch_id, given_name, family_name, email, phone, address, note, expires_on,
      password_hash, protected, keeps_history, registered_at
    )
    values (
      ${card}, ${row.categoryId}, ${row.branchId}, ${row.givenName ?? ''}, ${row.familyName ?? ''},
      ${row.email ?? ''}, ${row.phone ?? ''}, ${row.address ?? ''}, ${row.note ?? ''}, ${row.expiresOn},
      ${row.passwordHash}, ${row.protected}, ${row.keepsHistory}, ${row.registeredAt}
    )
    on conflict (card) do nothing
    returning id as "patronId", card, expires_on as "expiresOn", version
  `)
  return registered
}

type Changes = Omit<EditPatronAsk, 'patronId' | 'branchId' | 'categoryCode'> & {
  readonly patronId: number
  readonly categoryId: number | undefined
  readonly branchId: number | undefined
}

async function update(tx: Tx, change: Changes): Promise<{ patronId: number; card: string; version: number }> {
  const [row] = await tx.rows<{ patronId: number; card: string; version: number }>(sql`
    update patron
    set card = coalesce(${change.card ?? null}, card),
        category_id = coalesce(${change.categoryId ?? null}, category_id),
        branch_id = coalesce(${change.branchId ?? null}, branch_id),
        given_name = coalesce(${change.givenName ?? null}, given_name),
        family_name = coalesce(${change.familyName ?? null}, family_name),
        email = coalesce(${change.email ?? null}, email),
        phone = coalesce(${change.phone ?? null}, phone),
        address = coalesce(${change.address ?? null}, address),
        note = coalesce(${change.note ?? null}, note),
        expires_on = coalesce(${change.expiresOn ?? null}, expires_on),
        protected = coalesce(${change.protected ?? null}, protected),
        keeps_history = coalesce(${change.keepsHistory ?? null}, keeps_history),
        version = version + 1
    where id = ${change.patronId} and version = ${change.version}
    returning id as "patronId", card, version
  `)
  if (!row) throw new Error(`Patron ${change.patronId} was locked and is gone.`)
  return row
}

async function categoryOf(tx: Tx, code: string): Promise<{ readonly id: number } | undefined> {
  if (!/^[a-z0-9-]{1,32}$/.test(code)) return undefined
  const [row] = await tx.rows<{ id: number }>(sql`select id from patron_category where code = ${code}`)
  return row
}

async function branchOf(
  tx: Tx,
  id: number,
): Promise<{ readonly id: number; readonly timeZone: string } | undefined> {
  const [row] = await tx.rows<{ id: number; timeZone: string }>(
    sql`select id, time_zone as "timeZone" from branch where id = ${id}`,
  )
  return row
}

/** Why a card cannot be given to anybody anew. */
export async function cardTaken(tx: Tx, card: string): Promise<CardTaken> {
  const into = await mergedInto(tx, { card })
  if (into) return { refused: 'patron-merged', mergedInto: into.card }
  const gone = await tx.rows(sql`select from patron where card = ${card} and deleted_at is not null`)
  return { refused: gone.length > 0 ? 'patron-erased' : 'card-taken' }
}

async function isTaken(tx: Tx, card: string, patronId: number): Promise<boolean> {
  return (await tx.rows(sql`select from patron where card = ${card} and id <> ${patronId}`)).length > 0
}

import type { Flaw, Flaws } from '../language/flaw.ts'
import type { Rows, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { plainText } from '../text.ts'

/** A branch of the library. */
export type Branch = {
  readonly branchId: number
  readonly code: string
  readonly name: string
  /** As IANA names it: `Europe/Berlin`. */
  readonly timeZone: string
  /** ISO weekdays, 1 is Monday. */
  readonly closedWeekdays: readonly number[]
}

/** What patrons are sorted by where rules differ. */
export type PatronCategory = { readonly id: number; readonly code: string; readonly name: string }

/** What items are sorted by where rules differ. */
export type ItemType = PatronCategory

/** No list of branches, categories or types is longer. */
const placesMax = 1_000

/** All branches, by name; at most 1,000. */
export async function branches(db: { readonly rows: Rows }): Promise<readonly Branch[]> {
  return db.rows<Branch>(sql`
    select id as "branchId", code, name, time_zone as "timeZone", closed_weekdays as "closedWeekdays"
    from branch
    order by name, id
    limit ${placesMax}
  `)
}

/** The branch with this code, if there is one. */
export async function branchByCode(db: { readonly rows: Rows }, code: string): Promise<Branch | undefined> {
  if (!isCode(code)) return undefined
  const [row] = await db.rows<Branch>(sql`
    select id as "branchId", code, name, time_zone as "timeZone", closed_weekdays as "closedWeekdays"
    from branch
    where code = ${code}
  `)
  return row
}

/** All categories of patrons, by name; at most 1,000. */
export async function patronCategories(db: { readonly rows: Rows }): Promise<readonly PatronCategory[]> {
  return db.rows<PatronCategory>(
    sql`select id, code, name from patron_category order by name, id limit ${placesMax}`,
  )
}

/** All types of items, by name; at most 1,000. */
export async function itemTypes(db: { readonly rows: Rows }): Promise<readonly ItemType[]> {
  return db.rows<ItemType>(sql`select id, code, name from item_type order by name, id limit ${placesMax}`)
}

/** Why a place was not added. */
export type AddPlaceRefused =
  | { readonly refused: 'code-taken' }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }

/** Adds a branch. Closed on Sundays unless it says otherwise; closed all week is no branch. */
export const addBranch: Verb<
  {
    readonly code: string
    readonly name: string
    readonly timeZone: string
    readonly closedWeekdays?: readonly number[]
  },
  { branchId: number; code: string },
  AddPlaceRefused
> = {
  action: 'add-branch',
  about: () => ({}),
  work: async (tx, { code, name, timeZone, closedWeekdays = [7] }) => {
    const checked = checkedPlace({ code, name })
    const problems: Record<string, Flaw> = { ...checked.problems }
    if (!isTimeZone(timeZone) || !(await isKnownToServer(tx, timeZone)))
      problems.timeZone = { flaw: 'time-zone-unknown' }
    const weekdays = [...new Set(closedWeekdays)].toSorted()
    if (weekdays.some((day) => !Number.isInteger(day) || day < 1 || day > 7)) {
      problems.closedWeekdays = { flaw: 'weekday-unknown' }
    } else if (weekdays.length === 7) problems.closedWeekdays = { flaw: 'never-open' }
    if (Object.keys(problems).length > 0) return { refused: 'fields-invalid', problems }
    const [row] = await tx.rows<{ branchId: number; code: string }>(sql`
      insert into branch (code, name, time_zone, closed_weekdays)
      values (${code}, ${checked.name}, ${timeZone}, ${weekdays})
      on conflict (code) do nothing
      returning id as "branchId", code
    `)
    return row ?? { refused: 'code-taken' }
  },
}

/** Adds a category of patrons. */
export const addPatronCategory: Verb<
  { readonly code: string; readonly name: string },
  { id: number; code: string },
  AddPlaceRefused
> = {
  action: 'add-patron-category',
  about: () => ({}),
  work: async (tx, { code, name }) => {
    const checked = checkedPlace({ code, name })
    if (checked.problems) return { refused: 'fields-invalid', problems: checked.problems }
    const [row] = await tx.rows<{ id: number; code: string }>(sql`
      insert into patron_category (code, name) values (${code}, ${checked.name})
      on conflict (code) do nothing
      returning id, code
    `)
    return row ?? { refused: 'code-taken' }
  },
}

/** Adds a type of items. */
export const addItemType: Verb<
  { readonly code: string; readonly name: string },
  { id: number; code: string },
  AddPlaceRefused
> = {
  action: 'add-item-type',
  about: () => ({}),
  work: async (tx, { code, name }) => {
    const checked = checkedPlace({ code, name })
    if (checked.problems) return { refused: 'fields-invalid', problems: checked.problems }
    const [row] = await tx.rows<{ id: number; code: string }>(sql`
      insert into item_type (code, name) values (${code}, ${checked.name})
      on conflict (code) do nothing
      returning id, code
    `)
    return row ?? { refused: 'code-taken' }
  },
}

/** Whether the text can be the code of a branch, a category or a type: `main`, `young-adult`. */
export function isCode(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,31}$/.test(text)
}

function checkedPlace({ code, name }: { readonly code: string; readonly name: string }): {
  readonly name?: string
  readonly problems?: Flaws
} {
  const checked = plainText(name, { max: 100, label: 'name', required: true })
  const problems: Record<string, Flaw> = checked.ok ? {} : { name: checked.problem }
  if (!isCode(code)) problems.code = { flaw: 'code-letters' }
  return checked.ok && Object.keys(problems).length === 0 ? { name: checked.text } : { problems }
}

/**
 * The server reckons days too. What it takes for an abbreviation (`PST`, `IST`) has no summer there, or is elsewhere;
 * what it does not know at all would fail every list of holds.
 */
async function isKnownToServer(tx: Tx, timeZone: string): Promise<boolean> {
  const known = await tx.rows(sql`select from pg_timezone_names where lower(name) = lower(${timeZone})`)
  return known.length > 0
}

/** What the clock of this process knows; an offset such as `+01:00` has no summer and is no place. */
function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(text)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    return false
  }
}

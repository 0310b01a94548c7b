import { type Flaw, type Flaws, notWhole } from '../language/flaw.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { plainText } from '../text.ts'

/** What the library as a whole has settled: for all its branches, and from the next loan on. */
export type LibrarySettings = {
  readonly name: string
  /** As ISO 4217 names it: `EUR`. */
  readonly currency: string
  /** How many days a captured copy waits on the hold shelf. */
  readonly holdShelfDays: number
  /** How many days after a return it is forgotten who had the copy. */
  readonly forgetAfterDays: number
  /** Who owes so much or more may not borrow. */
  readonly blockAtCents: number
  readonly version: number
}

/** The least and the most that a number may be. */
export const settingBounds = {
  holdShelfDays: { min: 1, max: 365, label: 'days-on-the-hold-shelf' },
  forgetAfterDays: { min: 0, max: 3_650, label: 'days-until-a-loan-is-forgotten' },
  blockAtCents: { min: 1, max: 99_999_999, label: 'the-debt-in-cents' },
} as const

/** The name of a library in characters, at most. */
export const libraryNameMax = 100

/** The settings; undefined where no library was founded yet. */
export async function librarySettings(db: { readonly rows: Rows }): Promise<LibrarySettings | undefined> {
  const [row] = await db.rows<LibrarySettings>(sql`select ${columns} from library`)
  return row
}

/**
 * What tells this library from every other one, from its founding on and through every restore. It is no secret: the
 * names of its backups hold it. '' where none was founded yet.
 */
export async function libraryId(db: { readonly rows: Rows }): Promise<string> {
  const [row] = await db.rows<{ id: string }>(sql`select id::text from library`)
  return row?.id ?? ''
}

/** What to change; what is left out stays. `version` is the one that the change is made from. */
export type EditLibraryAsk = Partial<Omit<LibrarySettings, 'version'>> & { readonly version: number }

/** Why nothing was changed. */
export type EditLibraryRefused =
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }
  | { readonly refused: 'version-stale'; readonly version: number }

/** Changes the settings. Money that was charged keeps its amount: a new currency converts nothing. */
export const editLibrary: Verb<EditLibraryAsk, LibrarySettings, EditLibraryRefused> = {
  action: 'edit-library',
  about: () => ({}),
  work: async (tx, ask) => {
    const { texts, problems } = checked(ask)
    if (Object.keys(problems).length > 0) return { refused: 'fields-invalid', problems }
    const [now] = await tx.rows<{ version: number }>(sql`select version from library for no key update`)
    if (!now) throw new Error('There is no library to set. Start Bibby once, which founds it.')
    if (now.version !== ask.version) return { refused: 'version-stale', version: now.version }
    const [row] = await tx.rows<LibrarySettings>(sql`
      update library
      set name = coalesce(${texts.name ?? null}, name), currency = coalesce(${texts.currency ?? null}, currency),
        hold_shelf_days = coalesce(${ask.holdShelfDays ?? null}, hold_shelf_days),
        forget_after_days = coalesce(${ask.forgetAfterDays ?? null}, forget_after_days),
        block_at_cents = coalesce(${ask.blockAtCents ?? null}, block_at_cents),
        version = version + 1
      returning ${columns}
    `)
    if (!row) throw new Error('The library went away under its lock.')
    return row
  },
}

const columns = sql`
  name, currency, hold_shelf_days as "holdShelfDays", forget_after_days as "forgetAfterDays",
  block_at_cents as "blockAtCents", version
`

function checked(ask: EditLibraryAsk): {
  readonly texts: { readonly name?: string; readonly currency?: string }
  readonly problems: Flaws
} {
  const problems: Record<string, Flaw> = {}
  const texts: { name?: string; currency?: string } = {}
  if (ask.name !== undefined) {
    const name = plainText(ask.name, { max: libraryNameMax, label: 'name', required: true })
    if (name.ok) texts.name = name.text
    else problems.name = name.problem
  }
  if (ask.currency !== undefined) {
    texts.currency = ask.currency.trim().toUpperCase()
    if (!currencies.has(texts.currency)) {
      problems.currency = { flaw: 'currency-unknown' }
    }
  }
  for (const name of Object.keys(settingBounds) as (keyof typeof settingBounds)[]) {
    const value = ask[name]
    const bounds = settingBounds[name]
    if (value !== undefined && !(Number.isInteger(value) && value >= bounds.min && value <= bounds.max)) {
      problems[name] = notWhole(bounds)
    }
  }
  return { texts, problems }
}

const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'))

/** What a library must have before its first loan: its places, its kinds of patron and thing, and its rules. */
export type Setup = {
  readonly name: string
  readonly branches: readonly {
    readonly code: string
    readonly name: string
    readonly closedWeekdays: readonly number[]
  }[]
  readonly patronCategories: readonly Named[]
  readonly itemTypes: readonly Named[]
  readonly rules: readonly Rule[]
}

type Named = { readonly code: string; readonly name: string }

/** A rule of loans; a case that is left out is any. */
export type Rule = {
  readonly branch?: string
  readonly category?: string
  readonly itemType?: string
  /** Default: yes. */
  readonly lendable?: boolean
  readonly loanDays: number
  readonly renewalsMax: number
  readonly loansMax: number
  readonly holdsMax: number
  readonly fineCentsPerDay: number
  readonly graceDays: number
  readonly fineCapCents: number
}

const usual = {
  loanDays: 28,
  renewalsMax: 3,
  loansMax: 15,
  holdsMax: 10,
  fineCentsPerDay: 20,
  graceDays: 1,
  fineCapCents: 500,
} as const
const free = { fineCentsPerDay: 0, fineCapCents: 0 } as const

const patronCategories = [
  { code: 'adult', name: 'Adult' },
  { code: 'child', name: 'Child' },
  { code: 'teacher', name: 'Teacher' },
] as const

const itemTypes = [
  { code: 'book', name: 'Book' },
  { code: 'childrens-book', name: 'Children’s book' },
  { code: 'dvd', name: 'DVD' },
  { code: 'reference', name: 'Reference, not for loan' },
] as const

/**
 * A category’s rule goes before one of an item type, so what holds for reference works and DVDs is said again for
 * each category with a rule of its own.
 */
const rules: readonly Rule[] = [
  usual,
  { ...usual, itemType: 'dvd', loanDays: 7, renewalsMax: 1, fineCentsPerDay: 50, fineCapCents: 1_000 },
  { ...usual, itemType: 'reference', lendable: false, loanDays: 1, renewalsMax: 0 },
  { ...usual, ...free, category: 'child', loansMax: 10, renewalsMax: 5 },
  { ...usual, ...free, category: 'child', itemType: 'dvd', loanDays: 7, renewalsMax: 1, loansMax: 10 },
  {
    ...usual,
    ...free,
    category: 'child',
    itemType: 'reference',
    lendable: false,
    loanDays: 1,
    renewalsMax: 0,
  },
  { ...usual, category: 'teacher', loanDays: 56, loansMax: 40, holdsMax: 20 },
  {
    ...usual,
    category: 'teacher',
    itemType: 'dvd',
    loanDays: 14,
    renewalsMax: 1,
    loansMax: 40,
    holdsMax: 20,
  },
  { ...usual, category: 'teacher', itemType: 'reference', lendable: false, loanDays: 1, renewalsMax: 0 },
]

/** The least that a real library begins with; everything in it can be changed by its staff. */
export const plainSetup: Setup = {
  name: 'Our library',
  branches: [{ code: 'main', name: 'Main library', closedWeekdays: [7] }],
  patronCategories,
  itemTypes,
  rules,
}

/** The sample library: two branches, and a rule that only one of them has. */
export const sampleSetup: Setup = {
  name: 'Bibby sample library',
  branches: [
    { code: 'main', name: 'Main Library', closedWeekdays: [7] },
    { code: 'harbour', name: 'Harbour Branch', closedWeekdays: [1, 7] },
  ],
  patronCategories,
  itemTypes,
  rules: [
    ...rules,
    { ...usual, branch: 'harbour', category: 'adult', itemType: 'dvd', loanDays: 3, renewalsMax: 0 },
  ],
}

/** What a column of a patron file can hold. */
export type PatronColumn =
  | 'card'
  | 'givenName'
  | 'familyName'
  | 'email'
  | 'phone'
  | 'address'
  | 'note'
  | 'expiresOn'
  | 'category'
  | 'branch'

/** The names under which a column is known, without case, spaces and marks; Koha's are among them. */
const knownAs: Readonly<Record<PatronColumn, readonly string[]>> = {
  card: ['card', 'cardnumber', 'librarycard'],
  givenName: ['givenname', 'firstname', 'forename'],
  familyName: ['familyname', 'surname', 'lastname', 'name'],
  email: ['email', 'mail', 'emailaddress'],
  phone: ['phone', 'telephone', 'mobile'],
  address: ['address'],
  note: ['note', 'notes', 'borrowernotes'],
  expiresOn: ['expireson', 'expiry', 'dateexpiry', 'validuntil'],
  category: ['category', 'categorycode', 'patroncategory'],
  branch: ['branch', 'branchcode', 'homebranch', 'library'],
}

/** All columns that a file can have. */
export const patronColumns = Object.keys(knownAs) as readonly PatronColumn[]

/** Which cell of a row holds what, and the columns that nobody asked for. */
export type ColumnsFound = {
  readonly at: Readonly<Partial<Record<PatronColumn, number>>>
  readonly ignored: readonly string[]
}

/**
 * Finds the columns by the names in the header. `mapping` says under which name a column stands in this file, and
 * goes before the names that are known. Of two columns for one thing the first counts.
 */
export function columnsOf(
  header: readonly string[],
  mapping: Readonly<Partial<Record<PatronColumn, string>>> = {},
): ColumnsFound {
  const at: Partial<Record<PatronColumn, number>> = {}
  const used = new Set<number>()
  const take = (column: PatronColumn, is: (name: string) => boolean) => {
    const index = header.findIndex((name, each) => !used.has(each) && is(name))
    if (index < 0 || at[column] !== undefined) return
    at[column] = index
    used.add(index)
  }
  for (const column of patronColumns) {
    const named = mapping[column]
    if (named !== undefined) take(column, (name) => name.trim() === named.trim())
  }
  for (const column of patronColumns) {
    if (mapping[column] === undefined) take(column, (name) => knownAs[column].includes(plain(name)))
  }
  return { at, ignored: header.filter((_, index) => !used.has(index)) }
}

function plain(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
}

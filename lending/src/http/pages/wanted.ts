import { address } from './address.ts'

/** What somebody looks for, as it stands in the address. */
export type Wanted = {
  readonly query: string
  readonly branch: string
  readonly available: boolean
  readonly language: string
  readonly year: string
  readonly material: string
  /** Look inside words too. */
  readonly inside: boolean
  /** Where the page of results before this one ended. */
  readonly after: string
}

/** The address of this search with something changed; it starts at the first page again. */
export function wantedLink(wanted: Wanted, change: Partial<Wanted>, path = '/search'): string {
  return address(path, { ...wanted, after: '', ...change })
}

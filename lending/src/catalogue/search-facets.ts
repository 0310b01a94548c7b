import type { Rows } from '../postgres/pool.ts'
import { joined, sql } from '../postgres/sql.ts'
import { isAvailable } from './search-candidates.ts'

/** One value to narrow by, and how many of the counted titles have it. */
export type FacetValue = { readonly value: string; readonly label: string; readonly count: number }

/** How the counted titles fall apart; each list is in the order to show it in. */
export type Facets = {
  /** The value is the branch's id. */
  readonly branch: readonly FacetValue[]
  /** One value, `available`. */
  readonly availability: readonly FacetValue[]
  readonly language: readonly FacetValue[]
  /** The value is one of `yearRanges`, as `1950-1979`; the oldest is `-1899`, the newest `2020-`. */
  readonly year: readonly FacetValue[]
  readonly material: readonly FacetValue[]
}

/** The ranges of years that the facet offers, newest first. Both ends belong to a range. */
export const yearRanges: readonly { readonly value: string; readonly from?: number; readonly to?: number }[] =
  [
    { value: '2020-', from: 2020 },
    { value: '2010-2019', from: 2010, to: 2019 },
    { value: '2000-2009', from: 2000, to: 2009 },
    { value: '1980-1999', from: 1980, to: 1999 },
    { value: '1950-1979', from: 1950, to: 1979 },
    { value: '1900-1949', from: 1900, to: 1949 },
    { value: '-1899', to: 1899 },
  ]

/** No facet lists more values than this. */
const facetValuesMax = 30

/** Counts the facets of these titles: the text of a `bigint[]`, at most a thousand. */
export async function facetsOf(db: { rows: Rows }, ids: string): Promise<Facets> {
  const found = await db.rows<FacetValue & { facet: keyof Facets }>(sql`
    with shown as materialized (
      select title.id, title.language, title.material, title.published_year
      from title
      where title.id = any (${ids}::bigint[])
    ),
    standing as materialized (
      select copy.title_id, copy.branch_id, bool_or(${isAvailable}) as available
      from shown
      join copy on copy.title_id = shown.id
      where copy.withdrawn_at is null
      group by copy.title_id, copy.branch_id
    )
    select 'language' as facet, language as value, language as label, count(*) as count
    from shown where language <> '' group by language
    union all
    select 'material', material, material, count(*) from shown group by material
    union all
    select 'year', range.value, range.value, count(*)
    from shown
    join (values ${yearRows}) as range (value, first, last)
      on shown.published_year between range.first and range.last
    group by range.value
    union all
    select 'branch', branch.id::text, branch.name, count(*)
    from standing join branch on branch.id = standing.branch_id
    group by branch.id, branch.name
    union all
    select 'availability', 'available', 'available', count(distinct title_id)
    from standing where available having count(*) > 0
  `)
  const of = (facet: keyof Facets) =>
    found
      .filter((row) => row.facet === facet)
      .map(({ value, label, count }) => ({
        value,
        label: facet === 'language' ? languageName(label) : label,
        count,
      }))
      .toSorted((one, other) => other.count - one.count || (one.value < other.value ? -1 : 1))
      .slice(0, facetValuesMax)
  const years = of('year')
  return {
    branch: of('branch'),
    availability: of('availability'),
    language: of('language'),
    year: yearRanges.flatMap(({ value }) => years.filter((found) => found.value === value)),
    material: of('material'),
  }
}

const yearRows = joined(
  yearRanges.map(
    ({ value, from, to }) => sql`(${value}, ${from ?? -5_000}::integer, ${to ?? 9_999}::integer)`,
  ),
  ', ',
)

/** ISO 639-2/B has twenty codes that differ from those that `Intl` knows. */
const terminological: Readonly<Record<string, string>> = {
  alb: 'sqi',
  arm: 'hye',
  baq: 'eus',
  bur: 'mya',
  chi: 'zho',
  cze: 'ces',
  dut: 'nld',
  fre: 'fra',
  geo: 'kat',
  ger: 'deu',
  gre: 'ell',
  ice: 'isl',
  mac: 'mkd',
  mao: 'mri',
  may: 'msa',
  per: 'fas',
  rum: 'ron',
  slo: 'slk',
  tib: 'bod',
  wel: 'cym',
}

const names = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' })

/** The English name of a language, or its code where it has none: records hold all sorts of codes. */
export function languageName(code: string): string {
  const known = terminological[code] ?? code
  if (!/^[a-z]{3}$/.test(known)) return code
  return names.of(known) ?? code
}

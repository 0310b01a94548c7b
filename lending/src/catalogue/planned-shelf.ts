import { beginning, type FoundEach, registeredBefore } from '@bibby/patterns/patterns.ts'
import type { Library } from '../library.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { plainText } from '../text.ts'
import { copyLimits } from './checked-copy.ts'
import type { ShelfRange } from './shelf-plan.ts'

/** A call number at a branch, by its code. */
export type ToShelve = { readonly branch: string; readonly callNumber: string }

/** The range of the plan that a call number falls into, or why nobody knows. */
export type RangeFound =
  | (ShelfRange & { readonly range: number })
  /** No range matches, or the branch has no plan. */
  | 'none'
  /** A match was over its budget, or the machine too busy: no shelf is guessed. */
  | 'undecided'

type Shelving = { readonly db: { readonly rows: Rows } } & Pick<Library, 'patterns'>

/** Finds for each call number the first range of its branch's plan that it begins with; ranges count from 1. */
export async function rangesFound(
  { db, patterns }: Shelving,
  asked: readonly ToShelve[],
): Promise<readonly RangeFound[]> {
  const found: RangeFound[] = asked.map(() => 'none')
  const branches = [...new Set(asked.map(({ branch }) => branch))]
  const plans = await db.rows<{ branch: string; shelves: string[]; patterns: string[] }>(sql`
    select branch.code as branch, shelf_plan.shelves, shelf_plan.patterns
    from shelf_plan
    join branch on branch.id = shelf_plan.branch_id
    where branch.code = any(${branches}::text[]) and cardinality(shelf_plan.patterns) > 0
  `)
  for (const plan of plans) {
    const here = asked.flatMap(({ branch, callNumber }, index) => {
      const checked = plainText(callNumber, { max: copyLimits.callNumber, label: 'the-call-number' })
      return branch === plan.branch && checked.ok && checked.text !== ''
        ? [{ index, text: checked.text }]
        : []
    })
    const matched = await (await patterns()).matchEach(
      plan.patterns.map((pattern) => registeredBefore({ source: beginning(pattern), flags: '' })),
      here.map(({ text }) => text),
    )
    for (const [at, { index }] of here.entries()) found[index] = rangeOf(plan, matched[at])
  }
  return found
}

/** The shelf of each call number by the plan of its branch; undefined where the plan says none. */
export async function plannedShelves(
  library: Shelving,
  asked: readonly ToShelve[],
): Promise<readonly (string | undefined)[]> {
  const found = await rangesFound(library, asked)
  return found.map((each) => (typeof each === 'string' ? undefined : each.shelf))
}

/** The same for one. */
export async function plannedShelf(library: Shelving, asked: ToShelve): Promise<string | undefined> {
  return (await plannedShelves(library, [asked]))[0]
}

function rangeOf(
  plan: { readonly shelves: readonly string[]; readonly patterns: readonly string[] },
  found: FoundEach | undefined,
): RangeFound {
  if (found === undefined || 'refused' in found || found.outcome === 'over-budget') return 'undecided'
  if (found.outcome !== 'matched') return 'none'
  const { pattern } = found
  return { range: pattern + 1, shelf: plan.shelves[pattern] ?? '', pattern: plan.patterns[pattern] ?? '' }
}

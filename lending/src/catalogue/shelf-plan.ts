import { judgedPattern, patternMax } from '../formats/judged-pattern.ts'
import type { Flaw, Flaws } from '../language/flaw.ts'
import type { Library } from '../library.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { plainText } from '../text.ts'
import { copyLimits } from './checked-copy.ts'

/** A shelf, and the pattern that the call numbers on it begin with. */
export type ShelfRange = { readonly shelf: string; readonly pattern: string }

/** Which call numbers stand on which shelf of a branch: the first range that matches counts. */
export type ShelfPlan = {
  readonly branch: string
  /** 0 where the branch never had a plan. */
  readonly version: number
  readonly ranges: readonly ShelfRange[]
}

/** The most ranges of a plan, and the longest shelf and pattern, in characters. */
export const planLimits = { ranges: 100, shelf: copyLimits.shelf, pattern: patternMax } as const

/** The plan of a branch, empty where it has none; undefined where there is no such branch. */
export async function shelfPlan(db: { readonly rows: Rows }, branch: string): Promise<ShelfPlan | undefined> {
  const [row] = await db.rows<{ code: string; version: number; shelves: string[]; patterns: string[] }>(sql`
    select branch.code, coalesce(shelf_plan.version, 0) as version, coalesce(shelf_plan.shelves, '{}') as shelves,
      coalesce(shelf_plan.patterns, '{}') as patterns
    from branch
    left join shelf_plan on shelf_plan.branch_id = branch.id
    where branch.code = ${branch}
  `)
  if (!row) return undefined
  const { code, version, shelves, patterns } = row
  return {
    branch: code,
    version,
    ranges: shelves.map((shelf, index) => ({ shelf, pattern: patterns[index] ?? '' })),
  }
}

/** A plan with all that is wrong with it. Made by `judgedPlan`, outside of the transaction that stores it. */
export type JudgedPlan = { readonly ranges: readonly ShelfRange[]; readonly problems: Flaws }

/**
 * Registers the patterns that the branch has not had until now: each may take some seconds. What is wrong is told under
 * `shelf-1`, `pattern-1` and so on, as the ranges are numbered.
 */
export async function judgedPlan(
  library: Pick<Library, 'db' | 'patterns'>,
  given: { readonly branch: string; readonly ranges: readonly ShelfRange[] },
): Promise<JudgedPlan> {
  if (given.ranges.length > planLimits.ranges) {
    const values = { max: planLimits.ranges, count: given.ranges.length }
    return { ranges: [], problems: { ranges: { flaw: 'ranges-too-many', values } } }
  }
  const before = (await shelfPlan(library.db, given.branch))?.ranges ?? []
  const known = new Set(before.map(({ pattern }) => pattern))
  const problems: Record<string, Flaw> = {}
  const ranges: ShelfRange[] = []
  for (const [index, range] of given.ranges.entries()) {
    const shelf = plainText(range.shelf, { max: planLimits.shelf, label: 'the-shelf', required: true })
    if (!shelf.ok) problems[`shelf-${index + 1}`] = shelf.problem
    const judged = known.has(range.pattern)
      ? { ok: true as const, text: range.pattern }
      : await judgedPattern(library, range.pattern, 'beginning')
    if (!judged.ok) problems[`pattern-${index + 1}`] = judged.problem
    if (shelf.ok && judged.ok) ranges.push({ shelf: shelf.text, pattern: judged.text })
  }
  return { ranges, problems }
}

/** A branch by its code, the version of its plan that was seen, and the plan that it shall have. */
export type SetShelfPlanAsk = {
  readonly branch: string
  readonly version: number
  readonly plan: JudgedPlan
}

/** The plan that is in force now. */
export type ShelfPlanSet = { readonly branch: string; readonly version: number; readonly ranges: number }

/** Why the plan stays as it was. */
export type SetShelfPlanRefused =
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'version-stale'; readonly version: number }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }

/** Settles which call numbers stand on which shelf of a branch. No copy that is there moves. */
export const setShelfPlan: Verb<SetShelfPlanAsk, ShelfPlanSet, SetShelfPlanRefused> = {
  action: 'set-shelf-plan',
  about: () => ({}),
  // What was found out about the patterns is no part of the request: a repeat is told what the first was told.
  recognisedBy: ({ branch, version, plan: { ranges } }) => [branch, version, ranges],
  work: async (tx, { branch, version, plan: { ranges, problems } }) => {
    if (Object.keys(problems).length > 0) return { refused: 'fields-invalid', problems }
    const [place] = await tx.rows<{ id: number; version: number }>(sql`
      select branch.id, coalesce(shelf_plan.version, 0) as version
      from branch
      left join shelf_plan on shelf_plan.branch_id = branch.id
      where branch.code = ${branch}
    `)
    if (!place) return { refused: 'branch-unknown' }
    if (place.version !== version) return { refused: 'version-stale', version: place.version }
    const [row] = await tx.rows<{ version: number }>(sql`
      insert into shelf_plan (branch_id, shelves, patterns)
      values (
        ${place.id}, ${ranges.map(({ shelf }) => shelf)}::text[], ${ranges.map(({ pattern }) => pattern)}::text[]
      )
      on conflict (branch_id) do update
      set shelves = excluded.shelves, patterns = excluded.patterns, version = shelf_plan.version + 1
      where shelf_plan.version = ${version}
      returning version
    `)
    // Somebody else was quicker between the two statements.
    if (!row) return { refused: 'version-stale', version: version + 1 }
    return { branch, version: row.version, ranges: ranges.length }
  },
}

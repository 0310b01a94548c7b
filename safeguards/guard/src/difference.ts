import type { Versioned } from './digest.ts'

/** Some of many, and how many there are. */
export type Some = { readonly count: number; readonly ids: readonly string[] }

/** What is no longer as the plan saw it. */
export type Difference = { readonly added: Some; readonly gone: Some; readonly changed: Some }

/** How many of each kind are named; the counts are whole. */
const namedMax = 20

/** What came, went or changed between what was planned and what is there now; undefined when nothing did. */
export function difference(planned: readonly Versioned[], now: readonly Versioned[]): Difference | undefined {
  const before = new Map(planned.map(({ id, version }) => [id, version]))
  const after = new Map(now.map(({ id, version }) => [id, version]))
  const added = [...after.keys()].filter((id) => !before.has(id))
  const gone = [...before.keys()].filter((id) => !after.has(id))
  const changed = [...before].flatMap(([id, version]) =>
    after.has(id) && after.get(id) !== version ? [id] : [],
  )
  if (added.length + gone.length + changed.length === 0) return undefined
  return { added: some(added), gone: some(gone), changed: some(changed) }
}

/** The first of them, and how many there are. */
export function some(ids: readonly string[]): Some {
  return { count: ids.length, ids: ids.slice(0, namedMax) }
}

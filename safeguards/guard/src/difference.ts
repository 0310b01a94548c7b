import type { Versioned } from './digest.ts'

/** A row, and how a person recognises it where that is known. */
type Named = { readonly id: string; readonly label?: string }

/** Some of many, and how many there are. A label is how a person recognises the row; its identity where nobody knows better. */
export type Some = {
  readonly count: number
  readonly ids: readonly string[]
  readonly labels: readonly string[]
}

/** What is no longer as the plan saw it. */
export type Difference = { readonly added: Some; readonly gone: Some; readonly changed: Some }

/** How many of each kind are named; the counts are whole. */
const namedMax = 20

/** What came, went or changed between what was planned and what is there now; undefined when nothing did. */
export function difference(
  planned: readonly (Versioned & Named)[],
  now: readonly (Versioned & Named)[],
): Difference | undefined {
  const before = new Map(planned.map((row) => [row.id, row]))
  const after = new Map(now.map((row) => [row.id, row]))
  const added = [...after.values()].filter(({ id }) => !before.has(id))
  const gone = [...before.values()].filter(({ id }) => !after.has(id))
  const changed = [...after.values()].filter(({ id, version }) => {
    const was = before.get(id)
    return was !== undefined && was.version !== version
  })
  if (added.length + gone.length + changed.length === 0) return undefined
  return { added: some(added), gone: some(gone), changed: some(changed) }
}

/** The first of them, and how many there are. */
export function some(rows: readonly Named[]): Some {
  const named = rows.slice(0, namedMax)
  return {
    count: rows.length,
    ids: named.map(({ id }) => id),
    labels: named.map(({ id, label }) => label ?? id),
  }
}

import { createHash } from 'node:crypto'

/** What JSON carries unchanged. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** One row that an operation is about, and the version of it that the plan saw. */
export type Versioned = { readonly id: string; readonly version: string }

/**
 * What a plan is: the operation, its arguments and every row with its version. The order of the rows and of the
 * names in the arguments does not matter; each piece is closed before the next, so that none runs into another.
 */
export function planDigest(name: string, values: Json, targets: readonly Versioned[]): Buffer {
  const hash = createHash('sha256').update(`${JSON.stringify(name)}\n${inOrder(values)}\n`)
  for (const { id, version } of targets.toSorted(byId)) hash.update(`${JSON.stringify([id, version])}\n`)
  return hash.digest()
}

/** JSON with the names of each object in order: the same words in another order are the same. */
export function inOrder(value: Json): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

function byId(one: Versioned, other: Versioned): number {
  if (one.id === other.id) return one.version < other.version ? -1 : 1
  return one.id < other.id ? -1 : 1
}

/** A backup as far as keeping it goes. */
export type Kept = {
  readonly name: string
  /** ISO 8601. */
  readonly takenAt: string
  readonly isProven: boolean
}

/**
 * Which backups are removed: proven ones beyond the newest `keep`, and what did not count once a newer one was proven.
 * The newest proven one stays whatever `keep` says, and so does all that is newer than it.
 */
export function toRemove(backups: readonly Kept[], { keep }: { readonly keep: number }): readonly string[] {
  const newestFirst = backups.toSorted((a, b) =>
    a.takenAt === b.takenAt ? (a.name < b.name ? 1 : -1) : a.takenAt < b.takenAt ? 1 : -1,
  )
  const proven = newestFirst.filter(({ isProven }) => isProven)
  const [newest] = proven
  if (!newest) return []
  const kept = new Set(proven.slice(0, Math.max(1, keep)).map(({ name }) => name))
  return newestFirst
    .slice(newestFirst.indexOf(newest))
    .filter(({ name }) => !kept.has(name))
    .map(({ name }) => name)
}

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
export function toRemove(
  backups: readonly Kept[],
  { keep, now }: { readonly keep: number; readonly now: Date },
): readonly string[] {
  const newestFirst = backups.toSorted((a, b) =>
    a.takenAt === b.takenAt ? (a.name < b.name ? 1 : -1) : a.takenAt < b.takenAt ? 1 : -1,
  )
  const proven = newestFirst.filter(({ isProven }) => isProven)
  // Those of the future were taken by a clock that was wrong: they stay, and take no place of the others.
  const past = proven.filter(({ takenAt }) => Date.parse(takenAt) <= now.getTime())
  const newest = past[0] ?? proven[0]
  if (!newest) return []
  const kept = new Set(past.slice(0, Math.max(1, keep)).map(({ name }) => name))
  return newestFirst
    .slice(newestFirst.indexOf(newest) + 1)
    .filter(({ name, takenAt }) => !kept.has(name) && Date.parse(takenAt) <= now.getTime())
    .map(({ name }) => name)
}

/** What lay among the covers and is in no backup: how many, and the first of them with why. */
export type LeftOut = { readonly count: number; readonly first: readonly string[] }

/** The sentence for it. */
export function toldLeftOut({ count, first }: LeftOut): string {
  const more = count > first.length ? `, and ${count - first.length} more` : ''
  return `Not in the backup, in the folder of covers: ${count} ${count === 1 ? 'thing' : 'things'} that can be no cover: ${first.join(', ')}${more}. Put a plain file in its place, or remove it.`
}

import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { isWord } from './tokens.ts'

/** How many more (or fewer) titles have each word. */
export type WordCounts = Map<string, number>

/** Notes that one title more (or fewer, with -1) has these words. */
export function noteWords(counts: WordCounts, words: readonly string[], by: 1 | -1): void {
  for (const word of words) {
    if (!isWord(word)) continue
    const count = (counts.get(word) ?? 0) + by
    if (count === 0) counts.delete(word)
    else counts.set(word, count)
  }
}

/** Brings the vocabulary up to date. Words are locked in one order by everybody, so that two writers only wait. */
export async function countWords(tx: Tx, counts: WordCounts): Promise<void> {
  if (counts.size === 0) return
  const words = [...counts.keys()].toSorted()
  const fewer = words.filter((word) => (counts.get(word) ?? 0) < 0)
  const counted = tx.rows(sql`
    insert into vocabulary (word, titles)
    select word, titles
    from unnest(${words}::text[], ${words.map((word) => counts.get(word) ?? 0)}::integer[]) as noted (word, titles)
    on conflict (word) do update set titles = vocabulary.titles + excluded.titles
  `)
  const dropped =
    fewer.length > 0
      ? tx.rows(sql`delete from vocabulary where word = any(${fewer}::text[]) and titles <= 0`)
      : undefined
  await Promise.all([counted, dropped])
}

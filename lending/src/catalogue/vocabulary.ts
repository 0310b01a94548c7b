import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { batchesOfTitles } from './search-order.ts'
import { isWord } from './tokens.ts'

/** Words kept in memory while counting; past it the rarest in sight are let go. */
const wordsMax = 2_000_000
const rowsPerWrite = 5_000

/**
 * Counts anew in how many titles each word stands, in short reads, and mends the vocabulary where it says
 * otherwise. Writers note their words as they go, so this is for after bulk loads and for peace of mind. What
 * is written meanwhile may be counted twice or not at all until the next time: guesses at spelling bear it.
 */
export async function refreshVocabulary(db: Database): Promise<{ readonly words: number }> {
  const counts = new Map<string, number>()
  for await (const { after, upTo } of batchesOfTitles(db)) {
    const found = await db.rows<{ lexeme: string; titles: number }>(sql`
      select lexeme, count(*) as titles
      from title, unnest(title.words)
      where title.id > ${after} and title.id <= ${upTo} and title.deleted_at is null
      group by lexeme
    `)
    for (const { lexeme, titles } of found) {
      if (isWord(lexeme)) counts.set(lexeme, (counts.get(lexeme) ?? 0) + titles)
    }
    if (counts.size > wordsMax) for (const [word, titles] of counts) if (titles === 1) counts.delete(word)
  }
  const words = [...counts.keys()].toSorted()
  for (let at = 0; at < words.length; at += rowsPerWrite) {
    await writeCounts(db, words.slice(at, at + rowsPerWrite), counts)
  }
  await db.rows(sql`update vocabulary set titles = 0 where titles > 0 and not word = any (${words}::text[])`)
  return { words: words.length }
}

async function writeCounts(
  db: Database,
  words: readonly string[],
  counts: ReadonlyMap<string, number>,
): Promise<void> {
  await db.rows(sql`
    insert into vocabulary (word, titles)
    select word, titles
    from unnest(${words}::text[], ${words.map((word) => counts.get(word) ?? 0)}::integer[]) as counted (word, titles)
    on conflict (word) do update set titles = excluded.titles where vocabulary.titles <> excluded.titles
  `)
}

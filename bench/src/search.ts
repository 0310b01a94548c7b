import { parseArgs } from 'node:util'
import { type SearchAsk, search } from '@bibby/lending/catalogue/search.ts'
import { suggest } from '@bibby/lending/catalogue/suggest.ts'
import { sql } from '@bibby/lending/postgres/sql.ts'
import { type GeneratedCatalogue, generatedCatalogue } from './generated-catalogue.ts'
import { hasRealSets } from './generated-titles.ts'
import { hardQueries, hardSubstrings } from './hard-queries.ts'
import { percentiles } from './percentiles.ts'
import { typosOf } from './typos.ts'

/** What one set of searches took, in milliseconds. */
export type SearchFigures = {
  readonly set: string
  readonly searches: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
  /** The slowest, and how many were stopped at the limit. */
  readonly slowest: string
  readonly tooBroad: number
}

const queriesPerSet = 150
const rounds = 2

/** Measures every set against a generated catalogue of that many titles. The first round warms up; the last counts. */
export async function measureSearch({ db, searchDb }: GeneratedCatalogue): Promise<readonly SearchFigures[]> {
  const sample = await db.rows<{ title: string; author: string }>(sql`
    select title, authors[1] as author
    from title tablesample bernoulli (20) repeatable (1)
    where title ~ '[[:alpha:]]{3}.*[[:alpha:]]{3}' and cardinality(authors) > 0
    order by md5(id::text)
    limit ${queriesPerSet}::integer
  `)
  const sets: Readonly<Record<string, readonly string[]>> = {
    'one word': sample.map(({ title }) => someWords(title, 1)),
    'two words': sample.map(({ title }) => someWords(title, 2)),
    'word and author': sample.map(({ title, author }) => `${someWords(title, 1)} ${someWords(author, 1)}`),
    'whole title': sample.map(({ title }) => [...title].slice(0, 100).join('')),
    'unfinished words': sample.map(({ title }) => someWords(title, 2).slice(0, -2)),
    misspelt: typosOf(sample.map(({ title }) => someWords(title, 1))).map(({ typed }) => typed),
    hard: hardQueries,
  }
  const ask = (over: Omit<SearchAsk, 'query'>) => async (query: string) => {
    const answer = await search(searchDb, { query, ...over })
    return answer.outcome === 'refused' && answer.refused === 'too-broad'
  }
  const suggested = async (query: string) => {
    await suggest(searchDb, query, 8)
    return false
  }
  const figures: SearchFigures[] = []
  for (const [set, queries] of Object.entries(sets)) figures.push(await measure(set, queries, ask({})))
  figures.push(await measure('hard, with facets', hardQueries, ask({ facets: true })))
  figures.push(
    await measure('hard, at one branch, available', hardQueries, ask({ branchId: 2, available: true })),
  )
  figures.push(await measure('hard, in Finnish', hardQueries, ask({ language: 'fin' })))
  figures.push(await measure('hard, before 1850', hardQueries, ask({ year: { to: 1849 } })))
  figures.push(await measure('parts of words', hardSubstrings, ask({ mode: 'substring' })))
  figures.push(await measure('suggestions, letter by letter', growing(sample.slice(0, 40)), suggested))
  figures.push(await measure('suggestions, hard', hardQueries, suggested))
  return figures
}

/** Longer words first: they are what people type. */
function someWords(text: string, count: number): string {
  const words = text.match(/[\p{L}\p{N}]{3,}/gu) ?? [text]
  return words
    .slice(-count - 1)
    .slice(0, count)
    .join(' ')
}

function growing(sample: readonly { title: string }[]): readonly string[] {
  return sample.flatMap(({ title }) => Array.from({ length: 12 }, (_, n) => title.slice(0, n + 1)))
}

async function measure(
  set: string,
  queries: readonly string[],
  one: (query: string) => Promise<boolean>,
): Promise<SearchFigures> {
  let times: { query: string; ms: number }[] = []
  let tooBroad = 0
  for (let round = 0; round < rounds; round++) {
    times = []
    tooBroad = 0
    for (const query of queries) {
      const begun = performance.now()
      if (await one(query)) tooBroad += 1
      times.push({ query, ms: performance.now() - begun })
    }
  }
  const slowest = times.toSorted((a, b) => b.ms - a.ms).slice(0, 3)
  return {
    set,
    searches: times.length,
    ...percentiles(times.map(({ ms }) => ms)),
    slowest: slowest.map(({ query, ms }) => `${query.slice(0, 24)} (${ms.toFixed(0)})`).join(', '),
    tooBroad,
  }
}

async function sizes({ db }: GeneratedCatalogue): Promise<string> {
  const rows = await db.rows<{ name: string; size: string }>(sql`
    select relname as name, pg_size_pretty(pg_relation_size(oid)) as size
    from pg_class
    where relname in ('title', 'vocabulary') or relname like 'title\_by%'
    order by relname
  `)
  return rows.map(({ name, size }) => `${name} ${size}`).join(', ')
}

/** Prints the figures as a table and then as JSON. */
async function runSearchBench(titles: number, folder?: string): Promise<void> {
  await using catalogue = await generatedCatalogue(titles, folder)
  const figures = await measureSearch(catalogue)
  const print = (line: string) => process.stdout.write(`${line}\n`)
  print(`Search over ${titles} generated titles, in milliseconds, seen by the caller`)
  print(`| set | searches | p50 | p95 | p99 | longest | too broad | slowest |`)
  print('|---|---|---|---|---|---|---|---|')
  for (const { set, searches, p50, p95, p99, max, tooBroad, slowest } of figures) {
    const times = [p50, p95, p99, max].map((ms) => ms.toFixed(1)).join(' | ')
    print(`| ${set} | ${searches} | ${times} | ${tooBroad} | ${slowest} |`)
  }
  print(`Sizes: ${await sizes(catalogue)}`)
  print(JSON.stringify({ bench: 'search', titles, building: catalogue.building, figures }))
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { titles: { type: 'string', default: '10000' }, folder: { type: 'string' } },
  })
  if (hasRealSets()) await runSearchBench(Number(values.titles), values.folder)
  else
    process.stdout.write('Skipped: the real sets that titles are generated from are not in ../shared/data.\n')
}

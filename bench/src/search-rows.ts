import { generatedCatalogue } from './generated-catalogue.ts'
import type { Row } from './row.ts'
import { measureSearch } from './search.ts'

/** p95 at 100,000 titles and at a million; below that the smaller one's. */
const limitMs = (titles: number) => (titles > 100_000 ? 150 : 50)

/** Every set of searches over a generated catalogue of that many titles. */
export async function searchRows(titles: number): Promise<readonly Row[]> {
  await using catalogue = await generatedCatalogue(titles)
  const figures = await measureSearch(catalogue)
  return figures.map(({ set, searches, p50, p95, p99, tooBroad }) => ({
    what: `search: ${set}`,
    measured: `p50 ${p50.toFixed(1)}, p95 ${p95.toFixed(1)}, p99 ${p99.toFixed(1)} ms${tooBroad ? `, ${tooBroad} too broad` : ''}`,
    against: `a limit of ${limitMs(titles)} ms for p95`,
    ratio: p95 / limitMs(titles),
    size: `${titles} generated titles, ${searches} searches`,
  }))
}

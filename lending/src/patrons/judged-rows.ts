import { judgedNumbers, type NumberJudged } from '../formats/number-format.ts'
import type { Library } from '../library.ts'
import type { Rows } from '../postgres/pool.ts'
import type { Standing } from './open-import.ts'
import type { RejectedRow, WantedRow } from './patron-rows.ts'

/** What reads and judges the rows of a patron file. */
export type Judging = { readonly db: { readonly rows: Rows } } & Pick<Library, 'patterns'>

/** Of a busy machine nothing is known: a row whose card nobody could judge is looked at so often. */
const triesMax = 3

/** The rows, those of new patrons with what the card format of their branch says of the card. */
export async function judgedRows(
  library: Judging,
  rows: readonly (WantedRow | RejectedRow)[],
  standing: ReadonlyMap<string, Standing>,
): Promise<readonly (WantedRow | RejectedRow)[]> {
  const judged = new Map<string, NumberJudged>()
  let toJudge = rows.flatMap((row) => {
    if (!('ask' in row) || standing.has(row.ask.card)) return []
    const branch = row.ask.branchId ?? row.ask.forNew?.branchId
    return branch === undefined ? [] : [{ branch, number: row.ask.card }]
  })
  for (let tries = 0; tries < triesMax && toJudge.length > 0; tries++) {
    for (const each of await judgedNumbers(library, 'card', toJudge)) if (each) judged.set(each.number, each)
    toJudge = toJudge.filter(({ number }) => judged.get(number)?.verdict === 'undecided')
  }
  return rows.map((row) =>
    'ask' in row ? { ...row, ask: { ...row.ask, cardJudged: judged.get(row.ask.card) } } : row,
  )
}

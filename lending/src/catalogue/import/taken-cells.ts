import { type FoundEach, type Patterns, registeredBefore } from '@bibby/patterns/patterns.ts'
import { type Kept, worded } from '../../language/worded.ts'
import type { CsvRow, RowAt } from './csv-rows.ts'
import { oneLine } from './one-line.ts'
import type { Taking } from './placed-columns.ts'

/** A row that is set aside because of what a pattern of the mapping did, or could not do, with one of its cells. */
export type TakenReject = RowAt & {
  readonly ok: false
  readonly code: 'pattern-takes-nothing' | 'pattern-undecided'
  readonly reason: string
}

/** Rows are given to the patterns so many together, or so many bytes: what is held is as much as a batch or less. */
const rowsTogether = 500
const bytesTogether = 1024 * 1024
/** Of a busy machine nothing is known: a value that nobody came to is looked at so often. */
const triesMax = 5
/** So much of a value is told in the reason of a reject. */
const toldMax = 80

/**
 * The rows with what the patterns of the mapping take behind their cells. A row of which a pattern takes nothing is set
 * aside, unless the mapping calls it optional; one on which nothing could be decided is set aside in any case, for it may
 * have held a value. An empty cell stays an empty field.
 */
export async function* withTakenCells(
  rows: AsyncIterable<CsvRow>,
  { takings, patterns }: { takings: readonly Taking[]; patterns: () => Promise<Patterns> },
): AsyncGenerator<CsvRow | TakenReject> {
  const running = await patterns()
  let held: CsvRow[] = []
  let bytes = 0
  for await (const row of rows) {
    held.push(row)
    bytes += row.raw.length
    if (held.length < rowsTogether && bytes < bytesTogether) continue
    yield* await taken(running, held, takings)
    held = []
    bytes = 0
  }
  yield* await taken(running, held, takings)
}

async function taken(
  patterns: Patterns,
  rows: readonly CsvRow[],
  takings: readonly Taking[],
): Promise<readonly (CsvRow | TakenReject)[]> {
  const behind: string[][] = rows.map(() => [])
  const rejects = new Map<number, Pick<TakenReject, 'code' | 'reason'>>()
  for (const taking of takings) {
    const texts = rows.map((row) => (row.ok ? oneLine(row.cells[taking.place] ?? '') : ''))
    const found = await foundIn(patterns, taking.pattern, texts)
    for (const [index, text] of texts.entries()) {
      const value = text === '' ? '' : valueTaken(found.get(index), taking, text)
      if (typeof value === 'string') behind[index]?.push(value)
      else if (!rejects.has(index)) rejects.set(index, value)
    }
  }
  return rows.map((row, index) => {
    if (!row.ok) return row
    const reject = rejects.get(index)
    const { number, position, end, raw } = row
    if (reject) return { number, position, end, raw, ok: false, ...reject }
    return { ...row, cells: [...row.cells, ...(behind[index] ?? [])] }
  })
}

/** What was found in each text that is not empty, by its index. */
async function foundIn(
  patterns: Patterns,
  pattern: string,
  texts: readonly string[],
): Promise<ReadonlyMap<number, FoundEach>> {
  const registered = registeredBefore({ source: pattern, flags: '' })
  const found = new Map<number, FoundEach>()
  let toAsk = texts.flatMap((text, index) => (text === '' ? [] : [{ index, text }]))
  for (let tries = 0; tries < triesMax && toAsk.length > 0; tries++) {
    const told = await patterns.matchEach(
      [registered],
      toAsk.map(({ text }) => text),
      { groups: true },
    )
    for (const [at, { index }] of toAsk.entries()) {
      const each = told[at]
      if (each) found.set(index, each)
    }
    toAsk = toAsk.filter(({ index }) => {
      const each = found.get(index)
      return each !== undefined && 'refused' in each && each.refused === 'busy'
    })
  }
  return found
}

function valueTaken(
  found: FoundEach | undefined,
  { field, column, optional }: Taking,
  text: string,
): string | Pick<TakenReject, 'code' | 'reason'> {
  const told = text.length > toldMax ? `${text.slice(0, toldMax).toWellFormed()}…` : text
  const place = { label: { say: `label.mapped-${field}` }, column, value: told } as const
  const undecided = (why: Kept) =>
    ({ code: 'pattern-undecided', reason: worded('reject.pattern-undecided', { ...place, why }) }) as const
  if (found === undefined) return undecided({ say: 'reject.pattern-unseen' })
  if ('refused' in found) return undecided(found.says)
  if (found.outcome === 'over-budget') return undecided({ say: 'reject.pattern-over-budget' })
  const groups = found.outcome === 'matched' ? (found.groups?.slice(1) ?? []) : []
  const value = groups.find((group) => group !== null && group.trim() !== '')
  if (value !== undefined && value !== null) return value.trim()
  if (optional) return ''
  return { code: 'pattern-takes-nothing', reason: worded('reject.pattern-takes-nothing', place) }
}

import type { CsvShape } from './csv-rows.ts'

const delimiters = [',', '\t', ';', '|'] as const

/**
 * Guesses how a file is written from its first text: the delimiter that splits the first row into most cells,
 * and how rows end. A file of one column counts as commas.
 */
export function shapeOf(sample: string): CsvShape {
  const rowEnd = sample.includes('\n') || !sample.includes('\r') ? '\n' : '\r'
  const counts = delimiters.map((delimiter) => ({
    delimiter,
    count: outsideQuotes(sample, delimiter, rowEnd),
  }))
  const best = counts.reduce((left, right) => (right.count > left.count ? right : left))
  return { delimiter: best.delimiter, rowEnd }
}

/** How often the delimiter stands in the first row, outside quotes. */
function outsideQuotes(sample: string, delimiter: string, rowEnd: string): number {
  let count = 0
  let inQuotes = false
  for (const character of sample) {
    if (character === '"') inQuotes = !inQuotes
    else if (inQuotes) continue
    else if (character === rowEnd) return count
    else if (character === delimiter) count += 1
  }
  return count
}

import { type Command, InvalidArgumentError } from 'commander'
import type { Verbs } from './act.ts'
import { writeNewFile } from './new-file.ts'
import { table } from './out.ts'

type Report = {
  columns: string[]
  rows: (string | number | null)[][]
  count: number
  sum?: number
}
type Options = {
  from?: string
  to?: string
  by?: string
  branch?: string
  years?: number
  limit?: number
  csv?: string
}

const number = (text: string) => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.')
  return value
}

/** report: what was lent, what is missing, what nobody borrows. */
export const reportVerbs: Verbs = (program: Command, act) => {
  program
    .command('report')
    .description('loans, top-titles, overdue, holds, inventory or dead-stock')
    .argument('<name>')
    .option('--from <day>', 'the first day, YYYY-MM-DD: loans and top-titles')
    .option('--to <day>', 'the last day')
    .option(
      '--by <what>',
      'loans: day, week, month, branch, category, item-type; inventory: branch, shelf, item-type',
    )
    .option('--branch <code>', 'of this branch')
    .option('--years <n>', 'dead-stock: years without a loan', number)
    .option('--limit <n>', 'how many rows to show, at most 1000', number)
    .option('--csv <file>', 'all rows to a new file; an existing one is not overwritten')
    .action((name: string, { csv, ...query }: Options) =>
      act(async (api, out) => {
        const path = `/api/v1/reports/${encodeURIComponent(name)}`
        if (csv !== undefined) {
          await writeNewFile(csv, () => api.download(path, { query: { ...query, format: 'csv' } }))
          out.talk(`Written to ${csv}.`)
          return
        }
        out.answer(await api.call<Report>('GET', path, { query }), inWords)
      }),
    )
}

function inWords({ columns, rows, count, sum }: Report): string[] {
  if (rows.length === 0) return ['There is nothing of the kind.']
  const cells = rows.map((row) => row.map((cell) => String(cell ?? '-')))
  return [
    ...table([columns, ...cells]),
    ...(sum === undefined ? [] : [`${sum} in all.`]),
    ...(count > rows.length ? [`The first ${rows.length} of ${count} rows; --csv FILE has more.`] : []),
  ]
}

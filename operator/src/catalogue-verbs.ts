import { type Command, InvalidArgumentError } from 'commander'
import type { Verbs } from './act.ts'
import { dueDays } from './due-day.ts'
import { writeNewFile } from './new-file.ts'
import { table } from './out.ts'
import { pour } from './standard-output.ts'

type Found = {
  titles: {
    titleId: number
    title: string
    authors: string[]
    publishedYear: number | null
    copies: number
    available: number
  }[]
  counted: number
  atMost: boolean
  more: string | null
  didYouMean?: string[]
}
type Search = {
  branch?: string
  language?: string
  material?: string
  from?: number
  to?: number
  available?: true
  substring?: true
  limit: number
  after?: string
}
type Copy = { barcode: string; branchName: string; shelf: string; state: string; dueAt: string | null }
type Title = { titleId: number; title: string; authors: string[]; copies: Copy[]; holdsWaiting: number }

const number = (text: string) => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.')
  return value
}

/** search, copy and export. */
export const catalogueVerbs: Verbs = (program, act) => {
  program
    .command('search')
    .description('find titles by words from title, author, subject, series or ISBN')
    .argument('<words...>')
    .option('--branch <code>', 'with copies at this branch')
    .option('--language <code>', 'ISO 639-2, such as eng')
    .option('--material <kind>', 'such as book, score, map or video')
    .option('--from <year>', 'published in or after', number)
    .option('--to <year>', 'published in or before', number)
    .option('--available', 'with a copy that can be taken now')
    .option('--substring', 'letters in the middle of words too (three or more)')
    .option('--limit <n>', 'how many to show, at most 100', number, 20)
    .option('--after <cursor>', 'go on where an earlier answer stopped')
    .action((words: string[], options: Search) =>
      act(async (api, out) => {
        const { from, to, substring, ...rest } = options
        const body = {
          query: words.join(' '),
          ...rest,
          ...(from === undefined && to === undefined ? {} : { year: { from, to } }),
          ...(substring ? { mode: 'substring' } : {}),
        }
        out.answer(await api.call<Found>('POST', '/api/v1/books/search', { body }), foundInWords)
      }),
    )
  copyVerbs(program, act)
  program
    .command('export')
    .description('write the whole catalogue to a file, or to standard output')
    .requiredOption('--format <format>', 'iso2709, marcxml or csv')
    .option('--with-copies', 'their copies too: a row a copy in CSV, a field 952 a copy in MARC')
    .option('--to <file>', 'a new file; an existing one is not overwritten')
    .action(({ format, withCopies, to }: { format: string; withCopies?: true; to?: string }) =>
      act(async (api, out) => {
        const copies = withCopies ? 'yes' : undefined
        const ask = () => api.download('/api/v1/export', { query: { format, copies } })
        if (to === undefined) await pour(await ask())
        else await writeNewFile(to, ask)
        const what = withCopies ? 'Titles and their copies' : 'Titles; with --with-copies their copies too'
        if (to !== undefined) out.talk(`Written to ${to}. ${what}.`)
      }),
    )
}

const copyVerbs = (program: Command, act: Parameters<Verbs>[1]) => {
  const copy = program.command('copy').description('the things that are lent')
  copy
    .command('add')
    .description('add a copy to a title')
    .argument('<title-id>')
    .argument('<barcode>')
    .requiredOption('--branch <code>')
    .requiredOption('--type <code>', 'item type')
    .option('--shelf <name>')
    .option('--call-number <text>')
    .option('--not-for-loan', 'to be used in the building')
    .action((titleId: string, barcode: string, options: Record<string, string | true>) =>
      act(async (api, out) => {
        const body = {
          barcode,
          branch: options.branch,
          itemType: options.type,
          shelf: options.shelf,
          callNumber: options.callNumber,
          lendable: options.notForLoan === undefined,
        }
        const path = `/api/v1/books/${Number(titleId)}/copies`
        out.answer(await api.call<object>('POST', path, { body }), () => `Copy ${barcode} added.`)
      }),
    )
  copy
    .command('list')
    .description('a title and where its copies are')
    .argument('<title-id>')
    .action((titleId: string) =>
      act(async (api, out) => {
        const title = await api.call<Title>('GET', `/api/v1/books/${Number(titleId)}`)
        const day = await dueDays(api)
        out.answer(title, () => [
          [title.title, ...(title.authors.length > 0 ? [title.authors.join('; ')] : [])].join(' — '),
          ...table(
            title.copies.map(({ barcode, branchName, shelf, state, dueAt }) => [
              barcode,
              dueAt === null ? state : `${state} until ${day(dueAt)}`,
              branchName,
              shelf,
            ]),
          ),
          ...(title.holdsWaiting > 0 ? [`${title.holdsWaiting} on hold.`] : []),
        ])
      }),
    )
}

function foundInWords({ titles, counted, atMost, more, didYouMean }: Found): string[] {
  if (titles.length === 0) {
    return ['Nothing found.', ...(didYouMean?.length ? [`Did you mean: ${didYouMean.join(', ')}?`] : [])]
  }
  const rows = titles.map(({ titleId, title, authors, publishedYear, copies, available }) => [
    String(titleId),
    `${available}/${copies}`,
    publishedYear === null ? '' : String(publishedYear),
    `${title}${authors.length > 0 ? ` — ${authors.slice(0, 2).join('; ')}` : ''}`,
  ])
  return [
    ...table(rows),
    `${titles.length} of ${counted}${atMost ? ' or more' : ''}.${more === null ? '' : ` More: --after ${more}`}`,
  ]
}

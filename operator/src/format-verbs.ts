import type { Verbs } from './act.ts'
import { table } from './out.ts'

type Format = { branch: string; pattern: string | null; example: string | null }
type Kind = 'barcode' | 'card'

/** barcodes list, set and any. */
export const barcodeVerbs: Verbs = formatVerbs('barcode', {
  such: '[0-9]{14}',
  stay: 'those that copies have stay',
})

/** cards list, set and any. */
export const cardVerbs: Verbs = formatVerbs('card', {
  such: '29[0-9]{12}',
  stay: 'those that patrons have stay',
})

function formatVerbs(kind: Kind, { such, stay }: { readonly such: string; readonly stay: string }): Verbs {
  return (program, act) => {
    const formatOf = (branch: string) => `/api/v1/branches/${encodeURIComponent(branch)}/${kind}-format`
    const numbers = program.command(`${kind}s`).description(`what the new ${kind}s of a branch look like`)
    numbers
      .command('list')
      .description(`the branches that take only ${kind}s of one format`)
      .action(() =>
        act(async (api, out) => {
          const answer = await api.call<Record<string, Format[]>>('GET', `/api/v1/${kind}-formats`)
          out.answer(answer, (told) => listed(kind, told[`${kind}Formats`] ?? []))
        }),
      )
    numbers
      .command('set')
      .description(`take only new ${kind}s that match; ${stay}`)
      .requiredOption('--branch <code>')
      .requiredOption('--pattern <pattern>', `matches a ${kind} from end to end, such as ${such}`)
      .requiredOption(`--example <${kind}>`, 'shown to whoever gives another')
      .action(({ branch, pattern, example }: { branch: string; pattern: string; example: string }) =>
        act(async (api, out) => {
          const body = { pattern, example }
          out.answer(await api.call<Format>('PUT', formatOf(branch), { body }), described(kind))
        }),
      )
    numbers
      .command('any')
      .description(`take any ${kind} again`)
      .requiredOption('--branch <code>')
      .action(({ branch }: { branch: string }) =>
        act(async (api, out) => {
          out.answer(await api.call<Format>('DELETE', formatOf(branch)), described(kind))
        }),
      )
  }
}

function listed(kind: Kind, formats: readonly Format[]): string[] {
  if (formats.length === 0) return [`Every branch takes any ${kind}.`]
  return table([
    ['branch', 'example', 'pattern'],
    ...formats.map(({ branch, example, pattern }) => [branch, example ?? '', pattern ?? '']),
  ])
}

function described(kind: Kind): (format: Format) => string[] {
  return ({ branch, example }) => [
    example === null
      ? `The branch ${branch} takes any ${kind}.`
      : `New ${kind}s of the branch ${branch} look like ${example}.`,
  ]
}

import { InvalidArgumentError } from 'commander'
import type { Verbs } from './act.ts'
import type { Api } from './api.ts'
import { table } from './out.ts'

type Range = { shelf: string; pattern: string }
type Plan = { branch: string; version: number; ranges: Range[] }
type PlanSet = { branch: string; ranges: number }
type Explained = {
  callNumber: string
  isDecided: boolean
  range: number | null
  shelf: string | null
  pattern: string | null
}

/** shelves list, set, none and explain. */
export const shelfVerbs: Verbs = (program, act) => {
  const shelves = program
    .command('shelves')
    .description('which call numbers stand on which shelf of a branch')
  shelves
    .command('list')
    .description('the ranges of a branch in their order; the first that matches counts')
    .requiredOption('--branch <code>')
    .action(({ branch }: { branch: string }) =>
      act(async (api, out) => {
        out.answer(await planOf(api, branch), ({ ranges }) =>
          ranges.length === 0
            ? [`The branch ${branch} has no ranges.`]
            : table([
                ['', 'shelf', 'call numbers begin with'],
                ...ranges.map(({ shelf, pattern }, index) => [String(index + 1), shelf, pattern]),
              ]),
        )
      }),
    )
  shelves
    .command('set')
    .description('set all ranges of a branch; no copy that is there moves')
    .requiredOption('--branch <code>')
    .requiredOption(
      '--range <shelf=pattern...>',
      'such as "Science=5[0-9]{2}": what its call numbers begin with; as many as there are, in their order',
      ranged,
    )
    .action(({ branch, range }: { branch: string; range: Range[] }) =>
      act(async (api, out) => out.answer(await setPlan(api, branch, range), described)),
    )
  shelves
    .command('none')
    .description('take the ranges of a branch away')
    .requiredOption('--branch <code>')
    .action(({ branch }: { branch: string }) =>
      act(async (api, out) => out.answer(await setPlan(api, branch, []), described)),
    )
  shelves
    .command('explain')
    .description('which range a call number falls into')
    .argument('<call-number>')
    .requiredOption('--branch <code>')
    .action((callNumber: string, { branch }: { branch: string }) =>
      act(async (api, out) => {
        const query = { callNumber }
        out.answer(await api.call<Explained>('GET', `${pathOf(branch)}/explain`, { query }), explainedInWords)
      }),
    )
}

function pathOf(branch: string): string {
  return `/api/v1/branches/${encodeURIComponent(branch)}/shelf-plan`
}

function planOf(api: Api, branch: string): Promise<Plan> {
  return api.call<Plan>('GET', pathOf(branch))
}

/** From the version that is there now: who changes it at the same moment is refused. */
async function setPlan(api: Api, branch: string, ranges: readonly Range[]): Promise<PlanSet> {
  const { version } = await planOf(api, branch)
  return api.call<PlanSet>('PUT', pathOf(branch), { body: { version, ranges } })
}

function ranged(text: string, before: Range[] = []): Range[] {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Write the shelf, a =, and the pattern.')
  return [...before, { shelf: text.slice(0, at).trim(), pattern: text.slice(at + 1).trim() }]
}

function described({ branch, ranges }: PlanSet): string[] {
  return [
    `The branch ${branch} has ${ranges === 0 ? 'no' : ranges} ${ranges === 1 ? 'range' : 'ranges'} now.`,
  ]
}

function explainedInWords({ callNumber, isDecided, range, shelf, pattern }: Explained): string[] {
  if (!isDecided) return [`Nothing could be decided about ${callNumber}. Ask again.`]
  if (range === null) return [`No range matches ${callNumber}.`]
  return [`${callNumber} stands on the shelf ${shelf}, by range ${range}: ${pattern}.`]
}

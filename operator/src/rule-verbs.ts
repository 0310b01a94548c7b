import type { Verbs } from './act.ts'
import { dueDays } from './due-day.ts'
import { table } from './out.ts'
import { wallClock } from './wall-clock.ts'

type Rule = {
  ruleId?: number
  id?: number
  branch: string | null
  patronCategory: string | null
  itemType: string | null
  lendable: boolean
  loanDays: number
  renewalsMax: number
  loansMax: number
  holdsMax: number
}
type Explained = {
  branch: { code: string; name: string }
  why: string
  dueAt: string
  candidates: { matches: boolean; because: string }[]
}
type Entry = { recordedAt: string; actor: string; actorName: string | null; outcome: string; line: string }

/** rules list and rules explain. */
export const ruleVerbs: Verbs = (program, act) => {
  const rules = program.command('rules').description('the loan rules')
  rules
    .command('list')
    .description('all loan rules')
    .action(() =>
      act(async (api, out) => {
        out.answer(await api.call<{ rules: Rule[] }>('GET', '/api/v1/rules'), (answer) =>
          table([
            ['branch', 'category', 'type', 'days', 'renewals', 'loans', 'holds'],
            ...answer.rules.map((rule) => [
              rule.branch ?? 'any',
              rule.patronCategory ?? 'any',
              rule.itemType ?? 'any',
              rule.lendable ? String(rule.loanDays) : 'not lent',
              String(rule.renewalsMax),
              String(rule.loansMax),
              String(rule.holdsMax),
            ]),
          ]),
        )
      }),
    )
  rules
    .command('explain')
    .description('which rule would apply, and why')
    .requiredOption('--card <number>')
    .requiredOption('--barcode <barcode>')
    .option('--branch <code>', 'the branch that lends; default: where you work, else that of the copy')
    .action((query: { card: string; barcode: string; branch?: string }) =>
      act(async (api, out) => {
        const explained = await api.call<Explained>('GET', '/api/v1/rules/explain', { query })
        const day = await dueDays(api)
        out.answer(explained, ({ branch, why, dueAt, candidates }) => [
          `The rule for ${why}.`,
          `Lent now at ${branch.name} (${branch.code}) it would be due ${day(dueAt, branch.code)}.`,
          ...candidates.map(({ matches, because }) => `  ${matches ? '+' : '-'} ${because}`),
        ])
      }),
    )
}

/** journal. */
export const journalVerb: Verbs = (program, act) => {
  program
    .command('journal')
    .description('what was done, by whom, latest first; times as at the branch, in JSON in UTC')
    .option('--card <number>', 'about this patron')
    .option('--barcode <barcode>', 'about this copy')
    .option('--title-id <id>', 'about this title')
    .option('--actor <actor>', 'by this actor, such as staff:3')
    .option('--limit <n>', 'how many, at most 200', '50')
    .action((options: Record<string, string>) =>
      act(async (api, out) => {
        const told = await api.call<{ entries: Entry[] }>('GET', '/api/v1/journal', { query: options })
        const clock = await wallClock(api)
        out.answer(told, ({ entries }) =>
          table(
            entries.map(({ recordedAt, actor, actorName, outcome, line }) => [
              clock(recordedAt),
              actorName ?? actor,
              outcome,
              line,
            ]),
          ),
        )
      }),
    )
}

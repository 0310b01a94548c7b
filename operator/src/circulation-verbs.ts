import type { Verbs } from './act.ts'
import { dueDays } from './due-day.ts'
import { amount, table } from './out.ts'

type Lent = { title: string; barcode: string; patronName: string; dueAt: string; overridden: string[] }
type Next = { to: string; patronName?: string; card?: string; until?: string; branchName?: string }
type Returned = {
  title: string
  loanId: number | null
  patronName: string | null
  fineCents: number
  next: Next
}
type Renewed = { title: string; dueAt: string; renewals: number; renewalsMax: number }
type Hold = {
  holdId: number
  title: string
  state: string
  position: number | null
  pickupBranchName: string
}

type Override = { override?: string }
const override = (options: Override) =>
  options.override === undefined ? {} : { override: { reason: options.override } }

/** lend, return and renew. */
export const circulationVerbs: Verbs = (program, act) => {
  program
    .command('lend')
    .description('lend a copy to a patron')
    .argument('<card>', 'the patron’s card number')
    .argument('<barcode>', 'the copy’s barcode')
    .requiredOption('--branch <code>', 'the branch that lends')
    .option('--override <reason>', 'lend although it is refused, where that is allowed')
    .action((card: string, barcode: string, options: Override & { branch: string }) =>
      act(async (api, out) => {
        const body = { card, barcode, branch: options.branch, ...override(options) }
        const day = await dueDays(api)
        out.answer(await api.call<Lent>('POST', '/api/v1/loans', { body }), (lent) =>
          `Lent “${lent.title}” (${lent.barcode}) to ${lent.patronName}, due ${day(lent.dueAt, options.branch)}.`.concat(
            lent.overridden.length > 0 ? ` Overridden: ${lent.overridden.join(', ')}.` : '',
          ),
        )
      }),
    )

  program
    .command('return')
    .description('take a copy back; says where it goes next')
    .argument('<barcode>', 'the copy’s barcode')
    .requiredOption('--branch <code>', 'the branch that takes it back')
    .action((barcode: string, { branch }: { branch: string }) =>
      act(async (api, out) => {
        out.answer(
          await api.call<Returned>('POST', '/api/v1/returns', { body: { barcode, branch } }),
          inWords,
        )
      }),
    )

  program
    .command('renew')
    .description('move a loan’s due date')
    .argument('<barcode>', 'the barcode of a copy on loan')
    .option('--override <reason>', 'renew although it is refused, where that is allowed')
    .action((barcode: string, options: Override) =>
      act(async (api, out) => {
        const body = { barcode, ...override(options) }
        const day = await dueDays(api)
        out.answer(
          await api.call<Renewed>('POST', '/api/v1/renewals', { body }),
          ({ title, dueAt, renewals, renewalsMax }) =>
            `Renewed “${title}”, now due ${day(dueAt)} (renewal ${renewals} of ${renewalsMax}).`,
        )
      }),
    )
}

/** hold place, list, cancel, suspend, resume. */
export const holdVerbs: Verbs = (program, act) => {
  const hold = program.command('hold').description('a patron’s place in the queue for a title')
  hold
    .command('place')
    .description('queue a patron for a title')
    .argument('<card>', 'the patron’s card number')
    .argument('<title-id>', 'the title’s number, as search shows it')
    .requiredOption('--pickup <code>', 'the branch where the patron will fetch it')
    .action((card: string, titleId: string, { pickup }: { pickup: string }) =>
      act(async (api, out) => {
        const body = { card, titleId: Number(titleId), pickupBranch: pickup }
        out.answer(
          await api.call<{ holdId: number; position: number }>('POST', '/api/v1/holds', { body }),
          ({ holdId, position }) => `Hold ${holdId} placed, number ${position} in the queue.`,
        )
      }),
    )
  hold
    .command('list')
    .description('a patron’s open holds')
    .argument('<card>', 'the patron’s card number')
    .action((card: string) =>
      act(async (api, out) => {
        const path = `/api/v1/patrons/${encodeURIComponent(card)}/holds`
        out.answer(await api.call<{ holds: Hold[] }>('GET', path), ({ holds }) =>
          holds.length === 0
            ? 'No open holds.'
            : table(
                holds.map(({ holdId, title, state, position, pickupBranchName }) => [
                  String(holdId),
                  position === null ? state : `${state} (${position})`,
                  pickupBranchName,
                  title,
                ]),
              ),
        )
      }),
    )
  hold
    .command('cancel')
    .description('give up a place in the queue')
    .argument('<hold-id>')
    .action((id: string) =>
      act(async (api, out) => {
        out.answer(
          await api.call<{ next: Next | null }>('DELETE', `/api/v1/holds/${Number(id)}`),
          ({ next }) => `Hold ${id} cancelled.${next === null ? '' : ` Its copy is free. ${whereTo(next)}`}`,
        )
      }),
    )
  hold
    .command('suspend')
    .description('be passed over for a while, keeping the place')
    .argument('<hold-id>')
    .option('--until <day>', 'YYYY-MM-DD, or “forever”', 'forever')
    .action((id: string, { until }: { until: string }) =>
      act(async (api, out) => {
        const path = `/api/v1/holds/${Number(id)}/suspend`
        out.answer(await api.call<object>('POST', path, { body: { until } }), () =>
          until === 'forever'
            ? `Hold ${id} suspended until it is resumed.`
            : `Hold ${id} suspended until ${until}.`,
        )
      }),
    )
  hold
    .command('resume')
    .description('be served again')
    .argument('<hold-id>')
    .action((id: string) =>
      act(async (api, out) => {
        out.answer(
          await api.call<object>('POST', `/api/v1/holds/${Number(id)}/resume`, { body: {} }),
          () => `Hold ${id} resumed.`,
        )
      }),
    )
}

function inWords({ title, loanId, patronName, fineCents, next }: Returned): string[] {
  const from = loanId === null ? 'It was not on loan.' : `Taken back from ${patronName}.`
  const fine = fineCents > 0 ? [`Fine: ${amount(fineCents)}.`] : []
  return [`“${title}”. ${from}`, ...fine, whereTo(next)]
}

function whereTo(next: Next): string {
  const where: Record<string, string> = {
    shelf: 'It goes back to the shelf.',
    'hold-shelf': `Put it on the hold shelf for ${next.patronName} (${next.card}) until ${next.until}.`,
    transit: `Send it to ${next.branchName}.`,
    withdrawn: 'It is withdrawn: set it aside.',
  }
  return where[next.to] ?? next.to
}

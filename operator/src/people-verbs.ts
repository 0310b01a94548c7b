import type { Verbs } from './act.ts'
import { amount, table } from './out.ts'

type Patron = {
  card: string
  givenName: string
  familyName: string
  categoryName: string
  branchName: string
  expiresOn: string
  blockedBecause: string | null
  openLoans: number
  openHolds: number
  owesCents: number
}
type Found = { card: string; givenName: string; familyName: string }
type Registration = {
  given: string
  family: string
  category: string
  branch: string
  card?: string
  email?: string
  phone?: string
  expires?: string
}
type Accounts = {
  read: number
  registered: number
  updated: number
  unchanged: number
  rejected: number
  rejects: { line: number; reason: string }[]
  ignoredColumns: string[]
}

const at = (card: string) => `/api/v1/patrons/${encodeURIComponent(card)}`

/** patron add, show, find, block, unblock, extend, import. */
export const patronVerbs: Verbs = (program, act) => {
  const patron = program.command('patron').description('people with a card')
  patron
    .command('add')
    .description('register a patron; a card number is made if none is given')
    .requiredOption('--given <name>', 'given name')
    .requiredOption('--family <name>', 'family name')
    .requiredOption('--category <code>', 'patron category')
    .requiredOption('--branch <code>', 'home branch')
    .option('--card <number>', 'card number')
    .option('--email <address>')
    .option('--phone <number>')
    .option('--expires <day>', 'YYYY-MM-DD; a year from now if not given')
    .action((given: Registration) =>
      act(async (api, out) => {
        const body = {
          givenName: given.given,
          familyName: given.family,
          category: given.category,
          branch: given.branch,
          card: given.card,
          email: given.email,
          phone: given.phone,
          expiresOn: given.expires,
        }
        out.answer(
          await api.call<{ card: string }>('POST', '/api/v1/patrons', { body }),
          ({ card }) => `Registered with card ${card}.`,
        )
      }),
    )
  patron
    .command('show')
    .description('one patron')
    .argument('<card>')
    .action((card: string) =>
      act(async (api, out) => out.answer(await api.call<Patron>('GET', at(card)), described)),
    )
  patron
    .command('find')
    .description('patrons by name or card')
    .argument('<words...>')
    .action((words: string[]) =>
      act(async (api, out) => {
        const found = await api.call<{ patrons: Found[] }>('GET', '/api/v1/patrons', {
          query: { query: words.join(' ') },
        })
        out.answer(found, ({ patrons }) =>
          patrons.length === 0
            ? 'Nobody found.'
            : table(patrons.map(({ card, givenName, familyName }) => [card, `${familyName}, ${givenName}`])),
        )
      }),
    )
  patron
    .command('block')
    .description('stop a patron from borrowing, with a reason that they may hear')
    .argument('<card>')
    .requiredOption('--because <reason>')
    .action((card: string, { because }: { because: string }) =>
      act(async (api, out) => {
        out.answer(
          await api.call<object>('POST', `${at(card)}/block`, { body: { because } }),
          () => `${card} is blocked.`,
        )
      }),
    )
  patron
    .command('unblock')
    .description('lift a block')
    .argument('<card>')
    .action((card: string) =>
      act(async (api, out) => {
        out.answer(
          await api.call<object>('POST', `${at(card)}/unblock`, { body: {} }),
          () => `${card} is no longer blocked.`,
        )
      }),
    )
  patron
    .command('extend')
    .description('let a card run longer')
    .argument('<card>')
    .requiredOption('--until <day>', 'YYYY-MM-DD')
    .action((card: string, { until }: { until: string }) =>
      act(async (api, out) => {
        out.answer(
          await api.call<object>('POST', `${at(card)}/extend`, { body: { until } }),
          () => `${card} runs until ${until}.`,
        )
      }),
    )
  patron
    .command('import')
    .description('register and update patrons from a CSV file with a header')
    .argument('<file>')
    .option('--category <code>', 'of patrons whose row names none')
    .option('--branch <code>', 'home branch of patrons whose row names none')
    .option('--encoding <encoding>', 'such as windows-1252; UTF-8 if not given')
    .action((file: string, query: { category?: string; branch?: string; encoding?: string }) =>
      act(async (api, out) => {
        const upload = { path: file, contentType: 'text/csv' }
        out.answer(
          await api.call<Accounts>('POST', '/api/v1/patrons/import', { query, upload }),
          ({ read, registered, updated, unchanged, rejected, rejects, ignoredColumns }) => [
            `${read} read = ${registered} registered + ${updated} updated + ${unchanged} unchanged + ${rejected} rejected.`,
            ...rejects.map(({ line, reason }) => `  line ${line}: ${reason}`),
            ...(rejected > rejects.length ? [`  and ${rejected - rejects.length} more`] : []),
            ...(ignoredColumns.length > 0 ? [`Columns not read: ${ignoredColumns.join(', ')}.`] : []),
          ],
        )
      }),
    )
}

function described(patron: Patron): string[] {
  return [
    `${patron.givenName} ${patron.familyName}, card ${patron.card}`,
    `${patron.categoryName}, ${patron.branchName}, until ${patron.expiresOn}`,
    `${patron.openLoans} on loan, ${patron.openHolds} on hold, owes ${amount(patron.owesCents)}`,
    ...(patron.blockedBecause === null ? [] : [`Blocked: ${patron.blockedBecause}`]),
  ]
}

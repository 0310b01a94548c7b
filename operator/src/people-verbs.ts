import type { Verbs } from './act.ts'
import type { Api } from './api.ts'
import { type Operation, tellPlan } from './operation-verbs.ts'
import { amount, type Out, table } from './out.ts'

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
type Merge = {
  kept: Patron & { version: number }
  merged: Patron & { version: number }
  loans: { title: string }[]
  returnedLoans: number
  holds: { title: string }[]
  givenUp: { title: string; card: string }[]
}
type Merged = {
  card: string
  mergedCard: string
  openLoans: number
  returnedLoans: number
  openHolds: number
}
type ImportOptions = { category?: string; branch?: string; encoding?: string; preview?: true }
type Seen = {
  counts: { registered: number; updated: number; unchanged: number; rejected: number }
  rows: { line: number; reason?: string }[]
  hasMore: boolean
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

/** patron add, show, find, block, unblock, extend, merge, erase, import. */
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
    .command('merge')
    .description('make one patron of two records of the same person; shows first what would happen')
    .argument('<card>', 'of the record that goes away')
    .requiredOption('--into <card>', 'of the record that stays')
    .option('--seen <versions>', 'the two versions that were shown; without them nothing is changed')
    .action((card: string, given: { into: string; seen?: string }) =>
      act((api, out) => merge(api, out, card, given)),
    )
  patron
    .command('erase')
    .description('plan to erase a patron; touches nothing and exits 3, for a person has to confirm it')
    .argument('<card>')
    .requiredOption('--because <text>', 'stands at the operation until its way back closes')
    .action((card: string, { because }: { because: string }) =>
      act(async (api, out) => {
        const body = { card, because }
        tellPlan(out, await api.call<Operation>('POST', '/api/v1/operations/erase-patron', { body }))
      }),
    )
  patron
    .command('import')
    .description('register and update patrons from a CSV file with a header')
    .argument('<file>')
    .option('--category <code>', 'of patrons whose row names none')
    .option('--branch <code>', 'home branch of patrons whose row names none')
    .option('--encoding <encoding>', 'such as windows-1252; UTF-8 if not given')
    .option('--preview', 'show what would happen, and do nothing')
    .action((file: string, given: ImportOptions) => act((api, out) => importFile(api, out, file, given)))
}

async function importFile(api: Api, out: Out, file: string, given: ImportOptions): Promise<void> {
  const upload = { path: file, contentType: 'text/csv' }
  const { preview, ...query } = given
  if (preview) {
    const asked = { query: { ...query, preview: 'yes' }, upload }
    out.answer(await api.call<Seen>('POST', '/api/v1/patrons/import', asked), ({ counts, rows, hasMore }) => [
      `${hasMore ? 'Of the first rows: ' : ''}${counts.registered} new, ${counts.updated} updated, ${counts.unchanged} unchanged, ${counts.rejected} not taken. Nothing has changed.`,
      ...rows.flatMap(({ line, reason }) => (reason === undefined ? [] : [`  line ${line}: ${reason}`])),
    ])
    return
  }
  out.answer(
    await api.call<Accounts>('POST', '/api/v1/patrons/import', { query, upload }),
    ({ read, registered, updated, unchanged, rejected, rejects, ignoredColumns }) => [
      `${read} read = ${registered} registered + ${updated} updated + ${unchanged} unchanged + ${rejected} rejected.`,
      ...rejects.map(({ line, reason }) => `  line ${line}: ${reason}`),
      ...(rejected > rejects.length ? [`  and ${rejected - rejects.length} more`] : []),
      ...(ignoredColumns.length > 0 ? [`Columns not read: ${ignoredColumns.join(', ')}.`] : []),
    ],
  )
}

/** Shows what a merge would do; does it only from the versions that were shown. */
async function merge(
  api: Api,
  out: Out,
  card: string,
  given: { into: string; seen?: string },
): Promise<void> {
  const path = `${at(given.into)}/merge`
  if (given.seen === undefined) {
    const query = { merged: card }
    out.answer(await api.call<Merge>('GET', path, { query }), (plan) => [
      'This would happen:',
      ...planned(plan),
      `Nothing has changed. To do it: bibby patron merge ${card} --into ${given.into} --seen ${plan.kept.version},${plan.merged.version}`,
    ])
    return
  }
  const [version, mergedVersion] = given.seen.split(',').map(Number)
  const body = { merged: card, version, mergedVersion }
  out.answer(
    await api.call<Merged>('POST', path, { body }),
    (told) =>
      `Card ${told.mergedCard} is merged into ${told.card}: ${told.openLoans} open and ${told.returnedLoans} returned loans, ${told.openHolds} holds moved.`,
  )
}

function planned({ kept, merged, loans, returnedLoans, holds, givenUp }: Merge): string[] {
  return [
    `  stays:     ${kept.givenName} ${kept.familyName}, card ${kept.card}`,
    `  goes away: ${merged.givenName} ${merged.familyName}, card ${merged.card}`,
    ...loans.map(({ title }) => `  moves: the loan of “${title}”`),
    ...(returnedLoans > 0 ? [`  moves: ${returnedLoans} returned loans`] : []),
    ...holds.map(({ title }) => `  moves: the hold on “${title}”`),
    ...givenUp.map(
      ({ title, card }) => `  ends: the hold of card ${card} on “${title}”, which both wait for`,
    ),
    ...(merged.owesCents === 0 ? [] : [`  moves: ${amount(merged.owesCents)} owed`]),
  ]
}

function described(patron: Patron): string[] {
  return [
    `${patron.givenName} ${patron.familyName}, card ${patron.card}`,
    `${patron.categoryName}, ${patron.branchName}, until ${patron.expiresOn}`,
    `${patron.openLoans} on loan, ${patron.openHolds} on hold, owes ${amount(patron.owesCents)}`,
    ...(patron.blockedBecause === null ? [] : [`Blocked: ${patron.blockedBecause}`]),
  ]
}

import type { Config } from '../config.ts'
import type { Library } from '../library.ts'
import { setNotices } from '../notices/set-notices.ts'
import type { DataFolder } from '../postgres/data-folder.ts'
import type { Telling } from '../postgres/our-server.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { PlainObject, Refusal, Verb } from '../postgres/write.ts'
import { write } from '../postgres/write.ts'
import { wantedPassword } from '../staff/password.ts'
import { addStaff } from '../staff/staff.ts'
import { StartError } from '../start-error.ts'
import {
  branchIds,
  type Founding,
  finishFounding,
  founder,
  founding,
  foundingKeys,
  foundLibrary,
} from './found-library.ts'
import { loadSample, sampleReaderCard } from './load.ts'
import { plainSetup, sampleSetup } from './setup.ts'
import { type Account, keptAccounts, line, readAccounts, signInFile } from './sign-in-file.ts'

/** Does one verb of a founding. The same key does it once, however often the founding is begun again. */
export type Do = <Ask, Done extends PlainObject, Refused extends Refusal>(
  key: string,
  verb: Verb<Ask, Done, Refused>,
  ask: Ask,
  /** When it happened. Default: when the library was founded. */
  occurredAt?: Date,
) => Promise<Done>

type Options = {
  readonly folder: DataFolder
  readonly config: Config
  readonly print: Telling
  readonly signal: AbortSignal
}

const everything = 'may do everything'
const staffAccounts = [
  { login: 'operator', name: 'Operator', role: 'operator', purpose: everything },
  {
    login: 'manager',
    name: 'Manager',
    role: 'manager',
    purpose: 'runs the library: rules, staff, fines, reports',
  },
  { login: 'cataloguer', name: 'Cataloguer', role: 'cataloguer', purpose: 'keeps the catalogue, imports' },
  { login: 'desk', name: 'Desk', role: 'desk', purpose: 'lends, takes back, registers patrons' },
] as const
const plainAccounts = [{ account: 'operator', purpose: everything }]
const sampleAccounts = [
  ...staffAccounts.map(({ login, purpose }) => ({ account: login, purpose })),
  {
    account: sampleReaderCard,
    purpose: 'a patron’s card: Anna Lindqvist, with loans, a fine and a book on the hold shelf',
  },
]

/** Any fixed number: of several Bibbys on one database, one founds and the others wait. */
const foundingLock = 722_110_014

/**
 * Sees to it that the database holds a library: a new one is founded, with the sample in it if the settings say so,
 * and one whose founding was cut off is brought to its end. Gives the lines that tell how to sign in.
 */
export async function found(library: Library, options: Options): Promise<readonly string[]> {
  const { folder, config } = options
  if ((await founding(library.db)).state !== 'finished') {
    const session = await library.db.connectAlone()
    session.on('error', () => undefined)
    try {
      await session.query(`select pg_advisory_lock(${foundingLock})`)
      await goOn(library, await founding(library.db), options)
    } finally {
      await session.end().catch(() => undefined)
    }
  }
  const written = (await readAccounts(folder.path)) ?? []
  const accounts = await untouched(library.db, written)
  if (accounts.length === 0) return ['Sign in with the accounts of this library.']
  if (config.environment === 'production') return [`How to sign in is in ${signInFile(folder.path)}.`]
  return [
    `Sign in as one of these (kept in ${signInFile(folder.path)}):`,
    ...accounts.map((account) => `  ${line(account)}`),
    '',
  ]
}

/** Those that nobody has changed or removed since they were founded: of others, the file may know nothing. */
async function untouched(db: { readonly rows: Rows }, accounts: readonly Account[]): Promise<Account[]> {
  const names = accounts.map(({ account }) => account)
  const rows = await db.rows<{ account: string }>(sql`
    select login as account from staff where login = any(${names}) and version = 1 and deleted_at is null
    union all
    select card from patron where card = any(${names}) and version = 1 and deleted_at is null
  `)
  const found = new Set(rows.map(({ account }) => account))
  return accounts.filter(({ account }) => found.has(account))
}

async function goOn(
  library: Library,
  state: Founding,
  { folder, config, print, signal }: Options,
): Promise<void> {
  if (state.state === 'finished') return
  const isSample = state.state === 'begun' ? state.isSample : config.sample
  const at = state.state === 'begun' ? state.at : library.clock()
  const accounts = await keptAccounts(folder.path, isSample ? sampleAccounts : plainAccounts)
  const once = doOnce(library, at)
  const setup = isSample ? sampleSetup : plainSetup
  if (state.state === 'not-begun') {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
    await once(foundingKeys.begun, foundLibrary, { libraryId: folder.libraryId, isSample, timeZone, setup })
  }
  // A library that people use is told of in production alone; elsewhere nobody gets a letter by mistake.
  if (config.environment === 'production' && !isSample) {
    const { installation } = library
    await once('founding:notices', setNotices, { on: true, installation, isProduction: true })
  }
  const [branchId] = (await branchIds(library.db)).values()
  if (branchId === undefined) throw new Error('A library was founded without a branch.')
  for (const { account, password } of accounts) {
    const staff = staffAccounts.find(({ login }) => login === account)
    if (!staff) continue
    const ask = { ...staff, askedBy: 'operator', branchId, password: await wantedPassword(password) } as const
    await once(`founding:staff:${account}`, addStaff, ask)
  }
  if (isSample) {
    const reader = accounts.find(({ account }) => account === sampleReaderCard)
    await loadSample(library, { once, at, readerPassword: reader?.password, print, signal })
  }
  const { libraryId } = folder
  await once(foundingKeys.finished, finishFounding, { libraryId })
}

/** A refusal here is a fault of the sample or of its loading: the operator is told what was refused. */
function doOnce(library: Library, foundedAt: Date): Do {
  return async (key, verb, ask, occurredAt = foundedAt) => {
    const by = { actor: founder, key, occurredAt, instance: library.instance }
    let outcome = await write(library.db, by, verb, ask)
    // The connection broke at the commit: the same key tells whether it landed, or does it now.
    if (outcome.outcome === 'unknown') outcome = await write(library.db, by, verb, ask)
    if (outcome.outcome === 'done') return outcome.answer
    const why = outcome.outcome === 'refused' ? outcome.refusal.refused : 'its outcome is unknown'
    throw new StartError(
      'BIBBY_SAMPLE_FAILED',
      `The new library could not be filled: ${key}: ${why}. Start Bibby again.`,
    )
  }
}

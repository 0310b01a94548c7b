import { type BibbyProcess, type Home, signIn } from '@bibby/lending/test/bibby-process.ts'
import { ask } from './ask.ts'
import type { Lab } from './drill.ts'

/** A real Bibby with a library that has something to lose. */
export type FullLibrary = {
  readonly home: Home
  readonly bibby: BibbyProcess
  readonly address: string
  /** Of a session at the desk. */
  readonly token: string
  /** Its database, past Bibby: for looking, and for doing the harm in a first act. */
  readonly db: Awaited<ReturnType<Home['connect']>>
  readonly copies: number
  /** Of patrons who may borrow at the branch `main`. */
  readonly cards: readonly string[]
  /** On the shelves of the branch `main`, ready to be lent. */
  readonly barcodes: readonly string[]
}

/** Starts Bibby on a copy of the library that was founded for all acts. */
export async function openFullLibrary(
  lab: Lab,
  { env = {} }: { env?: Readonly<Record<string, string>> } = {},
): Promise<FullLibrary> {
  const home = await lab.home()
  await lab.stage.layAt(home.data)
  const started = await answering(lab, home, env)
  const { db } = started
  const counted = await db.query<{ copies: number }>('select count(*)::integer as copies from copy')
  const cards = await db.query<{ card: string }>(`
    select card from patron
    where deleted_at is null and blocked_because is null and expires_on > current_date + 30
    order by card
  `)
  const barcodes = await db.query<{ barcode: string }>(
    `select barcode from copy where barcode like '77%' order by md5(barcode) limit 2000`,
  )
  return {
    ...started,
    home,
    copies: counted.rows[0]?.copies ?? 0,
    cards: cards.rows.map(({ card }) => card),
    barcodes: barcodes.rows.map(({ barcode }) => barcode),
  }
}

async function answering(lab: Lab, home: Home, env: Readonly<Record<string, string>>) {
  const bibby = home.start(env)
  const address = await bibby.ready
  const db = await home.connect()
  lab.atTheEnd(() => db.end())
  return { bibby, address, token: await signIn(address, home.data, 'desk'), db }
}

/** As many pairs of a loan and a return are asked before the desks open. */
const warmingPairs = 10

/**
 * Lends a book and takes it back, one after the other. A Bibby that was just started reads code and plans statements for
 * whoever comes first; on a slow machine that is a wait of its own, which no outage has caused.
 */
export async function warmUp(library: FullLibrary): Promise<void> {
  const { cards, barcodes } = library
  for (const card of cards.slice(0, warmingPairs)) {
    const copy = { barcode: barcodes.at(-1), branch: 'main' }
    await ask(library, 'POST', 'loans', { ...copy, card })
    await ask(library, 'POST', 'returns', copy)
  }
}

/** The token of a session of this account of the sample library. */
export function signedInAs({ address, home }: FullLibrary, account: string): Promise<string> {
  return signIn(address, home.data, account)
}

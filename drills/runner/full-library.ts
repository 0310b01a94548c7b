import { type BibbyProcess, type Home, signIn } from '@bibby/lending/test/bibby-process.ts'
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

/** Starts Bibby with its sample library, and multiplies the copies of each title. */
export async function openFullLibrary(
  lab: Lab,
  { env = {} }: { env?: Readonly<Record<string, string>> } = {},
): Promise<FullLibrary> {
  const home = await lab.home()
  const started = await answering(lab, home, { BIBBY_SAMPLE: 'yes', ...env })
  const { db } = started
  await db.query(
    `
      insert into copy (title_id, barcode, branch_id, item_type_id)
      select title.id, '77' || lpad((title.id * 1000 + n)::text, 10, '0'), branch.id, item_type.id
      from title, generate_series(1, $1::integer) as n, branch,
        (select id from item_type order by code = 'book' desc, id limit 1) as item_type
      where branch.code = 'main'
    `,
    [copiesPerTitle],
  )
  await db.query('analyze copy')
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

const copiesPerTitle = 60

/** Ends it in order and starts it again, with these settings: as a new version is deployed. */
export async function startAnew(
  lab: Lab,
  library: FullLibrary,
  env: Readonly<Record<string, string>>,
): Promise<FullLibrary> {
  library.bibby.kill('SIGTERM')
  await library.bibby.ended
  return { ...library, ...(await answering(lab, library.home, env)) }
}

async function answering(lab: Lab, home: Home, env: Readonly<Record<string, string>>) {
  const bibby = home.start(env)
  const address = await bibby.ready
  const db = await home.connect()
  lab.atTheEnd(() => db.end())
  return { bibby, address, token: await signIn(address, home.data, 'desk'), db }
}

/** The token of a session of this account of the sample library. */
export function signedInAs({ address, home }: FullLibrary, account: string): Promise<string> {
  return signIn(address, home.data, account)
}

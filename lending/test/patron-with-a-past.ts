import { payFine, waiveFine } from '../src/circulation/fine-ledger.ts'
import { cancelHold, placeHold } from '../src/circulation/hold.ts'
import { keepScan, keptScans, settleScan } from '../src/circulation/kept-scan.ts'
import { lend } from '../src/circulation/lend.ts'
import { renew } from '../src/circulation/renew.ts'
import { takeBack } from '../src/circulation/take-back.ts'
import { importPatron } from '../src/patrons/import-patron.ts'
import { mergePatrons } from '../src/patrons/merge-patrons.ts'
import {
  blockPatron,
  editPatron,
  registerPatron,
  setKeepsHistory,
  setPatronPassword,
  unblockPatron,
} from '../src/patrons/patron.ts'
import type { Database } from '../src/postgres/pool.ts'
import { sql } from '../src/postgres/sql.ts'
import { type PlainObject, type Refusal, type Verb, write } from '../src/postgres/write.ts'
import { tamper } from './audit-fixtures.ts'
import { done, refusal } from './every-cut.ts'
import { aPatron, besides, by, monday, type SmallLibrary } from './library-fixtures.ts'
import { noticesOn } from './notice-fixtures.ts'

/** Whoever finds one of these has found somebody who was erased. Letters of any case. */
export const tellTale = ['zebedee', 'quill', '555 7788', 'featherlane'] as const

const person = {
  givenName: 'Zebedee',
  familyName: 'Quillfeather',
  email: 'zebedee@quill.example',
  phone: '555 7788',
  address: 'Featherlane 9',
  note: 'Cousin of Quillfeather senior',
  expiresOn: '2030-12-31',
}

/** The patron of whom everything is remembered, and a copy that they never had. */
export type PatronWithAPast = { readonly patronId: number; readonly card: string }

/**
 * A patron who did everything that leaves something of a patron behind, and has nothing open any more: each verb, by
 * staff and by themselves, done and refused, before and after a merge, and in the entries of others.
 */
export async function aPatronWithAPast(db: Database, library: SmallLibrary): Promise<PatronWithAPast> {
  const { branchId, categoryId, titleId, barcode } = library
  const [category] = await db.rows<{ code: string }>(
    sql`select code from patron_category where id = ${categoryId}`,
  )
  const categoryCode = category?.code ?? ''
  await db.rows(sql`update loan_rule set loan_days = 1, fine_cents_per_day = 100, fine_cap_cents = 500`)
  await noticesOn(db)
  const did = didOn(db)
  const { patronId } = await did(registerPatron, { ...person, card: 'QUILL-1', categoryCode, branchId })
  await did(editPatron, { cardNow: 'QUILL-1', version: 1, card: 'QUILL-7' })
  const card = 'QUILL-7'
  await db.rows(sql`update patron set wants_receipts = true where id = ${patronId}`)
  await did(setPatronPassword, { card, password: { hash: 'quill-hash' } })
  await did(setKeepsHistory, { patronId, keepsHistory: true }, `patron:${patronId}`)

  const ask = { card, barcode, branchId }
  await did(blockPatron, { card, because: 'Quillfeather lost a book' })
  await no(db, lend, ask)
  await did(unblockPatron, { card })
  await did(lend, ask)
  const other = await aPatron(db, { ...besides(library), email: 'other@example.org' })
  await no(db, lend, { ...ask, card: other.card })
  await did(renew, { barcode, patronId, branchId, override: { reason: 'Zebedee is ill' } }, 'staff:1', 1)
  await did(takeBack, { barcode, branchId }, 'staff:1', 9)
  await did(payFine, { card, cents: 100 })
  await did(waiveFine, { card, cents: 400, reason: 'Quillfeather was ill' })
  await waitingFor(db, { library, card, other: other.card, patronId })

  const twin = await aPatron(db, { ...besides(library), card: 'QUILL-TWIN', familyName: 'Quillfeather' })
  await did(lend, { ...ask, card: twin.card })
  await did(takeBack, { barcode, branchId })
  const versions = { card, version: await versionOf(db, card), mergedCard: twin.card, mergedVersion: 1 }
  await no(db, mergePatrons, { ...versions, mergedVersion: 99 })
  await did(mergePatrons, versions)
  await no(db, lend, { ...ask, card: twin.card })
  await no(db, placeHold, { titleId, pickupBranchId: branchId, card: twin.card })
  await did(importPatron, { card, familyName: 'Quillfeather-Smith', phone: '555 7788 1' })
  const scan = {
    branchId,
    meant: 'lend',
    code: barcode,
    scannedAt: monday.toISOString(),
    refused: 'loan-limit',
  } as const
  await did(keepScan, { ...scan, card })
  const [kept] = await keptScans(db, { branchId })
  await did(settleScan, { keptScanId: kept?.keptScanId ?? 0, note: 'Told Quillfeather' })
  await someNotices(db, patronId)
  await db.rows(sql`
    insert into session (token_sha256, patron_id, expires_at)
    values (sha256('one'), ${patronId}, now() + interval '1 year')
  `)
  // Long ago, so that no key has to keep its answer.
  await tamper(db, sql`update journal set recorded_at = recorded_at - interval '40 days'`)
  return { patronId, card }
}

/** Every row of every table that has one of these words in it, as `table: row`. */
export async function rowsNaming(db: Database, words: readonly string[]): Promise<readonly string[]> {
  const tables = await db.rows<{ name: string }>(sql`
    select table_name as name
    from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE'
    order by table_name
  `)
  return db.withConnection(async (connection) => {
    const found: string[] = []
    for (const { name } of tables) {
      const { rows } = await connection.query<{ text: string }>(
        `select row::text as text from ${name} as row`,
      )
      for (const { text } of rows)
        if (words.some((word) => text.toLowerCase().includes(word))) found.push(`${name}: ${text}`)
    }
    return found
  })
}

/** Of two who wait for one title each is captured for, cancelled, and passed on to the other. */
async function waitingFor(
  db: Database,
  {
    library,
    card,
    other,
    patronId,
  }: { library: SmallLibrary; card: string; other: string; patronId: number },
): Promise<void> {
  const { titleId, branchId, barcode } = library
  const did = didOn(db)
  const wanted = { titleId, pickupBranchId: branchId }
  for (const [first, second] of [
    [card, other],
    [other, card],
  ] as const) {
    const { holdId: one } = await did(placeHold, { ...wanted, card: first })
    const { holdId: two } = await did(placeHold, { ...wanted, card: second })
    await no(db, placeHold, { ...wanted, patronId }, `patron:${patronId}`)
    await did(takeBack, { barcode, branchId })
    await did(cancelHold, { holdId: one })
    await did(cancelHold, { holdId: two })
  }
}

/** One of each state, with the words of a letter that may have been taken. */
async function someNotices(db: Database, patronId: number): Promise<void> {
  const tried = JSON.stringify({
    to: { email: person.email, name: 'Zebedee' },
    subject: 'Quill',
    text: 'Dear',
  })
  await db.rows(sql`
    update notice
    set tried = ${tried}::jsonb, letter_id = id, gathered_at = now(),
      facts = jsonb_build_object('title', 'A quill')
    where patron_id = ${patronId}
  `)
  const states = ['sent', 'dead'] as const
  for (const [at, state] of states.entries()) {
    await db.rows(sql`
      update notice
      set state = ${state}, ended_at = now(), ended_because = case when ${state} = 'dead' then 'stale' end,
        message_id = case when ${state} = 'sent' then 'one@example.org' end
      where id = (select id from notice where patron_id = ${patronId} order by id offset ${at} limit 1)
    `)
  }
}

async function versionOf(db: Database, card: string): Promise<number> {
  const [row] = await db.rows<{ version: number }>(sql`select version from patron where card = ${card}`)
  return row?.version ?? 0
}

function didOn(db: Database) {
  return async <Ask, Done extends PlainObject, Refused extends Refusal>(
    verb: Verb<Ask, Done, Refused>,
    ask: Ask,
    actor = 'staff:1',
    daysLater = 0,
  ): Promise<Done> => {
    const occurredAt = new Date(monday.getTime() + daysLater * 86_400_000)
    return done(await write(db, by({ actor, occurredAt }), verb, ask))
  }
}

async function no<Ask, Done extends PlainObject, Refused extends Refusal>(
  db: Database,
  verb: Verb<Ask, Done, Refused>,
  ask: Ask,
  actor = 'staff:1',
): Promise<void> {
  refusal(await write(db, by({ actor }), verb, ask))
}

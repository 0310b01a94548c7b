import { insertTitles } from '../src/catalogue/stored-title.ts'
import { emptyTitle, type TitleFields } from '../src/catalogue/title-fields.ts'
import { countWords } from '../src/catalogue/title-words.ts'
import { type Database, openPool } from '../src/postgres/pool.ts'
import { sql } from '../src/postgres/sql.ts'
import { monday } from './library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

/** A scratch database and the pool that search runs on: another role, read-only, with a limit. */
export type Searchable = AsyncDisposable & { readonly db: ScratchDatabase; readonly searchDb: Database }

/** Makes one. The limit is far above the product's: a busy machine must not turn a law into a lie. */
export async function searchable({
  statementLimitMs = 20_000,
  connectionsMax = 4,
} = {}): Promise<Searchable> {
  const db = await scratchDatabase()
  const { connection } = db
  const searchDb = openPool({
    connection,
    name: 'search',
    connectionsMax,
    statementLimitMs,
    readOnly: true,
    role: 'bibby_search',
  })
  return {
    db,
    searchDb,
    [Symbol.asyncDispose]: async () => {
      await searchDb[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
    },
  }
}

/** Adds titles as the product does, and gives their identities in order. */
export async function someTitles(
  db: Database,
  titles: readonly (Partial<TitleFields> & { readonly loansCount?: number; readonly tier?: number })[],
): Promise<readonly number[]> {
  const rows = await db.rows<{ id: number }>(sql`
    select nextval(pg_get_serial_sequence('title', 'id')) as id from generate_series(1, ${titles.length}::integer)
  `)
  const toStore = titles.map(({ loansCount: _, tier: __, ...fields }, at) => ({
    titleId: rows[at]?.id ?? 0,
    version: 1,
    fields: { ...emptyTitle, ...fields },
  }))
  await db.transaction(async (tx) => {
    const counts = new Map<string, number>()
    await insertTitles(tx, toStore, { at: monday, counts })
    await countWords(tx, counts)
    await tx.rows(sql`
      update title
      set loans_count = given.loans, tier = given.tier
      from unnest(
        ${toStore.map(({ titleId }) => titleId)}::bigint[],
        ${titles.map(({ loansCount }) => loansCount ?? 0)}::integer[],
        ${titles.map(({ tier }) => tier ?? 4)}::smallint[]
      ) as given (id, loans, tier)
      where title.id = given.id
    `)
  })
  return toStore.map(({ titleId }) => titleId)
}

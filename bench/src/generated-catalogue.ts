import { createWriteStream, existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { renewTiers } from '@bibby/lending/catalogue/search-order.ts'
import { refreshVocabulary } from '@bibby/lending/catalogue/vocabulary.ts'
import { embeddedUser, initialise, programsFolder, startServer } from '@bibby/lending/postgres/embedded.ts'
import { migrate } from '@bibby/lending/postgres/migrate.ts'
import { type Database, openPool } from '@bibby/lending/postgres/pool.ts'
import { memoryBytes, serverSettings } from '@bibby/lending/postgres/server-settings.ts'
import { sql } from '@bibby/lending/postgres/sql.ts'
import { unprivileged } from '@bibby/lending/postgres/unprivileged.ts'
import { copyColumns, copyLine, generatedTitles } from './generated-titles.ts'

/** A PostgreSQL of its own with a generated catalogue, and what building it took. */
export type GeneratedCatalogue = AsyncDisposable & {
  /** As the owner, without a limit worth the name. */
  readonly db: Database
  /** As the search role, under the limit that the product sets. */
  readonly searchDb: Database
  /** Milliseconds by step; empty when an earlier one was used again. */
  readonly building: Readonly<Record<string, number>>
}

/**
 * Starts a server with the product's settings in `folder` (a temporary one, removed at the end, when not given) and
 * fills it with that many titles, 1.3 copies each at four branches, 2 % of them lent. A catalogue of that size that
 * is already in `folder` is used as it is. Loading is in bulk and without fsync; searching knows no difference.
 */
export async function generatedCatalogue(titles: number, keptIn?: string): Promise<GeneratedCatalogue> {
  const folder = keptIn ?? (await mkdtemp(join(tmpdir(), 'bibby-bench-')))
  await mkdir(folder, { recursive: true })
  const { identity, programs } = await unprivileged(folder, programsFolder())
  const data = join(folder, `postgres-${titles}`)
  const isNew = !existsSync(data)
  if (isNew) await initialise(data, programs, identity)
  const server = await startServer({
    folder: data,
    socketFolder: join(folder, 'socket'),
    programs,
    ...(identity ? { identity } : {}),
    settings: { ...serverSettings(memoryBytes()), fsync: 'off' },
  })
  const at = { host: server.socketFolder, port: 5432, user: embeddedUser, database: 'postgres' }
  const pool = (over: object) =>
    openPool({ connection: at, name: 'bench', connectionsMax: 4, statementLimitMs: 30 * 60_000, ...over })
  const db = pool({})
  const searchDb = pool({ statementLimitMs: 500, readOnly: true, role: 'bibby_search' })
  const building = isNew ? await fillCatalogue(db, titles, folder) : {}
  return {
    db,
    searchDb,
    building,
    [Symbol.asyncDispose]: async () => {
      await searchDb[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
      await server.stop()
      if (!keptIn) await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Fills a database that may be migrated already; says how many milliseconds each step took. */
export async function fillCatalogue(
  db: Database,
  titles: number,
  folder: string,
): Promise<Record<string, number>> {
  const building: Record<string, number> = {}
  const timed = async (step: string, work: () => Promise<unknown>) => {
    const begun = performance.now()
    await work()
    building[step] = Math.round(performance.now() - begun)
  }
  const run = (text: string) => db.withConnection((connection) => connection.query(text))
  await migrate(db, '0.1.0')
  const lines = join(folder, `titles-${titles}.tsv`)
  await timed('generate and tokenise', async () => {
    if (!existsSync(lines)) await pipeline(Readable.from(allLines(titles)), createWriteStream(lines))
    await chmod(lines, 0o644)
  })
  const indexes = await db.rows<{ name: string; text: string }>(sql`
    select indexname as name, indexdef as text
    from pg_indexes
    where tablename = 'title' and indexname <> 'title_pkey'
    order by indexname
  `)
  for (const { name } of indexes) await run(`drop index ${name}`)
  await timed('copy', () => run(`copy title (${copyColumns}) from '${lines}'`))
  await timed('tiers', () => renewTiers(db))
  await timed('vacuum full', () => run('vacuum full title'))
  for (const { name, text } of indexes) await timed(`index ${name}`, () => run(text))
  await timed('copies and loans', () => run(copiesAndLoans))
  await timed('vacuum', () => run('vacuum analyze'))
  await timed('vocabulary', () => refreshVocabulary(db))
  await run('vacuum analyze vocabulary')
  return building
}

async function* allLines(titles: number): AsyncGenerator<string> {
  for await (const title of generatedTitles(titles)) yield copyLine(title)
}

const copiesAndLoans = `
  insert into branch (code, name, time_zone)
    select 'branch-' || n, 'Branch ' || n, 'UTC' from generate_series(1, 4) as n;
  insert into patron_category (code, name) values ('adult', 'Adult') on conflict do nothing;
  insert into item_type (code, name) values ('book', 'Book') on conflict do nothing;
  insert into loan_rule (loan_days, renewals_max, loans_max, holds_max) values (28, 2, 10000, 100)
    on conflict do nothing;
  insert into patron (card, category_id, branch_id, given_name, family_name, expires_on)
    select 'card-' || n, 1, 1, 'Given', 'Family', '2099-01-01' from generate_series(1, 1000) as n;
  insert into copy (title_id, barcode, branch_id, item_type_id)
    select id, 'a' || id, 1 + id % 4, 1 from title;
  insert into copy (title_id, barcode, branch_id, item_type_id)
    select id, 'b' || id, 1 + (id + 1) % 4, 1 from title where id % 10 < 3;
  insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at)
    select id, 1 + id % 1000, 1, 1, 1, '2026-01-01', '2026-02-01' from copy where id % 50 = 0;
`

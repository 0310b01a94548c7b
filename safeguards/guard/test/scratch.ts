import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import pg from 'pg'

/** Where the run's PostgreSQL listens: whoever starts the tests says so. */
const host = process.env.TEST_POSTGRES_SOCKET_FOLDER
const user = 'bibby'

/** A database of the test's own; dropped when the test ends. */
export type Scratch = AsyncDisposable & { readonly name: string; readonly pool: pg.Pool }

/** Connections to one database of the run's server. */
export function connect(database: string, { max = 20 } = {}): pg.Pool {
  if (!host) throw new Error('No PostgreSQL for tests. Run the file by `npm run try -- FILE`.')
  const pool = new pg.Pool({ host, port: 5432, user, database, max })
  // What breaks is heard by whoever asks on it; without a listener it would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (connection) => connection.on('error', () => undefined))
  return pool
}

/** A small library with so many copies on each shelf, and the tables of the guard. */
export async function scratch({
  shelves = { a: 7, b: 3 },
}: {
  shelves?: Record<string, number>
} = {}): Promise<Scratch> {
  const name = `scratch_${randomUUID().replaceAll('-', '')}`
  const maintenance = connect('postgres', { max: 1 })
  await maintenance.query(`create database ${name} template template0`)
  const pool = connect(name)
  for (const file of ['schema.sql', 'schema-forgetting.sql'])
    await pool.query(await readFile(new URL(`../${file}`, import.meta.url), 'utf8'))
  await pool.query(`
    create table copy (
      id bigint generated always as identity (start with 2147483665) primary key,
      shelf text not null,
      version integer not null default 1,
      on_loan boolean not null default false,
      withdrawn_at timestamptz
    );
    create table sticker (copy_id bigint primary key references copy (id), text text not null);
    create table trail (at integer generated always as identity, entry jsonb not null);
    create table deed (copy_id text not null);
  `)
  for (const [shelf, copies] of Object.entries(shelves)) {
    await pool.query('insert into copy (shelf) select $1 from generate_series(1, $2)', [shelf, copies])
  }
  await pool.query(`insert into sticker select id, 'of ' || id from copy where id % 2 = 0`)
  return {
    name,
    pool,
    [Symbol.asyncDispose]: async () => {
      await pool.end()
      await maintenance.query(`drop database ${name} with (force)`)
      await maintenance.end()
    },
  }
}

/** What the library holds, to the last letter: every row of every table that is not the guard's or the trail's. */
export async function contents(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query(`
    select (select json_agg(copy order by id) from copy) as copies,
      (select json_agg(sticker order by copy_id) from sticker) as stickers
  `)
  return JSON.stringify(rows)
}

/** One value of one row. */
export async function value<T>(pool: pg.Pool, text: string, values: readonly unknown[] = []): Promise<T> {
  const { rows } = await pool.query({ text, values: [...values], rowMode: 'array' })
  return rows[0]?.[0] as T
}

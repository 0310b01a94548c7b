import pg from 'pg'
import type { Fingerprint, SequenceCopy, TableCopy } from './manifest.ts'

/** Whatever runs a statement: a connection of our own, outside the pools. */
export type Session = Pick<pg.Client, 'query'>

/** A table of the library and the columns that are copied: those that are not made of others. */
export type LibraryTable = { readonly name: string; readonly columns: readonly string[] }

/**
 * Lets a session work at length, and makes it write every value as any other server would: a row's text must not
 * depend on how a server is set.
 */
export async function settle(session: Session): Promise<void> {
  await session.query(`
    set statement_timeout = 0;
    set idle_in_transaction_session_timeout = 0;
    set lock_timeout = '60s';
    set datestyle = 'ISO, YMD';
    set intervalstyle = 'postgres';
    set timezone = 'UTC';
    set extra_float_digits = 1;
    set bytea_output = 'hex';
    select set_config(name, '0', false) from pg_settings where name = 'transaction_timeout';
  `)
}

/** All tables of the library, by name. One that is not logged is of the running server, and comes back empty after a crash too. */
export async function libraryTables(session: Session): Promise<readonly LibraryTable[]> {
  const { rows } = await session.query<{ name: string; columns: string[] }>(`
    select relname::text as name, array(
        select attname::text from pg_attribute
        where attrelid = pg_class.oid and attnum > 0 and not attisdropped and attgenerated = ''
        order by attnum
      ) as columns
    from pg_class
    where relkind = 'r' and relpersistence = 'p' and relnamespace = current_schema()::regnamespace
    order by relname
  `)
  return rows
}

/**
 * What a table holds, as this session's snapshot sees it. One changed byte in one row is a different sum but for one
 * chance in 2^128. The hash is the one that hash partitions are laid out by, the same in every PostgreSQL since 11.
 */
export async function fingerprintOf(session: Session, table: string): Promise<Fingerprint> {
  // `offset 0` keeps the text of a row from being made twice.
  const { rows } = await session.query<{ rows: string; one: string; other: string }>(`
    select count(*)::text as rows,
      coalesce(sum(hashtextextended(line, 0)), 0)::text as one,
      coalesce(sum(hashtextextended(line, 1)), 0)::text as other
    from (select each::text as line from ${pg.escapeIdentifier(table)} as each offset 0) as lines
  `)
  const [found] = rows
  if (!found) throw new Error(`The table ${table} did not say what it holds.`)
  return { rows: Number(found.rows), sums: `${found.one} ${found.other}` }
}

/** Where every sequence stands. They stand outside of snapshots: further on, but never back. */
export async function sequencesOf(session: Session): Promise<readonly SequenceCopy[]> {
  const { rows: names } = await session.query<{ name: string }>(`
    select relname::text as name from pg_class
    where relkind = 'S' and relnamespace = current_schema()::regnamespace
    order by relname
  `)
  const sequences: SequenceCopy[] = []
  for (const { name } of names) {
    const { rows } = await session.query<{ lastValue: string; isCalled: boolean }>(
      `select last_value::text as "lastValue", is_called as "isCalled" from ${pg.escapeIdentifier(name)}`,
    )
    if (rows[0]) sequences.push({ name, ...rows[0] })
  }
  return sequences
}

/** Sequences whose next number is taken already in the column that they number. */
async function sequencesBehind(session: Session): Promise<readonly string[]> {
  const { rows: owned } = await session.query<{ sequence: string; table: string; column: string }>(`
    select sequence.relname::text as sequence, numbered.relname::text as table, attname::text as column
    from pg_depend
    join pg_class as sequence on sequence.oid = objid and sequence.relkind = 'S'
    join pg_class as numbered on numbered.oid = refobjid
    join pg_attribute on attrelid = refobjid and attnum = refobjsubid
    where classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass
      and sequence.relnamespace = current_schema()::regnamespace
    order by sequence.relname
  `)
  const told: string[] = []
  for (const { sequence, table, column } of owned) {
    const { rows } = await session.query<{ next: string; greatest: string | null }>(`
      select (last_value + is_called::int)::text as next,
        (select max(${pg.escapeIdentifier(column)}) from ${pg.escapeIdentifier(table)})::text as greatest
      from ${pg.escapeIdentifier(sequence)}
    `)
    const { next = '1', greatest = null } = rows[0] ?? {}
    if (greatest !== null && BigInt(greatest) >= BigInt(next)) {
      told.push(`The sequence ${sequence} would give ${next} next, and ${table} has ${greatest} already.`)
    }
  }
  return told
}

/**
 * How a restored database differs from what was backed up, in sentences; none when it is the same. A sequence may be further
 * on than it stood, never back: numbers that are left out harm nobody.
 */
export async function differences(
  session: Session,
  { tables, sequences }: { tables: readonly TableCopy[]; sequences: readonly SequenceCopy[] },
): Promise<readonly string[]> {
  const found = (await libraryTables(session)).map(({ name }) => name)
  const told = [
    ...tables
      .filter(({ name }) => !found.includes(name))
      .map(({ name }) => `The table ${name} is not there.`),
    ...found
      .filter((name) => !tables.some((table) => table.name === name))
      .map((name) => `There is a table ${name} that was not backed up.`),
  ]
  for (const { name, rows, sums } of tables.filter((table) => found.includes(table.name))) {
    const now = await fingerprintOf(session, name)
    if (now.rows !== rows) told.push(`The table ${name} had ${rows} rows, and ${now.rows} came back.`)
    else if (now.sums !== sums)
      told.push(`The table ${name} came back with other content in its ${rows} rows.`)
  }
  told.push(...(await sequencesBehind(session)))
  const standing = new Map((await sequencesOf(session)).map((each) => [each.name, each]))
  for (const { name, lastValue } of sequences) {
    const now = standing.get(name)
    if (!now || BigInt(now.lastValue) < BigInt(lastValue)) {
      told.push(
        `The sequence ${name} stood at ${lastValue}, and came back at ${now?.lastValue ?? 'nothing'}.`,
      )
    }
  }
  return told
}

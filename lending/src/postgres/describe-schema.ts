import type { Database } from './pool.ts'
import { sql } from './sql.ts'

type Line = { text: string }
type Table = { readonly name: string; readonly isUnlogged: boolean }

/**
 * The schema as PostgreSQL has it, as plain text in a fixed order: `schema.sql` is this text. It is for reading
 * and for comparing; databases are made by the migrations.
 */
export async function describeSchema(db: Database): Promise<string> {
  const tables = await db.rows<Table>(sql`
    select relname as name, relpersistence = 'u' as "isUnlogged" from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'schema_migration'
    order by relname
  `)
  const parts: string[] = [
    '-- The sum of the migrations, as PostgreSQL has it. Made by `npm run schema`; CI compares.',
  ]
  for (const table of tables) parts.push(await describeTable(db, table))
  const functions = await db.rows<Line>(sql`
    select pg_get_functiondef(oid) || ';' as text from pg_proc
    where pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
    order by proname
  `)
  return `${[...parts, ...functions.map(({ text }) => text.trim())].join('\n\n')}\n`
}

async function describeTable(db: Database, { name, isUnlogged }: Table): Promise<string> {
  const columns = await db.rows<Line>(sql`
    select format('  %I %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' else '' end,
      case a.attidentity when 'a' then ' generated always as identity' else '' end,
      case
        when a.attgenerated = 's' then ' generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ') stored'
        when d.adbin is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid)
        else ''
      end) as text
    from pg_attribute a
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = ${name}::regclass and a.attnum > 0 and not a.attisdropped
    order by a.attnum
  `)
  // PostgreSQL 18 lists "not null" as constraints of their own; the columns above say it already.
  const constraints = await db.rows<Line>(sql`
    select format('  constraint %I %s', conname, pg_get_constraintdef(oid)) as text
    from pg_constraint
    where conrelid = ${name}::regclass and contype <> 'n' and contype <> 't'
    order by contype, conname
  `)
  const others = await db.rows<Line>(sql`
    select text from (
      select pg_get_indexdef(indexrelid) || ';' as text, 1 as kind from pg_index
      where indrelid = ${name}::regclass
        and not exists (select from pg_constraint where conindid = indexrelid)
      union all
      select pg_get_triggerdef(oid) || ';', 2 from pg_trigger
      where tgrelid = ${name}::regclass and not tgisinternal
    ) parts
    order by kind, text
  `)
  const body = [...columns, ...constraints].map(({ text }) => text).join(',\n')
  const create = isUnlogged ? 'create unlogged table' : 'create table'
  return [`${create} ${name} (\n${body}\n);`, ...others.map(({ text }) => text)].join('\n')
}

import pg from 'pg'
import { StartError, systemCode } from '../start-error.ts'
import { sqlState } from './pool.ts'

const oldestVersion = 150_000
const connectLimitMs = 10_000
const statementLimitMs = 10_000
const extensions = ['pg_trgm', 'fuzzystrmatch']

/**
 * Looks whether the PostgreSQL that the operator named can carry a library: reachable, 15 or newer, UTF-8, writable,
 * with the extensions and the right to make tables. Throws StartError with one sentence that shows no part of the
 * address, which may hold a password.
 */
export async function checkTheirServer(databaseUrl: string): Promise<void> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'bibby-start',
    connectionTimeoutMillis: connectLimitMs,
    query_timeout: statementLimitMs,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<Findings>(question, [extensions])
    const [found] = rows
    const why = found && unsuitable(found)
    if (why) throw new StartError('BIBBY_DATABASE_UNSUITABLE', `The database of BIBBY_DATABASE_URL ${why}`)
  } catch (error) {
    throw error instanceof StartError ? error : refusal(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

type Findings = {
  version: number
  encoding: string
  standby: boolean
  counts: boolean
  may_create: boolean
  absent: string[]
  forbidden: string[]
}

const question = `
  select
    current_setting('server_version_num')::int as version,
    current_setting('server_encoding') as encoding,
    pg_is_in_recovery() as standby,
    current_setting('track_counts') = 'on' as counts,
    coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_create,
    array(
      select wanted from unnest($1::text[]) as wanted
      where wanted not in (select name from pg_available_extensions)
    ) as absent,
    array(
      select wanted from unnest($1::text[]) as wanted
      where wanted not in (select extname from pg_extension)
        and not has_database_privilege(current_database(), 'create')
    ) as forbidden
`

function unsuitable(found: Findings): string | undefined {
  if (found.version < oldestVersion) {
    return `is PostgreSQL ${Math.floor(found.version / 10_000)}; Bibby needs 15 or newer.`
  }
  if (found.standby) return 'is a standby that takes no writes; name the primary.'
  // What a write changes is bounded by what the server counts.
  if (!found.counts) return 'does not count what is changed; set track_counts to on.'
  if (found.encoding !== 'UTF8')
    return `is encoded in ${found.encoding}; Bibby needs one made with encoding UTF8.`
  if (found.absent.length > 0) {
    return `lacks ${found.absent.join(' and ')}; install PostgreSQL’s contrib modules there.`
  }
  if (found.forbidden.length > 0) {
    return `does not let its user make the extensions ${found.forbidden.join(' and ')}; grant create on the database, or make them there.`
  }
  if (!found.may_create) return 'does not let its user make tables; make that user its owner.'
  return undefined
}

function refusal(error: unknown): unknown {
  const state = sqlState(error)
  const refused = (why: string) => new StartError('BIBBY_DATABASE_REFUSED', why, { cause: error })
  if (state === '28P01' || state === '28000') {
    return refused('The PostgreSQL of BIBBY_DATABASE_URL does not accept the user or the password.')
  }
  if (state === '3D000') {
    return refused(
      'The database of BIBBY_DATABASE_URL does not exist on that PostgreSQL. Make it, encoded in UTF8.',
    )
  }
  if (state !== undefined) {
    return refused(`The PostgreSQL of BIBBY_DATABASE_URL refuses the connection (SQLSTATE ${state}).`)
  }
  const code = systemCode(error)
  return refused(
    `The PostgreSQL of BIBBY_DATABASE_URL does not answer${code ? ` (${code})` : ''}. See that it runs and that this machine may reach it.`,
  )
}

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedServer, initialise, startServer } from '../src/postgres/embedded.ts'
import { serverIdentity } from '../src/postgres/unprivileged.ts'

/** Debian's PostgreSQL 15. */
export const programs = '/usr/lib/postgresql/15/bin'
/** Why a test on a PostgreSQL of the operator’s own cannot run here; false where it can. */
export const noTheirServer = !existsSync(join(programs, 'initdb')) && `no PostgreSQL 15 in ${programs}`

/** One statement on a database of it, and what it says. */
type Sql = (database: string, text: string) => string

/**
 * The machine's own PostgreSQL 15 in a folder of its own, which belongs to its user; `url` names a database on it as
 * the superuser.
 */
export async function theirServer(): Promise<
  AsyncDisposable & { url: (database: string) => string; sql: Sql; folder: string }
> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-their-'))
  const identity = await serverIdentity()
  if (identity) await chown(folder, identity.uid, identity.gid)
  let server: EmbeddedServer | undefined
  try {
    await initialise(join(folder, 'data'), programs, identity)
    await mkdir(join(folder, 'socket'))
    if (identity) await chown(join(folder, 'socket'), identity.uid, identity.gid)
    const settings = { fsync: 'off', unix_socket_permissions: '0777' }
    const rest = identity ? { identity } : {}
    server = await startServer({
      folder: join(folder, 'data'),
      socketFolder: join(folder, 'socket'),
      programs,
      settings,
      ...rest,
    })
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  const host = encodeURIComponent(server.socketFolder)
  const url = (database: string, user = 'bibby') => `postgresql://${user}@${host}/${database}`
  const { stop } = server
  return {
    url,
    folder,
    sql: (database, text) =>
      execFileSync(
        join(programs, 'psql'),
        ['-h', join(folder, 'socket'), '-U', 'bibby', '-XAtqc', text, database],
        {
          encoding: 'utf8',
        },
      ).trim(),
    [Symbol.asyncDispose]: async () => {
      await stop('immediate')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { App } from '../src/http/app.ts'
import type { TrafficBounds } from '../src/http/overload.ts'
import { buildServer, type ServerOptions } from '../src/http/server.ts'
import { trafficBounds } from '../src/http/traffic.ts'
import { type Library, openLibrary } from '../src/library.ts'
import type { SendDirect } from '../src/operations/send-code.ts'
import type { Database } from '../src/postgres/pool.ts'
import { sql } from '../src/postgres/sql.ts'
import { hashPassword } from '../src/staff/password.ts'
import type { Role } from '../src/staff/permission.ts'
import { aSmallLibrary, aStaffMember, monday, type SmallLibrary } from './library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

/** The password of everybody in these tests; hashed once for the whole file. */
export const password = 'correct horse battery staple'
let hashed: Promise<string> | undefined

/** However slow the machine is, nobody is sent away because too much is asked at once. */
export const patient: TrafficBounds = Object.fromEntries(
  Object.entries(trafficBounds).map(([name, bounds]) => [
    name,
    { ...bounds, waitMs: 600_000, standingWaitMs: 600_000 },
  ]),
)

/** A library with a server before it, its own database and folder. */
export type ServedLibrary = AsyncDisposable &
  SmallLibrary & {
    readonly app: App
    readonly db: ScratchDatabase
    readonly library: Library
    /** Signs a member of staff with this role in and gives their token. */
    readonly tokenOf: (role: Role) => Promise<string>
    /** Signs the small library's patron in. */
    readonly patronToken: () => Promise<string>
  }

/** Makes the small library and serves it: `await using at = await aServedLibrary()`. */
export async function aServedLibrary(
  options: ServerOptions & {
    db?: (db: Database) => Database
    monitors?: readonly string[]
    installation?: string
    isProduction?: boolean
    sendDirect?: SendDirect
    secondPerson?: boolean
  } = {},
): Promise<ServedLibrary> {
  const db = await scratchDatabase()
  const dataFolder = await mkdtemp(join(tmpdir(), 'bibby-api-'))
  const opened = openLibrary({
    connection: db.connection,
    dataFolder,
    instance: 'test',
    clock: () => monday,
    monitors: options.monitors ?? [],
    installation: options.installation ?? '',
    isProduction: options.isProduction ?? false,
    ...(options.sendDirect ? { sendDirect: options.sendDirect } : {}),
    secondPerson: options.secondPerson ?? false,
  })
  const library: Library = options.db ? { ...opened, db: options.db(opened.db) } : opened
  const small = await aSmallLibrary(db)
  const app = await buildServer(library, { logLevel: 'silent', ...options })
  return {
    ...small,
    app,
    db,
    library,
    tokenOf: async (role) => {
      const { login } = await aStaffMember(db, { role, branchId: small.branchId })
      hashed ??= hashPassword(password)
      await db.rows(sql`update staff set password_hash = ${await hashed} where login = ${login}`)
      return token(app, { kind: 'staff', account: login })
    },
    patronToken: async () => {
      hashed ??= hashPassword(password)
      await db.rows(sql`update patron set password_hash = ${await hashed} where card = ${small.card}`)
      return token(app, { kind: 'patron', account: small.card })
    },
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await opened[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

/** Signs in and gives the token. */
export async function token(app: App, who: { kind: string; account: string }): Promise<string> {
  const answer = await app.inject({ method: 'POST', url: '/api/v1/sessions', payload: { ...who, password } })
  const { token: given } = answer.json<{ token?: string }>()
  if (!given) throw new Error(`No token: ${answer.body}`)
  return given
}

/** The header that carries a token. */
export function bearing(given: string): { authorization: string } {
  return { authorization: `Bearer ${given}` }
}

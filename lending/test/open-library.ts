import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { App } from '../src/http/app.ts'
import { buildServer, type ServerOptions } from '../src/http/server.ts'
import { type Library, openLibrary } from '../src/library.ts'
import { type SendDirect, sendNothing } from '../src/operations/send-code.ts'
import type { Database } from '../src/postgres/pool.ts'
import { sql } from '../src/postgres/sql.ts'
import { hashPassword } from '../src/staff/password.ts'
import type { Role } from '../src/staff/permission.ts'
import { aSmallLibrary, aStaffMember, type SmallLibrary } from './library-fixtures.ts'
import { here } from './notice-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from './scratch-database.ts'

/** The password of everybody in these tests. */
export const pagePassword = 'correct horse battery staple'
/** Hashing takes as long as it should, once for a file of tests. */
let pageHash: Promise<string> | undefined

/** A small library whose pages are served, by the real clock: browsers drop cookies of a day that is past. */
export type OpenLibrary = AsyncDisposable &
  SmallLibrary & {
    readonly app: App
    readonly db: ScratchDatabase
    readonly library: Library
    /** Adds a member of staff with this role and gives their login. */
    readonly staff: (role: Role) => Promise<string>
    /** Gives a patron the password. */
    readonly letIn: (card: string) => Promise<void>
    /** Where it listens, on a port of its own. */
    readonly address: string
  }

/** Opens one: `await using at = await anOpenLibrary()`. */
export async function anOpenLibrary({
  through = (db) => db,
  sendDirect = sendNothing,
  isProduction = false,
  mailGoes = 'to-files',
  ...served
}: ServerOptions & {
  /** What a code goes out by. */
  sendDirect?: SendDirect
  isProduction?: boolean
  mailGoes?: Library['mailGoes']
  /** What the server sees of the database. */
  through?: (db: Database) => Database
} = {}): Promise<OpenLibrary> {
  const db = await scratchDatabase()
  const dataFolder = await mkdtemp(join(tmpdir(), 'bibby-pages-'))
  const opened = openLibrary({
    connection: db.connection,
    dataFolder,
    instance: 'test',
    installation: here,
    isProduction,
    mailGoes,
    sendDirect,
  })
  const library: Library = { ...opened, db: through(opened.db) }
  const small = await aSmallLibrary(db)
  const app = await buildServer(library, { logLevel: 'silent', ...served })
  await app.listen({ port: 0, host: '127.0.0.1' })
  pageHash ??= hashPassword(pagePassword)
  const hashed = await pageHash
  return {
    ...small,
    app,
    db,
    library,
    staff: async (role) => {
      const { login } = await aStaffMember(db, { role, branchId: small.branchId })
      await db.rows(sql`update staff set password_hash = ${hashed} where login = ${login}`)
      return login
    },
    letIn: async (card) => {
      await db.rows(sql`update patron set password_hash = ${hashed} where card = ${card}`)
    },
    address: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await library[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { type Patterns, startPatterns } from '@bibby/patterns/patterns.ts'
import type { OfLibrary } from './backups/last-run.ts'
import { type Covers, openCovers } from './catalogue/covers/covers.ts'
import type { NoticeService } from './notice-service.ts'
import type { MailGoes } from './notices/caught-mail.ts'
import { type NoticeFigures, noFigures } from './notices/figures.ts'
import { codeChannel } from './operations/code-channel.ts'
import { type Operations, openOperations } from './operations/operations.ts'
import type { CodeWebhook } from './operations/send-by-webhook.ts'
import type { SendDirect } from './operations/send-code.ts'
import type { Database, PoolOptions } from './postgres/pool.ts'
import { openPools, type Pools } from './postgres/pools.ts'
import { stampedCommit } from './stamped-commit.ts'
import { bibbyVersion } from './version.ts'
import { openThreads, type Threads } from './work/threads.ts'

/** Everything that a door to the library needs: HTTP, the command and the sweeps are all given one of these. */
export type Library = AsyncDisposable & {
  /** Reads and writes, on connections of whoever asks; see `postgres/pools.ts`. */
  readonly db: Database
  /** For search: role bibby_search where the server has it, read-only; a statement may take 500 ms. */
  readonly searchDb: Database
  /** How the connections of each kind stand. */
  readonly pools: Pools['all']
  /** What destroys, and the work on it in this process. */
  readonly operations: Operations
  /** How to reach the database, for what opens connections of its own on another thread, as imports do. */
  readonly connection: PoolOptions['connection']
  /** Names this process in the journal and to its siblings. */
  readonly instance: string
  /** The one clock. Rules are told the time, they never ask. */
  readonly clock: () => Date
  /** `uploads/` and `exports/` live below it. */
  readonly dataFolder: string
  /** The pictures of titles, in `covers/` below it. */
  readonly covers: Covers
  /** Where this library's backups are; undefined where nobody keeps them, as in a command. */
  readonly backups: OfLibrary | undefined
  /** Machines beside this one that may read its figures: addresses and networks. */
  readonly monitors: readonly string[]
  /** Where notices are handed on to; undefined where nothing sends any, as in a command. */
  readonly noticeService: NoticeService | undefined
  /** Whether mail is caught in the data folder, to be read by operators. */
  readonly mailGoes: MailGoes
  /** Why no code of an operation can reach anybody by these settings; undefined where it is tried. */
  readonly codesClosedBecause: string | undefined
  /** Names this installation to the switch of notices; empty where notices are never on. */
  readonly installation: string
  /** Whether a real library is served: then turning notices on is planned and confirmed. */
  readonly isProduction: boolean
  /** How it goes with notices in this process. */
  readonly noticeFigures: NoticeFigures
  /** Where work runs that takes the processor at length. */
  readonly threads: Threads
  /** Where patterns run that staff have written. Its thread starts when it is first asked for. */
  readonly patterns: () => Promise<Patterns>
  readonly version: string
  /** The commit that this was built from, or `unknown`. Read once, at start. */
  readonly commit: string
  /** When it was built, as ISO 8601, or null when nobody stamped it. */
  readonly builtAt: string | null
  readonly startedAt: Date
}

/** What a library is opened with. */
export type LibraryOptions = {
  readonly connection: PoolOptions['connection']
  readonly dataFolder: string
  /** Default: none. */
  readonly noticeService?: NoticeService
  /** Default: to files. */
  readonly mailGoes?: MailGoes
  /** See `installationOf`. Default: none, at which notices are never on. */
  readonly installation?: string
  /** Default: no. */
  readonly isProduction?: boolean
  /** Default: none. */
  readonly backups?: OfLibrary
  /** Default: none. */
  readonly monitors?: readonly string[]
  /** Default: host name, process number and a random part. */
  readonly instance?: string
  /** Default: the machine's clock. */
  readonly clock?: () => Date
  /** Default: that of the package. */
  readonly version?: string
  /** Where codes are posted to. Default: they go by mail. */
  readonly codeWebhook?: CodeWebhook | undefined
  /** Sends a code to a member of staff. Default: the webhook or the notice service; see `codeChannel`. */
  readonly sendDirect?: SendDirect
  /** Whether deleting all books needs a second person. Default: no. */
  readonly secondPerson?: boolean
  /** Default: as stamped; see `stampedCommit`. */
  readonly commit?: string
  /** The most connections of a kind, for what serves nobody else. Default: as `postgres/pools.ts` says. */
  readonly connectionsOfAKindMax?: number
}

/** Wires a library. Nothing is connected before it is first used; `await using` closes the pools. */
export function openLibrary(options: LibraryOptions): Library {
  const { connection } = options
  const pools = openPools(connection, { eachMax: options.connectionsOfAKindMax })
  const { db, searchDb } = pools
  const clock = options.clock ?? (() => new Date())
  const stamp = stampedCommit()
  const instance = options.instance ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  const dataFolder = resolve(options.dataFolder)
  const { noticeService, mailGoes = 'to-files', isProduction = false } = options
  const codes = options.sendDirect
    ? { send: options.sendDirect }
    : codeChannel({ webhook: options.codeWebhook, noticeService, mailGoes, isProduction })
  const operations = openOperations({
    db,
    instance,
    clock,
    dataFolder,
    sendDirect: codes.send,
    secondPerson: options.secondPerson ?? false,
  })
  const threads = openThreads(connection)
  const covers = openCovers({ dataFolder })
  let running: Promise<Patterns> | undefined
  return {
    db,
    searchDb,
    pools: pools.all,
    operations,
    connection,
    instance,
    clock,
    dataFolder,
    covers,
    backups: options.backups,
    monitors: options.monitors ?? [],
    installation: options.installation ?? '',
    isProduction,
    noticeFigures: noFigures(),
    noticeService,
    mailGoes,
    codesClosedBecause: codes.closedBecause,
    threads,
    patterns: () => {
      running ??= startPatterns({ threads: 1 })
      return running
    },
    version: options.version ?? bibbyVersion(),
    commit: options.commit ?? stamp.commit,
    builtAt: stamp.builtAt,
    startedAt: clock(),
    [Symbol.asyncDispose]: async () => {
      await operations[Symbol.asyncDispose]()
      await threads[Symbol.asyncDispose]()
      await covers[Symbol.asyncDispose]()
      const closing = running?.then((patterns) => patterns[Symbol.asyncDispose]())
      await Promise.all([pools[Symbol.asyncDispose](), closing])
    },
  }
}

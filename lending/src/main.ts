import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { backupsOf } from './backups/backups-of.ts'
import type { Config } from './config.ts'
import { openDatabase, openSetFolder } from './database.ts'
import type { Pulse } from './http/pulse.ts'
import type { Log } from './http/server.ts'
import { startBeating } from './instances/start-beating.ts'
import { inEnglish } from './language/messages.ts'
import { readWords } from './language/worded.ts'
import { type Library, openLibrary } from './library.ts'
import { mailGoes, openNoticeService } from './notice-service.ts'
import { installationHere } from './notices/installation.ts'
import { browserAddress, cannotListen, tryPort } from './port.ts'
import type { DataFolder } from './postgres/data-folder.ts'
import { asDiskFull } from './postgres/full-disk.ts'
import type { Telling } from './postgres/our-server.ts'
import { readRunning } from './postgres/owner.ts'
import { signalled } from './postgres/postmaster.ts'
import type { StartError } from './start-error.ts'
import { startSweeps } from './sweeps.ts'
import { bibbyVersion } from './version.ts'

/** Where a start speaks: lines that stay, steps that the next one may replace, and warnings. */
export type Print = Telling & { readonly line: (text: string) => void }

/** A Bibby that answers. */
export type Bibby = {
  /** As a browser wants it: `http://127.0.0.1:8080/`. */
  readonly address: string
  readonly library: Library
  /** Settles when everything is closed; rejects with StartError when it closed because it could not go on. */
  readonly ended: Promise<void>
}

/** How a start is stopped and what it says. */
export type StartOptions = {
  /** Aborted: close in order, as soon as possible even while starting. */
  readonly signal: AbortSignal
  /** Aborted: do not wait for requests or for the database to write everything down. */
  readonly hurry?: AbortSignal
  readonly print: Print
}

type Closing = { readonly what: string; readonly close: () => Promise<unknown> }

/**
 * Starts Bibby: data folder, database, schema, library, server, sweeps. Resolves when it answers. Throws StartError
 * with one sentence for the operator, or the signal’s reason when stopped meanwhile; then everything is closed again.
 */
export async function start(config: Config, { signal, hurry, print }: StartOptions): Promise<Bibby> {
  print.line(`Bibby ${bibbyVersion()}`)
  const opened: Closing[] = []
  const folder = await openSetFolder(config, print)
  try {
    await refuseTakenPort(config, folder.path)
    // Read while the database starts; and a start that is refused has no need of them.
    const parts = readParts()
    parts.catch(() => undefined)
    const database = await openDatabase(config, folder, { tell: print, signal })
    opened.push({ what: 'database', close: () => database.close(hurry?.aborted ? 'immediate' : 'fast') })
    signal.throwIfAborted()

    const notices = await openNoticeService(config.noticeService, folder.path)
    const library = openLibrary({
      connection: database.connection,
      dataFolder: folder.path,
      noticeService: notices.service,
      mailGoes: mailGoes(config.noticeService),
      installation: installationHere(config, folder),
      isProduction: config.environment === 'production',
      codeWebhook: config.codeWebhook,
      secondPerson: config.secondPerson,
      monitors: config.monitors,
      backups: backupsOf(config, folder),
    })
    opened.push({ what: 'connections', close: async () => library[Symbol.asyncDispose]() })
    const { found, buildServer, dueSweeps, resumeImports, startAudit, startSending, stopImports } =
      await parts
    if (library.codesClosedBecause) {
      print.warn(`Operations cannot be confirmed here: ${readWords(inEnglish, library.codesClosedBecause)}.`)
    }
    const accounts = await found(library, { folder, config, print, signal })
    signal.throwIfAborted()

    const { address, log, pulse } = await answer(library, config, { buildServer, opened, hurry })
    await database.tellAddress(address)
    const beating = startBeating(library, pulse)
    opened.push({ what: 'sign of life', close: async () => beating[Symbol.asyncDispose]() })
    // Closed after all that writes, so that the last head is of all that was done.
    const audit = startAudit(library, {
      head: (head) => log.info({ head }, 'audit head'),
      warn: print.warn,
    })
    opened.push({ what: 'audit chain', close: async () => audit[Symbol.asyncDispose]() })
    opened.push({ what: 'notice service', close: notices.close })
    await resumeImports(library)
    opened.push({ what: 'imports', close: () => stopImports(library) })
    await library.operations.resume().catch((error: unknown) => {
      print.warn(
        `Operations that were under way rest: ${error instanceof Error ? error.message : 'unknown fault'}`,
      )
    })
    opened.push({ what: 'operations', close: async () => library.operations[Symbol.asyncDispose]() })
    const sweeps = startSweeps(library, dueSweeps, print.warn)
    opened.push({ what: 'sweeps', close: async () => sweeps[Symbol.asyncDispose]() })
    const sender = await startSending(library, { warn: print.warn, error: (text) => log.error(text) })
    opened.push({ what: 'sender of notices', close: async () => sender[Symbol.asyncDispose]() })
    const backups = await keepBackups(config, { folder, library, print })
    opened.push({ what: 'backups', close: async () => backups[Symbol.asyncDispose]() })
    welcome(print, { address, folder: folder.path, accounts })
    // Nobody waits for it: what is to be sent waits in the outbox.
    notices.start(print.warn)
    return { address, library, ended: untilEnded({ opened, signal, hurry, lost: database.lost, print }) }
  } catch (error) {
    await closeAll(opened, print, hurry)
    throw asDiskFull(error, { folder: folder.path, isServerOurs: config.databaseUrl === undefined }) ?? error
  }
}

/** The log and the daily backup; where they are off, our own server drops its log. */
async function keepBackups(
  config: Config,
  { folder, library, print }: { folder: DataFolder; library: Library; print: Print },
): Promise<AsyncDisposable> {
  const { connection, clock } = library
  const isOurs = config.databaseUrl === undefined
  const backups = backupsOf(config, folder)
  // What answers requests has no need of it.
  const { endLog, startBackups } = await import('./backups/keep-backups.ts')
  const { endDeadScratch } = await import('./backups/scratch-server.ts')
  // Aside: a server that was left by a run that was killed may take a while to end.
  endDeadScratch(folder.path).catch((error: unknown) => {
    print.warn(`What a killed backup left stays: ${error instanceof Error ? error.message : 'unknown fault'}`)
  })
  if (!config.backups.isOn) {
    if (isOurs) await endLog(connection)
    return { [Symbol.asyncDispose]: async () => undefined }
  }
  return startBackups({ backups, connection, hour: config.backups.hour, warn: print.warn, clock })
}

type Parts = Awaited<ReturnType<typeof readParts>>

async function readParts() {
  const [
    { resumeImports, stopImports },
    { buildServer },
    { found },
    { dueSweeps },
    { startAudit },
    { startSending },
  ] = await Promise.all([
    import('./catalogue/import/start-import.ts'),
    import('./http/server.ts'),
    import('./sample/found.ts'),
    import('./sweeps-due.ts'),
    import('./journal/keep-audit.ts'),
    import('./notices/start-sending.ts'),
  ])
  return { resumeImports, stopImports, buildServer, found, dueSweeps, startAudit, startSending }
}

/** A second start on the same data is told so, rather than that its port is taken. */
async function refuseTakenPort(config: Config, folder: string): Promise<void> {
  try {
    await tryPort(config)
    const { elsewhere, host, port } = config.noticeService
    if (elsewhere === undefined) {
      await tryPort({ host, port }, { host: 'BIBBY_NOTICE_HOST', port: 'BIBBY_NOTICE_PORT' })
    }
  } catch (error) {
    const running = await readRunning(folder)
    if (!running || !signalled(running.pid, 0)) throw error
  }
}

async function answer(
  library: Library,
  config: Config,
  {
    buildServer,
    opened,
    hurry,
  }: { opened: Closing[]; hurry: AbortSignal | undefined } & Pick<Parts, 'buildServer'>,
): Promise<{ readonly address: string; readonly log: Log; readonly pulse: Pulse }> {
  const { logLevel, trustProxy, host, port } = config
  const server = await buildServer(library, {
    logLevel,
    ...(trustProxy === false ? {} : { trustProxy }),
  })
  opened.push({
    what: 'server',
    close: async () => {
      const closeNow = () => server.server.closeAllConnections()
      hurry?.addEventListener('abort', closeNow, { once: true })
      if (hurry?.aborted) closeNow()
      await server.close()
    },
  })
  try {
    await server.listen({ host, port })
  } catch (error) {
    throw cannotListen(error, { host, port })
  }
  // Readiness asks to be seen well twice; then the printed address is good for a balancer too.
  for (let looks = 0; looks < readinessLooksMax; looks++) {
    if ((await server.inject('/actuator/health/readiness')).statusCode === 200) break
  }
  const taken = server.server.address() as AddressInfo
  return { address: browserAddress({ host, port: taken.port }), log: server.log, pulse: server.pulse }
}

const readinessLooksMax = 5

async function untilEnded({
  opened,
  signal,
  hurry,
  lost,
  print,
}: {
  opened: Closing[]
  signal: AbortSignal
  hurry: AbortSignal | undefined
  lost: Promise<StartError>
  print: Print
}): Promise<void> {
  const reason = await Promise.race([aborted(signal), lost])
  print.step(reason ? 'Closing, for the database is lost' : 'Closing')
  await closeAll(opened, print, hurry)
  if (reason) throw reason
  print.line('Closed.')
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}

/** The last opened first, but the server before all, so that nothing new comes in; a fault stops no other. */
async function closeAll(opened: Closing[], { warn }: Print, hurry: AbortSignal | undefined): Promise<void> {
  const server = opened.findIndex(({ what }) => what === 'server')
  const order = opened.splice(0).toReversed()
  if (server >= 0) order.unshift(...order.splice(order.length - 1 - server, 1))
  for (const { what, close } of order) {
    const closed = close().catch((error: unknown) => {
      warn(`Closing the ${what} failed: ${error instanceof Error ? error.message : 'unknown fault'}`)
    })
    // The database comes last and has a limit of its own; with it goes whatever was still at work.
    await (what === 'database' ? closed : Promise.race([closed, patience(hurry)]))
  }
}

/** Requests, a sweep or an import may take this long to come to a stop. */
const closeLimitMs = 11_000

function patience(hurry: AbortSignal | undefined): Promise<unknown> {
  const options = hurry ? { signal: hurry, ref: false } : { ref: false }
  return wait(closeLimitMs, undefined, options).catch(() => undefined)
}

function welcome(
  print: Print,
  { address, folder, accounts }: { address: string; folder: string; accounts: readonly string[] },
): void {
  const seconds = (performance.now() / 1_000).toFixed(1)
  print.line(`Ready in ${seconds} s at ${address}`)
  print.line('')
  for (const line of accounts) print.line(line)
  print.line(`The data is in ${folder}. Ctrl-C stops Bibby in order.`)
}

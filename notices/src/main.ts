import { readNoticeConfig } from './config.ts'
import { type NoticeService, startService } from './service.ts'
import { ServiceError, serviceCodes } from './service-error.ts'

/**
 * The process of the notice service. Started by the library it has a channel to it, tells there where it answers, and
 * stops when the channel ends, however the library ended. Started alone it says so on standard output.
 */

type Told = { readonly listening: string } | { readonly failed: string }

const hasParent = process.send !== undefined
const stop = Promise.withResolvers<void>()
process.once('disconnect', stop.resolve)
process.once('SIGTERM', () => stop.resolve())
// A Ctrl-C goes to all processes of the terminal. The library then stops us when it needs us no more.
for (const name of ['SIGINT', 'SIGHUP'] as const)
  process.on(name, () => (hasParent ? undefined : stop.resolve()))
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

const tell = async (told: Told) => {
  // A library that is gone hears nothing, and needs nothing.
  if (hasParent) await new Promise((resolve) => process.send?.(told, resolve))
  else if ('failed' in told) process.stderr.write(`${told.failed}\n`)
  else process.stdout.write(`The notice service answers at ${told.listening}\n`)
}

const exitCode = await run()
// The channel would keep the process, and so would a start that hangs on a disk.
if (process.connected) process.disconnect()
process.exit(exitCode)

async function run(): Promise<number> {
  const config = readNoticeConfig()
  if ('problems' in config) {
    await tell({ failed: config.problems.join('\n') })
    return serviceCodes.BIBBY_NOTICE_SETTINGS_INVALID
  }
  let service: NoticeService | undefined
  try {
    service = await Promise.race([startService(config), stop.promise.then(() => undefined)])
  } catch (error) {
    const isKnown = error instanceof ServiceError
    await tell({
      failed: isKnown
        ? `${error.message} (${error.code})`
        : error instanceof Error
          ? error.message
          : 'unknown fault',
    })
    return isKnown ? error.exitCode : 1
  }
  if (!service) return 0
  await tell({ listening: service.url })
  await stop.promise
  await service.stop()
  return 0
}

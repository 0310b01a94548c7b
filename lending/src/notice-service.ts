import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { keptToken, noticeFolder } from '@bibby/notices/kept-secret.ts'
import type { NoticeServiceConfig } from './config.ts'
import type { MailGoes } from './notices/caught-mail.ts'
import { diskFull, isDiskFull, StartError, systemCode } from './start-error.ts'

/** Where notices are handed on to. */
export type NoticeService = {
  /** Undefined while our own service starts, or starts again: notices wait. To be asked for at each sending. */
  readonly url: string | undefined
  readonly token: string
}

/** The notice service as the start has it. */
export type OpenedNoticeService = {
  readonly service: NoticeService
  /** Starts its process and keeps it running. Waits for nothing. */
  readonly start: (warn: (text: string) => void) => void
  /** Ends it in order: what has left for the mail server is waited for. */
  readonly close: () => Promise<void>
}

/** What becomes of mail by these settings. */
export function mailGoes({ elsewhere, environment }: NoticeServiceConfig): MailGoes {
  if (elsewhere !== undefined) return 'elsewhere'
  return environment.BIBBY_SMTP_URL === undefined ? 'to-files' : 'to-a-server'
}

type Told = { readonly listening?: string; readonly failed?: string }

const firstPauseMs = 250
const pauseMsMax = 30_000
/** Who lived longer than this did not fail to start. */
const settledMs = 60_000
const main = fileURLToPath(import.meta.resolve('@bibby/notices/main.ts'))
const compileCache = fileURLToPath(new URL('../../compile-cache.mjs', import.meta.url))
/** As the start script of the project has them. */
const nodeOptions = ['--import', compileCache, '--max-semi-space-size=8', '--heap-growing-percent=25']

/** Finds out where notices go, and makes the token of our own service if there is none yet. Starts nothing. */
export async function openNoticeService(
  config: NoticeServiceConfig,
  dataFolder: string,
): Promise<OpenedNoticeService> {
  const { elsewhere } = config
  const token = config.token ?? (await tokenIn(dataFolder))
  if (elsewhere !== undefined) {
    const url = elsewhere.replace(/\/$/, '')
    return { service: { url, token }, start: () => undefined, close: async () => undefined }
  }
  return ownService({ ...config.environment, BIBBY_DATA: dataFolder }, token)
}

async function tokenIn(dataFolder: string): Promise<string> {
  try {
    return await keptToken(await noticeFolder(dataFolder))
  } catch (error) {
    if (isDiskFull(error)) throw diskFull(dataFolder, error)
    throw new StartError(
      'BIBBY_DATA_UNUSABLE',
      `The folder notices in ${dataFolder} cannot be used (${systemCode(error) ?? 'unknown fault'}).`,
      { cause: error },
    )
  }
}

/**
 * A process of our own. The channel to it ends when we end, even by kill -9, and so does it then; when it ends, it is
 * started again after a pause that grows.
 */
function ownService(environment: Readonly<Record<string, string>>, token: string): OpenedNoticeService {
  let url: string | undefined
  let child: ChildProcess | undefined
  let next: NodeJS.Timeout | undefined
  let isClosing = false
  let pauseMs = firstPauseMs
  let lastWords = ''

  const run = (warn: (text: string) => void) => {
    const begun = performance.now()
    let failed = ''
    const running = spawn(process.execPath, [...nodeOptions, main], {
      env: environment,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    child = running
    // It must not keep a Bibby that is told to hurry.
    running.unref()
    running.channel?.unref()
    running.on('message', (told: Told) => {
      url = told.listening
      failed = told.failed ?? ''
    })
    const over = (why: string) => {
      if (child !== running) return
      child = undefined
      url = undefined
      if (isClosing) return
      if (performance.now() - begun > settledMs) pauseMs = firstPauseMs
      const words = `The notice service ended: ${failed || why}. It is started again; notices wait meanwhile.`
      if (words !== lastWords || pauseMs === firstPauseMs) warn(words)
      lastWords = words
      next = setTimeout(run, pauseMs, warn).unref()
      pauseMs = Math.min(2 * pauseMs, pauseMsMax)
    }
    running.once('error', (error) => over(error.message))
    running.once('exit', (code, signal) => over(signal ?? `exit code ${code}`))
  }
  return {
    service: {
      get url() {
        return url
      },
      token,
    },
    start: run,
    close: async () => {
      isClosing = true
      clearTimeout(next)
      if (!child) return
      child.ref()
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

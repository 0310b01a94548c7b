import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** The notice service in a process of its own, started as the library starts it. */
export type ServiceProcess = {
  readonly pid: number
  readonly url: string
  readonly token: string
  readonly child: ChildProcess
  /** Settles with the exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals>
}

/** Starts one on a free port; rejects with its sentence when it fails. */
export async function serviceProcess(
  data: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [main], {
    env: {
      BIBBY_DATA: data,
      BIBBY_NOTICE_PORT: '0',
      BIBBY_LOG_LEVEL: 'silent',
      BIBBY_MAIL_FROM: 'desk@library.example',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal)
  const [told] = (await once(child, 'message')) as [{ listening?: string; failed?: string }]
  if (told.listening === undefined) {
    throw Object.assign(new Error(told.failed), { exit: await ended })
  }
  const token = (await readFile(join(data, 'notices', 'notice-token'), 'utf8')).trim()
  return { pid: child.pid ?? 0, url: told.listening, token, child, ended }
}

import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NoticeConfig, readNoticeConfig } from '../src/config.ts'
import type { Notice } from '../src/mail.ts'
import { type NoticeService, type ServiceOptions, startService } from '../src/service.ts'
import type { SmtpLimits } from '../src/smtp-session.ts'

/** Limits for what is made to hang. */
export const short: SmtpLimits = { stepMs: 300, beforeDataMs: 1_200, dataMs: 300 }

/** A folder for one test, and services that work in it. */
export type NoticeHome = AsyncDisposable & {
  readonly data: string
  readonly start: (env?: Readonly<Record<string, string>>, options?: ServiceOptions) => Promise<NoticeService>
  /** The caught mails, by file name. */
  readonly caught: () => Promise<Readonly<Record<string, string>>>
}

/** Makes a home: `await using home = await noticeHome()`. Closing it stops what was started in it. */
export async function noticeHome(): Promise<NoticeHome> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-notices-'))
  const data = join(folder, 'data')
  const services: NoticeService[] = []
  const mail = join(data, 'notices', 'mail')
  return {
    data,
    start: async (env = {}, options = {}) => {
      const service = await startService(noticeConfig({ BIBBY_DATA: data, ...env }), options)
      services.push(service)
      return service
    },
    caught: async () => {
      const names = await readdir(mail).catch(() => [])
      const entries = names
        .filter((name) => !name.startsWith('.'))
        .map(async (name) => [name, await readFile(join(mail, name), 'utf8')] as const)
      return Object.fromEntries(await Promise.all(entries))
    },
    [Symbol.asyncDispose]: async () => {
      for (const service of services) await service.stop()
      await chmod(join(data, 'notices'), 0o700).catch(() => undefined)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The settings of a test, on a free port. */
export function noticeConfig(env: Readonly<Record<string, string>>): NoticeConfig {
  const config = readNoticeConfig({
    BIBBY_NOTICE_PORT: '0',
    BIBBY_LOG_LEVEL: 'silent',
    BIBBY_MAIL_FROM: 'Town Library <desk@library.example>',
    ...env,
  })
  if ('problems' in config) throw new Error(config.problems.join('\n'))
  return config
}

/** A notice like any other. */
export function aNotice(over: Partial<Notice> & { deadlineMs?: number } = {}): Notice {
  return {
    id: randomUUID(),
    to: { email: 'ada@example.org', name: 'Ada' },
    subject: 'Your book is here',
    text: 'Charlotte’s Web waits for you.\n',
    ...over,
  }
}

/** An answer of the service. */
export type Answered = {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** Asks a service to send a notice. */
export async function ask(
  { url, token }: Pick<NoticeService, 'url' | 'token'>,
  notice: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const reply = await fetch(`${url}/api/v1/notifications`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(notice),
  })
  return { status: reply.status, headers: reply.headers, body: (await reply.json()) as Answered['body'] }
}

import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { isThisMachine, readNoticeConfig } from '@bibby/notices/config.ts'
import { noticeSettings, sharedSettings } from '@bibby/notices/settings.ts'
import type { CodeWebhook } from './operations/send-by-webhook.ts'
import { type Setting, settings } from './settings.ts'

/** How much is logged. */
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'

/** What the operator set, checked and complete. Made once, by `readConfig`. */
export type Config = {
  /** Absolute; undefined is the default, which depends on who starts Bibby. */
  readonly dataFolder: string | undefined
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Undefined is the PostgreSQL that Bibby brings. */
  readonly databaseUrl: string | undefined
  readonly environment: 'development' | 'production'
  readonly logLevel: LogLevel
  /** Whether an empty database is filled with the sample library. */
  readonly sample: boolean
  /** Whether deleting all books needs a second person. */
  readonly secondPerson: boolean
  /** `false`, or addresses and networks with commas between, as Fastify takes them. */
  readonly trustProxy: string | false
  /** Machines beside this one that may read its figures: addresses and networks. */
  readonly monitors: readonly string[]
  /** The running Bibby that the command talks to. */
  readonly server: string | undefined
  readonly token: string | undefined
  readonly noticeService: NoticeServiceConfig
  /** Where codes of operations are posted to; undefined is by mail. */
  readonly codeWebhook: CodeWebhook | undefined
  readonly backups: BackupConfig
}

/** When backups are taken, and where they are kept. */
export type BackupConfig = {
  /** Whether they are taken by themselves, and the log is kept. */
  readonly isOn: boolean
  /** Absolute; undefined is in the data folder. */
  readonly folder: string | undefined
  /** Absolute; undefined for none. */
  readonly second: string | undefined
  /** Of the day, by the machine's clock. */
  readonly hour: number
  readonly keep: number
}

/** Where notices are handed on to. */
export type NoticeServiceConfig = {
  /** Of a notice service that somebody else runs; undefined is one of our own. */
  readonly elsewhere: string | undefined
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Undefined: kept in a file of the data folder. */
  readonly token: string | undefined
  /** What its process is to find in its environment, beside the data folder. */
  readonly environment: Readonly<Record<string, string>>
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the environment, the only place that does. Gives every problem at once, in sentences that name the setting
 * and never its value: a value may be a password.
 */
export function readConfig(env: Environment = process.env): Config | { readonly problems: string[] } {
  const problems = unknownNames(env)
  const take = <T>(name: Setting['name'], otherwise: T, read: (text: string) => T | undefined): T => {
    const text = env[name]
    if (text === undefined) return otherwise
    const value = read(text.trim())
    if (value !== undefined) return value
    problems.push(`${name} must be ${unitOf(name)}; ${text.trim() === '' ? 'it is empty' : 'it is not'}.`)
    return otherwise
  }

  const environment = take<Config['environment']>('BIBBY_ENVIRONMENT', 'development', (text) =>
    text === 'development' || text === 'production' ? text : undefined,
  )
  const inProduction = environment === 'production'
  const config: Config = {
    dataFolder: take<string | undefined>('BIBBY_DATA', undefined, path),
    host: take('BIBBY_HOST', '127.0.0.1', host),
    port: take('BIBBY_PORT', 8080, port),
    databaseUrl: take<string | undefined>('BIBBY_DATABASE_URL', undefined, databaseAddress),
    environment,
    logLevel: take<LogLevel>('BIBBY_LOG_LEVEL', inProduction ? 'info' : 'warn', logLevel),
    sample: take('BIBBY_SAMPLE', !inProduction, yesOrNo),
    secondPerson: take('BIBBY_SECOND_PERSON', inProduction, yesOrNo),
    trustProxy: take<string | false>('BIBBY_TRUST_PROXY', false, proxies),
    monitors: take<readonly string[]>('BIBBY_MONITORS', [], (text) => (text === 'no' ? [] : networks(text))),
    server: take<string | undefined>('BIBBY_SERVER', undefined, webAddress),
    token: take<string | undefined>('BIBBY_TOKEN', undefined, (text) => text || undefined),
    noticeService: noticeService(env, problems, take('BIBBY_NOTICE_URL', undefined, webAddress)),
    codeWebhook: codeWebhook(
      take<string | undefined>('BIBBY_CODE_WEBHOOK_URL', undefined, secretAddress),
      take<string | undefined>('BIBBY_CODE_WEBHOOK_TOKEN', undefined, headerText),
    ),
    backups: {
      isOn: take('BIBBY_BACKUP', env.BIBBY_DATABASE_URL === undefined, yesOrNo),
      folder: take<string | undefined>('BIBBY_BACKUP_FOLDER', undefined, path),
      second: take<string | undefined>('BIBBY_BACKUP_SECOND_FOLDER', undefined, path),
      hour: take('BIBBY_BACKUP_HOUR', 2, (text) => whole(text, { min: 0, max: 23 })),
      keep: take('BIBBY_BACKUP_KEEP', 7, (text) => whole(text, { min: 1, max: 1_000 })),
    },
  }
  if (config.backups.folder !== undefined && config.backups.folder === config.backups.second) {
    problems.push('BIBBY_BACKUP_SECOND_FOLDER must be another folder than BIBBY_BACKUP_FOLDER.')
  }
  if (env.BIBBY_CODE_WEBHOOK_URL === undefined && env.BIBBY_CODE_WEBHOOK_TOKEN !== undefined) {
    problems.push(
      'BIBBY_CODE_WEBHOOK_URL must be set with BIBBY_CODE_WEBHOOK_TOKEN: it is that of the webhook there.',
    )
  }
  const { elsewhere, port: noticePort } = config.noticeService
  if (elsewhere === undefined && noticePort !== 0 && noticePort === config.port) {
    problems.push('BIBBY_NOTICE_PORT must be another port than BIBBY_PORT.')
  }
  return problems.length > 0 ? { problems } : Object.freeze(config)
}

/** The notice service reads its own settings; what is wrong with them is told here, before anything starts. */
function noticeService(
  env: Environment,
  problems: string[],
  elsewhere: string | undefined,
): NoticeServiceConfig {
  const own = readNoticeConfig(env)
  // What both read, both complain of, we perhaps with a guess behind.
  const isNew = (problem: string) => !problems.some((told) => told.startsWith(problem))
  if ('problems' in own) problems.push(...own.problems.filter(isNew))
  const { host, port, token } = 'problems' in own ? { host: '', port: 0, token: undefined } : own
  if (elsewhere !== undefined && env.BIBBY_NOTICE_TOKEN === undefined) {
    problems.push('BIBBY_NOTICE_TOKEN must be set with BIBBY_NOTICE_URL: it is that of the service there.')
  }
  return { elsewhere, host, port, token, environment: environmentOfNotices(env) }
}

const noticeNames: readonly string[] = [...noticeSettings, ...sharedSettings].map(({ name }) => name)

/** All that is not ours, such as NODE_EXTRA_CA_CERTS, and of ours what the notice service knows. */
function environmentOfNotices(env: Environment): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && (!entry[0].startsWith('BIBBY_') || noticeNames.includes(entry[0])),
    ),
  )
}

/** A name that is spelled wrong would be ignored in silence; so it is refused. */
function unknownNames(env: Environment): string[] {
  const known = [...settings, ...noticeSettings].map(({ name }) => name as string)
  return Object.keys(env)
    .filter((name) => name.startsWith('BIBBY_') && !known.includes(name))
    .toSorted()
    .map((name) => {
      const [near] = known.toSorted((a, b) => distance(name, a) - distance(name, b))
      const guess = near && distance(name, near) <= guessDistanceMax ? ` Did you mean ${near}?` : ''
      return `There is no setting ${shown(name)}.${guess}`
    })
}

/** Further away than this, a guess would be noise. */
const guessDistanceMax = 5
const nameShownMax = 60
const shown = (name: string) => name.replaceAll(/[^A-Za-z0-9_]/g, '?').slice(0, nameShownMax)
const unitOf = (name: Setting['name']) => settings.find((setting) => setting.name === name)?.unit ?? 'valid'

/** Levenshtein's: how many letters must be put in, taken out or changed. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...one.slice(0, nameShownMax)].entries()) {
    const next = [i + 1]
    for (const [j, wanted] of [...other].entries()) {
      const changed = (row[j] ?? 0) + (letter === wanted ? 0 : 1)
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

function path(text: string): string | undefined {
  return text === '' || text.includes('\0') ? undefined : resolve(text)
}

function host(text: string): string | undefined {
  return isIP(text) || /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text) ? text : undefined
}

function port(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
}

function whole(text: string, { min, max }: { min: number; max: number }): number | undefined {
  return /^\d{1,4}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined
}

function databaseAddress(text: string): string | undefined {
  return addressWith(text, ['postgresql:', 'postgres:'])
}

function webAddress(text: string): string | undefined {
  return addressWith(text, ['http:', 'https:'])
}

/** A code may go unencrypted within this machine only; and `fetch` takes no password in an address. */
function secretAddress(text: string): string | undefined {
  if (!webAddress(text)) return undefined
  const { protocol, hostname, username, password } = new URL(text)
  const isSafe = protocol === 'https:' || isThisMachine(hostname.replace(/^\[(.*)\]$/, '$1'))
  return isSafe && username === '' && password === '' ? text : undefined
}

function headerText(text: string): string | undefined {
  return /^[\x21-\x7e]{1,500}$/.test(text) ? text : undefined
}

function codeWebhook(url: string | undefined, token: string | undefined): CodeWebhook | undefined {
  return url === undefined ? undefined : { url, token }
}

/** Whether the text is the address of something on the web, as `--server` and BIBBY_SERVER take it. */
export function isWebAddress(text: string): boolean {
  return webAddress(text) !== undefined
}

function addressWith(text: string, protocols: readonly string[]): string | undefined {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol) ? text : undefined
}

const logLevels: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'silent']
function logLevel(text: string): LogLevel | undefined {
  return logLevels.includes(text) ? (text as LogLevel) : undefined
}

function yesOrNo(text: string): boolean | undefined {
  return text === 'yes' ? true : text === 'no' ? false : undefined
}

function proxies(text: string): string | false | undefined {
  return text === 'no' ? false : networks(text)?.join(',')
}

function networks(text: string): string[] | undefined {
  const parts = text.split(',').map((part) => part.trim())
  return parts.every(isNetwork) ? parts : undefined
}

function isNetwork(part: string): boolean {
  const [address = '', bits, ...rest] = part.split('/')
  const family = isIP(address)
  // A zone, as in fe80::1%eth0, is of one machine's network card.
  if (family === 0 || rest.length > 0 || address.includes('%')) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

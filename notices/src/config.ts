import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listed, parseAddress, written } from './address.ts'
import { noticeSettings, sharedSettings } from './settings.ts'

/** A mail server, and how it is spoken to. */
export type MailServer = {
  readonly host: string
  readonly port: number
  /** TLS from the first byte. */
  readonly secure: boolean
  /** Whether an unencrypted session must become encrypted before anything is sent. */
  readonly mustEncrypt: boolean
  readonly login?: { readonly user: string; readonly password: string }
}

/** What the operator set, checked and complete. Made by `readNoticeConfig`. */
export type NoticeConfig = {
  /** The data folder of the library; the notice service keeps its own things in `notices` below it. */
  readonly dataFolder: string
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Undefined: kept in a file of the notice folder. */
  readonly token: string | undefined
  /** Undefined: mail is caught. */
  readonly mailServer: MailServer | undefined
  readonly from: { readonly name: string; readonly address: string }
  /** Addresses and domains, in lower case; empty is anyone. */
  readonly onlyTo: readonly string[]
  readonly environment: 'development' | 'production'
  readonly logLevel: string
}

type Environment = Readonly<Record<string, string | undefined>>
const units = new Map([...noticeSettings, ...sharedSettings].map(({ name, unit }) => [name as string, unit]))
const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Reads the settings of the notice service. Gives every problem at once, in sentences that name the setting and never
 * its value: a value may be a password.
 */
export function readNoticeConfig(
  env: Environment = process.env,
): NoticeConfig | { readonly problems: string[] } {
  const problems = unknownNames(env)
  const take = <T>(name: string, otherwise: T, read: (text: string) => T | undefined): T => {
    const text = env[name]
    if (text === undefined) return otherwise
    const value = read(text.trim())
    if (value !== undefined) return value
    problems.push(`${name} must be ${units.get(name)}; ${text.trim() === '' ? 'it is empty' : 'it is not'}.`)
    return otherwise
  }
  const environment = take<NoticeConfig['environment']>('BIBBY_ENVIRONMENT', 'development', (text) =>
    text === 'development' || text === 'production' ? text : undefined,
  )
  const encrypt = take<boolean | undefined>('BIBBY_SMTP_TLS', undefined, yesOrNo)
  const config: NoticeConfig = {
    dataFolder: take('BIBBY_DATA', resolve(root, 'data'), (text) => (text ? resolve(text) : undefined)),
    host: take('BIBBY_NOTICE_HOST', '127.0.0.1', host),
    port: take('BIBBY_NOTICE_PORT', 8081, port),
    token: take<string | undefined>('BIBBY_NOTICE_TOKEN', undefined, token),
    mailServer: take<MailServer | undefined>('BIBBY_SMTP_URL', undefined, (text) =>
      mailServer(text, encrypt),
    ),
    from: take('BIBBY_MAIL_FROM', { name: 'Bibby', address: 'library@bibby.invalid' }, sender),
    onlyTo: take<readonly string[]>('BIBBY_MAIL_ONLY_TO', [], onlyTo),
    environment,
    logLevel: take('BIBBY_LOG_LEVEL', environment === 'production' ? 'info' : 'warn', logLevel),
  }
  problems.push(...contradictions(config, env))
  return problems.length > 0 ? { problems } : Object.freeze(config)
}

/** What is right by itself and wrong together. */
function contradictions({ mailServer: to, environment, onlyTo }: NoticeConfig, env: Environment): string[] {
  if (!to) return []
  const problems = []
  if (env.BIBBY_MAIL_FROM === undefined) {
    problems.push('BIBBY_MAIL_FROM must be set with BIBBY_SMTP_URL: no mail leaves without a sender.')
  }
  if (environment !== 'production' && onlyTo.length === 0 && !isThisMachine(to.host)) {
    problems.push(
      'BIBBY_SMTP_URL names a mail server that is not on this machine, and BIBBY_ENVIRONMENT is not production: a test system never mails the public. Take one on this machine, or say in BIBBY_MAIL_ONLY_TO who alone may get mail.',
    )
  }
  return problems
}

/** Names that can only be meant for this service; all others are the library’s business. */
function unknownNames(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => /^BIBBY_(?:SMTP|MAIL)_/.test(name) && !units.has(name))
    .toSorted()
    .map((name) => `There is no setting ${name.replaceAll(/[^A-Za-z0-9_]/g, '?').slice(0, 60)}.`)
}

/** Whether a host can only be this machine. */
export function isThisMachine(name: string): boolean {
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}

function mailServer(text: string, encrypt: boolean | undefined): MailServer | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, hostname, port: written, username, password, pathname, search } = new URL(text)
  const secure = protocol === 'smtps:'
  const isPlain = (pathname === '' || pathname === '/') && search === ''
  if ((!secure && protocol !== 'smtp:') || hostname === '' || !isPlain) return undefined
  const name = hostname.replace(/^\[(.*)\]$/, '$1')
  const user = decoded(username)
  const secret = decoded(password)
  if (user === undefined || secret === undefined) return undefined
  return {
    host: name,
    port: written === '' ? (secure ? 465 : 587) : Number(written),
    secure,
    mustEncrypt: !secure && (encrypt ?? !isThisMachine(name)),
    ...(user === '' ? {} : { login: { user, password: secret } }),
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function sender(text: string): NoticeConfig['from'] | undefined {
  const [, name = '', inside] = /^([^<>\p{Cc}]{0,200})<([^<>]{1,254})>$/u.exec(text) ?? []
  const address = parseAddress(inside ?? text)
  return address && { name: name.trim().replace(/^"(.*)"$/, '$1'), address: written(address) }
}

function onlyTo(text: string): string[] | undefined {
  const entries = text.split(',').map(listed)
  return entries.every((entry) => entry !== undefined) ? entries : undefined
}

function host(text: string): string | undefined {
  return isIP(text) || /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text) ? text : undefined
}

function port(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined
}

function token(text: string): string | undefined {
  return /^[A-Za-z0-9._~+/=-]{20,200}$/.test(text) ? text : undefined
}

const logLevels: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'silent']
function logLevel(text: string): string | undefined {
  return logLevels.includes(text) ? text : undefined
}

function yesOrNo(text: string): boolean | undefined {
  return text === 'yes' ? true : text === 'no' ? false : undefined
}

import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { MailServer } from './config.ts'
import type { Mail } from './mail.ts'

/** How long each part of a talk with a mail server may take. */
export type SmtpLimits = {
  /** Connect and greeting together, and each command up to DATA. */
  readonly stepMs: number
  /** All of it up to DATA, whatever the server does. */
  readonly beforeDataMs: number
  /** From the first byte of the mail to the server’s last word. Source: RFC 5321, 4.5.3.2.6 (minutes). */
  readonly dataMs: number
}

/** The limits that are used unless a test asks for others. */
export const smtpLimits: SmtpLimits = { stepMs: 2_000, beforeDataMs: 8_000, dataMs: 120_000 }

/**
 * How a send ended. `not-taken`: the mail server has nothing, and another time may be better. `unknown`: it had the
 * whole mail, or may have had it, and did not say what became of it. `words` are the server’s and may name an address.
 */
export type SendEnd =
  | { readonly end: 'sent' }
  | { readonly end: 'refused'; readonly words: string }
  | {
      readonly end: 'not-taken'
      readonly why: string
      readonly words?: string
      readonly isLost?: boolean
      /** `of-this-mail`: the server speaks of this mail or its mailbox, and takes others. `by-policy`: it may be all mail of ours. */
      readonly isPutOff?: 'of-this-mail' | 'by-policy'
    }
  | { readonly end: 'unknown'; readonly why: string }

/** One open talk with a mail server. */
export type SmtpSession = {
  readonly send: (mail: Mail, how: SendOptions) => Promise<SendEnd>
  /** Whether it can take another mail. */
  readonly isUsable: () => boolean
  /** Settles when it is over, whoever ended it. */
  readonly ended: Promise<unknown>
  readonly quit: () => void
  readonly close: () => void
}

/** What belongs to one send. */
export type SendOptions = {
  /** Awaited when the server wants the mail and before it gets the first byte; if it throws, nothing was sent. */
  readonly beforeContent: () => Promise<void>
  /** Aborted before the mail leaves: nothing is sent. */
  readonly signal: AbortSignal
  /** Aborted: do not wait for the server’s last word. */
  readonly hurry: AbortSignal
}

/** A mail server could not be reached or did not let us in. Nothing was given to it. */
export class MailServerUnavailableError extends Error {
  override readonly name = 'MailServerUnavailableError'
  readonly code = 'BIBBY_MAIL_SERVER_UNAVAILABLE'
}

/** Greets, encrypts and logs in. Throws MailServerUnavailableError. */
export async function openSession(
  server: MailServer,
  { limits, signal }: { limits: SmtpLimits; signal: AbortSignal },
): Promise<SmtpSession> {
  const connection = new SMTPConnection({
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: server.mustEncrypt,
    ignoreTLS: !server.mustEncrypt,
    connectionTimeout: limits.stepMs,
    greetingTimeout: limits.stepMs,
    dnsTimeout: limits.stepMs,
    // Of silence; it is lifted while a mail is under way.
    socketTimeout: limits.stepMs,
    socketCloseTimeout: 0,
    maxResponseSize: responseBytesMax,
    logger: false,
  })
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  // Some faults come as an event, and some as a callback.
  connection.on('error', failed.reject)
  const ended = new Promise((resolve) => connection.once('end', resolve))
  connection.once('end', () => setImmediate(failed.reject, new Error('The connection was closed.')))
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limits.beforeDataMs)])
  const giveUp = () => failed.reject(new Error('It took too long.'))
  limit.addEventListener('abort', giveUp, { once: true })
  try {
    if (limit.aborted) giveUp()
    const { login } = server
    await Promise.race([failed.promise, asPromise((done) => connection.connect(done))])
    if (login) {
      const auth = { user: login.user, pass: login.password }
      await Promise.race([failed.promise, asPromise((done) => connection.login(auth, done))])
    }
  } catch (error) {
    connection.close()
    throw new MailServerUnavailableError(plainly(error), { cause: error })
  } finally {
    limit.removeEventListener('abort', giveUp)
  }
  return {
    send: (mail, options) => send(connection, mail, { ...options, limits }),
    isUsable: () => !connection.destroyed,
    ended,
    quit: () => (connection.destroyed ? undefined : connection.quit()),
    close: () => connection.close(),
  }
}

/** More than any server has to say. */
const responseBytesMax = 64 * 1024

async function asPromise(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  start((error) => (error ? reject(error) : resolve()))
  await promise
}

/** What is known of how far a send has come. The mail can only have been taken once `hasContent`. */
type Progress = { hasContent: boolean }

/**
 * Gives one mail to the server. nodemailer asks for the content only when the server has answered DATA; so what fails
 * before the content was asked for was not taken, and what fails later without a word of the server is unknown.
 */
async function send(
  connection: SMTPConnection,
  mail: Mail,
  { beforeContent, signal, hurry, limits }: SendOptions & { limits: SmtpLimits },
): Promise<SendEnd> {
  const progress: Progress = { hasContent: false }
  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(() => undefined)
  const stop = (why: string) => () => stopped.reject(new Error(why))
  const beforeData = setTimeout(stop('The mail server took too long.'), limits.beforeDataMs)
  let inData: NodeJS.Timeout | undefined
  const stopBefore = stop('It was stopped before the mail left.')
  const stopNow = stop('It was stopped before the mail server had answered.')
  signal.addEventListener('abort', stopBefore, { once: true })
  hurry.addEventListener('abort', stopNow, { once: true })
  // What the server said last is told after the end.
  const onEnd = () => setImmediate(stop('The connection was closed.'))
  connection.once('end', onEnd)

  const content = Readable.from(
    (async function* () {
      await beforeContent()
      clearTimeout(beforeData)
      signal.removeEventListener('abort', stopBefore)
      if (signal.aborted || connection.destroyed) throw new Error('It was stopped before the mail left.')
      if (connection._socket) connection._socket.setTimeout(0)
      inData = setTimeout(stop('The mail server said nothing after the mail.'), limits.dataMs)
      progress.hasContent = true
      yield mail.content
    })(),
  )
  const envelope = { from: mail.from, to: [mail.to], size: mail.content.length }
  try {
    if (signal.aborted) stopBefore()
    const work = asPromise((done) => connection.send(envelope, content, done))
    work.catch(() => undefined)
    await Promise.race([stopped.promise, work])
    if (connection._socket) connection._socket.setTimeout(limits.stepMs)
    return { end: 'sent' }
  } catch (error) {
    // After a fault nobody knows what the two sides still mean to say to each other.
    connection.close()
    content.destroy()
    return endOf(error, progress)
  } finally {
    clearTimeout(beforeData)
    clearTimeout(inData)
    signal.removeEventListener('abort', stopBefore)
    hurry.removeEventListener('abort', stopNow)
    connection.removeListener('end', onEnd)
  }
}

/** What a fault of nodemailer’s means for the mail. */
type Fault = Error & { code?: string; command?: string; response?: unknown; responseCode?: number }

function endOf(error: unknown, { hasContent }: Progress): SendEnd {
  const { code, command, response, responseCode = 0 } = error as Fault
  const words = typeof response === 'string' ? response : undefined
  const said = responseCode >= 400 && responseCode < 600 ? responseCode : undefined
  const why = plainly(error)
  if (hasContent && said === undefined) return { end: 'unknown', why }
  const isTooLarge = code === 'EMESSAGE' && command === 'MAIL FROM'
  if (isTooLarge) return { end: 'refused', words: words ?? 'The mail is larger than the mail server takes.' }
  if (said !== undefined && isFinal(said, { command, words }))
    return { end: 'refused', words: words ?? String(said) }
  const isPutOff = said === undefined ? undefined : putOffBy(said, { command, words })
  const isLost = said === undefined && !hasContent
  return { end: 'not-taken', why, ...(words ? { words } : {}), isLost, ...(isPutOff ? { isPutOff } : {}) }
}

type Said = { readonly command: string | undefined; readonly words: string | undefined }

function putOffBy(said: number, { command, words }: Said) {
  if (!atMail.has(command ?? '') || ofTheTalk.has(said)) return undefined
  if (isPolicy(words)) return 'by-policy'
  return ofOneMail.has(said) ? 'of-this-mail' : undefined
}

/**
 * A policy refuses who sends, more often than what is sent: a blocklist, SPF, DKIM, the name of the host. That passes, and
 * until then it refuses letter after letter. 17 and 18 say that the mailbox is another person’s by now.
 * Source: RFC 3463, 3.8; RFC 7372; RFC 7293, 5.
 */
function isPolicy(words = ''): boolean {
  const [, detail] = /^5\d\d[ -]5\.7\.(\d{1,3})\b/.exec(words) ?? []
  return detail !== undefined && detail !== '17' && detail !== '18'
}

/** Greylisting, a mailbox that is locked or full. Source: RFC 5321, 4.2.3; RFC 6647. */
const ofOneMail = new Set([450, 451, 452])
const atMail = new Set(['RCPT TO', 'DATA'])

/**
 * Said of the talk, not of the mail: out of order, or we must log in or encrypt first. Whoever asks again after the
 * settings are mended is heard. Source: RFC 5321, 4.2.3; RFC 4954, 6.
 */
const ofTheTalk = new Set([503, 530, 534, 535, 538])

/** A sender who is refused is refused for all mail (552: this one is too large). */
function isFinal(said: number, { command, words }: Said): boolean {
  if (said < 500 || ofTheTalk.has(said) || isPolicy(words)) return false
  return atMail.has(command ?? '') || said === 552
}

/** What went wrong, in words that name no address: never the mail server’s own. */
function plainly(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown fault'
  const { code, command, responseCode } = error as Fault
  if (responseCode !== undefined) return `The mail server said ${responseCode} to ${command ?? 'a command'}.`
  return code === undefined ? error.message : `${code} at ${command ?? 'the connection'}`
}

import type { MailServer } from './config.ts'
import type { Mail } from './mail.ts'
import {
  MailServerUnavailableError,
  openSession,
  type SendEnd,
  type SendOptions,
  type SmtpLimits,
  type SmtpSession,
} from './smtp-session.ts'

/** The way to one mail server, over connections that are kept for the next mail. */
export type MailPool = {
  readonly send: (mail: Mail, options: SendOptions) => Promise<SendEnd>
  /** Whether it lets us in now; undefined is yes. */
  readonly look: (signal: AbortSignal) => Promise<string | undefined>
  readonly close: () => void
}

type Kept = { readonly session: SmtpSession; mails: number; timer?: NodeJS.Timeout }

/** Some servers refuse more on one connection. */
const mailsPerConnectionMax = 100
/** Less than what a session may be silent; see `stepMs`. */
const idleMs = 1_500

/** Opens the way to a mail server. Nothing is connected before the first mail. How many at once is the caller’s to bound. */
export function openMailPool(server: MailServer, limits: SmtpLimits): MailPool {
  const idle: Kept[] = []
  const drop = (kept: Kept) => {
    clearTimeout(kept.timer)
    const at = idle.indexOf(kept)
    if (at >= 0) idle.splice(at, 1)
  }
  const keep = (kept: Kept) => {
    if (!kept.session.isUsable()) return
    if (kept.mails >= mailsPerConnectionMax) return kept.session.quit()
    kept.timer = setTimeout(() => {
      drop(kept)
      kept.session.quit()
    }, idleMs).unref()
    idle.push(kept)
  }
  const take = (): Kept | undefined => {
    const kept = idle.at(-1)
    if (kept) drop(kept)
    return kept
  }
  const open = async (signal: AbortSignal): Promise<Kept> => {
    const kept: Kept = { session: await openSession(server, { limits, signal }), mails: 0 }
    kept.session.ended.then(() => drop(kept))
    return kept
  }
  const sendBy = async (kept: Kept, mail: Mail, options: SendOptions): Promise<SendEnd> => {
    kept.mails += 1
    const end = await kept.session.send(mail, options)
    keep(kept)
    return end
  }
  return {
    send: async (mail, options) => {
      const kept = take()
      if (kept) {
        const end = await sendBy(kept, mail, options)
        // The server had closed the kept connection; that says nothing about this mail.
        if (end.end !== 'not-taken' || !end.isLost || options.signal.aborted) return end
      }
      try {
        return await sendBy(await open(options.signal), mail, options)
      } catch (error) {
        if (error instanceof MailServerUnavailableError) return { end: 'not-taken', why: error.message }
        throw error
      }
    },
    look: async (signal) => {
      try {
        keep(take() ?? (await open(signal)))
        return undefined
      } catch (error) {
        if (error instanceof MailServerUnavailableError) return error.message
        throw error
      }
    },
    close: () => {
      for (const kept of [...idle]) {
        drop(kept)
        kept.session.quit()
      }
    },
  }
}

import { hostname } from 'node:os'
import type { Config } from '../config/config.ts'
import type { Delivery } from './outbox.ts'

/** Sends one mail. It has the same Message-ID each time that it is tried. */
export async function sendMail(
  config: Config,
  { id, address, subject, body, leave }: Delivery,
): Promise<void> {
  const { mail } = config
  if (!mail) throw new Error('No mail server is set.')
  // Loaded when needed: a page without mail runs on Node alone.
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    host: mail.host,
    port: mail.port,
    secure: mail.secure,
    requireTLS: mail.login !== null && !mail.secure,
    ...(mail.login ? { auth: { user: mail.login.user, pass: config.secretAt(mail.login.password) } } : {}),
    connectionTimeout: mail.timeoutMs,
    greetingTimeout: mail.timeoutMs,
    socketTimeout: mail.timeoutMs,
    dnsTimeout: mail.timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    await transport.sendMail({
      from: { name: config.page.name, address: mail.from },
      to: { name: '', address },
      subject,
      text: leave === '' ? body : `${body}\n-- \nNo more mail: ${leave}\n`,
      messageId: `<${id}@${mail.from.split('@')[1] ?? hostname()}>`,
      headers: {
        'Auto-Submitted': 'auto-generated',
        ...(leave === ''
          ? {}
          : { 'List-Unsubscribe': `<${leave}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }),
      },
    })
  } finally {
    transport.close()
  }
}

/** Whether trying again is of no use: the mail server said so, or we did. */
export function isForGood(error: unknown): boolean {
  const {
    responseCode,
    command,
    isForGood: said,
  } = error as { responseCode?: number; command?: string; isForGood?: boolean }
  return said === true || (responseCode !== undefined && responseCode >= 500 && command === 'RCPT TO')
}

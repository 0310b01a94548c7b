import { createHmac } from 'node:crypto'
import MailComposer from 'nodemailer/lib/mail-composer'
import { type Address, written } from './address.ts'

/** A notice as it came: whom to tell what. */
export type Notice = {
  readonly id: string
  readonly to: { readonly email: string; readonly name?: string }
  readonly subject: string
  readonly text: string
  readonly html?: string
}

/** A mail, ready to be given to a mail server. */
export type Mail = { readonly from: string; readonly to: string; readonly content: Buffer }

/** The Message-ID of a notice: made from its id, so that a repeat is recognised wherever it arrives. */
export function messageIdOf(id: string, host: string): string {
  return `<${id}@${host}>`
}

/** What a notice says, as something that cannot be turned back: it tells whether two are the same, and no more. */
export function digestOf({ to, subject, text, html }: Notice, key: string): string {
  const said = JSON.stringify([to.email, to.name ?? '', subject, text, html ?? null])
  return createHmac('sha256', key).update(said).digest('base64url').slice(0, 27)
}

/** Writes the mail of a notice. */
export async function writeMail(
  { to, subject, text, html }: Notice,
  {
    address,
    from,
    messageId,
    date,
  }: { address: Address; from: { name: string; address: string }; messageId: string; date: Date },
): Promise<Mail> {
  const composer = new MailComposer({
    from,
    to: { name: to.name ?? '', address: written(address) },
    subject,
    text,
    ...(html === undefined ? {} : { html }),
    messageId,
    date,
    // Out-of-office answers stay away. Source: RFC 3834, 5.
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const content = await composer.compile().build()
  return { from: from.address, to: written(address), content }
}

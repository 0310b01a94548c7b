import type { CodeMessage } from '@bibby/guard/host.ts'
import { worded } from '../language/worded.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** One message for one person, sent at once and kept nowhere on its way: it may hold a code. */
export type DirectMail = {
  readonly id: string
  /** `email` is empty for whoever has none. */
  readonly to: { readonly email: string; readonly name: string; readonly login: string }
  readonly subject: string
  readonly text: string
}

/** Sends it, or says why it did not go out, as a message that is kept (`worded`). Nothing is tried again later: a late code is of no use. */
export type SendDirect = (mail: DirectMail) => Promise<
  | {
      readonly sent: true
      /** Where the person finds it. Default: in their mailbox. */
      readonly sentTo?: string
    }
  | { readonly notSentBecause: string }
>

/** Where nothing was set up that could send. */
export const sendNothing: SendDirect = async () => ({
  notSentBecause: worded('code-unsent.no-mail'),
})

/** Sends the code of an operation to the member of staff who asked for it. */
export async function sendCode(
  db: { readonly rows: Rows },
  send: SendDirect,
  { to, code, until, operationId, phrase }: CodeMessage,
): Promise<{ readonly sentTo: string } | { readonly notSentBecause: string }> {
  const id = Number(/^staff:(\d{1,15})$/.exec(to)?.[1] ?? 0)
  const [person] = await db.rows<DirectMail['to']>(sql`
    select name, email, login from staff where id = ${id} and deleted_at is null
  `)
  if (!person) return { notSentBecause: worded('code-unsent.no-staff') }
  const told = await send({
    id: crypto.randomUUID(),
    to: person,
    subject: `Code to confirm: ${phrase}`,
    text: [
      `Hello ${person.name},`,
      '',
      `to confirm "${phrase}" type this code:`,
      '',
      `    ${code.slice(0, 4)}-${code.slice(4)}`,
      '',
      `It holds until ${until.toISOString().slice(11, 16)} UTC, for operation ${operationId}.`,
      'If you did not ask for it, somebody works with your account: stop the operation and change your password.',
      '',
    ].join('\n'),
  })
  return 'sent' in told ? { sentTo: told.sentTo ?? hinted(person.email) } : told
}

/** `a***@example.org`: enough to know which mailbox to open. */
function hinted(email: string): string {
  const at = email.lastIndexOf('@')
  return `${email.slice(0, 1)}***${at < 0 ? '' : email.slice(at)}`
}

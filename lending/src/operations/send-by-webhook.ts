import { worded } from '../language/worded.ts'
import type { SendDirect } from './send-code.ts'

/** Where codes are posted to, and what they are known by there. */
export type CodeWebhook = { readonly url: string; readonly token: string | undefined }

/** A code that comes later is of little use. */
const answerMs = 10_000

/**
 * Posts a message as JSON to an address of the operator's: `{id, to: {login, name, email}, subject, text}`. One call, and no
 * second one; any 2xx says that it is on its way to the person. No other address is followed: the message holds a code.
 */
export function sendByWebhook({ url, token }: CodeWebhook): SendDirect {
  return async (message) => {
    let answer: Response
    try {
      answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(message),
        redirect: 'error',
        signal: AbortSignal.timeout(answerMs),
      })
      await answer.body?.cancel()
    } catch {
      return { notSentBecause: worded('code-unsent.webhook-silent') }
    }
    if (answer.ok) return { sent: true, sentTo: 'the webhook for codes' }
    return { notSentBecause: worded('code-unsent.webhook-answered', { status: String(answer.status) }) }
  }
}

import { worded } from '../language/worded.ts'
import type { NoticeService } from '../notice-service.ts'
import type { SendDirect } from './send-code.ts'

/** The mail must have left within this; a code that comes later is of little use. */
const deadlineMs = 8_000
/** The service answers somewhat after its own deadline, or not at all. */
const answerMs = deadlineMs + 2_000

/** Sends by the notice service, which keeps neither text nor address. One call, and no second one. */
export function sendBy(service: NoticeService): SendDirect {
  return async ({ to: { email, name }, ...mail }) => {
    const { url, token } = service
    if (email === '') return { notSentBecause: worded('code-unsent.no-address') }
    if (url === undefined) return { notSentBecause: worded('code-unsent.service-starting') }
    let answer: Response
    try {
      answer = await fetch(`${url}/api/v1/notifications`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ ...mail, to: { email, name }, deadlineMs }),
        signal: AbortSignal.timeout(answerMs),
      })
      await answer.body?.cancel()
    } catch {
      return { notSentBecause: worded('code-unsent.service-silent') }
    }
    // 504: the mail server had the mail, and did not say what became of it. It is most likely on its way.
    if (answer.status === 200 || answer.status === 504) return { sent: true }
    if (answer.status === 422) return { notSentBecause: worded('code-unsent.mail-server-refuses') }
    if (answer.status === 503) return { notSentBecause: worded('code-unsent.mail-server-busy') }
    return { notSentBecause: worded('code-unsent.service-answered', { status: String(answer.status) }) }
  }
}

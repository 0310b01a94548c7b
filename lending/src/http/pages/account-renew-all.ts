import type { FastifyRequest } from 'fastify'
import { loansOf } from '../../circulation/accounts.ts'
import { type RenewAsk, type Renewed, renew } from '../../circulation/renew.ts'
import type { RenewRefused } from '../../circulation/renew-refusal.ts'
import { type Html, html } from './html.ts'
import { whyNotRenewed } from './loan-list.ts'
import { notice } from './notice.ts'
import { act, type Served } from './serve-page.ts'
import type { Visit } from './visit.ts'
import { day } from './wording.ts'
import { workLink } from './work-line.ts'

/** More loans than this are neither shown nor renewed at once. */
export const loansMax = 200

/** What became of one loan. */
export type RenewalTold = { readonly title: string; readonly titleId: number } & (
  | Pick<Renewed, 'dueAt'>
  | { readonly refusal: RenewRefused }
)

/**
 * Renews every loan of a patron that can be, each for itself under the key of the form: sent twice, or sent once more
 * after it was cut off, each is renewed once and the answers are the same.
 */
export async function renewAll(
  served: Served,
  request: FastifyRequest,
  ask: Pick<RenewAsk, 'branchId'> & { readonly patronId: number },
): Promise<readonly RenewalTold[]> {
  const { db, clock } = served.library
  const loans = await loansOf(db, { patronId: ask.patronId, now: clock(), limit: loansMax })
  const told: RenewalTold[] = []
  for (const { loanId, title, titleId } of loans) {
    const outcome = await act(served, request, renew, { ...ask, loanId }, { part: loanId })
    const became =
      outcome.outcome === 'done'
        ? { dueAt: outcome.answer.dueAt }
        : { refusal: outcome.refusal as RenewRefused }
    told.push({ title, titleId, ...became })
  }
  return told
}

/** What became of each loan, as one notice. */
export function renewedAll(visit: Visit, told: readonly RenewalTold[]): Html {
  const { say } = visit
  const renewed = told.filter((each) => 'dueAt' in each).length
  const kept = told.length - renewed
  return notice(visit, kept === 0 ? 'good' : 'warn', {
    title: say(kept === 0 ? 'renewals.all' : 'renewals.some', { renewed, kept }),
    body: html`<ul>${told.map((each) => {
      const title = workLink(each)
      return html`<li>${
        'dueAt' in each
          ? say('renewals.until', { title, day: day(visit, each.dueAt) })
          : say('renewals.kept', { title, why: whyNotRenewed(visit, each.refusal) })
      }</li>`
    })}</ul>`,
  })
}

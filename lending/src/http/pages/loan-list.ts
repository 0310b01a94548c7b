import type { loansOf } from '../../circulation/accounts.ts'
import type { InTheWay } from '../../circulation/accounts-renewable.ts'
import type { RenewRefused } from '../../circulation/renew-refusal.ts'
import { refusalIn } from '../answers.ts'
import { buttonForm } from './form.ts'
import { type Html, html } from './html.ts'
import { tag } from './notice.ts'
import type { Visit } from './visit.ts'
import { day, daysAway } from './wording.ts'
import { workLink } from './work-line.ts'

/** An open loan as accounts give it. */
export type LoanRow = Awaited<ReturnType<typeof loansOf>>[number]

/** Open loans with their due dates, each with a button to renew it, or why it cannot be. */
export function loanList(
  visit: Visit,
  {
    loans,
    renewTo,
    fields = {},
    inTheWay = new Map(),
  }: {
    readonly loans: readonly LoanRow[]
    /** Where a form that renews is sent; none means that nothing can be renewed here. */
    readonly renewTo?: string | undefined
    readonly fields?: Readonly<Record<string, string | number>>
    /** What is known to stand in the way. Without it each loan has its button. */
    readonly inTheWay?: InTheWay
  },
): Html {
  const everywhere = inTheWayOfAll(loans, inTheWay)
  return html`${renewTo && everywhere && html`<p class="soft">${whyNotRenewed(visit, everywhere)}</p>`}
  <ul class="rows">${loans.map(
    (loan) => html`<li id="loan-${loan.loanId}">
      <div>
        <p class="work">${workLink(loan)}</p>
        <p class="under">${dueWords(visit, loan)} · <span class="code">${loan.barcode}</span>${
          loan.renewals > 0 &&
          html` · ${visit.say('loan.renewed-times', { count: loan.renewals, most: loan.renewalsMax })}`
        }</p>
      </div>
      ${renewTo && html`<div class="end">${renewal(visit, { loan, renewTo, fields, why: inTheWay.get(loan.loanId), isSaid: everywhere !== undefined })}</div>`}
    </li>`,
  )}</ul>`
}

/** When it is due, in words and as a day, and whether that is past. */
export function dueWords(visit: Visit, { dueAt, isOverdue }: Pick<LoanRow, 'dueAt' | 'isOverdue'>): Html {
  const when = { away: daysAway(visit, dueAt), day: day(visit, dueAt) }
  if (!isOverdue) return visit.say('loan.due', when)
  return visit.say('loan.overdue', { ...when, tag: (inside) => tag('bad', inside) })
}

/** Whether any of these loans can be renewed, as far as is known. */
export function anyRenewable(loans: readonly LoanRow[], inTheWay: InTheWay): boolean {
  return loans.some(({ loanId }) => !inTheWay.has(loanId))
}

function renewal(
  visit: Visit,
  {
    loan,
    renewTo,
    fields,
    why,
    isSaid,
  }: {
    readonly loan: LoanRow
    readonly renewTo: string
    readonly fields: Readonly<Record<string, string | number>>
    readonly why: RenewRefused | undefined
    readonly isSaid: boolean
  },
): Html | false {
  if (why) return !isSaid && html`<p class="soft small why">${whyNotRenewed(visit, why)}</p>`
  return buttonForm(visit, {
    action: renewTo,
    label: visit.say('loan.renew'),
    about: loan.title,
    fields: { ...fields, loanId: loan.loanId },
  })
}

/** Why a loan is not renewed, in few words. */
export function whyNotRenewed({ say }: Pick<Visit, 'say'>, { refused }: RenewRefused): string {
  switch (refused) {
    case 'hold-waits':
      return say('loan.not-renewed-hold-waits')
    case 'renewal-limit':
      return say('loan.not-renewed-limit')
    case 'due-date-not-later':
      return say('loan.not-renewed-yet')
    case 'patron-blocked':
      return say('loan.none-renewed-blocked')
    case 'patron-expired':
      return say('loan.none-renewed-expired')
    case 'patron-owes':
      return say('loan.none-renewed-owes')
    default:
      return refusalIn(say, refused).title
  }
}

/** What is about the patron stands in the way of every loan alike, and is said once. */
function inTheWayOfAll(loans: readonly LoanRow[], inTheWay: InTheWay): RenewRefused | undefined {
  const [first] = loans
  const why = first && inTheWay.get(first.loanId)
  return why?.refused.startsWith('patron-') ? why : undefined
}

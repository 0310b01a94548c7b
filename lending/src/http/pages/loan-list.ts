import type { loansOf } from '../../circulation/accounts.ts'
import { buttonForm } from './form.ts'
import { type Html, html } from './html.ts'
import { tag } from './notice.ts'
import type { Visit } from './visit.ts'
import { day } from './wording.ts'
import { workLink } from './work-line.ts'

/** An open loan as accounts give it. */
export type LoanRow = Awaited<ReturnType<typeof loansOf>>[number]

/** Open loans with their due dates, each with a button to renew it. */
export function loanList(
  visit: Visit,
  {
    loans,
    renewTo,
    fields = {},
  }: {
    readonly loans: readonly LoanRow[]
    /** Where a form that renews is sent; none means that nothing can be renewed here. */
    readonly renewTo?: string | undefined
    readonly fields?: Readonly<Record<string, string | number>>
  },
): Html {
  return html`<ul class="rows">${loans.map(
    (loan) => html`<li>
      <div>
        <p class="work">${workLink(loan)}</p>
        <p class="under">${dueWords(visit, loan)} · <span class="code">${loan.barcode}</span>${
          loan.renewals > 0 &&
          html` · ${visit.say('loan.renewed-times', { count: loan.renewals, most: loan.renewalsMax })}`
        }</p>
      </div>
      ${
        renewTo &&
        html`<div class="end">${buttonForm(visit, {
          action: renewTo,
          label: visit.say('loan.renew'),
          about: loan.title,
          fields: { ...fields, loanId: loan.loanId },
        })}</div>`
      }
    </li>`,
  )}</ul>`
}

/** When it is due, and whether that is past. */
export function dueWords(visit: Visit, { dueAt, isOverdue }: Pick<LoanRow, 'dueAt' | 'isOverdue'>): Html {
  const when = { day: day(visit, dueAt) }
  if (!isOverdue) return visit.say('loan.due', when)
  return visit.say('loan.overdue', { ...when, tag: (inside) => tag('bad', inside) })
}

import type { ReturnedLoan } from '../../circulation/history.ts'
import { carried, hidden } from './form.ts'
import { type Html, html } from './html.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { day } from './wording.ts'
import { authorNames, workLink } from './work-line.ts'

type Shown = {
  /** Whether the patron asked that it be kept. */
  readonly keeps: boolean
  readonly loans: readonly ReturnedLoan[]
  /** Where older ones are. */
  readonly older: string | undefined
  readonly isFirst: boolean
  readonly refusal: Refused | undefined
}

/** The returned loans that are still remembered, and the choice whether they shall be. */
export function historyView(visit: Visit, { keeps, loans, older, isFirst, refusal }: Shown): Html {
  const { say } = visit
  return html`<div class="stack">
    <p><a href="/account">${say('history.back')}</a></p>
    ${refusal && refusalNotice(visit, refusal)}
    <div class="columns">
      <section aria-labelledby="returned"><h2 id="returned" class="unseen">${say('history.returned')}</h2>
        ${
          loans.length === 0
            ? html`<p class="empty">${say(isFirst ? 'history.nothing' : 'history.nothing-older')}</p>`
            : html`<ol class="rows">${loans.map((loan) => loanRow(visit, loan))}</ol>`
        }
        ${older && html`<p class="more"><a class="button quiet" href="${older}" rel="next">${say('history.older')}</a></p>`}
      </section>
      ${choice(visit, keeps)}
    </div>
  </div>`
}

function loanRow(visit: Visit, loan: ReturnedLoan): Html {
  return html`<li><div>
    <p class="work">${workLink(loan)}</p>
    ${loan.authors.length > 0 && html`<p>${authorNames(visit, loan.authors)}</p>`}
    <p class="under">${visit.say('history.from-to', { from: day(visit, loan.lentAt), to: day(visit, loan.returnedAt) })} · ${loan.branchName}</p>
  </div></li>`
}

function choice(visit: Visit, keeps: boolean): Html {
  const { say } = visit
  const form = (label: string, className: string) =>
    html`<form method="post" action="/account/history">${hidden(visit)}${carried('keeps', keeps ? 'no' : 'yes')}
      <button class="button ${className}">${label}</button></form>`
  return html`<section class="panel quiet stack-tight" aria-labelledby="memory"><h2 id="memory">${say('account.memory')}</h2>${
    keeps
      ? html`<p>${say('account.keeps')}</p>
        <details><summary>${say('history.forget-them')}</summary>
          <p class="soft">${say('history.forget-warning')}</p>
          ${form(say('history.forget-them'), 'danger small')}</details>`
      : html`<p>${say('history.forgets')}</p>
        <p class="soft">${say('history.offer')}</p>
        ${form(say('history.keep-them'), 'quiet small')}`
  }</section>`
}

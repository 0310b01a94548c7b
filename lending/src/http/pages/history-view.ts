import type { ReturnedLoan } from '../../circulation/history.ts'
import { carried, hidden } from './form.ts'
import { type Html, html } from './html.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { type Visit, zoneOf } from './visit.ts'
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
  return html`<div class="stack">
    <p><a href="/account">Back to my account</a></p>
    ${refusal && refusalNotice(visit, refusal)}
    <div class="columns">
      <section aria-labelledby="returned"><h2 id="returned" class="unseen">Returned</h2>
        ${
          loans.length === 0
            ? html`<p class="empty">${isFirst ? 'Nothing that you returned is remembered.' : 'There is nothing older.'}</p>`
            : html`<ol class="rows">${loans.map((loan) => loanRow(visit, loan))}</ol>`
        }
        ${older && html`<p class="more"><a class="button quiet" href="${older}" rel="next">Older</a></p>`}
      </section>
      ${choice(visit, keeps)}
    </div>
  </div>`
}

function loanRow(visit: Visit, loan: ReturnedLoan): Html {
  const zone = zoneOf(visit)
  return html`<li><div>
    <p class="work">${workLink(loan)}</p>
    ${loan.authors.length > 0 && html`<p>${authorNames(loan.authors)}</p>`}
    <p class="under">${day(visit, loan.lentAt)} to ${day(visit, loan.returnedAt)} · ${loan.branchName}</p>
  </div></li>`
}

function choice(visit: Visit, keeps: boolean): Html {
  const form = (label: string, className: string) =>
    html`<form method="post" action="/account/history">${hidden(visit)}${carried('keeps', keeps ? 'no' : 'yes')}
      <button class="button ${className}">${label}</button></form>`
  return html`<section class="panel quiet stack-tight" aria-labelledby="memory"><h2 id="memory">What we remember</h2>${
    keeps
      ? html`<p>Your returned loans are kept for you, because you asked for it.</p>
        <details><summary>Forget them</summary>
          <p class="soft">All but the last weeks is forgotten within the hour, and cannot be brought back. From then on we forget what you return after some weeks.</p>
          ${form('Forget them', 'danger small')}</details>`
      : html`<p>Some weeks after you return a book, we forget that it was you who had it. Until then it stands here.</p>
        <p class="soft">If you want to look up later what you have read, we can keep it for you. You can change your mind at any time.</p>
        ${form('Keep them for me', 'quiet small')}`
  }</section>`
}

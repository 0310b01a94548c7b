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
  /** For how many days the library remembers what anybody returned. */
  readonly days: number
  readonly loans: readonly ReturnedLoan[]
  /** Where older ones are. */
  readonly older: string | undefined
  readonly isFirst: boolean
  readonly refusal: Refused | undefined
}

/** The returned loans that are still remembered, and the choice whether they shall be. */
export function historyView(visit: Visit, { keeps, days, loans, older, isFirst, refusal }: Shown): Html {
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
      ${choice(visit, { keeps, days })}
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

function choice(visit: Visit, { keeps, days }: Pick<Shown, 'keeps' | 'days'>): Html {
  const { say } = visit
  const facts = (names: readonly FactName[]) =>
    html`<dl class="facts stacked">${names.map(
      (name) =>
        html`<dt>${say(`history.${name}`)}</dt><dd>${say(`history.${name}.${keeps ? 'kept' : 'forgotten'}`, { days })}</dd>`,
    )}</dl>`
  return html`<section class="panel quiet stack-tight" aria-labelledby="memory"><h2 id="memory">${say('account.memory')}</h2>
    <p>${keeps ? say('account.keeps') : say('history.forgets', { days })}</p>
    ${facts(['what', 'who', 'until'])}
    ${keeps ? forgetting(visit, days) : html`<p class="soft">${say('history.offer')}</p>${keepForm(visit, { keeps: 'yes', label: say('history.keep-them'), className: 'quiet small' })}`}
  </section>`
}

type FactName = 'what' | 'who' | 'until'

function forgetting(visit: Visit, days: number): Html {
  const { say } = visit
  return html`<details><summary>${say('history.keep-no-more')}</summary><div class="stack-tight">
      <p class="soft">${say('history.keep-no-more-warning', { days })}</p>
      ${keepForm(visit, { keeps: 'no', label: say('history.keep-no-more'), className: 'danger small' })}</div></details>
    <details><summary>${say('history.forget-now')}</summary><div class="stack-tight">
      <p class="soft">${say('history.forget-now-warning', { days })}</p>
      <form method="post" action="/account/history/forget">${hidden(visit)}
        <button class="button danger small">${say('history.forget-now')}</button></form></div></details>`
}

function keepForm(
  visit: Visit,
  form: { readonly keeps: 'yes' | 'no'; readonly label: string; readonly className: string },
): Html {
  return html`<form method="post" action="/account/history">${hidden(visit)}${carried('keeps', form.keeps)}
    <button class="button ${form.className}">${form.label}</button></form>`
}

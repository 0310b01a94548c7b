import type { owes } from '../../circulation/accounts.ts'
import type { Patron } from '../../patrons/patron.ts'
import { answerTo } from '../answers.ts'
import type { AccountTold } from './account-page.ts'
import { fineList } from './fine-list.ts'
import { buttonForm } from './form.ts'
import { type HoldRow, holdList } from './hold-list.ts'
import { type Html, html } from './html.ts'
import { type LoanRow, loanList } from './loan-list.ts'
import { notice } from './notice.ts'
import { receiptsPanel } from './receipts-panel.ts'
import { refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { counted, day } from './wording.ts'

/** A patron's own page. */
export function accountView(
  visit: Visit,
  {
    patron,
    loans,
    holds,
    owed,
    told,
  }: {
    readonly patron: Patron
    readonly loans: readonly LoanRow[]
    readonly holds: readonly HoldRow[]
    readonly owed: Awaited<ReturnType<typeof owes>>
    readonly told: AccountTold
  },
): Html {
  return html`<div class="stack">
    ${told.refusal && refusalNotice(visit, told.refusal)}
    ${told.all && renewedAll(told.all)}
    ${
      patron.blockedBecause !== null &&
      notice(visit, 'bad', {
        title: 'Your card is blocked.',
        body: html`<p><bdi>${patron.blockedBecause}</bdi></p><p>Please speak to the desk.</p>`,
      })
    }
    <div class="columns">
      <div>
        <section class="section" aria-labelledby="loans">
          <div class="page-head"><h2 id="loans">${loans.length === 0 ? 'Loans' : counted(loans.length, 'loan')}</h2>${
            loans.length > 1 &&
            buttonForm(visit, { action: '/account/renew-all', label: 'Renew all', className: '' })
          }</div>
          ${loans.length === 0 ? html`<p class="empty">Nothing on loan. <a href="/">Find something to read.</a></p>` : loanList(visit, { loans, renewTo: '/account/renew' })}
        </section>
        <section class="section" aria-labelledby="holds">
          <h2 id="holds">${holds.length === 0 ? 'Holds' : counted(holds.length, 'hold')}</h2>
          ${holds.length === 0 ? html`<p class="empty">You wait for nothing.</p>` : holdList(visit, { holds, path: '/account/holds' })}
        </section>
      </div>
      <div class="stack">
        <section class="panel stack-tight" aria-label="Your card">
          <h2><bdi dir="auto">${patron.givenName} ${patron.familyName}</bdi></h2>
          <dl class="facts">
            <dt>Card</dt><dd class="code">${patron.card}</dd>
            <dt>Valid until</dt><dd>${day(visit, patron.expiresOn)}</dd>
            <dt>Branch</dt><dd>${patron.branchName}</dd>
          </dl>
          <p><a href="/me">Password and sign-ins</a></p>
        </section>
        <section class="panel stack-tight" aria-labelledby="fines"><h2 id="fines">Fines</h2>${fineList(visit, owed)}</section>
        <section class="panel quiet stack-tight" aria-labelledby="memory">
          <h2 id="memory">What we remember</h2>
          <p class="soft">${
            patron.keepsHistory
              ? 'Your returned loans are kept for you, because you asked for it.'
              : 'Some weeks after you return a book, we forget that it was you who had it.'
          }</p>
          <p><a href="/account/history">What you returned</a></p>
        </section>
        ${receiptsPanel(visit, { patron, action: '/account/receipts' })}
      </div>
    </div>
  </div>`
}

function renewedAll({ renewed, kept }: NonNullable<AccountTold['all']>): Html {
  return notice(visit, 'warn', {
    title: `${counted(renewed, 'loan')} renewed, ${kept.length} not.`,
    body: html`<ul>${kept.map(
      ({ title, refusal }) =>
        html`<li><bdi dir="auto">${title}</bdi>: ${answerTo(refusal.refused).title}</li>`,
    )}</ul>`,
  })
}

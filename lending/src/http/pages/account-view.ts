import type { owes } from '../../circulation/accounts.ts'
import type { Patron } from '../../patrons/patron.ts'
import { refusalIn } from '../answers.ts'
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
import { day } from './wording.ts'

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
  const { say } = visit
  return html`<div class="stack">
    ${told.refusal && refusalNotice(visit, told.refusal)}
    ${told.all && renewedAll(visit, told.all)}
    ${
      patron.blockedBecause !== null &&
      notice(visit, 'bad', {
        title: say('account.blocked'),
        body: html`<p><bdi>${patron.blockedBecause}</bdi></p><p>${say('account.blocked-next')}</p>`,
      })
    }
    <div class="columns">
      <div>
        <section class="section" aria-labelledby="loans">
          <div class="page-head"><h2 id="loans">${say('account.loans', { count: loans.length })}</h2>${
            loans.length > 1 &&
            buttonForm(visit, {
              action: '/account/renew-all',
              label: say('account.renew-all'),
              className: '',
            })
          }</div>
          ${loans.length === 0 ? html`<p class="empty">${say('account.no-loans', { link: (inside) => html`<a href="/">${inside}</a>` })}</p>` : loanList(visit, { loans, renewTo: '/account/renew' })}
        </section>
        <section class="section" aria-labelledby="holds">
          <h2 id="holds">${say('account.holds', { count: holds.length })}</h2>
          ${holds.length === 0 ? html`<p class="empty">${say('account.no-holds')}</p>` : holdList(visit, { holds, path: '/account/holds' })}
        </section>
      </div>
      <div class="stack">
        <section class="panel stack-tight" aria-label="${say('account.your-card')}">
          <h2><bdi dir="auto">${patron.givenName} ${patron.familyName}</bdi></h2>
          <dl class="facts">
            <dt>${say('patron.card')}</dt><dd class="code">${patron.card}</dd>
            <dt>${say('patron.valid-until')}</dt><dd>${day(visit, patron.expiresOn)}</dd>
            <dt>${say('patron.branch')}</dt><dd>${patron.branchName}</dd>
          </dl>
          <p><a href="/me">${say('account.password-and-sign-ins')}</a></p>
        </section>
        <section class="panel stack-tight" aria-labelledby="fines"><h2 id="fines">${say('account.fines')}</h2>${fineList(visit, owed)}</section>
        <section class="panel quiet stack-tight" aria-labelledby="memory">
          <h2 id="memory">${say('account.memory')}</h2>
          <p class="soft">${say(patron.keepsHistory ? 'account.keeps' : 'account.forgets')}</p>
          <p><a href="/account/history">${say('account.what-you-returned')}</a></p>
        </section>
        ${receiptsPanel(visit, { patron, action: '/account/receipts' })}
      </div>
    </div>
  </div>`
}

function renewedAll(visit: Visit, { renewed, kept }: NonNullable<AccountTold['all']>): Html {
  return notice(visit, 'warn', {
    title: visit.say('account.renewed-some', { renewed, kept: kept.length }),
    body: html`<ul>${kept.map(
      ({ title, refusal }) =>
        html`<li><bdi dir="auto">${title}</bdi>: ${refusalIn(visit.say, refusal.refused).title}</li>`,
    )}</ul>`,
  })
}

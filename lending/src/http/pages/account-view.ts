import type { Patron } from '../../patrons/patron.ts'
import { noticesPanel } from './account-notices.ts'
import type { AccountTold } from './account-page.ts'
import type { Account } from './account-read.ts'
import { renewedAll } from './account-renew-all.ts'
import { barcodeImage, barcodeOf } from './barcode-image.ts'
import { fullName } from './desk-view.ts'
import { fineList } from './fine-list.ts'
import { buttonForm } from './form.ts'
import { holdList } from './hold-list.ts'
import { type Html, html } from './html.ts'
import { anyRenewable, loanList } from './loan-list.ts'
import { notice } from './notice.ts'
import { refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { day } from './wording.ts'

/** A code that is longer has a page of its own. */
const besideOthers = { along: 290, across: 0 }

type Shown = { readonly patron: Patron; readonly account: Account; readonly told: AccountTold }

/** A patron's own page. */
export function accountView(visit: Visit, shown: Shown): Html {
  const { patron, account, told } = shown
  const { say } = visit
  return html`<div class="stack">
    ${told.refusal && refusalNotice(visit, told.refusal)}
    ${told.renewals && renewedAll(visit, told.renewals)}
    ${
      patron.blockedBecause !== null &&
      notice(visit, 'bad', {
        title: say('account.blocked'),
        body: html`<p><bdi>${patron.blockedBecause}</bdi></p><p>${say('account.blocked-next')}</p>`,
      })
    }
    <div class="columns">
      <div>${loansSection(visit, account)}${holdsSection(visit, account)}</div>
      <div class="stack">
        ${cardPanel(visit, patron)}
        <section class="panel stack-tight" aria-labelledby="fines"><h2 id="fines">${say('account.fines')}</h2>${fineList(visit, account.owed)}</section>
        ${memoryPanel(visit, patron)}
        ${noticesPanel(visit, { patron, action: '/account/notices' })}
      </div>
    </div>
  </div>`
}

function loansSection(visit: Visit, { loans, inTheWay }: Account): Html {
  const { say } = visit
  return html`<section class="section" aria-labelledby="loans">
    <div class="section-head"><h2 id="loans">${say('account.loans', { count: loans.length })}</h2>${
      loans.length > 1 &&
      anyRenewable(loans, inTheWay) &&
      buttonForm(visit, { action: '/account/renew-all', label: say('account.renew-all'), className: 'small' })
    }</div>
    ${
      loans.length === 0
        ? html`<p class="empty">${say('account.no-loans', { link: (inside) => html`<a href="/">${inside}</a>` })}</p>`
        : loanList(visit, { loans, inTheWay, renewTo: '/account/renew' })
    }
  </section>`
}

function holdsSection(visit: Visit, { holds, estimates, places }: Account): Html {
  const { say } = visit
  return html`<section class="section" aria-labelledby="holds">
    <h2 id="holds">${say('account.holds', { count: holds.length })}</h2>
    ${
      holds.length === 0
        ? html`<p class="empty">${say('account.no-holds')}</p>`
        : holdList(visit, { holds, estimates, places, path: '/account/holds' })
    }
  </section>`
}

function cardPanel(visit: Visit, patron: Patron): Html {
  const { say } = visit
  const shape = barcodeOf(patron.card, besideOthers)
  const bars = shape && barcodeImage(say('card.barcode-of', { card: patron.card }), shape)
  return html`<section class="panel stack-tight" aria-label="${say('account.your-card')}">
    <h2><bdi dir="auto">${fullName(patron)}</bdi></h2>
    ${bars && html`<div class="card-face">${bars}<p class="card-number code">${patron.card}</p></div>`}
    <dl class="facts">
      ${!bars && html`<dt>${say('patron.card')}</dt><dd class="code">${patron.card}</dd>`}
      <dt>${say('patron.valid-until')}</dt><dd>${day(visit, patron.expiresOn)}</dd>
      <dt>${say('patron.branch')}</dt><dd><bdi>${patron.branchName}</bdi></dd>
    </dl>
    <p><a href="/account/card">${say('account.card-large')}</a></p>
    <p><a href="/me">${say('account.password-and-sign-ins')}</a></p>
  </section>`
}

function memoryPanel({ say }: Visit, { keepsHistory }: Patron): Html {
  return html`<section class="panel quiet stack-tight" aria-labelledby="memory">
    <h2 id="memory">${say('account.memory')}</h2>
    <p class="soft">${say(keepsHistory ? 'account.keeps' : 'account.forgets')}</p>
    <p><a href="/account/history">${say('account.what-you-returned')}</a></p>
  </section>`
}

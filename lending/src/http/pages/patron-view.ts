import type { PatronCategory } from '../../circulation/places.ts'
import type { Patron } from '../../patrons/patron.ts'
import { may } from '../../staff/permission.ts'
import { noticesPanel } from './account-notices.ts'
import type { Account } from './account-read.ts'
import { renewedAll } from './account-renew-all.ts'
import { address } from './address.ts'
import { fineList } from './fine-list.ts'
import { flawTexts } from './flaw-text.ts'
import { buttonForm, carried, hidden, textField } from './form.ts'
import { holdList } from './hold-list.ts'
import { type Html, html } from './html.ts'
import { anyRenewable, loanList } from './loan-list.ts'
import { notice, tag } from './notice.ts'
import { patronFields } from './patron-fields.ts'
import type { PatronTold } from './patron-page.ts'
import { refusalNotice } from './refusal-notice.ts'
import { saidText } from './said.ts'
import { currencyOf, type Visit, zoneOf } from './visit.ts'
import { day, money, todayIn } from './wording.ts'

type Shown = {
  readonly patron: Patron
  readonly account: Account
  readonly categories: readonly PatronCategory[]
  readonly told: PatronTold
}

/** A patron as staff see them. */
export function patronView(visit: Visit, shown: Shown): Html {
  const { patron, told } = shown
  const path = `/patrons/${patron.patronId}`
  const { say } = visit
  const said = saidText(visit)
  return html`<div class="page-head">
    <div><h1><bdi dir="auto">${patron.givenName} ${patron.familyName}</bdi></h1><p>${standing(visit, patron)}</p></div>
    <div class="actions">${may(visit.who, 'lend') && html`<a class="button" href="${address('/desk', { card: patron.card })}">${say('patron.lend')}</a>`}</div>
  </div>
  <div class="stack">
    ${said && notice(visit, 'good', { title: said })}
    ${told.refusal && refusalNotice(visit, told.refusal)}
    ${told.renewals && renewedAll(visit, told.renewals)}
    <div class="columns">
      <div>
        ${loansSection(visit, shown)}
        ${holdsSection(visit, shown)}
        ${may(visit.who, 'patron-write') && editSection(visit, shown)}
      </div>
      <div class="stack">
        ${cardPanel(visit, patron)}
        ${finesPanel(visit, shown)}
        ${may(visit.who, 'patron-write') && cardActions(visit, patron)}
        ${may(visit.who, 'patron-write') && noticesPanel(visit, { patron, action: `${path}/notices` })}
      </div>
    </div>
  </div>`
}

function loansSection(visit: Visit, { patron, account }: Shown): Html {
  const { say, who } = visit
  const { loans, inTheWay } = account
  const path = `/patrons/${patron.patronId}`
  const mayRenew = may(who, 'renew')
  return html`<section class="section" aria-labelledby="loans">
    <div class="section-head"><h2 id="loans">${say('patron.loans', { count: loans.length })}</h2>${
      mayRenew &&
      loans.length > 1 &&
      anyRenewable(loans, inTheWay) &&
      buttonForm(visit, { action: `${path}/renew-all`, label: say('patron.renew-all') })
    }</div>
    ${
      loans.length === 0
        ? html`<p class="empty">${say('patron.no-loans')}</p>`
        : loanList(visit, { loans, inTheWay, renewTo: mayRenew ? `${path}/renew` : undefined })
    }
  </section>`
}

function holdsSection(visit: Visit, { patron, account }: Shown): Html {
  const { holds, estimates, places } = account
  return html`<section class="section" aria-labelledby="holds">
    <h2 id="holds">${visit.say('patron.holds', { count: holds.length })}</h2>
    ${
      holds.length === 0
        ? html`<p class="empty">${visit.say('patron.no-holds')}</p>`
        : holdList(visit, { holds, estimates, places, path: `/patrons/${patron.patronId}/holds` })
    }
  </section>`
}

function standing(visit: Visit, patron: Patron): Html {
  const { say } = visit
  const today = todayIn(zoneOf(visit), visit.now)
  const tags = [
    patron.blockedBecause !== null &&
      html`${tag('bad', say('patron.blocked'))} <bdi>${patron.blockedBecause}</bdi>`,
    patron.expiresOn < today && tag('warn', say('patron.card-expired')),
    patron.owesCents > 0 && tag('warn', say('patron.owes', { amount: money(visit, patron.owesCents) })),
    patron.protected && tag('plain', say('patron.protected')),
  ].filter(Boolean)
  return tags.length === 0
    ? tag('good', say('patron.good-standing'))
    : html`${tags.map((each) => html`${each} `)}`
}

function cardPanel(visit: Visit, patron: Patron): Html {
  const { say } = visit
  return html`<section class="panel" aria-label="${say('patron.card-panel')}"><dl class="facts">
    <dt>${say('patron.card')}</dt><dd class="code">${patron.card}</dd>
    <dt>${say('patron.category')}</dt><dd>${patron.categoryName}</dd>
    <dt>${say('patron.branch')}</dt><dd>${patron.branchName}</dd>
    <dt>${say('patron.valid-until')}</dt><dd>${day(visit, patron.expiresOn)}</dd>
    ${patron.email && html`<dt>${say('patron.email')}</dt><dd>${emailText(patron.email)}</dd>`}
    ${patron.phone && html`<dt>${say('patron.phone')}</dt><dd>${patron.phone}</dd>`}
    ${patron.address && html`<dt>${say('patron.address')}</dt><dd dir="auto">${patron.address}</dd>`}
    ${patron.note && html`<dt>${say('patron.note')}</dt><dd dir="auto">${patron.note}</dd>`}
    <dt>${say('patron.password')}</dt><dd>${say(patron.hasPassword ? 'patron.password-set' : 'patron.password-none')}</dd>
  </dl></section>`
}

/** Where it is too long for its place, an address breaks before its @. */
function emailText(email: string): Html {
  const at = email.lastIndexOf('@')
  return at < 1 ? html`${email}` : html`${email.slice(0, at)}<wbr>${email.slice(at)}`
}

function finesPanel(visit: Visit, { patron, account: { owed } }: Shown): Html {
  const { say } = visit
  const path = `/patrons/${patron.patronId}`
  const amount = (id: string) =>
    textField({
      name: 'amount',
      id,
      label: say('patron.amount-in', { currency: currencyOf(visit) }),
      value: (owed.cents / 100).toFixed(2),
      max: 10,
      required: true,
      className: 'narrow',
    })
  return html`<section class="panel stack-tight" aria-labelledby="fines"><h2 id="fines">${say('patron.fines')}</h2>
    ${fineList(visit, owed)}
    ${
      owed.cents > 0 &&
      may(visit.who, 'fine-take') &&
      html`<form class="inline-form" method="post" action="${path}/pay">${hidden(visit)}${amount('pay-amount')}<button class="button">${say('patron.take-payment')}</button></form>`
    }
    ${
      owed.cents > 0 &&
      may(visit.who, 'fine-waive') &&
      html`<details><summary>${say('patron.waive')}</summary><form class="form" method="post" action="${path}/waive">${hidden(visit)}
        ${amount('waive-amount')}${textField({ name: 'reason', id: 'waive-reason', label: say('patron.because'), max: 500, required: true })}
        <div><button class="button danger">${say('patron.waive')}</button></div></form></details>`
    }
  </section>`
}

function cardActions(visit: Visit, patron: Patron): Html {
  const { say } = visit
  const path = `/patrons/${patron.patronId}`
  return html`<section class="panel quiet stack-tight" aria-labelledby="card-actions"><h2 id="card-actions">${say('patron.card-panel')}</h2>
    <form class="inline-form" method="post" action="${path}/extend">${hidden(visit)}
      ${textField({ name: 'until', label: say('patron.valid-until'), type: 'date', value: yearLater(patron.expiresOn, todayIn(zoneOf(visit), visit.now)), required: true })}
      <button class="button quiet">${say('patron.extend')}</button></form>
    <details><summary>${say(patron.hasPassword ? 'patron.set-another-password' : 'patron.set-a-password')}</summary>
      <form class="inline-form" method="post" action="${path}/password">${hidden(visit)}
        ${textField({ name: 'password', label: say('patron.new-password'), type: 'password', autocomplete: 'new-password', required: true })}
        <button class="button quiet">${say('patron.set-password')}</button></form></details>
    ${
      patron.blockedBecause === null
        ? html`<details><summary>${say('patron.block')}</summary><form class="form" method="post" action="${path}/block">${hidden(visit)}
          ${textField({ name: 'because', label: say('patron.because'), max: 500, required: true, hint: say('patron.block-hint') })}
          <div><button class="button danger">${say('patron.block')}</button></div></form></details>`
        : buttonForm(visit, { action: `${path}/unblock`, label: say('patron.unblock'), className: 'quiet' })
    }
    <p><a href="${path}/merge">${say('patron.merge-into')}</a></p>
    ${may(visit.who, 'erase') && html`<p><a href="${address('/operations/erase-patron', { card: patron.card })}">${say('patron.erase')}</a></p>`}
  </section>`
}

function editSection(visit: Visit, { patron, account: { places }, categories, told }: Shown): Html {
  const problems = flawTexts(visit, told.refusal)
  return html`<details class="section"><summary>${visit.say('patron.change')}</summary>
    <form class="form two" method="post" action="/patrons/${patron.patronId}/edit">
      ${hidden(visit)}${carried('version', patron.version)}
      ${patronFields(visit, { form: patron, problems, places, categories })}
      <div class="whole"><button class="button">${visit.say('patron.save')}</button></div>
    </form></details>`
}

/** A year after the card ends, or after today if it ended already. */
function yearLater(expiresOn: string, today: string): string {
  const from = expiresOn > today ? expiresOn : today
  const year = Number(from.slice(0, 4)) + 1
  // A card that ends on a leap day ends a day earlier next year.
  return `${year}${from.slice(4)}`.replace(/-02-29$/, '-02-28')
}

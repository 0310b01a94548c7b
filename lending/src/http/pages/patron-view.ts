import type { owes } from '../../circulation/accounts.ts'
import type { Branch, PatronCategory } from '../../circulation/places.ts'
import type { Patron } from '../../patrons/patron.ts'
import { may } from '../../staff/permission.ts'
import { address } from './address.ts'
import { fineList } from './fine-list.ts'
import { buttonForm, carried, hidden, textField } from './form.ts'
import { type HoldRow, holdList } from './hold-list.ts'
import { type Html, html } from './html.ts'
import { type LoanRow, loanList } from './loan-list.ts'
import { notice, tag } from './notice.ts'
import { patronFields } from './patron-fields.ts'
import { receiptsPanel } from './receipts-panel.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { saidText } from './said.ts'
import { currencyOf, type Visit, zoneOf } from './visit.ts'
import { counted, day, money, todayIn } from './wording.ts'

type Shown = {
  readonly patron: Patron
  readonly loans: readonly LoanRow[]
  readonly holds: readonly HoldRow[]
  readonly owed: Awaited<ReturnType<typeof owes>>
  readonly places: readonly Branch[]
  readonly categories: readonly PatronCategory[]
  readonly refusal: Refused | undefined
}

/** A patron as staff see them. */
export function patronView(visit: Visit, shown: Shown): Html {
  const { patron, loans, holds, refusal } = shown
  const path = `/patrons/${patron.patronId}`
  const said = saidText(visit)
  return html`<div class="page-head">
    <div><h1><bdi dir="auto">${patron.givenName} ${patron.familyName}</bdi></h1><p>${standing(visit, patron)}</p></div>
    <div class="actions">${may(visit.who, 'lend') && html`<a class="button" href="${address('/desk', { card: patron.card })}">Lend</a>`}</div>
  </div>
  <div class="stack">
    ${said && notice(visit, 'good', { title: said })}
    ${refusal && refusalNotice(visit, refusal)}
    <div class="columns">
      <div>
        <section class="section" aria-labelledby="loans"><h2 id="loans">${loans.length === 0 ? 'Loans' : counted(loans.length, 'loan')}</h2>
          ${loans.length === 0 ? html`<p class="empty">Nothing on loan.</p>` : loanList(visit, { loans, renewTo: may(visit.who, 'renew') ? `${path}/renew` : undefined })}
        </section>
        <section class="section" aria-labelledby="holds"><h2 id="holds">${holds.length === 0 ? 'Holds' : counted(holds.length, 'hold')}</h2>
          ${holds.length === 0 ? html`<p class="empty">No holds.</p>` : holdList(visit, { holds, path: `${path}/holds` })}
        </section>
        ${may(visit.who, 'patron-write') && editSection(visit, shown)}
      </div>
      <div class="stack">
        ${cardPanel(patron)}
        ${finesPanel(visit, shown)}
        ${may(visit.who, 'patron-write') && cardActions(visit, patron)}
        ${may(visit.who, 'patron-write') && receiptsPanel(visit, { patron, action: `${path}/receipts` })}
      </div>
    </div>
  </div>`
}

function standing(visit: Visit, patron: Patron): Html {
  const today = todayIn(zoneOf(visit), visit.now)
  const tags = [
    patron.blockedBecause !== null && html`${tag('bad', 'Blocked')} <bdi>${patron.blockedBecause}</bdi>`,
    patron.expiresOn < today && tag('warn', 'Card expired'),
    patron.owesCents > 0 && tag('warn', `Owes ${money(visit, patron.owesCents)}`),
    patron.protected && tag('plain', 'Protected'),
  ].filter(Boolean)
  return tags.length === 0 ? tag('good', 'In good standing') : html`${tags.map((each) => html`${each} `)}`
}

function cardPanel(patron: Patron): Html {
  return html`<section class="panel" aria-label="Card"><dl class="facts">
    <dt>Card</dt><dd class="code">${patron.card}</dd>
    <dt>Category</dt><dd>${patron.categoryName}</dd>
    <dt>Branch</dt><dd>${patron.branchName}</dd>
    <dt>Valid until</dt><dd>${day(visit, patron.expiresOn)}</dd>
    ${patron.email && html`<dt>Email</dt><dd>${emailText(patron.email)}</dd>`}
    ${patron.phone && html`<dt>Phone</dt><dd>${patron.phone}</dd>`}
    ${patron.address && html`<dt>Address</dt><dd dir="auto">${patron.address}</dd>`}
    ${patron.note && html`<dt>Note</dt><dd dir="auto">${patron.note}</dd>`}
    <dt>Password</dt><dd>${patron.hasPassword ? 'Set' : 'None yet'}</dd>
  </dl></section>`
}

/** Where it is too long for its place, an address breaks before its @. */
function emailText(email: string): Html {
  const at = email.lastIndexOf('@')
  return at < 1 ? html`${email}` : html`${email.slice(0, at)}<wbr>${email.slice(at)}`
}

function finesPanel(visit: Visit, { patron, owed }: Shown): Html {
  const path = `/patrons/${patron.patronId}`
  const amount = (id: string) =>
    textField({
      name: 'amount',
      id,
      label: `Amount in ${currencyOf(visit)}`,
      value: (owed.cents / 100).toFixed(2),
      max: 10,
      required: true,
      className: 'narrow',
    })
  return html`<section class="panel stack-tight" aria-labelledby="fines"><h2 id="fines">Fines</h2>
    ${fineList(visit, owed)}
    ${
      owed.cents > 0 &&
      may(visit.who, 'fine-take') &&
      html`<form class="inline-form" method="post" action="${path}/pay">${hidden(visit)}${amount('pay-amount')}<button class="button">Take payment</button></form>`
    }
    ${
      owed.cents > 0 &&
      may(visit.who, 'fine-waive') &&
      html`<details><summary>Waive</summary><form class="form" method="post" action="${path}/waive">${hidden(visit)}
        ${amount('waive-amount')}${textField({ name: 'reason', id: 'waive-reason', label: 'Because', max: 500, required: true })}
        <div><button class="button danger">Waive</button></div></form></details>`
    }
  </section>`
}

function cardActions(visit: Visit, patron: Patron): Html {
  const path = `/patrons/${patron.patronId}`
  return html`<section class="panel quiet stack-tight" aria-labelledby="card-actions"><h2 id="card-actions">Card</h2>
    <form class="inline-form" method="post" action="${path}/extend">${hidden(visit)}
      ${textField({ name: 'until', label: 'Valid until', type: 'date', value: yearLater(patron.expiresOn, todayIn(zoneOf(visit), visit.now)), required: true })}
      <button class="button quiet">Extend</button></form>
    <details><summary>${patron.hasPassword ? 'Set another password' : 'Set a password'}</summary>
      <form class="inline-form" method="post" action="${path}/password">${hidden(visit)}
        ${textField({ name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password', required: true })}
        <button class="button quiet">Set</button></form></details>
    ${
      patron.blockedBecause === null
        ? html`<details><summary>Block</summary><form class="form" method="post" action="${path}/block">${hidden(visit)}
          ${textField({ name: 'because', label: 'Because', max: 500, required: true, hint: 'The patron is told.' })}
          <div><button class="button danger">Block</button></div></form></details>`
        : buttonForm(visit, { action: `${path}/unblock`, label: 'Lift the block', className: 'quiet' })
    }
    <p><a href="${path}/merge">Merge a duplicate into this record</a></p>
    ${may(visit.who, 'erase') && html`<p><a href="${address('/operations/erase-patron', { card: patron.card })}">Erase this patron</a></p>`}
  </section>`
}

function editSection(visit: Visit, { patron, places, categories, refusal }: Shown): Html {
  const problems = (refusal?.problems ?? {}) as Readonly<Record<string, string>>
  return html`<details class="section"><summary>Change name, contact or category</summary>
    <form class="form two" method="post" action="/patrons/${patron.patronId}/edit">
      ${hidden(visit)}${carried('version', patron.version)}
      ${patronFields({ form: patron, isNew: false, problems, places, categories })}
      <div class="whole"><button class="button">Save</button></div>
    </form></details>`
}

/** A year after the card ends, or after today if it ended already. */
function yearLater(expiresOn: string, today: string): string {
  const from = expiresOn > today ? expiresOn : today
  const year = Number(from.slice(0, 4)) + 1
  // A card that ends on a leap day ends a day earlier next year.
  return `${year}${from.slice(4)}`.replace(/-02-29$/, '-02-28')
}

import type { Patron } from '../../patrons/find.ts'
import type { MergePreview } from '../../patrons/merge-preview.ts'
import { address } from './address.ts'
import { fullName } from './desk-view.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { dueWords } from './loan-list.ts'
import { notice, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { day, money } from './wording.ts'
import { workLink, workName } from './work-line.ts'

type Shown = {
  readonly kept: Patron
  readonly mergedCard: string
  readonly preview: MergePreview | undefined
  readonly refused: Refused | undefined
}

/** Asks for the other card, then shows what would move and change before anybody confirms it. */
export function mergeView(visit: Visit, { kept, mergedCard, preview, refused }: Shown): Html {
  return html`<div class="stack">
    <p><a href="/patrons/${kept.patronId}">Back to <bdi dir="auto">${fullName(kept)}</bdi></a></p>
    ${refused && refusalNotice(visit, refused)}
    ${preview ? previewed(visit, preview) : cardPanel(kept, mergedCard)}
  </div>`
}

function cardPanel(kept: Patron, mergedCard: string): Html {
  return html`<div class="columns even">
    ${recordPanel('Stays', kept)}
    <section class="panel stack-tight" aria-labelledby="other"><h2 id="other">Goes away</h2>
      <form class="inline-form" action="/patrons/${kept.patronId}/merge">
        ${textField({ name: 'card', label: 'Card of the other record', value: mergedCard, max: 64, required: true, autofocus: true })}
        <button class="button">Look at both</button>
      </form>
      <p class="soft small">You see first what would move. Nothing changes before you confirm it.</p>
    </section>
  </div>`
}

function previewed(visit: Visit, preview: MergePreview): Html {
  const { kept, merged } = preview
  const isOneName = fullName(kept).toLowerCase() === fullName(merged).toLowerCase()
  return html`
    ${!isOneName && notice(visit, 'warn', { title: 'The names differ.', body: html`<p>Make sure that this is one and the same person.</p>` })}
    <div class="columns even">${recordPanel('Stays', kept)}${recordPanel('Goes away', merged)}</div>
    <section class="stack-tight" aria-labelledby="moves"><h2 id="moves">What moves</h2>${moving(visit, preview)}</section>
    <section class="stack-tight" aria-labelledby="after"><h2 id="after">How the record is afterwards</h2>${changes(preview)}</section>
    ${confirmPanel(visit, preview)}`
}

function recordPanel(fate: string, patron: Patron): Html {
  const id = `record-${patron.patronId}`
  return html`<section class="panel stack-tight" aria-labelledby="${id}">
    <h2 id="${id}"><span class="soft">${fate}:</span> <bdi dir="auto">${fullName(patron)}</bdi></h2>
    ${patron.blockedBecause !== null && html`<p>${tag('bad', 'Blocked')} <bdi>${patron.blockedBecause}</bdi></p>`}
    <dl class="facts">
      <dt>Card</dt><dd class="code">${patron.card}</dd>
      <dt>Category</dt><dd>${patron.categoryName}</dd>
      <dt>Branch</dt><dd>${patron.branchName}</dd>
      <dt>Valid until</dt><dd>${day(visit, patron.expiresOn)}</dd>
      ${patron.email && html`<dt>Email</dt><dd>${patron.email}</dd>`}
      ${patron.phone && html`<dt>Phone</dt><dd>${patron.phone}</dd>`}
      ${patron.address && html`<dt>Address</dt><dd dir="auto">${patron.address}</dd>`}
      ${patron.note && html`<dt>Note</dt><dd dir="auto">${patron.note}</dd>`}
      <dt>Since</dt><dd>${day(visit, patron.registeredAt)}</dd>
    </dl>
  </section>`
}

function moving(visit: Visit, { merged, loans, returnedLoans, holds, givenUp }: MergePreview): Html {
  const counts: readonly (readonly [string, string])[] = [
    ['On loan', String(merged.openLoans)],
    ['Returned', String(returnedLoans)],
    ['Holds', String(holds.length)],
    ['Owed', money(visit, merged.owesCents)],
  ]
  return html`<dl class="counts">${counts.map(([name, count]) => html`<div><dt>${name}</dt><dd>${count}</dd></div>`)}</dl>
    ${
      loans.length + holds.length + givenUp.length > 0 &&
      html`<ul class="rows">
        ${loans.map((loan) => html`<li><div><p class="work">${workLink(loan)}</p><p class="under">${dueWords(visit, loan)} · <span class="code">${loan.barcode}</span></p></div><p class="end">${tag('plain', 'Loan')}</p></li>`)}
        ${holds.map((hold) => html`<li><div><p class="work">${workLink(hold)}</p><p class="under">fetched at ${hold.pickupBranchName}</p></div><p class="end">${tag('plain', 'Hold')}</p></li>`)}
        ${givenUp.map(({ title, card }) => html`<li><div><p class="work">${workName(title)}</p><p class="under">Both wait for it: the hold of card <span class="code">${card}</span> ends, and the better place stays.</p></div><p class="end">${tag('warn', 'Ends')}</p></li>`)}
      </ul>`
    }`
}

/** What is another in the record that stays, in sentences; nothing may change that nobody was told of. */
function changes({ kept, merged, after }: MergePreview): Html {
  const lines: readonly (Html | false)[] = [
    html`Card <span class="code">${merged.card}</span> stays taken, and leads here when it is scanned.`,
    after.blockedBecause !== kept.blockedBecause && html`It is blocked: <bdi>${after.blockedBecause}</bdi>`,
    after.expiresOn !== kept.expiresOn && html`It is valid until ${day(visit, after.expiresOn)}.`,
    after.protected !== kept.protected && html`It is protected.`,
    after.email !== kept.email && html`Email: <bdi>${after.email}</bdi>`,
    after.phone !== kept.phone && html`Phone: <bdi>${after.phone}</bdi>`,
    after.address !== kept.address && html`Address: <bdi>${after.address}</bdi>`,
    after.note !== kept.note && html`Note: <bdi dir="auto">${after.note}</bdi>`,
    kept.keepsHistory !== merged.keepsHistory &&
      html`Returned loans are not remembered any more, for one of the two cards did not ask for it. What was kept on the other is forgotten within the hour: if the person wants it, let them ask for it on both cards first.`,
    merged.hasPassword &&
      html`The password of card <span class="code">${merged.card}</span> opens nothing any more.`,
  ]
  return html`<ul>${lines.map((line) => line && html`<li>${line}</li>`)}</ul>`
}

function confirmPanel(visit: Visit, { kept, merged }: MergePreview): Html {
  return html`<section class="panel stack-tight" aria-labelledby="confirm"><h2 id="confirm">Merge them?</h2>
    <p>The record with card <span class="code">${kept.card}</span> stays. This cannot be undone.</p>
    <form class="actions" method="post" action="/patrons/${kept.patronId}/merge">${hidden(visit)}
      ${carried('card', merged.card)}${carried('version', kept.version)}${carried('mergedVersion', merged.version)}
      <button class="button danger">Merge</button>
      <a href="${address(`/patrons/${merged.patronId}/merge`, { card: kept.card })}">Keep the other one instead</a>
    </form>
  </section>`
}

import type { Patron } from '../../patrons/find.ts'
import type { MergePreview } from '../../patrons/merge-preview.ts'
import { address } from './address.ts'
import { fullName } from './desk-view.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html, type Piece } from './html.ts'
import { dueWords } from './loan-list.ts'
import { notice, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { day, money, numberText } from './wording.ts'
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
    <p><a href="/patrons/${kept.patronId}">${visit.say('merge.back-to', { name: html`<bdi dir="auto">${fullName(kept)}</bdi>` })}</a></p>
    ${refused && refusalNotice(visit, refused)}
    ${preview ? previewed(visit, preview) : cardPanel(visit, kept, mergedCard)}
  </div>`
}

function cardPanel(visit: Visit, kept: Patron, mergedCard: string): Html {
  const { say } = visit
  return html`<div class="columns even">
    ${recordPanel(visit, 'stays', kept)}
    <section class="panel stack-tight" aria-labelledby="other"><h2 id="other">${say('merge.goes-away-heading')}</h2>
      <form class="inline-form" action="/patrons/${kept.patronId}/merge">
        ${textField({ name: 'card', label: say('merge.other-card'), value: mergedCard, max: 64, required: true, autofocus: true })}
        <button class="button">${say('merge.look-at-both')}</button>
      </form>
      <p class="soft small">${say('merge.nothing-changes')}</p>
    </section>
  </div>`
}

function previewed(visit: Visit, preview: MergePreview): Html {
  const { say } = visit
  const { kept, merged } = preview
  const isOneName = fullName(kept).toLowerCase() === fullName(merged).toLowerCase()
  return html`
    ${!isOneName && notice(visit, 'warn', { title: say('merge.names-differ'), body: html`<p>${say('merge.names-differ-next')}</p>` })}
    <div class="columns even">${recordPanel(visit, 'stays', kept)}${recordPanel(visit, 'goes-away', merged)}</div>
    <section class="stack-tight" aria-labelledby="moves"><h2 id="moves">${say('merge.moves')}</h2>${moving(visit, preview)}</section>
    <section class="stack-tight" aria-labelledby="after"><h2 id="after">${say('merge.after')}</h2>${changes(visit, preview)}</section>
    ${confirmPanel(visit, preview)}`
}

function recordPanel(visit: Visit, fate: 'stays' | 'goes-away', patron: Patron): Html {
  const { say } = visit
  const id = `record-${patron.patronId}`
  return html`<section class="panel stack-tight" aria-labelledby="${id}">
    <h2 id="${id}">${say(`merge.${fate}`, { soft: (inside) => html`<span class="soft">${inside}</span>`, name: html`<bdi dir="auto">${fullName(patron)}</bdi>` })}</h2>
    ${patron.blockedBecause !== null && html`<p>${tag('bad', say('patron.blocked'))} <bdi>${patron.blockedBecause}</bdi></p>`}
    <dl class="facts">
      <dt>${say('patron.card')}</dt><dd class="code">${patron.card}</dd>
      <dt>${say('patron.category')}</dt><dd>${patron.categoryName}</dd>
      <dt>${say('patron.branch')}</dt><dd>${patron.branchName}</dd>
      <dt>${say('patron.valid-until')}</dt><dd>${day(visit, patron.expiresOn)}</dd>
      ${patron.email && html`<dt>${say('patron.email')}</dt><dd>${patron.email}</dd>`}
      ${patron.phone && html`<dt>${say('patron.phone')}</dt><dd>${patron.phone}</dd>`}
      ${patron.address && html`<dt>${say('patron.address')}</dt><dd dir="auto">${patron.address}</dd>`}
      ${patron.note && html`<dt>${say('patron.note')}</dt><dd dir="auto">${patron.note}</dd>`}
      <dt>${say('merge.since')}</dt><dd>${day(visit, patron.registeredAt)}</dd>
    </dl>
  </section>`
}

function moving(visit: Visit, { merged, loans, returnedLoans, holds, givenUp }: MergePreview): Html {
  const { say } = visit
  const counts: readonly (readonly [string, string])[] = [
    [say('merge.on-loan'), numberText(visit, merged.openLoans)],
    [say('merge.returned'), numberText(visit, returnedLoans)],
    [say('merge.holds'), numberText(visit, holds.length)],
    [say('merge.owed'), money(visit, merged.owesCents)],
  ]
  return html`<dl class="counts">${counts.map(([name, count]) => html`<div><dt>${name}</dt><dd>${count}</dd></div>`)}</dl>
    ${
      loans.length + holds.length + givenUp.length > 0 &&
      html`<ul class="rows">
        ${loans.map((loan) => html`<li><div><p class="work">${workLink(loan)}</p><p class="under">${dueWords(visit, loan)} · <span class="code">${loan.barcode}</span></p></div><p class="end">${tag('plain', say('merge.loan'))}</p></li>`)}
        ${holds.map((hold) => html`<li><div><p class="work">${workLink(hold)}</p><p class="under">${say('merge.fetched-at', { branch: html`<bdi>${hold.pickupBranchName}</bdi>` })}</p></div><p class="end">${tag('plain', say('merge.hold'))}</p></li>`)}
        ${givenUp.map(({ title, card }) => html`<li><div><p class="work">${workName(title)}</p><p class="under">${say('merge.given-up', { card: code(card) })}</p></div><p class="end">${tag('warn', say('merge.ends'))}</p></li>`)}
      </ul>`
    }`
}

/** What is another in the record that stays, in sentences; nothing may change that nobody was told of. */
function changes(visit: Visit, { kept, merged, after }: MergePreview): Html {
  const { say } = visit
  const lines: readonly (Piece | false)[] = [
    say('merge.card-stays-taken', { card: code(merged.card) }),
    after.blockedBecause !== kept.blockedBecause &&
      say('merge.is-blocked', { because: html`<bdi>${after.blockedBecause}</bdi>` }),
    after.expiresOn !== kept.expiresOn && say('merge.is-valid-until', { day: day(visit, after.expiresOn) }),
    after.protected !== kept.protected && say('merge.is-protected'),
    after.email !== kept.email && say('merge.has-email', { email: html`<bdi>${after.email}</bdi>` }),
    after.phone !== kept.phone && say('merge.has-phone', { phone: html`<bdi>${after.phone}</bdi>` }),
    after.address !== kept.address &&
      say('merge.has-address', { address: html`<bdi>${after.address}</bdi>` }),
    after.note !== kept.note && say('merge.has-note', { note: html`<bdi dir="auto">${after.note}</bdi>` }),
    kept.keepsHistory !== merged.keepsHistory && say('merge.history-ends'),
    merged.hasPassword && say('merge.password-ends', { card: code(merged.card) }),
  ]
  return html`<ul>${lines.map((line) => line && html`<li>${line}</li>`)}</ul>`
}

function confirmPanel(visit: Visit, { kept, merged }: MergePreview): Html {
  const { say } = visit
  return html`<section class="panel stack-tight" aria-labelledby="confirm"><h2 id="confirm">${say('merge.confirm')}</h2>
    <p>${say('merge.confirm-what', { card: code(kept.card) })}</p>
    <form class="actions" method="post" action="/patrons/${kept.patronId}/merge">${hidden(visit)}
      ${carried('card', merged.card)}${carried('version', kept.version)}${carried('mergedVersion', merged.version)}
      <button class="button danger">${say('merge.merge')}</button>
      <a href="${address(`/patrons/${merged.patronId}/merge`, { card: kept.card })}">${say('merge.keep-the-other')}</a>
    </form>
  </section>`
}

function code(card: string): Html {
  return html`<span class="code">${card}</span>`
}

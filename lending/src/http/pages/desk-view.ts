import type { Patron } from '../../patrons/patron.ts'
import { may } from '../../staff/permission.ts'
import { carried, hidden, textField } from './form.ts'
import type { HoldRow } from './hold-list.ts'
import { type Html, html } from './html.ts'
import { type LoanRow, loanList } from './loan-list.ts'
import { tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { type Visit, zoneOf } from './visit.ts'
import { clockTime, counted, day, money } from './wording.ts'
import { workName } from './work-line.ts'

/** One thing that was just done or refused at this desk. */
export type DeskLine = { readonly at: string; readonly words: Html }

/** The patron who stands at the desk. */
export type AtDesk = {
  readonly patron: Patron
  readonly loans: readonly LoanRow[]
  readonly ready: readonly HoldRow[]
}

/** A scan, or a renewal, that was refused, and what went into it. */
export type RefusedScan = {
  readonly refusal: Refused
  readonly barcode: string
  /** The loan that was to be renewed; none when a copy was to be lent. */
  readonly loanId?: number
  /** What may be gone past with a reason, this refusal included; none when nothing can be. */
  readonly passing: readonly string[]
  /** What staff wrote already. */
  readonly reason: string
}

/** The desk: a field for the card, then one for copies, and what came of it. */
export function deskView(
  visit: Visit,
  desk: { at: AtDesk | undefined; refused: RefusedScan | undefined; lines: readonly DeskLine[] },
): Html {
  return html`<div id="desk" class="stack" data-live>
    ${desk.at ? copyScan(visit, desk.at.patron) : cardScan()}
    <div id="answer" aria-live="assertive">${desk.refused && refusedScan(visit, desk.refused, desk.at)}</div>
    <p class="waiting soft" id="waiting" role="status"></p>
    ${
      desk.at
        ? html`<div class="columns person-first">
            <div class="stack">${personPanel(visit, desk.at)}${doneList(visit, desk.lines)}</div>
            <div>${loansPanel(visit, desk.at)}</div>
          </div>`
        : doneList(visit, desk.lines)
    }
  </div>`
}

function cardScan(): Html {
  return html`<form class="scan" action="/desk"><div class="inline-form">
    ${scanField({ name: 'card', label: 'Scan the patron’s card' })}
    <button class="button">Open</button>
  </div></form>`
}

function copyScan(visit: Visit, { card }: Patron): Html {
  return html`<form class="scan" method="post" action="/desk/lend" data-scan><div class="inline-form">
    ${hidden(visit)}${carried('card', card)}
    ${scanField({ name: 'barcode', label: 'Scan the books, one after another', hint: true })}
    <button class="button">Lend</button>
  </div>
  <p class="hint soft small" id="scan-hint">Enter on the empty field, or the next card, goes on to the next patron.</p></form>`
}

/** The one field that a scanner types into. It is focused on arrival, with script and without. */
export function scanField({
  name,
  label,
  hint = false,
}: {
  name: string
  label: string
  hint?: boolean
}): Html {
  return html`<div class="field">
    <label for="scan">${label}</label>
    <input id="scan" name="${name}" maxlength="64" autofocus autocomplete="off" autocapitalize="off"
      spellcheck="false" enterkeyhint="go"${hint && html` aria-describedby="scan-hint"`}>
  </div>`
}

function refusedScan(visit: Visit, scan: RefusedScan, at: AtDesk | undefined): Html {
  const isMine = at && may(visit.who, 'override') && scan.passing.length > 0
  return refusalNotice(
    visit,
    scan.refusal,
    html`${scan.barcode && scannedLine(scan.barcode)}${isMine && overrideForm(visit, scan, at.patron.card)}`,
  )
}

/** What was scanned: a desk that works through a pile sees which one was refused. */
export function scannedLine(code: string): Html {
  return html`<p class="soft">Scanned: <span class="code">${code}</span></p>`
}

function overrideForm(visit: Visit, scan: RefusedScan, card: string): Html {
  const isRenewal = scan.loanId !== undefined
  return html`<form class="inline-form" method="post" action="${isRenewal ? '/desk/renew' : '/desk/lend'}">
    ${hidden(visit)}${carried('card', card)}
    ${isRenewal ? carried('loanId', scan.loanId) : carried('barcode', scan.barcode)}
    ${carried('passing', scan.passing.join(' '))}
    ${textField({ name: 'reason', label: isRenewal ? 'Renew it all the same, because' : 'Lend it all the same, because', value: scan.reason, max: 500, required: true })}
    <button class="button danger">Override</button>
  </form>`
}

function personPanel(visit: Visit, { patron, ready }: AtDesk): Html {
  const { blockedBecause, owesCents, openHolds } = patron
  return html`<section class="panel stack-tight" aria-label="Patron">
    <div class="person"><h2><a href="/patrons/${patron.patronId}"><bdi dir="auto">${fullName(patron)}</bdi></a></h2></div>
    ${blockedBecause !== null && html`<p>${tag('bad', 'Blocked')} <bdi>${blockedBecause}</bdi></p>`}
    ${owesCents > 0 && html`<p>${tag('warn', `Owes ${money(visit, owesCents)}`)}</p>`}
    ${patron.note && html`<p>${tag('warn', 'Note')} <bdi dir="auto">${patron.note}</bdi></p>`}
    <dl class="facts">
      <dt>Card</dt><dd class="code">${patron.card}</dd>
      <dt>Category</dt><dd>${patron.categoryName}</dd>
      <dt>Valid until</dt><dd>${day(visit, patron.expiresOn)}</dd>
      <dt>Holds</dt><dd>${openHolds}</dd>
    </dl>
    ${
      ready.length > 0 &&
      html`<div class="person-ready"><h3>${tag('good', 'Ready on the hold shelf')}</h3><ul class="plain">${ready.map(
        (hold) => html`<li class="work">${workName(hold.title)}</li>`,
      )}</ul></div>`
    }
    <p><a class="button quiet small" href="/desk">Next patron</a></p>
  </section>`
}

function loansPanel(visit: Visit, { patron, loans }: AtDesk): Html {
  return html`<section class="section" aria-labelledby="loans">
    <h2 id="loans">On loan: ${counted(patron.openLoans, 'item')}</h2>
    ${
      loans.length === 0
        ? html`<p class="empty">Nothing on loan.</p>`
        : loanList(visit, { loans, renewTo: '/desk/renew', fields: { card: patron.card } })
    }
  </section>`
}

/** What was done and refused lately, the latest first. */
export function doneList(visit: Visit, lines: readonly DeskLine[]): Html | undefined {
  if (lines.length === 0) return undefined
  return html`<section class="section" aria-labelledby="done">
    <h2 id="done">Just done</h2>
    <ol class="rows pairs">${lines.map(
      ({ at, words }) =>
        html`<li><div>${words}</div><p class="end soft small">${clockTime(visit, at)}</p></li>`,
    )}</ol>
  </section>`
}

/** The name of a patron as it is spoken. */
export function fullName({ givenName, familyName }: Pick<Patron, 'givenName' | 'familyName'>): string {
  return `${givenName} ${familyName}`.trim()
}

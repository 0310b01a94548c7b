import type { TakenBack } from '../../circulation/take-back.ts'
import { type DeskLine, doneList, scanField, scannedLine } from './desk-view.ts'
import { hidden } from './form.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { day, money } from './wording.ts'
import { workName } from './work-line.ts'

/** A scan that was refused, and what was scanned. */
export type RefusedCheckIn = { readonly refusal: Refused; readonly barcode: string }

/** The check-in screen: one field, where the copy goes now, and what came before. */
export function checkInView(
  visit: Visit,
  shown: {
    taken: TakenBack | undefined
    refused: RefusedCheckIn | undefined
    lines: readonly DeskLine[]
  },
): Html {
  return html`<div id="desk" class="stack" data-live>
    <form class="scan" method="post" action="/check-in" data-scan><div class="inline-form">
      ${hidden(visit)}
      ${scanField({ name: 'barcode', label: 'Scan what comes back' })}
      <button class="button">Check in</button>
    </div></form>
    <div id="answer" aria-live="assertive">${
      shown.refused && refusalNotice(visit, shown.refused.refusal, scannedLine(shown.refused.barcode))
    }${shown.taken && !shown.refused && whereNow(visit, shown.taken)}</div>
    <p class="waiting soft" id="waiting" role="status"></p>
    ${doneList(visit, shown.lines)}
  </div>`
}

/** Where the copy goes, large enough to read at arm's length. */
function whereNow(visit: Visit, taken: TakenBack): Html {
  const { next } = taken
  const about = html`<p><span class="work">${workName(taken.title)}</span> · <span class="code">${taken.barcode}</span></p>
    ${taken.loanId === null && html`<p>It was not on loan.</p>`}
    ${taken.fineCents > 0 && html`<p><strong>Fine: ${money(visit, taken.fineCents)}</strong>, charged to <bdi>${taken.patronName}</bdi>.</p>`}`
  switch (next.to) {
    case 'shelf':
      return notice(visit, 'good', {
        title: html`<span class="big-answer">Back to the shelf</span>`,
        body: about,
      })
    case 'withdrawn':
      return notice(visit, 'warn', {
        title: html`<span class="big-answer">Put aside: withdrawn</span>`,
        body: html`${about}<p>It was withdrawn from the collection. Hand it to the cataloguer.</p>`,
      })
    case 'transit':
      return notice(visit, 'warn', {
        title: html`<span class="big-answer">Send to ${next.branchName}</span>`,
        body: html`${about}<p>${next.holdId === null ? 'It belongs there.' : 'Somebody waits for it there.'}</p>`,
      })
    case 'hold-shelf':
      return html`${notice(visit, 'warn', { title: html`<span class="big-answer">To the hold shelf</span>`, body: about })}
        <section class="slip section" aria-label="Slip for the hold shelf">
          <p>For</p><p><strong><bdi dir="auto">${next.patronName}</bdi></strong></p>
          <p>Card <span class="code">${next.card}</span></p>
          <p>Keep until ${day(visit, next.until)}</p>
          <p class="soft">${workName(taken.title)} · <span class="code">${taken.barcode}</span></p>
        </section>`
  }
}

import type { TakenBack } from '../../circulation/take-back.ts'
import { address } from './address.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import type { Visit } from './visit.ts'
import { day, money } from './wording.ts'
import { workName } from './work-line.ts'

/** Where the copy goes, large enough to read at arm's length. */
export function whereNow(visit: Visit, taken: TakenBack): Html {
  const { say } = visit
  const { next } = taken
  const big = (words: string) => html`<span class="big-answer">${words}</span>`
  const fine =
    taken.fineCents > 0 &&
    say('check-in.fine', {
      amount: money(visit, taken.fineCents),
      name: html`<bdi>${taken.patronName}</bdi>`,
      strong: (inside) => html`<strong>${inside}</strong>`,
    })
  const about = html`<p><span class="work">${workName(taken.title)}</span> · <span class="code">${taken.barcode}</span></p>
    ${taken.wasMissing && html`<p>${say('check-in.was-missing')}</p>`}
    ${taken.loanId === null && !taken.wasMissing && html`<p>${say('check-in.not-on-loan')}</p>`}
    ${fine && html`<p>${fine}</p>`}`
  switch (next.to) {
    case 'shelf':
      return notice(visit, 'good', { title: big(say('check-in.to-shelf')), body: about })
    case 'withdrawn':
      return notice(visit, 'warn', {
        title: big(say('check-in.withdrawn')),
        body: html`${about}<p>${say('check-in.withdrawn-next')}</p>`,
      })
    case 'transit':
      return notice(visit, 'warn', {
        title: big(say('check-in.to-branch', { branch: next.branchName })),
        body: html`${about}<p>${say(next.holdId === null ? 'check-in.belongs-there' : 'check-in.waited-for-there')}</p>`,
      })
    case 'hold-shelf':
      return html`${notice(visit, 'warn', { title: big(say('check-in.to-hold-shelf')), body: about })}
        ${slip(visit, taken, next)}
        <p><a class="button quiet small" href="${address('/desk/slip', { copy: taken.copyId })}">${say('check-in.print-slip')}</a></p>`
  }
}

/** The last digits only: slips and receipts are left lying about. */
export function shortCard(card: string): string {
  return card.length > 6 ? `…${card.slice(-4)}` : card
}

/** What stands in the book on the hold shelf: for whom, and until when. */
export function slip(
  visit: Visit,
  taken: Pick<TakenBack, 'title' | 'barcode'>,
  next: Extract<TakenBack['next'], { to: 'hold-shelf' }>,
): Html {
  const { say } = visit
  return html`<section class="slip section" aria-label="${say('check-in.slip')}">
    <p>${say('check-in.slip-for')}</p><p><strong><bdi dir="auto">${next.patronName}</bdi></strong></p>
    <p>${say('check-in.slip-card', { card: html`<bdi class="code">${shortCard(next.card)}</bdi>` })}</p>
    <p>${say('check-in.slip-until', { day: day(visit, next.until) })}</p>
    <p class="soft">${workName(taken.title)} · <span class="code">${taken.barcode}</span></p>
  </section>`
}

/** How a scan came out, for ears and at a glance. */
export type Outcome = 'done' | 'attention' | 'refused'

/** A copy that goes anywhere but to its shelf, or that costs something, wants a look. */
export function outcomeOfReturn({ next, fineCents }: TakenBack): Outcome {
  return next.to === 'shelf' && fineCents === 0 ? 'done' : 'attention'
}

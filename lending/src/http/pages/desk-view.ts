import type { Lent } from '../../circulation/lend.ts'
import type { TakenBack } from '../../circulation/take-back.ts'
import type { Patron } from '../../patrons/patron.ts'
import { may } from '../../staff/permission.ts'
import { address } from './address.ts'
import { deskScan, keptPlace, underAnswer } from './desk-field.ts'
import { buttonForm, carried, hidden, textField } from './form.ts'
import type { HoldRow } from './hold-list.ts'
import { type Html, html } from './html.ts'
import { type LoanRow, loanList } from './loan-list.ts'
import { notice, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { type Outcome, outcomeOfReturn, whereNow } from './where-now.ts'
import { clockTime, day, daysAway, money } from './wording.ts'
import { workName } from './work-line.ts'

/** One thing that was just done or refused at this desk. */
export type DeskLine = { readonly entryId: string; readonly at: string; readonly words: Html }

/** The patron who stands at the desk. */
export type AtDesk = {
  readonly patron: Patron
  readonly loans: readonly LoanRow[]
  readonly ready: readonly HoldRow[]
}

/** A scan, or a renewal, that was refused, and what went into it. */
export type RefusedScan = {
  readonly refusal: Refused
  /** It may have been the next patron's card; see `scanAtDesk`. */
  readonly mayBeACard?: boolean
  readonly barcode: string
  /** What was scanned in the place of a reason for it. */
  readonly inReason?: string
  /** The loan that was to be renewed; none when a copy was to be lent. */
  readonly loanId?: number
  /** What may be gone past with a reason, this refusal included; none when nothing can be. */
  readonly passing: readonly string[]
  /** What staff wrote already. */
  readonly reason: string
}

/** What came of the last scan. */
export type DeskAnswer =
  | { readonly did: 'lend'; readonly lent: Lent }
  | { readonly did: 'take-back'; readonly taken: TakenBack }

type Desk = {
  readonly at: AtDesk | undefined
  readonly refused: RefusedScan | undefined
  readonly answer: DeskAnswer | undefined
  readonly lines: readonly DeskLine[]
  /** Kept scans that somebody must look at. */
  readonly keptCount: number
  /** Where this desk can be loaded again. */
  readonly again: string
  /** The scan of a page beside the desk that this answers. */
  readonly answered?: string | undefined
  /** Nobody has the card any more for which something was refused. */
  readonly isNobodys?: boolean
}

/** The desk: one field for cards, books and commands, and what came of it. */
export function deskView(visit: Visit, desk: Desk & { readonly libraryId: string }): Html {
  const { libraryId } = desk
  return html`${keptPlace(visit, { meant: 'lend', home: '/desk', libraryId })}
  ${deskPart(visit, desk)}
  ${deskTools(visit)}`
}

/** What changes with every scan: all that the desk's script asks for. */
export function deskPart(visit: Visit, desk: Desk): Html {
  const { at, refused, answer, lines } = desk
  return html`<div id="desk" class="stack" data-outcome="${outcomeOf(desk)}" data-address="${desk.again}"${desk.answered && html` data-answered="${desk.answered}"`}${refused?.mayBeACard && html` data-may-be-card="yes"`}${desk.isNobodys && html` data-nobodys="yes"`}>
    ${deskScan(visit, at?.patron.card)}
    <div id="answer" aria-live="assertive">${refused ? refusedScan(visit, refused, at) : answer && answered(visit, answer)}</div>
    ${underAnswer}
    ${desk.keptCount > 0 && keptNotice(visit, desk.keptCount)}
    ${
      at
        ? html`<div class="columns person-first">
            <div class="stack">${personPanel(visit, at)}${doneList(visit, lines, at.patron)}</div>
            <div>${loansPanel(visit, at)}</div>
          </div>`
        : doneList(visit, lines)
    }
  </div>`
}

/** What a desk hears: whether it is done, wants a look, or was refused. */
function outcomeOf({ refused, answer }: Desk): Outcome | '' {
  if (refused) return 'refused'
  if (!answer) return ''
  return answer.did === 'lend' ? 'done' : outcomeOfReturn(answer.taken)
}

function answered(visit: Visit, answer: DeskAnswer): Html {
  if (answer.did === 'take-back') return whereNow(visit, answer.taken)
  const { lent } = answer
  const { say } = visit
  return notice(visit, 'good', {
    title: html`<span class="big-answer">${say('desk.lent')}</span>`,
    body: html`<p><span class="work">${workName(lent.title)}</span> · <span class="code">${lent.barcode}</span></p>
      <p><strong>${say('desk.due', { day: day(visit, lent.dueAt) })}</strong> · ${daysAway(visit, lent.dueAt)}</p>`,
  })
}

function keptNotice(visit: Visit, count: number): Html {
  return notice(visit, 'warn', {
    title: visit.say('desk.kept-waiting', {
      count,
      link: (inside) => html`<a href="/desk/kept">${inside}</a>`,
    }),
  })
}

function refusedScan(visit: Visit, scan: RefusedScan, at: AtDesk | undefined): Html {
  const isMine = at && may(visit.who, 'override') && scan.passing.length > 0
  return refusalNotice(
    visit,
    scan.refusal,
    html`${(scan.inReason ?? scan.barcode) && scannedLine(visit, scan.inReason ?? scan.barcode)}${at && onLoanForms(visit, scan, at.patron.card)}${isMine && overrideForm(visit, scan, at.patron.card)}`,
  )
}

/** A copy that is on loan may lie here all the same: it is taken back, or kept longer by whoever has it. */
function onLoanForms(visit: Visit, { refusal, barcode }: RefusedScan, card: string): Html | undefined {
  if (refusal.refused !== 'copy-on-loan') return undefined
  const { say } = visit
  const { loanId, toSamePatron } = refusal as Refused & {
    readonly loanId?: number
    readonly toSamePatron?: boolean
  }
  return html`<div class="actions">
    ${may(visit.who, 'take-back') && buttonForm(visit, { action: '/desk/take-back', label: say('desk.take-it-back'), fields: { card, barcode } })}
    ${toSamePatron && loanId !== undefined && may(visit.who, 'renew') && buttonForm(visit, { action: '/desk/renew', label: say('desk.renew-it'), fields: { card, loanId } })}
  </div>`
}

/** What was scanned: a desk that works through a pile sees which one was refused. */
export function scannedLine({ say }: Visit, code: string): Html {
  return html`<p class="soft">${say('desk.scanned', { code: html`<bdi class="code" data-scanned>${code}</bdi>` })}</p>`
}

function overrideForm(visit: Visit, scan: RefusedScan, card: string): Html {
  const { say } = visit
  const isRenewal = scan.loanId !== undefined
  const label = say(isRenewal ? 'desk.renew-because' : 'desk.lend-because')
  return html`<form class="inline-form" method="post" action="${isRenewal ? '/desk/renew' : '/desk/lend'}">
    ${hidden(visit)}${carried('card', card)}
    ${isRenewal ? carried('loanId', scan.loanId) : carried('barcode', scan.barcode)}
    ${carried('passing', scan.passing.join(' '))}
    ${textField({ name: 'reason', label, value: scan.reason, max: 500, required: true })}
    <button class="button danger">${say('desk.override')}</button>
  </form>`
}

function personPanel(visit: Visit, { patron, ready }: AtDesk): Html {
  const { say } = visit
  const { blockedBecause, owesCents, openHolds } = patron
  return html`<section class="panel stack-tight" aria-label="${say('desk.patron')}">
    <div class="person"><h2><a href="/patrons/${patron.patronId}"><bdi dir="auto">${fullName(patron)}</bdi></a></h2></div>
    ${blockedBecause !== null && html`<p>${tag('bad', say('desk.blocked'))} <bdi>${blockedBecause}</bdi></p>`}
    ${owesCents > 0 && html`<p>${tag('warn', say('desk.owes', { amount: money(visit, owesCents) }))}</p>`}
    ${patron.note && html`<p>${tag('warn', say('desk.note'))} <bdi dir="auto">${patron.note}</bdi></p>`}
    <dl class="facts">
      <dt>${say('desk.card')}</dt><dd class="code">${patron.card}</dd>
      <dt>${say('desk.category')}</dt><dd>${patron.categoryName}</dd>
      <dt>${say('desk.valid-until')}</dt><dd>${day(visit, patron.expiresOn)}</dd>
      <dt>${say('desk.holds')}</dt><dd>${openHolds}</dd>
    </dl>
    ${
      ready.length > 0 &&
      html`<div class="person-ready"><h3>${tag('good', say('desk.ready'))}</h3><ul class="plain">${ready.map(
        (hold) => html`<li class="work">${workName(hold.title)}</li>`,
      )}</ul></div>`
    }
    <p><a class="button quiet small" href="/desk">${say('desk.next-patron')}</a></p>
  </section>`
}

function loansPanel(visit: Visit, { patron, loans }: AtDesk): Html {
  const { say } = visit
  return html`<section class="section" aria-labelledby="loans">
    <h2 id="loans">${say('desk.on-loan', { count: patron.openLoans })}</h2>
    ${
      loans.length === 0
        ? html`<p class="empty">${say('desk.nothing-on-loan')}</p>`
        : loanList(visit, { loans, renewTo: '/desk/renew', fields: { card: patron.card } })
    }
  </section>`
}

/** What was done and refused lately, the latest first; for a patron it is the receipt that grows. */
export function doneList(visit: Visit, lines: readonly DeskLine[], patron?: Patron): Html | undefined {
  if (lines.length === 0) return undefined
  const { say } = visit
  const receipt =
    patron &&
    html`<a class="small" href="${address('/desk/receipt', { card: patron.card })}">${say('desk.print-receipt')}</a>`
  return html`<section class="section" aria-labelledby="done">
    <div class="section-head"><h2 id="done">${say('desk.just-done')}</h2>${receipt}</div>
    <ol class="rows pairs">${lines.map(
      ({ entryId, at, words }) =>
        html`<li id="done-${entryId}"><div>${words}</div><p class="end soft small">${clockTime(visit, at)}</p></li>`,
    )}</ol>
  </section>`
}

/** What stands below a desk: its commands, and where the script puts what belongs to this device. */
export function deskTools({ say }: Visit): Html {
  return html`<p class="desk-tools small" id="desk-tools"><a href="/desk/commands">${say('desk.commands')}</a></p>`
}

/** The name of a patron as it is spoken. */
export function fullName({ givenName, familyName }: Pick<Patron, 'givenName' | 'familyName'>): string {
  return `${givenName} ${familyName}`.trim()
}

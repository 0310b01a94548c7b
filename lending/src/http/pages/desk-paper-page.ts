import { loansOf } from '../../circulation/accounts.ts'
import { libraryId } from '../../circulation/library-settings.ts'
import type { TakenBack } from '../../circulation/take-back.ts'
import { patronAsked } from '../patron-asked.ts'
import { address } from './address.ts'
import { asked, identity, scanned } from './asked.ts'
import { barcodeImage, barcodeOf } from './barcode-image.ts'
import { commandCodes, commands } from './desk-command.ts'
import { scanBeside } from './desk-field.ts'
import { lastAnswer } from './desk-lines.ts'
import { goAnswered } from './desk-scan.ts'
import { type Html, html } from './html.ts'
import type { LoanRow } from './loan-list.ts'
import { goTo, type Served, show, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'
import { shortCard, slip } from './where-now.ts'
import { day, moment } from './wording.ts'
import { workName } from './work-line.ts'

/** A receipt longer than this is a list of loans: the patron's page has it. */
const receiptMax = 100
/** What was lent longer ago is not of this visit. */
const visitMs = 12 * 60 * 60 * 1_000

/** What a desk prints: a receipt, a slip for the hold shelf, and the commands to scan. */
export function deskPaperPages(served: Served): void {
  const { app, library } = served

  app.get('/desk/receipt', { config: { access: { needs: 'lend' } } }, async (request, reply) => {
    const card = asked(request.query).text('card', scanned)
    if (!card) return goAnswered(request, reply, '/desk')
    const { patronId } = await patronAsked(library, card)
    const [visit, loans] = await Promise.all([
      visitOf(served, request, reply),
      loansOf(library.db, { patronId, now: library.clock(), limit: receiptMax }),
    ])
    const id = await libraryId(library.db)
    const since = visit.now.getTime() - visitMs
    const fresh = loans.filter(({ lentAt }) => new Date(lentAt).getTime() >= since)
    const frame = {
      title: visit.say('receipt.title'),
      door: '/desk',
      scripts: ['scan-beside.js', 'print.js'] as const,
      ownHead: 'unseen' as const,
    }
    return show(reply, visit, frame, receipt(visit, { card, fresh, older: loans.length - fresh.length, id }))
  })

  app.get('/desk/slip', { config: { access: { needs: 'take-back' } } }, async (request, reply) => {
    const visit = await visitOf(served, request, reply)
    const copyId = asked(request.query).whole('copy', identity) ?? 0
    const last = await lastAnswer(served, request.who, { copyId, actions: ['take-back'] })
    const taken = last?.answer as TakenBack | undefined
    if (taken?.next.to !== 'hold-shelf') return goTo(reply, '/check-in')
    const frame = {
      title: visit.say('check-in.slip'),
      door: '/check-in',
      scripts: ['scan-beside.js', 'print.js'] as const,
      ownHead: 'unseen' as const,
    }
    const paper = html`<div class="paper">${slip(visit, taken, taken.next)}</div>`
    return show(
      reply,
      visit,
      frame,
      html`${scanBeside(visit, { meant: 'take-back', libraryId: await libraryId(library.db) })}${paper}${printTools(visit, '/check-in')}`,
    )
  })

  app.get('/desk/commands', { config: { access: { needs: 'lend' } } }, async (request, reply) => {
    const visit = await visitOf(served, request, reply)
    const frame = {
      title: visit.say('desk.commands'),
      door: '/desk',
      lead: visit.say('command.lead'),
      scripts: ['scan-beside.js', 'print.js'] as const,
    }
    return show(reply, visit, frame, commandSheet(visit, await libraryId(library.db)))
  })
}

function receipt(
  visit: Visit,
  { card, fresh, older, id }: { card: string; fresh: readonly LoanRow[]; older: number; id: string },
): Html {
  const { say } = visit
  return html`${scanBeside(visit, { meant: 'lend', libraryId: id, card })}
  <section class="paper stack-tight" aria-label="${say('receipt.title')}">
    <h2>${visit.library?.name ?? 'Bibby'}</h2>
    <p>${visit.branch?.name} · ${moment(visit, visit.now)}</p>
    <p>${say('receipt.card', { card: html`<bdi class="code">${shortCard(card)}</bdi>` })}</p>
    ${
      fresh.length === 0
        ? html`<p class="empty">${say('receipt.nothing')}</p>`
        : html`<ol class="plain stack-tight">${fresh.map(
            (loan) => html`<li><p class="work">${workName(loan.title)}</p>
        <p><strong>${say('desk.due', { day: day(visit, loan.dueAt) })}</strong> · <span class="code">${loan.barcode}</span></p></li>`,
          )}</ol>`
    }
    ${older > 0 && html`<p>${say('receipt.older', { count: older })}</p>`}
    <p>${say('receipt.thanks')}</p>
  </section>
  ${printTools(visit, address('/desk', { card }))}`
}

function printTools({ say }: Visit, back: string): Html {
  return html`<p class="actions more" data-print="${say('receipt.print')}"><a class="button quiet" href="${back}">${say('receipt.back')}</a></p>`
}

function commandSheet(visit: Visit, id: string): Html {
  const { say } = visit
  return html`${scanBeside(visit, { meant: 'lend', libraryId: id })}
  <ul class="rows command-sheet">${commands.map(
    (name) => html`<li><div>
      <p><strong>${say(`command.${name}`)}</strong></p>
      <p class="under"><span class="code">${commandCodes[name]}</span> · <span class="code">/${name}</span></p>
    </div>${commandBars(commandCodes[name])}</li>`,
  )}</ul>
  ${printTools(visit, '/desk')}`
}

/** Paper is wider than a phone. */
const paper = { along: 420, across: 620 }

function commandBars(code: string): Html | undefined {
  const shape = barcodeOf(code, paper)
  return shape && html`<div class="end">${barcodeImage(code, shape)}</div>`
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import { addClosedDay, closedDays, removeClosedDay } from '../../circulation/calendar.ts'
import { type Branch, branches } from '../../circulation/places.ts'
import { type NumberFormat, type NumberKind, numberFormats } from '../../formats/number-format.ts'
import { dateFormat, listFormat } from '../../language/formats.ts'
import { address } from './address.ts'
import { asked, identity } from './asked.ts'
import { buttonForm, carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { type FormatTyped, numberFormatForm, numberFormatForms } from './number-format-form.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { act, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'
import { day, todayIn } from './wording.ts'

const reasonLimits = { max: 200, label: 'the-reason' } as const

/** Branches, the days on which they are closed, and what new barcodes and cards look like there. */
export function branchPages(served: Served): void {
  const { app } = served
  const config = { access: { needs: 'rules-write' } } as const

  app.get('/branches', { config }, (request, reply) => showBranches(served, request, reply))
  numberFormatForms(served, (request, reply, { refusal, typed }) =>
    showBranches(served, request, reply, refusal, typed),
  )

  app.post('/branches/closed-days', { config }, async (request, reply) => {
    const form = asked(request.body)
    const ask = {
      branchId: form.whole('branch', identity) ?? 0,
      day: form.day('day', 'the-day') ?? '',
      reason: form.text('reason', reasonLimits),
    }
    if (Object.keys(form.problems).length > 0) {
      return showBranches(served, request, reply, { refused: 'fields-invalid', problems: form.problems })
    }
    const outcome = await act(served, request, addClosedDay, ask)
    if (outcome.outcome === 'refused') return showBranches(served, request, reply, outcome.refusal)
    return goTo(reply, '/branches', { said: 'closed-day-added' })
  })

  app.post('/branches/closed-days/remove', { config }, async (request, reply) => {
    const form = asked(request.body)
    const ask = { branchId: form.whole('branch', identity) ?? 0, day: form.day('day', 'the-day') ?? '' }
    const outcome = await act(served, request, removeClosedDay, ask)
    if (outcome.outcome === 'refused') return showBranches(served, request, reply, outcome.refusal)
    return goTo(reply, '/branches', { said: 'closed-day-removed' })
  })
}

type Closed = Awaited<ReturnType<typeof closedDays>>[number]
type Shown = {
  readonly branch: Branch
  readonly days: readonly Closed[]
  readonly barcode: NumberFormat | undefined
  readonly card: NumberFormat | undefined
  readonly typed: FormatTyped | undefined
}

async function showBranches(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
  typed?: FormatTyped,
): Promise<FastifyReply> {
  const { db } = served.library
  const [visit, places, barcodes, cards] = await Promise.all([
    visitOf(served, request, reply),
    branches(db),
    numberFormats(db, 'barcode'),
    numberFormats(db, 'card'),
  ])
  const all: Shown[] = []
  for (const branch of places)
    all.push({
      branch,
      days: await closedDays(db, branch.branchId),
      barcode: barcodes.find((format) => format.branch === branch.code),
      card: cards.find((format) => format.branch === branch.code),
      typed: typed?.branch === branch.code ? typed : undefined,
    })
  const frame = {
    title: visit.say('branches.title'),
    door: '/branches',
    lead: visit.say('branches.lead'),
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(
    reply,
    visit,
    frame,
    html`<div class="stack">${refusal && refusalNotice(visit, refusal)}${all.map((each) => branchSection(visit, each))}</div>`,
  )
}

function branchSection(visit: Visit, { branch, days, barcode, card, typed }: Shown): Html {
  const { say } = visit
  const today = todayIn(branch.timeZone, visit.now)
  const coming = days.filter((each) => each.day >= today)
  const id = `branch-${branch.branchId}`
  return html`<section class="panel" aria-labelledby="${id}">
    <h2 id="${id}">${branch.name}</h2>
    <div class="stack"><div class="columns even">
      <div class="stack-tight">
        <dl class="facts"><dt>${say('branches.code')}</dt><dd class="code">${branch.code}</dd><dt>${say('branches.time-zone')}</dt><dd>${branch.timeZone}</dd>
          <dt>${say('branches.closed-every')}</dt><dd>${weekdays(visit, branch.closedWeekdays)}</dd>
          <dt>${say('branches.shelves')}</dt><dd><a href="/branches/${branch.code}/shelf-plan">${say('branches.shelf-plan')}</a> · <a href="${address('/stock-takes', { branch: branch.code })}">${say('branches.stock-take')}</a></dd></dl>
        <form class="form" method="post" action="/branches/closed-days">${hidden(visit)}${carried('branch', branch.branchId)}
          ${textField({ name: 'day', id: `${id}-day`, label: say('branches.closed-on'), type: 'date', required: true })}
          ${textField({ name: 'reason', id: `${id}-reason`, label: say('branches.because'), max: 200 })}
          <div><button class="button quiet">${say('branches.add-closed-day')}</button></div></form>
      </div>
      <div class="stack-tight">${
        coming.length === 0
          ? html`<p class="empty">${say('branches.no-closed-days')}</p>`
          : html`<ul class="rows">${coming.map(
              (
                each,
              ) => html`<li><div><p>${day(visit, each.day)}</p><p class="under"><bdi dir="auto">${each.reason}</bdi></p></div>
              <div class="end">${buttonForm(visit, {
                action: '/branches/closed-days/remove',
                label: say('branches.remove'),
                about: say('branches.remove-about', { day: each.day, branch: branch.name }),
                fields: { branch: branch.branchId, day: each.day },
              })}</div></li>`,
            )}</ul>`
      }</div>
    </div>
    <div class="columns even">
      ${numberFormatForm(visit, { kind: 'barcode', branch, format: barcode, typed: typedOf(typed, 'barcode') })}
      ${numberFormatForm(visit, { kind: 'card', branch, format: card, typed: typedOf(typed, 'card') })}
    </div></div>
  </section>`
}

function typedOf(typed: FormatTyped | undefined, kind: NumberKind): FormatTyped | undefined {
  return typed?.kind === kind ? typed : undefined
}

/** A day of each weekday: 2024 began on a Monday, which is 1 as ISO 8601 counts. */
const someWeek = (weekday: number) => new Date(Date.UTC(2024, 0, weekday))

function weekdays({ say, language }: Visit, closed: readonly number[]): string {
  if (closed.length === 0) return say('branches.no-day')
  const { format } = dateFormat(language.locale, { weekday: 'long', timeZone: 'UTC' })
  const names = listFormat(language.locale, { type: 'unit' })
  return names.format(closed.map((each) => format(someWeek(each))))
}

import type { KeptScan } from '../../circulation/kept-scan.ts'
import { lendOverridable } from '../../circulation/lend-refusal.ts'
import { may } from '../../staff/permission.ts'
import { refusalIn } from '../answers.ts'
import { address } from './address.ts'
import { scanBeside } from './desk-field.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { day, moment } from './wording.ts'
import { workLink } from './work-line.ts'

/** The kept scans that could not be done: what each was, why not, how things stand now, and what to do about it. */
export function keptView(
  visit: Visit,
  {
    scans,
    refusal,
    libraryId,
  }: {
    readonly scans: readonly KeptScan[]
    readonly refusal: Refused | undefined
    readonly libraryId: string
  },
): Html {
  const { say } = visit
  return html`${scanBeside(visit, { meant: 'lend', libraryId })}
    ${refusal && html`<div class="section">${refusalNotice(visit, refusal)}</div>`}
    ${
      scans.length === 0
        ? html`<p class="empty">${say('kept.nothing')}</p>`
        : html`<ol class="rows kept-scans">${scans.map((scan) => html`<li>${keptRow(visit, scan)}</li>`)}</ol>`
    }
    <p class="actions more"><a class="button quiet" href="/desk">${say('kept.to-the-desk')}</a></p>`
}

function keptRow(visit: Visit, scan: KeptScan): Html {
  const { say } = visit
  const { title, next } = refusalIn(say, scan.refused, { mayOverride: may(visit.who, 'override') })
  const code = scan.copy?.barcode ?? scan.unknownCode ?? ''
  return html`<div class="stack-tight">
    <p>${tag('bad', say(`kept.meant.${scan.meant}`))} ${scan.copy && html`${workLink(scan.copy)} · `}<bdi class="code">${code}</bdi></p>
    <p><strong>${title}</strong> ${next}</p>
    <p class="under">${say('kept.scanned-at', { at: moment(visit, scan.scannedAt) })}${
      scan.branchId !== visit.who?.branchId &&
      html` · ${say('kept.at-branch', { branch: html`<bdi>${scan.branchName}</bdi>` })}`
    }${scan.byName && html` · ${say('kept.handed-in-by', { name: html`<bdi>${scan.byName}</bdi>` })}`}</p>
    ${whose(visit, scan)}
    ${scan.loan && html`<p class="under">${hasItNow(visit, scan.loan)}</p>`}
  </div>
  <div class="kept-forms">${scan.copy && scan.meant === 'lend' && lendForm(visit, scan)}${settleForm(visit, scan)}</div>`
}

function whose({ say }: Visit, { patron, unknownCard }: KeptScan): Html | undefined {
  if (patron)
    return html`<p class="under">${say('kept.at-the-desk', {
      name: html`<bdi dir="auto">${patron.name}</bdi>`,
      link: (inside) => html`<a href="${address('/desk', { card: patron.card })}">${inside}</a>`,
      card: html`<bdi class="code">${patron.card}</bdi>`,
    })}</p>`
  if (unknownCard === null) return undefined
  return html`<p class="under">${say('kept.unknown-card', { card: html`<bdi class="code">${unknownCard}</bdi>` })}</p>`
}

function hasItNow(visit: Visit, loan: NonNullable<KeptScan['loan']>): Html {
  return visit.say('kept.has-it-now', {
    name: html`<bdi dir="auto">${loan.name}</bdi>`,
    link: (inside) => html`<a href="${address('/desk', { card: loan.card })}">${inside}</a>`,
    since: moment(visit, loan.lentAt),
    due: day(visit, loan.dueAt),
  })
}

/** Lends it after all, as of when it was scanned: to whom somebody says now. */
function lendForm(visit: Visit, scan: KeptScan): Html {
  const { say } = visit
  const isOverridable = lendOverridable.has(scan.refused) && may(visit.who, 'override')
  const id = `lend-${scan.keptScanId}`
  return html`<form class="inline-form" method="post" action="/desk/kept/${scan.keptScanId}/lend">
    ${hidden(visit)}
    ${textField({ name: 'card', id: `${id}-card`, label: say('kept.lend-to'), value: scan.patron?.card ?? '', max: 64, required: true })}
    ${
      isOverridable &&
      html`${carried('passing', scan.refused)}${textField({ name: 'reason', id: `${id}-reason`, label: say('desk.lend-because'), max: 500, required: true })}`
    }
    <button class="button quiet">${say('desk.lend')}</button>
  </form>`
}

function settleForm(visit: Visit, { keptScanId }: KeptScan): Html {
  const { say } = visit
  return html`<form class="inline-form" method="post" action="/desk/kept/${keptScanId}/settle">
    ${hidden(visit)}
    ${textField({ name: 'note', id: `settle-${keptScanId}`, label: say('kept.note'), max: 500 })}
    <button class="button quiet">${say('kept.settle')}</button>
  </form>`
}

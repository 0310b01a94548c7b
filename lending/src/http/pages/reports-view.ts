import type { Branch } from '../../circulation/places.ts'
import type { Flaws } from '../../language/flaw.ts'
import { isMessageId } from '../../language/messages.ts'
import type { Cell, Column, Report, ReportAsk, ReportBar, Table } from '../../reports/report.ts'
import { lyingBars, uprightBars } from '../plot/bar-plot.ts'
import { type Picture, pictureIn } from '../plot/picture.ts'
import { address } from './address.ts'
import { flawTexts } from './flaw-text.ts'
import { choiceField, textField } from './form.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'
import { dayText, numberText } from './wording.ts'

type Asked = { readonly report: Report; readonly ask: ReportAsk }

/** A report with what was asked of it; without a table where that does not fit. */
export function reportView(
  visit: Visit,
  {
    table,
    places,
    problems,
    ...shown
  }: Asked & {
    readonly table: Table | undefined
    readonly places: readonly Branch[]
    readonly problems: Flaws
  },
): Html {
  const { say } = visit
  return html`<div class="stack">
    <p><a href="/reports">${say('reports.back')}</a></p>
    ${askForm(visit, { ...shown, places, problems })}
    ${table && (table.count === 0 ? html`<p class="empty">${say('reports.nothing')}</p>` : found(visit, { ...shown, table }))}
  </div>`
}

function askForm(
  visit: Visit,
  { report, ask, places, problems }: Asked & { readonly places: readonly Branch[]; readonly problems: Flaws },
): Html {
  const { say } = visit
  const { asks, groupings, name } = report
  const words = flawTexts(visit, { problems })
  const day = (field: 'from' | 'to') =>
    textField({
      name: field,
      label: say(`reports.${field}`),
      type: 'date',
      value: ask[field],
      problem: words[field],
    })
  return html`<form class="inline-form" action="/reports/${name}" aria-label="${say('reports.choose')}">
    ${asks.includes('days') && html`${day('from')}${day('to')}`}
    ${asks.includes('years') && textField({ name: 'years', label: say('reports.years'), type: 'number', min: 1, step: '1', value: ask.years, problem: words.years, className: 'narrow' })}
    ${
      groupings.length > 1 &&
      choiceField({
        name: 'by',
        label: say('reports.by'),
        value: ask.by,
        options: groupings.map((each) => ({ value: each, label: say(`report-by.${each}`) })),
      })
    }
    ${
      asks.includes('branch') &&
      choiceField({
        name: 'branch',
        label: say('reports.branch'),
        value: ask.branchId === undefined ? '' : String(ask.branchId),
        options: [
          { value: '', label: say('reports.any-branch') },
          ...places.map(({ branchId, name: label }) => ({ value: String(branchId), label })),
        ],
      })
    }
    <button class="button">${say('reports.show')}</button>
  </form>`
}

function found(visit: Visit, { report, ask, table }: Asked & { readonly table: Table }): Html {
  const { say } = visit
  const file = (ending: 'csv' | 'svg') => address(`/reports/${report.name}.${ending}`, queryOf(report, ask))
  return html`<section class="panel stack-tight" aria-labelledby="picture"><h2 id="picture" class="unseen">${say('reports.picture')}</h2>
      ${pictureIn(reportPicture(visit, { report, ask, table }), 'wide')}
      ${pictureIn(reportPicture(visit, { report, ask, table }, true), 'narrow')}</section>
    <div class="actions"><a class="button" href="${file('csv')}" download>${say('reports.csv')}</a>
      <a class="button quiet" href="${file('svg')}" download>${say('reports.svg')}</a></div>
    <section class="stack-tight" aria-labelledby="table"><h2 id="table" class="unseen">${say('reports.table')}</h2>
      <p class="soft">${table.sum !== undefined && `${say('reports.sum', { count: table.sum })} `}${howMany(visit, report, table)}</p>
      ${tableOf(visit, { report, ask, table })}</section>`
}

function howMany({ say }: Visit, { rowsMax }: Report, { rows, count }: Table): string {
  const shown = rows.length
  if (shown >= count) return say('reports.rows', { count })
  return count > rowsMax
    ? say('reports.left-out-of-file', { shown, count, max: rowsMax })
    : say('reports.left-out', { shown, count })
}

function tableOf(visit: Visit, { report, ask, table }: Asked & { readonly table: Table }): Html {
  const { say } = visit
  const columns = report.columns(ask)
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="table"><table>
    <thead><tr>${columns.map(
      ({ name, kind }) =>
        html`<th scope="col"${kind === 'number' && html` class="number"`}>${say(`report-column.${name}`)}</th>`,
    )}</tr></thead>
    <tbody>${table.rows.map(
      (row) => html`<tr>${columns.map((column, at) => cellOf(visit, column, row[at] ?? null))}</tr>`,
    )}</tbody></table></div>`
}

function cellOf(visit: Visit, { name, kind }: Column, cell: Cell): Html {
  if (cell === null || cell === '') return html`<td${kind === 'number' && html` class="number"`}>–</td>`
  if (kind === 'number') return html`<td class="number">${numberText(visit, Number(cell))}</td>`
  if (kind === 'text') return html`<td><bdi dir="auto">${cell}</bdi></td>`
  const text = name === 'month' ? monthText(visit, String(cell)) : dayText(visit, String(cell))
  return html`<td><time datetime="${cell}">${text}</time></td>`
}

/** What the report comes to, drawn; `isNarrow` for a phone. */
export function reportPicture(
  visit: Visit,
  { report, ask, table: { bars } }: Asked & { readonly table: Table },
  isNarrow = false,
): Picture {
  const { say } = visit
  const isInTime = ask.by === 'day' || ask.by === 'week' || ask.by === 'month'
  const isUpright = report.picture === 'upright' && isInTime
  const named = bars.map(({ name, value }) => ({ name: barName(visit, { report, ask }, name), value }))
  const title = say(`report.${report.name}`)
  const most = named.reduce<ReportBar | undefined>(
    (best, each) => (each.value > (best?.value ?? 0) ? each : best),
    undefined,
  )
  const valueText = (value: number) => numberText(visit, value)
  const label = most
    ? say('reports.picture-label', { title, name: most.name, value: valueText(most.value) })
    : say('reports.picture-nothing', { title })
  return (isUpright ? uprightBars : lyingBars)({ label, bars: named, valueText, isNarrow })
}

function barName(visit: Visit, { report, ask }: Asked, name: string): string {
  if (report.name === 'overdue') {
    const id = `report-late.${name}`
    return isMessageId(id) ? visit.say(id) : name
  }
  if (report.name !== 'loans') return name
  if (ask.by === 'month') return monthText(visit, name)
  return ask.by === 'day' || ask.by === 'week' ? shortDay(visit, name) : name
}

function monthText({ language }: Visit, day: string): string {
  const options = { month: 'short', year: 'numeric', timeZone: 'UTC' } as const
  return new Date(day).toLocaleDateString(language.locale, options)
}

function shortDay({ language }: Visit, day: string): string {
  return new Date(day).toLocaleDateString(language.locale, {
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
  })
}

function queryOf({ asks, groupings }: Report, { from, to, by, branchId, years }: ReportAsk) {
  return {
    ...(asks.includes('days') ? { from, to } : {}),
    ...(asks.includes('years') ? { years } : {}),
    ...(groupings.length > 1 ? { by } : {}),
    ...(asks.includes('branch') ? { branch: branchId } : {}),
  }
}

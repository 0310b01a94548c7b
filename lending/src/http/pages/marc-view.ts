import { type Field, isControl, type MarcRecord } from '../../catalogue/marc/record.ts'
import type { LineProblem } from '../../catalogue/marc/record-lines.ts'
import type { KeptTitle } from '../../catalogue/whole-record.ts'
import { may } from '../../staff/permission.ts'
import { carried, hidden } from './form.ts'
import { type Html, html } from './html.ts'
import { keptWords } from './kept-words.ts'
import { notice } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'

/** A record field by field, as cataloguers read it: blanks of fixed places are seen. */
export function marcView(
  visit: Visit,
  { found, record }: { readonly found: KeptTitle; readonly record: MarcRecord },
): Html {
  const { say } = visit
  const { titleId, recordFormat } = found
  const isMade = recordFormat === null || recordFormat === 'csv'
  return html`<div class="stack">
    <div class="actions no-print"><a class="button quiet" href="/titles/${titleId}">${say('title-form.back')}</a>
      ${may(visit.who, 'catalogue-write') && html`<a class="button quiet" href="/titles/${titleId}/marc/edit">${say('marc.edit')}</a>`}</div>
    ${isMade && html`<p class="soft">${say('marc.is-made')}</p>`}
    <div class="scroll" tabindex="0" role="region" aria-label="${say('marc.title')}"><table class="marc" dir="ltr">
      <thead><tr><th scope="col">${say('marc.tag')}</th><th scope="col">${say('marc.indicators')}</th><th scope="col">${say('marc.content')}</th></tr></thead>
      <tbody><tr><th scope="row" class="code">LDR</th><td></td><td class="code">${seen(record.leader)}</td></tr>
        ${record.fields.map(fieldRow)}</tbody></table></div>
    <p class="soft small">${say('marc.blanks')}</p>
  </div>`
}

function fieldRow(field: Field): Html {
  if (isControl(field))
    return html`<tr><th scope="row" class="code">${field.tag}</th><td></td><td class="code">${seen(field.value)}</td></tr>`
  return html`<tr><th scope="row" class="code">${field.tag}</th><td class="code">${seen(field.indicators)}</td><td>${field.subfields.map(
    ({ code, value }) => html`<span class="code soft">$${code}</span> <bdi dir="auto">${value}</bdi> `,
  )}</td></tr>`
}

function seen(text: string): string {
  return text.replaceAll(' ', '#')
}

/** How many lines the form shows at once. */
const rowsSeen = { least: 12, most: 40 } as const

/** The record as lines to write in, with what was wrong with them. */
export function marcFormView(
  visit: Visit,
  {
    found,
    lines,
    version,
    isBehind,
    refusal,
  }: {
    readonly found: KeptTitle
    readonly lines: string
    readonly version: number
    /** The title says something else than its record. */
    readonly isBehind: boolean
    readonly refusal?: Refused
  },
): Html {
  const { say } = visit
  const path = `/titles/${found.titleId}/marc`
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal, unfit(visit, refusal))}
    ${isBehind && notice(visit, 'warn', { title: say('marc.is-behind'), body: html`<p>${say('marc.is-behind.next')}</p>` })}
    <form class="panel stack-tight" method="post" action="${path}/edit">${hidden(visit)}${carried('version', version)}
      ${linesField(visit, { lines, isWrong: refusal !== undefined })}
      <div class="actions"><button class="button">${say('marc.save')}</button><a href="${path}">${say('marc.leave')}</a></div>
    </form></div>`
}

/** A field for a record as lines; it is written from left to right in every language. */
export function linesField(
  { say }: Visit,
  { lines, isWrong }: { readonly lines: string; readonly isWrong: boolean },
): Html {
  const rows = Math.min(rowsSeen.most, Math.max(rowsSeen.least, lines.split('\n').length + 1))
  return html`<div class="field"><label for="record">${say('marc.lines')}</label>
    <textarea id="record" name="record" class="code" dir="ltr" rows="${rows}" spellcheck="false" autocapitalize="off" aria-describedby="record-hint"${isWrong && html` aria-invalid="true"`}>
${lines}</textarea>
    <p class="hint" id="record-hint">${say('marc.lines-hint', {
      field: html`<span class="code" dir="ltr">245 10 $aPride and prejudice /$cJane Austen.</span>`,
      dollar: html`<span class="code" dir="ltr">{dollar}</span>`,
      brace: html`<span class="code" dir="ltr">{brace}</span>`,
      any: html`<span class="code" dir="ltr">{U+00A0}</span>`,
    })}</p></div>`
}

/** What is wrong with each line, or what the record as a whole cannot be. */
export function unfit(visit: Visit, { refused, problems, because }: Refused): Html | undefined {
  const { say } = visit
  if (refused === 'record-unfit' && typeof because === 'string')
    return html`<p>${keptWords(visit, because)}</p>`
  if (refused !== 'record-lines-unfit' || !Array.isArray(problems)) return undefined
  return html`<ul>${(problems as readonly LineProblem[]).map(
    ({ line, wrong }) => html`<li>${say(`marc-line.${wrong}`, { line })}</li>`,
  )}</ul>`
}

import type { Title } from '../../catalogue/title.ts'
import { materials, type TitleFields } from '../../catalogue/title-fields.ts'
import type { Branch, ItemType } from '../../circulation/places.ts'
import { address } from './address.ts'
import { copyFields } from './copy-fields.ts'
import { coverForm } from './cover-view.ts'
import { type FlawTexts, flawTexts } from './flaw-text.ts'
import { carried, choiceField, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'

/** The form for a title, and below it one for a further copy. */
export function titleFormView(
  visit: Visit,
  {
    fields,
    title,
    refusal,
    places,
    types,
  }: {
    readonly fields: TitleFields
    readonly title?: Title
    readonly refusal?: Refused
    readonly places: readonly Branch[]
    readonly types: readonly ItemType[]
  },
): Html {
  const { say } = visit
  const problems = flawTexts(visit, refusal)
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal)}
    ${
      title &&
      html`<p class="actions"><a href="/titles/${title.titleId}">${say('title-form.back')}</a>
        <a href="/titles/${title.titleId}/marc">${say('marc.title')}</a>
        <a href="/titles/${title.titleId}/merge">${say('merge-titles.title')}</a>
        ${title.copies.length > 1 && html`<a href="${ofCopies(title)}">${say('edit-copies.of-title')}</a>`}</p>`
    }
    ${title && copyPanel(visit, { title, places, types, problems })}
    <form class="form two panel" method="post" action="${title ? `/titles/${title.titleId}/edit` : '/catalogue'}">
      ${hidden(visit)}${title && carried('version', title.version)}
      ${titleFields(visit, fields, problems)}
      <div class="whole actions"><button class="button">${say(title ? 'title-form.save' : 'title-form.add-it')}</button></div>
    </form>
    ${title && coverForm(visit, title.titleId)}
  </div>`
}

/** An address names no more copies: what is longer is planned by shelf, or by hand. */
const barcodesMax = 100

/** The form that plans to change many copies, with those of a title filled in. */
function ofCopies({ copies }: Title): string {
  const barcodes = copies
    .filter(({ state }) => state !== 'withdrawn')
    .slice(0, barcodesMax)
    .map(({ barcode }) => barcode)
  return address('/operations/edit-copies', { barcodes: barcodes.join('\n') })
}

function titleFields({ say }: Visit, fields: TitleFields, problems: FlawTexts): Html {
  const lines = (name: 'authors' | 'isbns' | 'subjects' | 'series', label: string) =>
    textField({
      name,
      label,
      value: fields[name].join('\n'),
      max: 20_000,
      lines: true,
      hint: say('title-form.one-a-line'),
      problem: problems[name],
    })
  return html`
    <div class="whole">${textField({ name: 'title', label: say('title-form.title'), value: fields.title, max: 2_000, required: true, problem: problems.title })}</div>
    <div class="whole">${textField({ name: 'subtitle', label: say('title-form.subtitle'), value: fields.subtitle, max: 2_000, problem: problems.subtitle })}</div>
    ${lines('authors', say('title-form.authors'))}
    ${lines('isbns', say('title-form.isbn'))}
    ${textField({ name: 'publisher', label: say('title-form.publisher'), value: fields.publisher, max: 500, problem: problems.publisher })}
    ${textField({ name: 'year', label: say('title-form.year'), value: fields.publishedYear ?? '', max: 5, problem: problems.publishedYear })}
    ${textField({ name: 'language', label: say('title-form.language'), value: fields.language, max: 8, hint: say('title-form.language-hint'), problem: problems.language })}
    ${choiceField({
      name: 'material',
      label: say('title-form.kind'),
      value: fields.material,
      options: materials.map((each) => ({ value: each, label: say(`material.${each}`) })),
    })}
    ${lines('subjects', say('title-form.subjects'))}
    ${lines('series', say('title-form.series'))}
    <div class="whole">${textField({ name: 'summary', label: say('title-form.summary'), value: fields.summary, max: 20_000, lines: true, problem: problems.summary })}</div>`
}

function copyPanel(
  visit: Visit,
  {
    title,
    places,
    types,
    problems,
  }: {
    readonly title: Title
    readonly places: readonly Branch[]
    readonly types: readonly ItemType[]
    readonly problems: FlawTexts
  },
): Html {
  return html`<section class="panel" aria-labelledby="copy-heading"><h2 id="copy-heading">${visit.say('copy-form.add')}</h2>
    <form class="form two" method="post" action="/titles/${title.titleId}/copies">${hidden(visit)}
      ${copyFields(visit, { form: visit.branch ? { branch: visit.branch.code } : {}, problems, places, types })}
      <div class="whole"><button class="button quiet">${visit.say('copy-form.add-it')}</button></div>
    </form></section>`
}

import type { Twin } from '../../catalogue/twins.ts'
import { address } from './address.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import { endingFacts } from './operation-view.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { numberText } from './wording.ts'
import { authorNames, editionLine, workName } from './work-line.ts'

/** The title that stays, those that may be the same, and the form that plans the merging. */
export function mergeTitlesView(
  visit: Visit,
  {
    kept,
    likely,
    named,
    others,
    because,
    refusal,
  }: {
    readonly kept: Twin
    readonly likely: readonly Twin[]
    /** What was asked for, and what it names. */
    readonly named: string
    readonly others: readonly Twin[]
    readonly because: string
    readonly refusal: Refused | undefined
  },
): Html {
  const { say } = visit
  const [other] = others.length === 1 ? others : []
  const path = `/titles/${kept.titleId}/merge`
  return html`<div class="stack">
    <p><a href="/titles/${kept.titleId}/edit">${say('merge-titles.back')}</a></p>
    ${refusal && refusalNotice(visit, refusal, endingFacts(visit, refusal))}
    ${named && others.length === 0 && notice(visit, 'warn', { title: say('merge-titles.not-found', { named: html`<bdi>${named}</bdi>` }) })}
    ${other && decide(visit, { kept, other, because, path })}
    ${!other && others.length > 1 && choices(visit, { path, heading: say('merge-titles.several'), titles: others })}
    ${!other && likely.length > 0 && choices(visit, { path, heading: say('merge-titles.likely'), titles: likely })}
    <section class="panel" aria-labelledby="other-heading"><h2 id="other-heading">${say(other ? 'merge-titles.another' : 'merge-titles.other')}</h2>
      <form class="inline-form" action="${path}">
        ${textField({ name: 'other', label: say('merge-titles.named'), value: named, max: 300, required: true, autofocus: !other })}
        <button class="button quiet">${say('merge-titles.find')}</button>
      </form></section>
  </div>`
}

function choices(
  visit: Visit,
  {
    path,
    heading,
    titles,
  }: { readonly path: string; readonly heading: string; readonly titles: readonly Twin[] },
): Html {
  return html`<section aria-labelledby="choices"><h2 id="choices">${heading}</h2>
    <ul class="rows">${titles.map(
      (title) => html`<li><div>
        <p class="work">${workName(title.title, title.language)}</p>
        ${title.authors.length > 0 && html`<p>${authorNames(visit, title.authors)}</p>`}
        <p class="under">${editionLine(visit, title)} · ${visit.say('merge-titles.number', { number: String(title.titleId) })}</p>
      </div><p class="end"><a class="button quiet small" href="${address(path, { from: title.titleId })}">${visit.say('merge-titles.look')} <span class="unseen">${workName(title.title, title.language)}</span></a></p></li>`,
    )}</ul></section>`
}

/** Both side by side, and what would become of them. */
function decide(
  visit: Visit,
  {
    kept,
    other,
    because,
    path,
  }: { readonly kept: Twin; readonly other: Twin; readonly because: string; readonly path: string },
): Html {
  const { say } = visit
  return html`<section class="stack" aria-labelledby="both"><h2 id="both">${say('merge-titles.both')}</h2>
    <div class="columns even">
      ${side(visit, say('merge-titles.goes'), other)}
      ${side(visit, say('merge-titles.stays'), kept)}
    </div>
    <form class="panel form" method="post" action="${path}">${hidden(visit)}${carried('from', other.titleId)}
      <p>${say('merge-titles.what-happens')}</p>
      ${textField({ name: 'because', label: say('merge-titles.why'), value: because, max: 500, required: true })}
      <div class="actions"><button class="button">${say('merge-titles.plan')}</button>
        <a href="${address(`/titles/${other.titleId}/merge`, { from: kept.titleId })}">${say('merge-titles.other-way')}</a></div>
    </form></section>`
}

function side(visit: Visit, heading: string, title: Twin): Html {
  const { say } = visit
  const facts: readonly (readonly [string, Html | string])[] = [
    [say('title-form.authors'), authorNames(visit, title.authors)],
    [say('title-form.publisher'), title.publisher],
    [say('merge-titles.edition'), editionLine(visit, title)],
    [say('title-form.isbn'), title.isbns.join(', ')],
    [say('merge-titles.copies'), numberText(visit, title.copies)],
    [say('merge-titles.holds'), numberText(visit, title.holds)],
    [say('merge-titles.loans'), numberText(visit, title.loans)],
    [say('merge-titles.record'), say(title.hasRecord ? 'merge-titles.has-record' : 'merge-titles.no-record')],
  ]
  return html`<section class="panel stack-tight"><p class="soft small">${heading}</p>
    <p class="work"><a href="/titles/${title.titleId}">${workName(title.title, title.language)}</a></p>
    ${title.subtitle && html`<p><bdi dir="auto">${title.subtitle}</bdi></p>`}
    <dl class="facts">${facts.map(([name, value]) => (typeof value === 'string' ? value : value.html) !== '' && html`<dt>${name}</dt><dd><bdi dir="auto">${value}</bdi></dd>`)}</dl></section>`
}

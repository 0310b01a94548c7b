import { sampleOf, type TemplateInForce } from '../../notices/own-templates.ts'
import type { LetterPreview } from '../../notices/preview-letter.ts'
import { defaultTemplates, placeholders, type Template, templateMax } from '../../notices/template.ts'
import { flawTexts } from './flaw-text.ts'
import { buttonForm, carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import type { Edited } from './notice-template-page.ts'
import { refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'

type Shown = { readonly template: TemplateInForce; readonly edited: Edited | undefined }

/** The text of a kind with what it would say, and what may stand in braces. */
export function noticeTemplateView(visit: Visit, { template, edited }: Shown): Html {
  const { say } = visit
  const { refusal } = edited ?? {}
  const isTried = edited !== undefined && refusal === undefined
  return html`<div class="stack">
    <p><a href="/notices">${say('notices.back')}</a></p>
    ${refusal && refusalNotice(visit, refusal)}
    <div class="columns">
      <div class="stack">
        ${editForm(visit, { template, edited })}
        ${template.isOwn && toDefault(visit, template)}
      </div>
      <div class="stack">
        ${
          edited?.preview
            ? seen(patronPanel(visit, edited.preview))
            : isTried
              ? seen(letterPanel(visit, template, edited.typed, say('notice-template.as-typed-unsaved')))
              : letterPanel(visit, template, template, say('notice-template.as-now'))
        }
        ${placeholderPanel(visit)}
      </div>
    </div></div>`
}

/** Where a browser goes after a preview; a refusal has no such place, and is read from the top. */
const seen = (panel: Html) => html`<div id="seen">${panel}</div>`

function editForm(visit: Visit, { template, edited }: Shown): Html {
  const { say } = visit
  const path = `/notices/templates/${template.kind}`
  const problems = flawTexts(visit, edited?.refusal)
  const text = edited?.typed ?? template
  const field = (name: keyof Template, more: object = {}) =>
    textField({
      name,
      label: say(`notice-template.${name}`),
      value: text[name],
      max: templateMax[name],
      problem: problems[name],
      ...more,
    })
  // Who was overtaken sees the other text beside their own, and may save theirs over it.
  return html`<section class="panel" aria-labelledby="words"><h2 id="words">${say('notice-template.words')}</h2>
    <form class="form" method="post" action="${path}">
      ${hidden(visit)}${carried('version', template.version)}
      ${field('subject', { required: true })}
      ${field('body', { required: true, lines: true, rows: 14 })}
      ${field('item', { hint: say('notice-template.item-hint') })}
      ${textField({
        name: 'card',
        label: say('notice-template.card'),
        value: edited?.card,
        max: 64,
        problem: problems.card,
        hint: say('notice-template.card-hint'),
      })}
      <div class="actions"><button class="button quiet" formaction="${path}/preview#seen">${say('notice-template.preview')}</button>
        <button class="button">${say('notice-template.save')}</button></div>
    </form></section>`
}

function toDefault(visit: Visit, { kind, version }: TemplateInForce): Html {
  const { say } = visit
  return html`<details><summary>${say('notice-template.bibby-again')}</summary>
    <p class="soft">${say('notice-template.bibby-again-hint')}</p>
    ${buttonForm(visit, {
      action: `/notices/templates/${kind}/preview`,
      label: say('notice-template.show-bibby'),
      className: 'quiet',
      fields: { ...defaultTemplates[kind], version },
    })}</details>`
}

function letterPanel({ say }: Visit, { kind }: TemplateInForce, template: Template, title: string): Html {
  const { subject, text } = sampleOf(kind, template)
  return html`<section class="panel stack-tight" aria-labelledby="letter"><h2 id="letter">${title}</h2>
    <p class="soft small">${say('notice-template.nobody')}</p>
    <p><strong dir="auto">${subject}</strong></p>
    <div class="letter" dir="auto">${text}</div></section>`
}

/** What a real patron would get now. */
function patronPanel({ say }: Visit, { name, card, shows, letters }: LetterPreview): Html {
  const named = { name: html`<bdi dir="auto">${name}</bdi>`, card: html`<bdi>${card}</bdi>` }
  const whom = name === '' ? named.card : say('notice-template.whom', named)
  return html`<section class="panel stack-tight" aria-labelledby="letter"><h2 id="letter">${say('notice-template.as-typed')}</h2>
    <p>${say(`notice-template.shows.${shows}`, { whom })} <span class="soft">${say('notice-template.nothing-sent')}</span></p>
    ${letters.map(
      ({ subject, text, isWritten }) => html`
        ${isWritten && html`<p class="soft">${say('notice-template.written-before')}</p>`}
        <p><strong dir="auto">${subject}</strong></p>
        <div class="letter" dir="auto">${text}</div>`,
    )}</section>`
}

function placeholderPanel({ say }: Visit): Html {
  const list = (meanings: readonly (readonly [string, string])[]) =>
    html`<dl class="facts small">${meanings.map(
      ([name, meaning]) => html`<dt class="code" dir="ltr">{${name}}</dt><dd>${meaning}</dd>`,
    )}</dl>`
  const inText = namesOf(placeholders.text).map((name) => [name, say(`placeholder.text.${name}`)] as const)
  const inItem = namesOf(placeholders.item).map((name) => [name, say(`placeholder.item.${name}`)] as const)
  return html`<section class="panel quiet stack-tight" aria-labelledby="braces"><h2 id="braces">${say('notice-template.braces')}</h2>
    <h3>${say('notice-template.in-text')}</h3>${list(inText)}
    <h3>${say('notice-template.in-item')}</h3>${list(inItem)}</section>`
}

function namesOf<Named extends object>(named: Named): readonly (keyof Named & string)[] {
  return Object.keys(named) as (keyof Named & string)[]
}

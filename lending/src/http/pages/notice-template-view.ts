import { sampleOf, type TemplateInForce } from '../../notices/own-templates.ts'
import type { LetterPreview } from '../../notices/preview-letter.ts'
import { defaultTemplates, placeholders, type Template, templateMax } from '../../notices/template.ts'
import { buttonForm, carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import type { Edited } from './notice-template-page.ts'
import { refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'

type Shown = { readonly template: TemplateInForce; readonly edited: Edited | undefined }

/** The text of a kind with what it would say, and what may stand in braces. */
export function noticeTemplateView(visit: Visit, { template, edited }: Shown): Html {
  const { refusal } = edited ?? {}
  const isTried = edited !== undefined && refusal === undefined
  return html`<div class="stack">
    <p><a href="/notices">Back to notices</a></p>
    ${refusal && refusalNotice(visit, refusal)}
    <div class="columns">
      <div class="stack">
        ${editForm(visit, { template, edited })}
        ${template.isOwn && toDefault(visit, template)}
      </div>
      <div class="stack">
        ${
          edited?.preview
            ? seen(patronPanel(edited.preview))
            : isTried
              ? seen(letterPanel(template, edited.typed, 'As you typed it, not saved yet'))
              : letterPanel(template, template, 'As it is now')
        }
        ${placeholderPanel()}
      </div>
    </div></div>`
}

/** Where a browser goes after a preview; a refusal has no such place, and is read from the top. */
const seen = (panel: Html) => html`<div id="seen">${panel}</div>`

function editForm(visit: Visit, { template, edited }: Shown): Html {
  const path = `/notices/templates/${template.kind}`
  const problems = (edited?.refusal?.problems ?? {}) as Readonly<Record<string, string>>
  const text = edited?.typed ?? template
  const field = (name: keyof Template, label: string, more: object = {}) =>
    textField({
      name,
      label,
      value: text[name],
      max: templateMax[name],
      problem: problems[name],
      ...more,
    })
  // Who was overtaken sees the other text beside their own, and may save theirs over it.
  return html`<section class="panel" aria-labelledby="words"><h2 id="words">The words</h2>
    <form class="form" method="post" action="${path}">
      ${hidden(visit)}${carried('version', template.version)}
      ${field('subject', 'Subject', { required: true })}
      ${field('body', 'Text', { required: true, lines: true, rows: 14 })}
      ${field('item', 'The line of a thing', { hint: 'Once for each thing; together they are {items}.' })}
      ${textField({
        name: 'card',
        label: 'Whose letter to preview',
        value: edited?.card,
        max: 64,
        problem: problems.card,
        hint: 'A card number; empty for a reader who does not exist.',
      })}
      <div class="actions"><button class="button quiet" formaction="${path}/preview#seen">Preview</button>
        <button class="button">Save</button></div>
    </form></section>`
}

function toDefault(visit: Visit, { kind, version }: TemplateInForce): Html {
  return html`<details><summary>Take Bibby’s words again</summary>
    <p class="soft">They come into the form above, to be looked at and saved.</p>
    ${buttonForm(visit, {
      action: `/notices/templates/${kind}/preview`,
      label: 'Show Bibby’s words',
      className: 'quiet',
      fields: { ...defaultTemplates[kind], version },
    })}</details>`
}

function letterPanel({ kind }: TemplateInForce, template: Template, title: string): Html {
  const { subject, text } = sampleOf(kind, template)
  return html`<section class="panel stack-tight" aria-labelledby="letter"><h2 id="letter">${title}</h2>
    <p class="soft small">To a reader who does not exist.</p>
    <p><strong dir="auto">${subject}</strong></p>
    <div class="letter" dir="auto">${text}</div></section>`
}

/** What a real patron would get now. */
function patronPanel({ name, card, shows, letters }: LetterPreview): Html {
  const whom = html`<bdi dir="auto">${name || card}</bdi>${name !== '' && html` (card <bdi>${card}</bdi>)`}`
  const words = {
    'what-is-due': html`To ${whom}, as it would go out now.`,
    'nothing-due': html`Nothing of this kind is due for ${whom} now. The things below are made up.`,
    'no-address': html`${whom} has no mail address and gets nothing. The things below are made up.`,
  }
  return html`<section class="panel stack-tight" aria-labelledby="letter"><h2 id="letter">As you typed it</h2>
    <p>${words[shows]} <span class="soft">Nothing was sent or saved.</span></p>
    ${letters.map(
      ({ subject, text, isWritten }) => html`
        ${isWritten && html`<p class="soft">Written before: it goes out in these words, whatever the template says.</p>`}
        <p><strong dir="auto">${subject}</strong></p>
        <div class="letter" dir="auto">${text}</div>`,
    )}</section>`
}

function placeholderPanel(): Html {
  const list = (words: Readonly<Record<string, string>>) =>
    html`<dl class="facts small">${Object.entries(words).map(
      ([name, meaning]) => html`<dt class="code">{${name}}</dt><dd>${meaning}</dd>`,
    )}</dl>`
  return html`<section class="panel quiet stack-tight" aria-labelledby="braces"><h2 id="braces">What may stand in braces</h2>
    <h3>In subject and text</h3>${list(placeholders.text)}
    <h3>In the line of a thing</h3>${list(placeholders.item)}</section>`
}

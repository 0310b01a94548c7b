import type { Branch, ItemType } from '../../circulation/places.ts'
import type { Asked } from './asked.ts'
import { choiceField, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { endingFacts } from './operation-view.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'

/** What a form that plans an operation is made of. */
export type Form = {
  readonly places: readonly Branch[]
  readonly types: readonly ItemType[]
  /** What was typed, to be shown again. */
  readonly sent: Asked
  readonly refusal: Refused | undefined
}

/** The form that plans a withdrawal. */
export function withdrawView(visit: Visit, form: Form): Html {
  return planForm(visit, form, {
    action: '/operations/withdraw-copies',
    fields: html`${selection(visit, form)}${why(visit, form)}`,
  })
}

/** The form that plans to change many copies. */
export function editView(visit: Visit, form: Form): Html {
  const { say } = visit
  const { places, types, sent } = form
  const asIs = say('plan.as-it-is')
  return planForm(visit, form, {
    action: '/operations/edit-copies',
    fields: html`<p>${say('plan.edit-lead')}</p><fieldset class="form"><legend>${say('plan.which')}</legend>${selection(visit, form)}</fieldset>
      <fieldset class="form"><legend>${say('plan.become')}</legend>
      ${choice('toBranch', say('plan.to-branch'), sent, asIs, places)}
      ${textField({ name: 'toShelf', label: say('plan.to-shelf'), value: typed(sent, 'toShelf'), hint: say('plan.to-shelf-hint') })}
      ${choice('toItemType', say('plan.to-item-type'), sent, asIs, types)}
      ${choice('toLendable', say('plan.lent'), sent, asIs, [
        { code: 'yes', name: say('plan.lent-yes') },
        { code: 'no', name: say('plan.lent-no') },
      ])}</fieldset>`,
  })
}

/** The form that plans to empty the catalogue. */
export function deleteAllView(visit: Visit, form: Form): Html {
  return planForm(visit, form, {
    action: '/operations/delete-all-books',
    fields: html`<p>${visit.say('plan.delete-all-about')}</p>${why(visit, form)}`,
  })
}

/** The form that plans to erase a patron. */
export function eraseView(visit: Visit, form: Form): Html {
  const { say } = visit
  return planForm(visit, form, {
    action: '/operations/erase-patron',
    fields: html`<p>${say('plan.erase-about')}</p>
      <p class="soft">${say('plan.erase-kept')}</p>
      ${textField({ name: 'card', label: say('plan.card'), value: typed(form.sent, 'card'), max: 64, required: true })}
      ${why(visit, form, say('plan.erase-why-hint'))}`,
  })
}

function planForm(
  visit: Visit,
  { refusal }: Form,
  { action, fields }: { readonly action: string; readonly fields: Html },
): Html {
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal, endingFacts(visit, refusal))}
    <form class="panel form" method="post" action="${action}">
      ${hidden(visit)}${fields}
      <div><button class="button">${visit.say('plan.submit')}</button></div>
    </form>
  </div>`
}

function selection({ say }: Visit, { places, types, sent }: Form): Html {
  return html`${choice('branch', say('plan.branch'), sent, say('plan.any-branch'), places)}
    ${textField({ name: 'shelf', label: say('plan.shelf'), value: typed(sent, 'shelf'), hint: say('plan.shelf-hint') })}
    ${choice('itemType', say('plan.item-type'), sent, say('plan.any-type'), types)}
    ${textField({
      name: 'barcodes',
      label: say('plan.barcodes'),
      value: typed(sent, 'barcodes'),
      max: 400_000,
      lines: true,
      hint: say('plan.barcodes-hint'),
    })}`
}

function choice(
  name: string,
  label: string,
  sent: Asked,
  none: string,
  all: readonly { readonly code: string; readonly name: string }[],
): Html {
  const options = [{ value: '', label: none }, ...all.map((each) => ({ value: each.code, label: each.name }))]
  return choiceField({ name, label, value: typed(sent, name), options })
}

function why({ say }: Visit, { sent }: Form, hint = say('plan.why-hint')): Html {
  return textField({
    name: 'because',
    label: say('plan.why'),
    value: typed(sent, 'because'),
    max: 500,
    required: true,
    hint,
  })
}

function typed(sent: Asked, name: string): string {
  return sent.text(name, { max: 400_000, label: 'the-field', lines: true })
}

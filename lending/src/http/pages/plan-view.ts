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
    fields: html`${selection(form)}${why(form)}`,
  })
}

/** The form that plans to change many copies. */
export function editView(visit: Visit, form: Form): Html {
  const { places, types, sent } = form
  return planForm(visit, form, {
    action: '/operations/edit-copies',
    fields: html`<fieldset class="form"><legend>Which copies</legend>${selection(form)}</fieldset>
      <fieldset class="form"><legend>What becomes of them</legend>
      ${choice('toBranch', 'To branch', sent, 'As it is', places)}
      ${textField({ name: 'toShelf', label: 'To shelf', value: typed(sent, 'toShelf'), hint: 'Empty: as it is.' })}
      ${choice('toItemType', 'To item type', sent, 'As it is', types)}
      ${choice('toLendable', 'Is it lent?', sent, 'As it is', [
        { code: 'yes', name: 'It is lent from now on' },
        { code: 'no', name: 'It is read here only' },
      ])}</fieldset>`,
  })
}

/** The form that plans to empty the catalogue. */
export function deleteAllView(visit: Visit, form: Form): Html {
  return planForm(visit, form, {
    action: '/operations/delete-all-books',
    fields: html`<p>Takes every title out of the catalogue and withdraws every copy. Nothing may be on loan or waited for. Patrons and their history stay.</p>${why(form)}`,
  })
}

/** The form that plans to erase a patron. */
export function eraseView(visit: Visit, form: Form): Html {
  return planForm(visit, form, {
    action: '/operations/erase-patron',
    fields: html`<p>Takes a patron out of the library: the card works no more, and nobody finds them. For 30 days it can be taken back. Then everything that says who they were is gone for good; what was lent still counts, as nobody’s.</p>
      <p class="soft">An open loan or hold, a debt and the protected flag keep a patron.</p>
      ${textField({ name: 'card', label: 'Card', value: typed(form.sent, 'card'), max: 64, required: true })}
      ${why(form, 'Stands at this operation, and goes when the patron is gone for good.')}`,
  })
}

function planForm(
  visit: Visit,
  { refusal }: Form,
  { action, fields }: { readonly action: string; readonly fields: Html },
): Html {
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal, endingFacts(refusal))}
    <form class="panel form" method="post" action="${action}">
      ${hidden(visit)}${fields}
      <div><button class="button">Plan it</button></div>
    </form>
  </div>`
}

function selection({ places, types, sent }: Form): Html {
  return html`${choice('branch', 'Branch', sent, 'Any branch', places)}
    ${textField({ name: 'shelf', label: 'Shelf', value: typed(sent, 'shelf'), hint: 'As it stands at the copies. Empty: any shelf.' })}
    ${choice('itemType', 'Item type', sent, 'Any type', types)}
    ${textField({
      name: 'barcodes',
      label: 'Barcodes',
      value: typed(sent, 'barcodes'),
      max: 400_000,
      lines: true,
      hint: 'One a line, or scanned one after another. Empty: all that the fields above say.',
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

function why({ sent }: Form, hint = 'Stands at each copy.'): Html {
  return textField({
    name: 'because',
    label: 'Why',
    value: typed(sent, 'because'),
    max: 500,
    required: true,
    hint,
  })
}

function typed(sent: Asked, name: string): string {
  return sent.text(name, { max: 400_000, label: name, lines: true })
}

import { copyLimits } from '../../catalogue/checked-copy.ts'
import type { Branch, ItemType } from '../../circulation/places.ts'
import type { LabelId } from '../../language/flaw.ts'
import type { Asked } from './asked.ts'
import type { FlawTexts } from './flaw-text.ts'
import { checkField, choiceField, textField } from './form.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'

/** What a form about a copy holds: shown again as it was typed when it does not fit. */
export type CopyForm = {
  readonly barcode: string
  readonly branch: string
  readonly itemType: string
  readonly shelf: string
  readonly callNumber: string
  readonly note: string
  readonly lendable: boolean
}

/** Reads the fields of a copy from a form. */
export function readCopy(form: Asked): CopyForm {
  const text = (name: keyof typeof copyLimits, label: LabelId) =>
    form.text(name, { max: copyLimits[name], label, lines: name === 'note' })
  return {
    barcode: text('barcode', 'barcode'),
    branch: form.text('branch', { max: 32, label: 'branch' }),
    itemType: form.text('itemType', { max: 32, label: 'type' }),
    shelf: text('shelf', 'shelf'),
    callNumber: text('callNumber', 'call-number'),
    note: text('note', 'note'),
    lendable: !form.ticked('here'),
  }
}

/** The fields of a copy, with what was wrong with each. */
export function copyFields(
  { say }: Visit,
  {
    form,
    problems,
    places,
    types,
  }: {
    readonly form: Partial<CopyForm>
    readonly problems: FlawTexts
    readonly places: readonly Branch[]
    readonly types: readonly ItemType[]
  },
): Html {
  const named = (all: readonly { readonly code: string; readonly name: string }[]) =>
    all.map(({ code, name }) => ({ value: code, label: name }))
  const field = (name: keyof typeof copyLimits, label: string, more: object = {}) =>
    textField({ name, label, value: form[name], max: copyLimits[name], problem: problems[name], ...more })
  return html`
    ${field('barcode', say('copy-form.barcode'), { required: true })}
    ${choiceField({ name: 'branch', label: say('copy-form.branch'), value: form.branch, options: named(places) })}
    ${choiceField({ name: 'itemType', label: say('copy-form.type'), value: form.itemType, options: named(types) })}
    ${field('callNumber', say('copy-form.call-number'))}
    ${field('shelf', say('copy-form.shelf'), { hint: say('copy-form.shelf-hint') })}
    <div class="field">${checkField({ name: 'here', label: say('copy-form.here-only'), checked: form.lendable === false })}</div>
    <div class="whole">${field('note', say('copy-form.note'), { lines: true })}</div>`
}

import type { Branch, PatronCategory } from '../../circulation/places.ts'
import { patronTexts } from '../../patrons/patron-fields.ts'
import type { Asked } from './asked.ts'
import type { FlawTexts } from './flaw-text.ts'
import { checkField, choiceField, textField } from './form.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'

/** What a form about a patron holds, as text: shown again as it was typed when it does not fit. */
export type PatronForm = {
  readonly card: string
  readonly categoryCode: string
  readonly branchId: number
  readonly givenName: string
  readonly familyName: string
  readonly email: string
  readonly phone: string
  readonly address: string
  readonly note: string
  readonly expiresOn: string
  readonly protected: boolean
}

/** Reads the fields of a patron from a form. */
export function readPatron(form: Asked, branchId: number): PatronForm {
  const text = (name: keyof typeof patronTexts) => form.text(name, { ...patronTexts[name], required: false })
  return {
    card: text('card'),
    categoryCode: form.text('categoryCode', { max: 32, label: 'category' }),
    branchId: form.whole('branchId', { label: 'branch', min: 1, max: Number.MAX_SAFE_INTEGER }) ?? branchId,
    givenName: text('givenName'),
    familyName: text('familyName'),
    email: text('email'),
    phone: text('phone'),
    address: text('address'),
    note: text('note'),
    expiresOn: form.day('expiresOn', 'valid-until') ?? '',
    protected: form.ticked('protected'),
  }
}

type FieldsShown = {
  readonly form: PatronForm
  readonly problems: FlawTexts
  readonly places: readonly Branch[]
  readonly categories: readonly PatronCategory[]
}

/**
 * The fields of somebody new, with what was wrong with each: first the few that a desk fills in, a name and the card
 * that it hands over, then what may be left as it is. The scan of the card ends with Enter, which registers.
 */
export function newPatronFields(visit: Pick<Visit, 'say'>, shown: FieldsShown): Html {
  const { say } = visit
  const { form, problems } = shown
  const field = fieldOf(shown)
  const isOpen = ['expiresOn', 'address', 'note'].some((name) => problems[name]) || form.protected
  return html`
    ${field('givenName', say('patron.given-name'), { autofocus: problems.card === undefined })}
    ${field('familyName', say('patron.family-name'))}
    ${field('card', say('patron.card-number'), { hint: say('patron.card-number-new-hint'), autofocus: problems.card !== undefined })}
    ${categoryField(visit, shown)}
    ${field('email', say('patron.email'), { type: 'email' })}
    ${field('phone', say('patron.phone'), { type: 'tel' })}
    <details class="whole"${isOpen && html` open`}><summary>${say('register.more')}</summary><div class="form two">
      ${branchField(visit, shown)}
      ${textField({ name: 'expiresOn', label: say('patron.valid-until'), type: 'date', value: form.expiresOn, problem: problems.expiresOn, hint: say('patron.valid-until-hint') })}
      ${longFields(visit, shown)}
    </div></details>`
}

/** The fields of a patron who is registered, with what was wrong with each. */
export function patronFields(visit: Pick<Visit, 'say'>, shown: FieldsShown): Html {
  const { say } = visit
  const field = fieldOf(shown)
  return html`
    ${field('givenName', say('patron.given-name'))}
    ${field('familyName', say('patron.family-name'))}
    ${categoryField(visit, shown)}
    ${branchField(visit, shown)}
    ${field('email', say('patron.email'), { type: 'email' })}
    ${field('phone', say('patron.phone'), { type: 'tel' })}
    ${field('card', say('patron.card-number'), { hint: say('patron.card-number-hint') })}
    ${longFields(visit, shown)}`
}

function fieldOf({ form, problems }: FieldsShown) {
  return (name: keyof typeof patronTexts, label: string, more: object = {}): Html =>
    textField({
      name,
      label,
      value: form[name],
      max: patronTexts[name].max,
      problem: problems[name],
      ...more,
    })
}

function categoryField({ say }: Pick<Visit, 'say'>, { form, categories }: FieldsShown): Html {
  return choiceField({
    name: 'categoryCode',
    label: say('patron.category'),
    value: form.categoryCode,
    options: categories.map(({ code, name }) => ({ value: code, label: name })),
  })
}

function branchField({ say }: Pick<Visit, 'say'>, { form, places }: FieldsShown): Html {
  return choiceField({
    name: 'branchId',
    label: say('patron.branch'),
    value: String(form.branchId),
    options: places.map(({ branchId, name }) => ({ value: String(branchId), label: name })),
  })
}

function longFields({ say }: Pick<Visit, 'say'>, shown: FieldsShown): Html {
  const field = fieldOf(shown)
  return html`<div class="whole">${field('address', say('patron.address'), { lines: true })}</div>
    <div class="whole">${field('note', say('patron.note-for-desk'), { lines: true, hint: say('patron.note-hint') })}</div>
    <div class="whole">${checkField({ name: 'protected', label: say('patron.protected-field'), checked: shown.form.protected })}</div>`
}

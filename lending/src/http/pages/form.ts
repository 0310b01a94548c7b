import { randomUUID } from 'node:crypto'
import { type Html, html, type Piece } from './html.ts'
import type { Visit } from './visit.ts'

/** The name of the hidden field that carries the idempotency key. */
export const keyField = 'key'

/**
 * The hidden fields of every form that writes: the CSRF token, and a key, so that a double click or a re-sent
 * form is one request. `key` is given to ask the same thing again.
 */
export function hidden(visit: Pick<Visit, 'csrf'>, key: string = randomUUID()): Html {
  return html`<input type="hidden" name="_csrf" value="${visit.csrf}"><input type="hidden" name="${keyField}" value="${key}">`
}

/** A value that the form carries unseen. */
export function carried(name: string, value: string | number | undefined): Html {
  return html`<input type="hidden" name="${name}" value="${value ?? ''}">`
}

/** A text field with its label. */
export type TextField = {
  readonly name: string
  readonly label: string
  readonly value?: string | number | undefined
  readonly hint?: string
  readonly problem?: Piece
  readonly type?: 'text' | 'search' | 'password' | 'email' | 'tel' | 'date' | 'number'
  readonly autocomplete?: string
  readonly max?: number
  readonly required?: boolean
  readonly autofocus?: boolean
  /** Makes ids differ where one page has the field twice. */
  readonly id?: string
  readonly className?: string
  /** Smallest and step of a number. */
  readonly min?: number
  readonly step?: string
  /** A line or more. */
  readonly lines?: boolean
  /** How many lines are seen at once. */
  readonly rows?: number
}

/** A label, its field, a hint and what was wrong with it. */
export function textField(field: TextField): Html {
  const id = field.id ?? `field-${field.name}`
  const notes = [field.hint && `${id}-hint`, field.problem && `${id}-problem`].filter(Boolean).join(' ')
  const attributes = [
    html` id="${id}" name="${field.name}" maxlength="${field.max ?? 200}"`,
    field.required && html` required`,
    field.autofocus && html` autofocus`,
    notes && html` aria-describedby="${notes}"`,
    field.problem && html` aria-invalid="true"`,
    html` autocomplete="${field.autocomplete ?? 'off'}"`,
  ]
  const input = field.lines
    ? html`<textarea${attributes} dir="auto" rows="${field.rows ?? 3}">${field.value}</textarea>`
    : html`<input type="${field.type ?? 'text'}"${attributes} value="${field.value ?? ''}"${
        field.min !== undefined && html` min="${field.min}"`
      }${field.step !== undefined && html` step="${field.step}"`}${isFree(field) && html` dir="auto"`}>`
  return html`<div class="field ${field.className ?? ''}">
    <label for="${id}">${field.label}</label>
    ${input}
    ${field.hint && html`<p class="hint" id="${id}-hint">${field.hint}</p>`}
    ${field.problem && html`<p class="problem" id="${id}-problem">${field.problem}</p>`}
  </div>`
}

function isFree({ type = 'text' }: TextField): boolean {
  return type === 'text' || type === 'search'
}

/** A choice from a list. */
export function choiceField(field: {
  readonly name: string
  readonly label: string
  readonly value?: string | undefined
  readonly options: readonly { readonly value: string; readonly label: string }[]
  readonly hint?: string
  readonly id?: string
  readonly className?: string
}): Html {
  const id = field.id ?? `field-${field.name}`
  return html`<div class="field ${field.className ?? ''}">
    <label for="${id}">${field.label}</label>
    <select id="${id}" name="${field.name}"${field.hint && html` aria-describedby="${id}-hint"`}>
      ${field.options.map(
        ({ value, label }) =>
          html`<option value="${value}"${value === field.value && html` selected`}>${label}</option>`,
      )}
    </select>
    ${field.hint && html`<p class="hint" id="${id}-hint">${field.hint}</p>`}
  </div>`
}

/** A box to tick. */
export function checkField(field: {
  readonly name: string
  readonly label: string
  readonly checked?: boolean
}): Html {
  return html`<label class="check"><input type="checkbox" name="${field.name}" value="yes"${
    field.checked && html` checked`
  }> <span>${field.label}</span></label>`
}

/** A form of one button, for what needs no words. */
export function buttonForm(
  visit: Pick<Visit, 'csrf'>,
  form: {
    readonly action: string
    readonly label: string
    /** What a screen reader hears after the label: which loan, which hold. */
    readonly about?: string
    readonly className?: string
    readonly fields?: Readonly<Record<string, string | number>>
  },
): Html {
  return html`<form method="post" action="${form.action}">
    ${hidden(visit)}
    ${Object.entries(form.fields ?? {}).map(([name, value]) => carried(name, value))}
    <button class="button ${form.className ?? 'quiet small'}">${form.label}${
      form.about && html` <span class="unseen">${form.about}</span>`
    }</button>
  </form>`
}

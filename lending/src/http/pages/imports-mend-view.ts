import type { ChangeSet } from '../../catalogue/import/change-set.ts'
import { columnsOf, mappedFields, nameOf } from '../../catalogue/import/csv-mapping.ts'
import { rowBytesMax } from '../../catalogue/import/csv-rows.ts'
import type { Mending, RejectToMend } from '../../catalogue/import/reject-to-mend.ts'
import { type FlawTexts, flawTexts } from './flaw-text.ts'
import { hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { keptWords } from './kept-words.ts'
import { linesField, unfit } from './marc-view.ts'
import { notice } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'

/** A longer cell is written in a field of several lines. */
const lineMax = 80

/** One record that was set aside: why, and a form to mend it in. */
export function mendView(
  visit: Visit,
  {
    set,
    reject,
    mending,
    refusal,
  }: {
    readonly set: ChangeSet
    readonly reject: RejectToMend
    readonly mending: Mending
    readonly refusal?: Refused
  },
): Html {
  const { say } = visit
  const list = `/imports/${set.changeSetId}/rejects`
  return html`<div class="stack">
    <p><a href="${list}">${say('mend.back')}</a></p>
    ${
      refusal
        ? refusalNotice(visit, refusal, unfit(visit, refusal))
        : notice(visit, 'warn', {
            title: say('mend.why'),
            body: html`<p>${keptWords(visit, reject.reason)}</p>`,
          })
    }
    ${
      mending.as === 'too-long'
        ? html`<p>${say('mend.too-long')}</p>`
        : mendForm(visit, { set, mending, refusal, action: `${list}/${reject.recordNumber}` })
    }
  </div>`
}

function mendForm(
  visit: Visit,
  {
    set,
    mending,
    refusal,
    action,
  }: {
    readonly set: ChangeSet
    readonly mending: Exclude<Mending, { as: 'too-long' }>
    readonly refusal: Refused | undefined
    readonly action: string
  },
): Html {
  const { say } = visit
  return html`<form class="panel stack-tight" method="post" action="${action}">${hidden(visit)}
      ${
        mending.as === 'lines'
          ? linesField(visit, { lines: mending.lines, isWrong: refusal !== undefined })
          : cellFields(visit, { set, mending, problems: problemsOf(visit, refusal) })
      }
      <div class="actions"><button class="button">${say('mend.take-in')}</button></div>
    </form>
    <p class="soft small">${say('mend.hint')}</p>`
}

function problemsOf(visit: Visit, refusal: Refused | undefined): FlawTexts {
  return refusal?.refused === 'fields-invalid' ? flawTexts(visit, refusal) : {}
}

function cellFields(
  visit: Visit,
  {
    set,
    mending,
    problems,
  }: {
    readonly set: ChangeSet
    readonly mending: Extract<Mending, { as: 'cells' }>
    readonly problems: FlawTexts
  },
): Html {
  const { say } = visit
  const { csv } = set.setup
  const readAs = (column: string): string =>
    mappedFields
      .filter((field) => csv && columnsOf(csv.mapping, field).some((each) => nameOf(each) === column))
      .map((field) => say(`mapped-field.${field}`))
      .join(', ')
  return html`${
    mending.spare.length > 0 &&
    html`<p class="soft">${say('mend.spare', { cells: html`<bdi class="code">${mending.spare.join(' | ')}</bdi>` })}</p>`
  }<div class="form two">${mending.cells.map((value, index) => {
    const column = csv?.header[index] ?? ''
    const name = `cell-${index + 1}`
    const field = readAs(column)
    return textField({
      name,
      label: column || say('mend.column', { number: index + 1 }),
      value,
      max: rowBytesMax,
      lines: value.length > lineMax || value.includes('\n'),
      problem: problems[name],
      ...(field === '' ? {} : { hint: say('mend.read-as', { field }) }),
    })
  })}</div>`
}

import type { Operation } from '@bibby/guard/operation.ts'
import type { State } from '@bibby/guard/state.ts'
import { mayWorkOn } from '../../operations/operations.ts'
import { answerTo } from '../answers.ts'
import { endingLines } from '../operation-words.ts'
import { buttonForm, checkField, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { notice, type Tone, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { type Visit, zoneOf } from './visit.ts'
import { moment } from './wording.ts'

type Seen = {
  readonly operation: Operation
  readonly names: ReadonlyMap<string, string>
  readonly refusal: Refused | undefined
}

/** One operation: what it would take, how far it is, and what can be done about it. */
export function operationView(visit: Visit, { operation, names, refusal }: Seen): Html {
  const { because, state } = operation
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal, endingFacts(refusal))}
    ${because && !refusal && notice(state === 'expired' ? 'plain' : 'bad', { title: answerTo(because.refused).title, body: html`${endingFacts(because)}<p>${answerTo(because.refused).next}</p>` })}
    <section class="panel stack-tight" aria-label="State" aria-live="polite">
      <p>${stateTag(operation)}${until(visit, operation)}</p>
      ${(state === 'executing' || state === 'undoing') && progress(operation)}
      ${counts(operation)}
    </section>
    ${actions(visit, operation)}
    ${facts(visit, operation, names)}
  </div>`
}

/** Why it was refused or stopped, as a list. */
export function endingFacts(refusal: { readonly refused: string }): Html | undefined {
  const lines = endingLines(refusal)
  return lines.length === 0
    ? undefined
    : html`<ul>${lines.map((line) => html`<li><bdi dir="auto">${line}</bdi></li>`)}</ul>`
}

/** How an operation is called: by its phrase; by its name where it never had one, or has none any more. */
export function titleOf({ phrase, name, state }: Pick<Operation, 'phrase' | 'name' | 'state'>): string {
  if (phrase !== null) return phrase
  const called = name.replaceAll('-', ' ')
  return state === 'refused' ? `Refused: ${called}` : words(called)
}

const tones: Readonly<Record<State, { readonly tone: Tone; readonly words: string }>> = {
  planned: { tone: 'plain', words: 'Planned' },
  armed: { tone: 'plain', words: 'Code sent' },
  executing: { tone: 'warn', words: 'Under way' },
  done: { tone: 'good', words: 'Done' },
  failed: { tone: 'bad', words: 'Stopped midway' },
  expired: { tone: 'plain', words: 'Expired' },
  refused: { tone: 'bad', words: 'Refused' },
  undoing: { tone: 'warn', words: 'Being taken back' },
  undone: { tone: 'good', words: 'Taken back' },
}

/** The state of an operation as a word. */
export function stateTag({ state }: Pick<Operation, 'state'>): Html {
  const { tone, words } = tones[state]
  return tag(tone, words)
}

function until(visit: Visit, operation: Operation): Html | undefined {
  const { state, approveUntil, approvedBy, confirmUntil, codeUntil, codeHolds, undoUntil, isUndoable } =
    operation
  const at = (when: Date | null) => moment(visit, when)
  if (state === 'planned' && approveUntil && !approvedBy)
    return html` Waits for a second person until ${at(approveUntil)}.`
  if (state === 'planned') return html` Can be confirmed until ${at(confirmUntil)}.`
  if (state === 'armed' && !codeHolds) return html` No code holds now: have a new one sent.`
  if (state === 'armed') return html` The code holds until ${at(codeUntil)}.`
  if (isUndoable) return html` Can be taken back until ${at(undoUntil)}.`
  return undefined
}

function progress({ state, acted, undone, left, count }: Operation): Html {
  return state === 'undoing'
    ? html`<progress aria-label="Progress" max="${acted}" value="${undone + left}"></progress>`
    : html`<progress aria-label="Progress" max="${count}" value="${acted}"></progress>`
}

/** Whether nothing can come of it: what was found is no plan. */
function isNoPlan({ state, phrase }: Operation): boolean {
  return state === 'refused' && phrase === null
}

function counts(operation: Operation): Html {
  const { count, total, acted, undone, left } = operation
  const all: readonly (readonly [string, number])[] = [
    ['Of all', total],
    [isNoPlan(operation) ? 'Found' : 'Planned', count],
    ['Done', acted],
    ['Taken back', undone],
    ...(left > 0 ? [['Left as changed', left] as const] : []),
  ]
  return html`<dl class="counts">${all.map(
    ([name, number]) => html`<div><dt>${name}</dt><dd>${number.toLocaleString('en')}</dd></div>`,
  )}</dl>`
}

function actions(visit: Visit, operation: Operation): Html {
  const { id, state, requestedBy, approveUntil, approvedBy, isUndoable } = operation
  const path = `/operations/${id}`
  const isOwn = visit.who?.actor === requestedBy
  const may = (what: 'ask' | 'approve' | 'stop') => mayWorkOn(visit.who, operation.name, what)
  const waitsForSecond = state === 'planned' && approveUntil !== null && approvedBy === null
  return html`
    ${
      waitsForSecond &&
      (isOwn
        ? html`<p>A colleague must approve it first: give them this page.</p>`
        : may('approve') &&
          buttonForm(visit, {
            action: `${path}/approve`,
            label: 'Approve it as the second person',
            className: '',
          }))
    }
    ${state === 'planned' && isOwn && !waitsForSecond && codePanel(visit, path)}
    ${state === 'armed' && isOwn && confirmPanel(visit, path, operation)}
    ${(state === 'planned' || state === 'armed' || state === 'executing') && may('stop') && stopForm(visit, path, state)}
    ${isUndoable && may('ask') && undoForm(visit, path)}
  `
}

function codePanel(visit: Visit, path: string): Html {
  return html`<section class="panel stack-tight" aria-labelledby="code"><h2 id="code">Confirm it</h2>
    <p>A code goes to the mail address of your account. You type it here together with the phrase.</p>
    ${buttonForm(visit, { action: `${path}/code`, label: 'Send me the code', className: '' })}</section>`
}

function confirmPanel(visit: Visit, path: string, { phrase }: Operation): Html {
  return html`<section class="panel stack-tight" aria-labelledby="confirm"><h2 id="confirm">Confirm it</h2>
    <form class="form" method="post" action="${path}/confirm">
      ${hidden(visit)}
      <p>To do this, type <span class="code">${phrase}</span></p>
      ${textField({ name: 'phrase', label: 'The phrase', required: true, max: 300 })}
      ${textField({ name: 'code', label: 'The code from the mail', required: true, max: 40, autocomplete: 'one-time-code' })}
      <div><button class="button danger">Do it</button></div>
    </form>
    ${buttonForm(visit, { action: `${path}/code`, label: 'Send a new code', className: 'quiet small' })}</section>`
}

function stopForm(visit: Visit, path: string, state: Operation['state']): Html {
  const isMoving = state === 'executing'
  return html`<details><summary>${isMoving ? 'Stop it' : 'Drop this plan'}</summary>
    <form class="form" method="post" action="${path}/stop">
      ${hidden(visit)}
      ${isMoving && html`<p class="aside-text">What is done by then stays done until it is taken back.</p>`}
      ${textField({ name: 'because', label: 'Why', max: 500 })}
      <div><button class="button ${isMoving ? 'danger' : 'quiet'}">${isMoving ? 'Stop it' : 'Drop it'}</button></div>
    </form></details>`
}

function undoForm(visit: Visit, path: string): Html {
  return html`<details><summary>Take it back</summary>
    <form class="form" method="post" action="${path}/undo">
      ${hidden(visit)}
      <p class="aside-text">Everything that it did is as it was before, row by row.</p>
      ${checkField({ name: 'leavingChanged', label: 'Leave alone what somebody changed since' })}
      <div><button class="button">Take it back</button></div>
    </form></details>`
}

function facts(visit: Visit, operation: Operation, names: ReadonlyMap<string, string>): Html {
  const who = (actor: string) => html`<bdi>${names.get(actor) ?? actor}</bdi>`
  const given = Object.entries(operation.arguments).filter(([, value]) => value !== null)
  const { samples, count } = operation
  return html`<section class="stack-tight" aria-labelledby="facts"><h2 id="facts">What was asked</h2>
    <dl class="facts">
      ${given.map(([name, value]) => html`<dt>${words(name)}</dt><dd><bdi dir="auto">${Array.isArray(value) ? listed(value) : String(value)}</bdi></dd>`)}
      <dt>Planned by</dt><dd>${who(operation.requestedBy)}, ${moment(visit, operation.plannedAt)}</dd>
      ${operation.approvedBy !== null && html`<dt>Approved by</dt><dd>${who(operation.approvedBy)}</dd>`}
      ${operation.endedAt && html`<dt>Ended</dt><dd>${moment(visit, operation.endedAt)}</dd>`}
      ${operation.forgottenAt && html`<dt>Forgotten</dt><dd>${moment(visit, operation.forgottenAt)}</dd>`}
    </dl>
    ${
      samples.length > 0 &&
      html`<h3>${isNoPlan(operation) ? 'What was found' : count > samples.length ? 'Some of it' : 'All of it'}</h3><ul>${samples.map(
        (sample) => html`<li><bdi dir="auto">${sample}</bdi></li>`,
      )}</ul>`
    }</section>`
}

/** `itemType` as `Item type`. */
function words(name: string): string {
  const spaced = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return spaced.slice(0, 1).toUpperCase() + spaced.slice(1)
}

/** More of a list than this is counted. */
const listedMax = 20

function listed(values: readonly unknown[]): string {
  const more = values.length - listedMax
  return `${values.slice(0, listedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

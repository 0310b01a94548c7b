import type { Operation } from '@bibby/guard/operation.ts'
import type { State } from '@bibby/guard/state.ts'
import { isMessageId } from '../../language/messages.ts'
import { readWords } from '../../language/worded.ts'
import { mayWorkOn } from '../../operations/operations.ts'
import { sentenceCase } from '../../text.ts'
import { refusalIn } from '../answers.ts'
import { endingLines, operationName } from '../operation-words.ts'
import { buttonForm, checkField, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { notice, type Tone, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Say } from './say.ts'
import type { Visit } from './visit.ts'
import { moment, numberText } from './wording.ts'

type Seen = {
  readonly operation: Operation
  readonly names: ReadonlyMap<string, string>
  readonly refusal: Refused | undefined
}

/** One operation: what it would take, how far it is, and what can be done about it. */
export function operationView(visit: Visit, { operation, names, refusal }: Seen): Html {
  const { because, state } = operation
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal, endingFacts(visit, refusal))}
    ${because && !refusal && becauseNotice(visit, state, because)}
    <section class="panel stack-tight" aria-label="${visit.say('operation.state')}" aria-live="polite">
      <p>${stateTag(visit, operation)}${until(visit, operation)}</p>
      ${(state === 'executing' || state === 'undoing') && progress(visit, operation)}
      ${counts(visit, operation)}
    </section>
    ${actions(visit, operation)}
    ${facts(visit, operation, names)}
  </div>`
}

function becauseNotice(visit: Visit, state: State, because: { readonly refused: string }): Html {
  const { title, next } = refusalIn(visit.say, because.refused)
  const body = html`${endingFacts(visit, because)}<p>${next}</p>`
  return notice(visit, state === 'expired' ? 'plain' : 'bad', { title, body })
}

/** Why it was refused or stopped, as a list. */
export function endingFacts({ say }: Visit, refusal: { readonly refused: string }): Html | undefined {
  const lines = endingLines(say, refusal)
  return lines.length === 0
    ? undefined
    : html`<ul>${lines.map((line) => html`<li><bdi dir="auto">${line}</bdi></li>`)}</ul>`
}

/** How an operation is called: by its phrase; by its name where it never had one, or has none any more. */
export function titleOf(
  { say }: Visit,
  { phrase, name, state }: Pick<Operation, 'phrase' | 'name' | 'state'>,
): string {
  if (phrase !== null) return phrase
  const called = operationName(say, name)
  return state === 'refused' ? say('operation.refused', { name: called }) : sentenceCase(called)
}

const tones: Readonly<Record<State, Tone>> = {
  planned: 'plain',
  armed: 'plain',
  executing: 'warn',
  done: 'good',
  failed: 'bad',
  expired: 'plain',
  refused: 'bad',
  undoing: 'warn',
  undone: 'good',
}

/** The state of an operation as a word. */
export function stateTag({ say }: Visit, { state }: Pick<Operation, 'state'>): Html {
  return tag(tones[state], say(`operation.state.${state}`))
}

function until(visit: Visit, operation: Operation): Html | undefined {
  const { state, approveUntil, approvedBy, confirmUntil, codeUntil, codeHolds, undoUntil, isUndoable } =
    operation
  const { say } = visit
  const at = (when: Date | null) => ({ at: moment(visit, when) })
  if (state === 'planned' && approveUntil && !approvedBy)
    return html` ${say('operation.waits-for-second', at(approveUntil))}`
  if (state === 'planned') return html` ${say('operation.confirm-until', at(confirmUntil))}`
  if (state === 'armed' && !codeHolds) return html` ${say('operation.no-code-holds')}`
  if (state === 'armed') return html` ${say('operation.code-until', at(codeUntil))}`
  if (isUndoable) return html` ${say('operation.undo-until', at(undoUntil))}`
  return undefined
}

function progress({ say }: Visit, { state, acted, undone, left, count }: Operation): Html {
  const label = say('operation.progress')
  return state === 'undoing'
    ? html`<progress aria-label="${label}" max="${acted}" value="${undone + left}"></progress>`
    : html`<progress aria-label="${label}" max="${count}" value="${acted}"></progress>`
}

/** Whether nothing can come of it: what was found is no plan. */
function isNoPlan({ state, phrase }: Operation): boolean {
  return state === 'refused' && phrase === null
}

function counts(visit: Visit, operation: Operation): Html {
  const { say } = visit
  const { count, total, acted, undone, left } = operation
  const all: readonly (readonly [string, number])[] = [
    [say('operation.count.total'), total],
    [say(isNoPlan(operation) ? 'operation.count.found' : 'operation.count.planned'), count],
    [say('operation.count.done'), acted],
    [say('operation.count.undone'), undone],
    ...(left > 0 ? [[say('operation.count.left'), left] as const] : []),
  ]
  return html`<dl class="counts">${all.map(
    ([name, number]) => html`<div><dt>${name}</dt><dd>${numberText(visit, number)}</dd></div>`,
  )}</dl>`
}

function actions(visit: Visit, operation: Operation): Html {
  const { say } = visit
  const { id, state, requestedBy, approveUntil, approvedBy, isUndoable } = operation
  const path = `/operations/${id}`
  const isOwn = visit.who?.actor === requestedBy
  const may = (what: 'ask' | 'approve' | 'stop') => mayWorkOn(visit.who, operation.name, what)
  const waitsForSecond = state === 'planned' && approveUntil !== null && approvedBy === null
  return html`
    ${
      waitsForSecond &&
      (isOwn
        ? html`<p>${say('operation.colleague-first')}</p>`
        : may('approve') &&
          buttonForm(visit, {
            action: `${path}/approve`,
            label: say('operation.approve'),
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
  const { say } = visit
  return html`<section class="panel stack-tight" aria-labelledby="code"><h2 id="code">${say('operation.confirm')}</h2>
    <p>${say('operation.code-goes')}</p>
    ${buttonForm(visit, { action: `${path}/code`, label: say('operation.send-code'), className: '' })}</section>`
}

function confirmPanel(visit: Visit, path: string, { phrase }: Operation): Html {
  const { say } = visit
  return html`<section class="panel stack-tight" aria-labelledby="confirm"><h2 id="confirm">${say('operation.confirm')}</h2>
    <form class="form" method="post" action="${path}/confirm">
      ${hidden(visit)}
      <p>${say('operation.type-phrase', { phrase: html`<span class="code" dir="auto">${phrase}</span>` })}</p>
      ${textField({ name: 'phrase', label: say('operation.phrase'), required: true, max: 300 })}
      ${textField({ name: 'code', label: say('operation.code'), required: true, max: 40, autocomplete: 'one-time-code' })}
      <div><button class="button danger">${say('operation.do')}</button></div>
    </form>
    ${buttonForm(visit, { action: `${path}/code`, label: say('operation.send-new-code'), className: 'quiet small' })}</section>`
}

function stopForm(visit: Visit, path: string, state: Operation['state']): Html {
  const { say } = visit
  const isMoving = state === 'executing'
  return html`<details><summary>${say(isMoving ? 'operation.stop' : 'operation.drop-plan')}</summary>
    <form class="form" method="post" action="${path}/stop">
      ${hidden(visit)}
      ${isMoving && html`<p class="aside-text">${say('operation.stop-hint')}</p>`}
      ${textField({ name: 'because', label: say('operation.why'), max: 500 })}
      <div><button class="button ${isMoving ? 'danger' : 'quiet'}">${say(isMoving ? 'operation.stop' : 'operation.drop')}</button></div>
    </form></details>`
}

function undoForm(visit: Visit, path: string): Html {
  const { say } = visit
  return html`<details><summary>${say('operation.undo')}</summary>
    <form class="form" method="post" action="${path}/undo">
      ${hidden(visit)}
      <p class="aside-text">${say('operation.undo-hint')}</p>
      ${checkField({ name: 'leavingChanged', label: say('operation.leave-changed') })}
      <div><button class="button">${say('operation.undo')}</button></div>
    </form></details>`
}

function facts(visit: Visit, operation: Operation, names: ReadonlyMap<string, string>): Html {
  const who = (actor: string) => html`<bdi>${names.get(actor) ?? actor}</bdi>`
  const given = Object.entries(operation.arguments).filter(([, value]) => value !== null)
  const { say } = visit
  return html`<section class="stack-tight" aria-labelledby="facts"><h2 id="facts">${say('operation.asked')}</h2>
    <dl class="facts">
      ${given.map(([name, value]) => html`<dt>${givenName(say, name)}</dt><dd><bdi dir="auto">${Array.isArray(value) ? listed(say, value) : String(value)}</bdi></dd>`)}
      <dt>${say('operation.planned-by')}</dt><dd>${say('operation.by-at', { who: who(operation.requestedBy), at: moment(visit, operation.plannedAt) })}</dd>
      ${operation.approvedBy !== null && html`<dt>${say('operation.approved-by')}</dt><dd>${who(operation.approvedBy)}</dd>`}
      ${operation.endedAt && html`<dt>${say('operation.ended')}</dt><dd>${moment(visit, operation.endedAt)}</dd>`}
      ${operation.forgottenAt && html`<dt>${say('operation.forgotten')}</dt><dd>${moment(visit, operation.forgottenAt)}</dd>`}
    </dl>
    ${samplesOf(visit, operation)}</section>`
}

function samplesOf({ say }: Visit, operation: Operation): Html | undefined {
  const { samples, count } = operation
  if (samples.length === 0) return undefined
  const some = count > samples.length ? 'some' : 'all'
  return html`<h3>${say(`operation.samples.${isNoPlan(operation) ? 'found' : some}`)}</h3>
    <ul>${samples.map((sample) => html`<li><bdi dir="auto">${readWords(say, sample)}</bdi></li>`)}</ul>`
}

/** What was given to an operation, by name; one that has no words is told as `Item type` for `itemType`. */
function givenName(say: Say, name: string): string {
  const id = `operation.given.${name}`
  if (isMessageId(id)) return say(id)
  return sentenceCase(name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`))
}

/** More of a list than this is counted. */
const listedMax = 20

function listed(say: Say, values: readonly unknown[]): string {
  const more = values.length - listedMax
  const some = values.slice(0, listedMax).join(', ')
  return more > 0 ? say('operation.listed-more', { listed: some, more }) : some
}

// Shows what the library answers, around the field that somebody may be typing in.

import { home, words } from './desk-state.js'
import { Idiomorph } from './idiomorph.js'

/** How long after an answer the address of the page is that of the desk. */
const addressMs = 300
let addressTimer
/** What is due to be the address of this page. */
let addressDue

/** The field that scans come into. */
export const field = () => document.querySelector('#scan')

/** What is another is changed, and the rest stays: the field that somebody may be typing in, and every row that is still there. */
export function show(desk) {
  const hadFocus = document.activeElement === field()
  Idiomorph.morph(document.querySelector('#desk'), desk, { callbacks: { beforeNodeMorphed } })
  if (desk.dataset.address) loadAgainAt(desk.dataset.address)
  const asksBack = document.querySelector('#answer input[name="reason"]')
  const isOnPage = document.activeElement === document.body
  if (document.activeElement !== field() && (hadFocus || !asksBack || isOnPage)) field()?.focus()
}

/** Whether a node is made what another is. */
function beforeNodeMorphed(now, next) {
  if (now.id === 'scan') return false
  if (now.id !== 'answer' && now.id !== 'waiting') return true
  // What is read out stays in its place and is filled there: a new element would not be heard, and neither what was heard before.
  now.replaceChildren(...next.childNodes)
  return false
}

/** Resolves once nobody types into what the desk asks back, or is at its button: the next answer takes its place. */
export function nobodyAnswers() {
  const isTyped = () => document.activeElement?.matches('#answer :is(input, button)')
  return new Promise((resolve) => {
    const look = () => {
      if (isTyped()) document.addEventListener('focusout', () => requestAnimationFrame(look), { once: true })
      else resolve()
    }
    look()
  })
}

/** What the last answer says is not of what was only kept. */
export function showKept() {
  const desk = document.querySelector('#desk')
  if (!desk) return
  desk.dataset.outcome = 'attention'
  desk.querySelector('#answer')?.replaceChildren()
  if (document.activeElement === document.body) field()?.focus()
}

/** Refuses what was scanned in place of the library. */
export function showRefused(text) {
  const desk = document.querySelector('#desk')
  const at = desk?.querySelector('#answer')
  if (!at) return
  desk.dataset.outcome = 'refused'
  const said = at.querySelector('[data-own]') ?? document.createElement('div')
  said.dataset.own = ''
  sign(said, 'bad', text)
  // What the library has said stays.
  at.prepend(said)
}

/** Makes a notice of an element. */
export function sign(notice, tone, text) {
  notice.className = `notice ${tone}`
  const said = document.createElement('div')
  const head = document.createElement('h2')
  head.textContent = text
  said.append(head)
  const mark = document.createElement('span')
  mark.className = 'sign'
  mark.ariaHidden = 'true'
  mark.textContent = { warn: '!', good: '✓', bad: '✕' }[tone] ?? 'i'
  notice.replaceChildren(mark, said)
}

/** Somebody has ended the patron while the library is away: the page shows nobody, also where it is loaded anew. */
export function showEnded() {
  showNobody()
  loadAgainAt(home)
}

/** Nobody stands at the desk any more: it shows nobody, until the library shows it anew. */
export function showNobody() {
  const desk = document.querySelector('#desk')
  const form = desk?.querySelector('form[data-scan]')
  const card = form?.querySelector('[name="card"]')
  if (!card) return
  card.value = ''
  desk.dataset.outcome = ''
  const label = form.querySelector('label[for="scan"]')
  if (label) label.textContent = words.scanAny
  for (const each of [...desk.children])
    if (!each.matches('form[data-scan], #answer, #waiting')) each.remove()
  desk.querySelector('#answer')?.replaceChildren()
}

/** The address follows the desk a moment later: for a browser it is as much work as the rest of an answer. */
export function loadAgainAt(address) {
  addressDue = address
  addressTimer ??= setTimeout(writeAddress, addressMs)
}

/** Makes the address of the page that of the desk now, if it is due. */
export function writeAddress() {
  clearTimeout(addressTimer)
  addressTimer = undefined
  if (addressDue) history.replaceState(null, '', addressDue)
  addressDue = undefined
}

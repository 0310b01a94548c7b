// Shows what the library answers, around the field that somebody may be typing in.

import { home, words } from './desk-state.js'
import { Idiomorph } from './idiomorph.js'
import { field } from './scan-field.js'

/** How long after an answer the address of the page is that of the desk. */
const addressMs = 300
let addressTimer
/** What is due to be the address of this page. */
let addressDue

/**
 * What is another is changed, and the rest stays: the field that somebody may be typing in, every row that is still there, and
 * with `keepsAnswer` what was answered last.
 */
export function show(desk, { keepsAnswer = false } = {}) {
  const now = document.querySelector('#desk')
  const hadFocus = document.activeElement === field()
  if (keepsAnswer) desk.dataset.outcome = now.dataset.outcome
  else dropSaid()
  Idiomorph.morph(now, desk, {
    callbacks: { beforeNodeMorphed: (each, next) => isMorphed(each, next, keepsAnswer) },
  })
  if (desk.dataset.address) loadAgainAt(desk.dataset.address)
  // Whoever is at a button or a link that is still there is about to press it.
  if (hadFocus || document.activeElement === document.body) field()?.focus()
}

/** What the page said as it came is not of what was scanned since. */
function dropSaid() {
  document.querySelector('#said')?.remove()
}

/** Whether a node is made what another is. */
function isMorphed(now, next, keepsAnswer) {
  if (now.id === 'scan' || (now.id === 'answer' && keepsAnswer)) return false
  if (now.id !== 'answer' && now.id !== 'waiting') return true
  // What is read out stays in its place and is filled there: a new element would not be heard, and neither what was heard before.
  now.replaceChildren(...next.childNodes)
  return false
}

/** Whether somebody types into what the desk asks back, or is at its button. */
export function isAnswering() {
  return document.activeElement?.matches('#answer :is(input, button)') ?? false
}

/** Resolves once nobody does: the next answer takes its place. */
export function nobodyAnswers() {
  return new Promise((resolve) => {
    const look = () => {
      if (isAnswering())
        document.addEventListener('focusout', () => requestAnimationFrame(look), { once: true })
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
  dropSaid()
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

/** What was refused by this text is so no more. */
export function dropRefused(text) {
  const said = document.querySelector('#answer [data-own]')
  if (said?.querySelector('h2')?.textContent !== text) return
  said.remove()
  // What the library has refused is so still.
  const desk = document.querySelector('#desk')
  desk.dataset.outcome = desk.querySelector('#answer .notice.bad') ? 'refused' : ''
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

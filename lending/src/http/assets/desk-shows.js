// Shows what the library answers, around the field that somebody may be typing in.

import { words } from './desk-state.js'

/** How long after an answer the address of the page is that of the desk. */
const addressMs = 300
let addressTimer
/** What is due to be the address of this page. */
let addressDue

/** The field that scans come into. */
export const field = () => document.querySelector('#scan')

/** Everything but the field that somebody may be typing in is replaced. */
export function show(desk) {
  const now = document.querySelector('#desk')
  const typed = field()?.value ?? ''
  const hadFocus = document.activeElement === field()
  now.dataset.outcome = desk.dataset.outcome ?? ''
  if (!fill(now, desk)) now.replaceChildren(...desk.childNodes)
  if (desk.dataset.address) loadAgainAt(desk.dataset.address)
  const input = field()
  if (!input) return
  input.value = typed
  const asksBack = document.querySelector('#answer input[name="reason"]')
  if (hadFocus || !asksBack || document.activeElement === document.body) input.focus()
}

/** Resolves once nobody types into what the desk asks back: the next answer takes its place. */
export function nobodyAnswers() {
  const isTyped = () => document.activeElement?.matches('#answer input')
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

/** What is read out stays in its place and is filled there: a new element would not be heard. */
function fill(now, desk) {
  const [from, to] = [now, desk].map((each) => [
    each.querySelector('#answer'),
    each.querySelector('#waiting'),
  ])
  if ([...from, ...to].includes(null) || from[0].nextElementSibling !== from[1]) return false
  const before = [...desk.children].slice(0, [...desk.children].indexOf(to[0]))
  const behind = [...desk.children].slice([...desk.children].indexOf(to[1]) + 1)
  for (const each of [...now.children]) if (!from.includes(each)) each.remove()
  for (const [nth, each] of from.entries()) each.replaceChildren(...to[nth].childNodes)
  now.prepend(...before)
  now.append(...behind)
  return true
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

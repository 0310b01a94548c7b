// The field that a scanner types into, at a desk and on the pages beside it: what is typed outside of any field comes into it,
// and a scan that was begun at the page before is known. What a page that goes leaves to the one that comes is noted in the tab: a
// page may go at any moment, without waiting for a disk.

import { jotted, strike } from './jotted.js'
import { ofTab } from './notes.js'

/** Notes which page has kept what is followed by what is entered next: see `follow` of the desk. */
export const followsName = 'bibby-follows'
/** Who scans again so soon behind an answer, in milliseconds, has not heard it. */
export const unheardMs = 700
/** Stands for a scan that was cut in two, among what is not known. */
export const cutCode = '…'
/** Notes at which desk a scan was meant that was cut in two on a page beside it. */
export const cutName = 'bibby-cut'
const halfName = 'bibby-half-typed'
const leftName = 'bibby-left-for'
/** So soon, in milliseconds, a way begins after it was taken. */
const takenMs = 500
/** So long ago, in milliseconds, a scan may have been half typed for what comes now to be its rest. */
const halfMs = 3_000
/** What begins so soon, in milliseconds, was begun at the page before; an empty field was not left empty by anybody. */
const soonMs = 500
const shownAt = performance.now()
let isCut = Math.abs(Date.now() - Number(ofTab.read(halfName) ?? 0)) < halfMs
/** Until something is entered here. */
let isFirst = true
/** When the first letter of what stands in the field came, on the clock of events. */
let begunAt
ofTab.write(halfName, undefined)

const word = JSON.parse(ofTab.read(leftName) ?? '{}')
ofTab.write(leftName, undefined)

/** Whether a desk led here, however long ago it said so, and whatever came in between. */
export const wasLed = word.to === location.pathname
/** For whom this page is, by the desk that led here; undefined where another way did. */
export const leftFor = Math.abs(performance.timeOrigin - word.at) < takenMs ? word.card : undefined
/** Whether this page answers what was scanned before that which is jotted down yet. */
export const isAnswer = strikeAnswered()

/** The field that scans come into. */
export const field = () => document.querySelector('#scan')

/** Takes what stands in the field: the code, and when it was begun, on the clock of events. */
export function takeTyped({ timeStamp }) {
  const input = field()
  const typed = { code: input.value.trim(), at: begunAt ?? timeStamp }
  input.value = ''
  begunAt = undefined
  return typed
}

/** Tells once that a scan was cut in two as this page came: half of it stood in the field of the one before, or came too early. */
export function whenCut(tell) {
  if (isCut) return tell()
  for (const type of ['first-input', 'event'])
    new PerformanceObserver((list) => {
      const isEarly = ({ name, startTime, target }) =>
        isTyping(name) && startTime < shownAt && target?.id !== 'scan'
      if (isCut || !list.getEntries().some(isEarly)) return
      isCut = true
      tell()
    }).observe({ type, buffered: true, durationThreshold: 16 })
}

/** A key that comes up was pressed at the page before, and has typed there what it types. */
function isTyping(name) {
  return name.startsWith('key') && name !== 'keyup'
}

/** Whether what was begun then, on the clock of events, is the rest of a scan that was begun at the page before. */
export function isRest({ code, at }) {
  const isSoon = isFirst && at - shownAt < soonMs
  isFirst = false
  return isSoon && (isCut || code === '')
}

/**
 * The library says which scan it has answered: on the page itself, at the address of the form, or in the address that it leads on to.
 * The address of a form says nothing: whoever stands between may lead back to it, and the scan never arrived.
 */
function strikeAnswered() {
  const here = new URL(location.href)
  const desk = document.querySelector('#desk')
  const key = here.searchParams.get('answered') ?? desk?.dataset.answered
  const isAwaited = jotted().some((scan) => scan.key === key)
  if (key) strike({ key })
  const own = here.href
  for (const name of ['answered', 'scan']) here.searchParams.delete(name)
  // A form is answered at its own address, where nothing is to be loaded anew.
  if (here.href !== own) history.replaceState(history.state, '', desk?.dataset.address ?? here)
  return isAwaited
}

/** Says for whom the page is that comes now, at this path. */
export function leaveWord(card, to) {
  ofTab.write(leftName, JSON.stringify({ card, to, at: performance.timeOrigin + performance.now() }))
}

/** Names a desk by who works there, what for, and whose card is open. */
export function deskOf({ by = '', home, card }) {
  return [by, home, card].join(' ')
}

/** A key of its own, for a scan or a page. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

document.addEventListener('input', ({ target, timeStamp }) => {
  if (target === field()) begunAt = target.value === '' ? undefined : (begunAt ?? timeStamp)
})

// A scanner types wherever the focus is. What it types outside of any field belongs into the scan field.
document.addEventListener('keydown', (event) => {
  // Enter that is held too long ends nobody.
  if (event.repeat && event.key === 'Enter' && event.target === field()) return event.preventDefault()
  if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1 || event.key === ' ') return
  const { activeElement } = document
  if (activeElement?.matches('input, textarea, select, [contenteditable]')) return
  field()?.focus()
})

// A scan that is half typed as the page goes is cut in two.
addEventListener('pagehide', () => {
  if (field()?.value) ofTab.write(halfName, String(Date.now()))
})

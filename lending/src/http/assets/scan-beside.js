// Scans on a page beside the desk: its paper, and the lists that commands lead to. Each goes to the library as a form of its
// own, and the desk answers it. Before it goes it is jotted down: whatever comes in place of an answer, the next desk hands it in.

import { jotForAll, jotted } from './jotted.js'
import { ofTab } from './notes.js'
import { holdBeside, nameBefore } from './page-name.js'
import {
  cutCode,
  field,
  followsName,
  isRest,
  newKey,
  takeTyped,
  unheardMs,
  wasLed,
  whenCut,
} from './scan-field.js'
import { sound } from './tones.js'

/** How long the desk may take to come, in milliseconds, before it is asked for again: longer than the worker waits. Then twice as long. */
const homeMs = 12_000

const place = document.querySelector('[data-beside]')
/** The scan that is on its way to the library. */
let sent
/** Until something is scanned here. */
let isFirst = true
/** Runs while the desk is on its way that hands in what was jotted down. */
let onTheWay
/** How long it may take this time. */
let patienceMs = homeMs
/** The name of this page among those that jot down on this device. */
const jotter = newKey()
/** When a scan was told to be cut in two. */
let cutAt = Number.NEGATIVE_INFINITY
/** Whether this page is for whom it shows, and does not follow what was scanned on the way here. */
let isOwn = isOpenedAgain()

if (place) {
  whenCut(tellCut)
  document.addEventListener('submit', scanned)
  // The field is free for the next scan already.
  document.addEventListener('formdata', ({ target, formData }) => {
    if (target !== field().form) return
    formData.set('code', sent.code)
    formData.set('key', sent.key)
    formData.set('library', place.dataset.library)
  })
  navigator.serviceWorker?.addEventListener('message', keepSent)
  // A page that waited in the cache of the browser is there again.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) {
      sent = undefined
      stopWaiting()
      patienceMs = homeMs
      isFirst = true
      isOwn = true
    }
    handInSent()
  })
  // What was scanned on the way here goes on for whom it began.
  holdBeside(jotter)
}

/** No desk has led here: somebody went back, or typed the address. */
function isOpenedAgain() {
  const [{ type } = {}] = performance.getEntriesByType('navigation')
  if (type === 'reload') return history.state?.isOwn === true
  if (type !== 'back_forward' && wasLed) return false
  history.replaceState({ ...history.state, isOwn: true }, '')
  return true
}

function tellCut() {
  cutAt = performance.now()
  sound('refused')
  place.querySelector('[data-cut]').hidden = false
}

function scanned(event) {
  const { target: form } = event
  if (form !== field().form) return
  const typed = takeTyped(event)
  const { code } = typed
  const { meant, by, branch, library } = place.dataset
  if (code === '' && meant !== 'lend') return event.preventDefault()
  if (isRest(typed)) {
    event.preventDefault()
    return tellCut()
  }
  // An empty field means: the next patron.
  const scan = { key: newKey(), code, meant, by, branch, library, at: Date.now(), next: code === '' }
  const card = isFirst && meant === 'lend' ? (form.elements.namedItem('card')?.value ?? '') : undefined
  isFirst = false
  // It may have been the next card.
  if (meant === 'lend' && typed.at - cutAt < unheardMs) scan.afterUnknown = cutCode
  if (!sent && !scan.afterUnknown && !isAnythingLeft()) {
    sent = { ...scan, card, isSent: true }
    jot(sent)
    form.action = new URL(`?${new URLSearchParams({ scan: sent.key })}`, form.action)
    return
  }
  // It follows what was scanned before it: a card among that may open somebody else. What is on its way is handed in again under
  // its key, and not done twice.
  event.preventDefault()
  jot(isOwn || !isAnythingLeft() ? { ...scan, card } : scan)
  sound('attention')
  goHome()
}

/** The library cannot be reached, and the worker asks for the desk that keeps what was on its way to it. */
function keepSent({ data: path, ports: [worker] }) {
  if (!sent || path !== new URL(field().form.action).pathname) return
  worker.postMessage('stays')
  goHome()
}

/** What this tab has sent and heard no answer to is handed in by the desk. */
function handInSent() {
  if (jotted().some(({ isSent }) => isSent)) goHome()
}

/** To the desk that hands in what was jotted down. */
function goHome() {
  sent = undefined
  if (onTheWay) return
  // Somebody may have stopped it.
  onTheWay = setTimeout(() => {
    stopWaiting()
    if (jotted().length > 0) goHome()
  }, patienceMs)
  patienceMs *= 2
  location.assign(place.dataset.home)
}

function stopWaiting() {
  clearTimeout(onTheWay)
  onTheWay = undefined
}

/** Before anything is done with it: whatever becomes of this page, and of its tab, it is there. */
function jot(scan) {
  jotForAll(scan, { page: jotter, tab: nameBefore() ?? jotter })
}

/** Whether something was scanned before, here or on the way here, that no desk has handed in. */
function isAnythingLeft() {
  return jotted().length > 0 || (!isOwn && ofTab.read(followsName) !== null)
}

// Scans on a page beside the desk: its paper, and the lists that commands lead to. Each goes to the library as a form of its
// own, and the desk answers it. Before it goes it is jotted down: whatever comes in place of an answer, the next desk hands it in.

import { jotForAll, jotted } from './jotted.js'
import { ofTab } from './notes.js'
import { holdBeside } from './page-name.js'
import {
  cutCode,
  cutName,
  deskOf,
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
/** How long the library may take to answer, in milliseconds. */
const answerMs = 10_000
/** How long it may take to say that it is there, where the device has a desk of its own, which comes without it. */
const asksMs = 3_000
/** How long the page may take to come that somebody has left for, before the desk is gone to. */
const leaveMs = 4_000
/** How soon it is asked again while it cannot be reached, in milliseconds: at first, and at most. */
const againMs = { first: 2_000, most: 30_000 }

const place = document.querySelector('[data-beside]')
/** The scan that is on its way to the library. */
let sent
/** Until something is scanned here. */
let isFirst = true
/** Runs until this page goes on by itself. */
let timer
/** Whether the desk is on its way that hands in what was jotted down, or is waited for. */
let isGoing = false
/** How long it may take this time. */
let patienceMs = homeMs
/** How soon the library is asked again. */
let pauseMs = againMs.first
/** Whether somebody is on the way to another page, and whether what begins now is our own way. */
let isLeaving = false
let isOurs = false
/** The name of this page among those that jot down on this device. */
const jotter = newKey()
/** With what is jotted down under this name it belongs together. */
let tab = jotter
/** When a scan was told to be cut in two. */
let cutAt = Number.NEGATIVE_INFINITY
/** Whether this page is for whom it shows, and does not follow what was scanned on the way here. */
let isOwn = isOpenedAgain()

if (place) {
  whenCut(() => tellCut())
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
      clearTimeout(timer)
      isGoing = false
      patienceMs = homeMs
      isFirst = true
      isOwn = true
      isLeaving = false
    }
    handInSent()
  })
  // What was scanned on the way here goes on for whom it began.
  holdBeside(jotter).then((desk) => {
    tab = desk ?? jotter
  })
  addEventListener('beforeunload', () => {
    isLeaving = !isOurs
    isOurs = false
  })
}

/** No desk has led here: somebody went back, or typed the address. */
function isOpenedAgain() {
  const [{ type } = {}] = performance.getEntriesByType('navigation')
  if (type === 'reload') return history.state?.isOwn === true
  if (type !== 'back_forward' && wasLed) return false
  history.replaceState({ ...history.state, isOwn: true }, '')
  return true
}

/** `rest` is what came of it here, where it came whole. */
function tellCut(rest) {
  tell('cut')
  // Enter alone says nothing that was lost.
  if (rest === '') return
  cutAt = performance.now()
  ofTab.write(cutName, deskOf({ ...place.dataset, card: cardHere() }))
}

/** Whose card this page is for. */
function cardHere() {
  return field().form.elements.namedItem('card')?.value ?? ''
}

/** Tells one thing above the field, and nothing else. */
function tell(what) {
  for (const each of place.querySelectorAll('[data-told]')) each.hidden = each.dataset.told !== what
  sound(what === 'cut' || what === 'lost' ? 'refused' : 'attention')
}

function scanned(event) {
  const { target: form } = event
  if (form !== field().form) return
  event.preventDefault()
  const typed = takeTyped(event)
  const { code } = typed
  const { meant, by, branch, library } = place.dataset
  if (code === '' && meant !== 'lend') return
  if (isRest(typed)) return tellCut(code)
  // An empty field means: the next patron.
  const scan = {
    key: newKey(),
    code,
    meant,
    by,
    branch,
    library,
    at: Date.now(),
    next: code === '',
    isBeside: true,
  }
  const card = isFirst && meant === 'lend' ? cardHere() : undefined
  isFirst = false
  // It may have been the next card.
  if (meant === 'lend' && typed.at - cutAt < unheardMs) scan.afterUnknown = cutCode
  if (!sent && !scan.afterUnknown && !isAnythingLeft()) {
    sent = { ...scan, card }
    jot(sent)
    void send(form)
    return
  }
  // It follows what was scanned before it: a card among that may open somebody else. What is on its way is handed in again under
  // its key, and not done twice.
  if (!jot(isOwn || !isAnythingLeft() ? { ...scan, card } : scan)) return tell('lost')
  sound('attention')
  // Where the one before is on its way, the library was there just now.
  void goHome(sent?.isOnItsWay ? 'is-there' : undefined)
}

/** Sends a scan, if the library can take it: where it cannot, a page without a field would come in the place of this one. */
async function send(form) {
  const { key } = sent
  if (isLeaving) return waitForLeave()
  const answer = await ask()
  // It goes another way by now.
  if (sent?.key !== key) return
  if (answer !== 'takes-scans') return goHome(answer)
  if (isLeaving) return waitForLeave()
  form.action = new URL(`?${new URLSearchParams({ scan: key })}`, form.action)
  sent.isOnItsWay = true
  isOurs = true
  form.submit()
  goHomeIn(answerMs)
}

/** Whoever has left for another page goes there; where it does not come, what is scanned goes on. */
function waitForLeave() {
  sound('attention')
  goHomeIn(leaveMs)
}

/**
 * What the library says of itself: `takes-scans`; `is-there` where the desk says why it takes none; `signed-out` where somebody has to sign
 * in, `not-yours` where whoever is signed in has no desk; or `away`.
 */
async function ask() {
  try {
    const answer = await fetch('/desk/hand-in', {
      signal: AbortSignal.timeout(hasDesk() ? asksMs : answerMs),
    })
    if (answer.status === 429 || answer.status >= 500) return 'away'
    if (answer.status === 401 || new URL(answer.url).pathname === '/sign-in') return 'signed-out'
    if (!answer.ok || answer.redirected) return 'is-there'
    const { isStopped, halted, mayTake } = await answer.json()
    if (!mayTake.includes(place.dataset.meant)) return 'not-yours'
    return isStopped || halted.length > 0 ? 'is-there' : 'takes-scans'
  } catch {
    return 'away'
  }
}

/** Whether the device has a desk of its own, that comes also without the library. */
function hasDesk() {
  return Boolean(navigator.serviceWorker?.controller)
}

/** The library cannot be reached, and the worker asks for the desk that keeps what was on its way to it. */
function keepSent({ data: path, ports: [worker] }) {
  if (!sent || path !== new URL(field().form.action).pathname) return
  worker.postMessage('stays')
  goHome()
}

/** What was scanned on a page beside the desk, and waits in this tab for an answer, is handed in by the desk. */
function handInSent() {
  if (jotted().some(({ isBeside }) => isBeside)) void goHome()
}

/**
 * To the desk that hands in what was jotted down. Where there is none, neither the device's own nor that of the library, what is scanned
 * is jotted down here until there is.
 */
async function goHome(known) {
  sent = undefined
  if (isGoing) return
  isGoing = true
  goHomeIn(patienceMs)
  const answer = known ?? (await ask())
  // Behind these ways there is no field for the next scan.
  if (answer === 'signed-out' || answer === 'not-yours' || (answer === 'away' && !hasDesk())) {
    goHomeIn(pauseMs)
    pauseMs = Math.min(pauseMs * 2, againMs.most)
    return tell(jotted().length > 0 ? answer : 'lost')
  }
  if (isLeaving) return waitForLeave()
  patienceMs *= 2
  isOurs = true
  location.assign(place.dataset.home)
}

/** Somebody may stop the way that is taken, or nothing comes of it. */
function goHomeIn(ms) {
  clearTimeout(timer)
  timer = setTimeout(() => {
    isGoing = false
    isLeaving = false
    if (jotted().length > 0) void goHome()
  }, ms)
}

/** Before anything is done with it: whatever becomes of this page, and of its tab, it is there. False where a browser keeps nothing. */
function jot(scan) {
  jotForAll(scan, { page: jotter, tab })
  return jotted().some(({ key }) => key === scan.key)
}

/** Whether something was scanned before, here or on the way here, that no desk has handed in. That somebody has left a desk is nothing. */
function isAnythingLeft() {
  const last = jotted().at(-1)
  return (last && (!last.next || last.isBeside)) || (!isOwn && ofTab.read(followsName) !== null)
}

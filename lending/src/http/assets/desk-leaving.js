// Leaves the desk: by a command, a link or a form. Who stood here does so no more, whatever becomes of the way.

import { comeBack } from './desk-apart.js'
import { jot } from './desk-jotted.js'
import { onDiskInTurn, tellSlow, tellWaiting } from './desk-notice.js'
import { isAnswering, showNobody, showRefused, writeAddress } from './desk-shows.js'
import {
  anEnd,
  answerMs,
  cardNow,
  follow,
  here,
  home,
  inTurn,
  isUnderWay,
  leaveAll,
  meant,
  place,
  words,
} from './desk-state.js'
import { endsAt } from './hand-in.js'
import { strike } from './jotted.js'
import { field, leaveWord } from './scan-field.js'
import { sound } from './tones.js'

/** How long a page that somebody leaves still shows for whom it was, in milliseconds: mostly the other one is there before. */
const leavingMs = 500
/** How long somebody who wants to go waits for a library that was out of reach, in milliseconds. */
const asksMs = 3_000

/** Whether a page is there without the library: the empty desk is, nothing else. */
function isThereAlone(to) {
  return endsAt(to) && Boolean(navigator.serviceWorker?.controller)
}

function refuse() {
  sound('refused')
  if (!isAnswering()) field()?.focus()
  showRefused(words.needsLibrary)
}

/** A command that leads to another page while scans are kept. */
export async function goByCommand(to, code) {
  const mayBeAway = here.apart === 'away' || here.apart === 'leaving'
  if (mayBeAway && !isThereAlone(to) && !(await answers())) return refuse()
  onTheWay('', to)
  await tellSlow(here.kept.add(anEnd(code)))
  take(() => location.assign(to))
}

/** Goes to another page; what was scanned meanwhile is handed in from there. */
export async function leave(to) {
  onTheWay(endsAt(to) ? '' : cardNow(), to)
  await leaveAll()
  tellWaiting()
  writeAddress()
  take(() => location.assign(to))
}

let isTaken = false

/** Takes a way that was written down. */
function take(go) {
  leaveWord(here.cardAfter, wayTo)
  isTaken = true
  try {
    go()
  } finally {
    isTaken = false
  }
}

let ending
let staying
/** Where the way leads that was taken last. */
let wayTo
/** Whether the page that somebody left for has not come in time, and may come yet. */
let isLate = false

/** From now on scans are for whoever stands there after this page: this card, or nobody. */
function onTheWay(card, to) {
  here.apart = 'leaving'
  here.cardAfter = card
  wayTo = new URL(to, location.href).pathname
  follow(false)
  isLate = false
  clearTimeout(ending)
  if (card === '') ending = setTimeout(() => here.apart === 'leaving' && showNobody(), leavingMs)
  clearTimeout(staying)
  staying = setTimeout(giveUpLeaving, answerMs)
}

/** Somebody stays after all, or the other page does not come. */
function giveUpLeaving() {
  if (here.apart !== 'leaving') return
  isLate = true
  if (here.hasKept || here.taking > 0) goOnHere()
  stay()
}

/** Something is scanned here: a page that is late would take the place of whoever it is for, and comes no more. */
export function goOnHere() {
  if (isLate) window.stop()
  isLate = false
}

/** The worker shows the desk alone, and asks this one whether it stays. */
export function beginWorker() {
  const { serviceWorker } = navigator
  serviceWorker.addEventListener('message', stayWithout)
  serviceWorker.register(place.dataset.worker, { scope: '/' }).catch(() => undefined)
  // A page that was on its way when the worker took over all others is passed over.
  serviceWorker.ready.then(({ active }) => {
    if (!serviceWorker.controller) active.postMessage('claim')
  })
}

/** The worker asks whether this desk stays, which somebody has left for a page that cannot be reached: the one at this path. */
async function stayWithout({ data: path, ports: [worker] }) {
  if (path !== wayTo) return
  if (here.apart !== 'leaving' && !isLate) return
  isLate = false
  worker.postMessage('stays')
  // Another way is being taken by now, or this one was given up before.
  if (here.going || here.apart !== 'leaving') return
  if (here.cardAfter === '') showNobody()
  await Promise.all([stay('away'), inTurn(refuse)])
}

/** The page is still there. What it was left for is so all the same. */
export async function stay(why = 'handing-in') {
  if (here.apart !== 'leaving') return
  here.apart = why
  await onDiskInTurn(async () => {
    // What was scanned meanwhile began with nobody, and goes on for whom it led to.
    if (here.cardAfter === '' && meant === 'lend' && !here.hasKept) {
      await here.kept.add(anEnd())
      follow(true)
    }
    here.cardAfter = undefined
  })
  await comeBack()
}

/** Whoever follows a link away from the desk has done with whom it shows, also while scans for them are on their way. */
export function goByLink(event) {
  writeAddress()
  const link = event.target.closest?.('a[href]')
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey
  if (event.defaultPrevented || !link || !isPlain || link.target || link.hasAttribute('download')) return
  if (link.getAttribute('href').startsWith('#') || link.origin !== location.origin) return
  const isThere = isThereAlone(link.pathname)
  goAway(event, { card: '', to: link.href, isThere, go: () => location.assign(link.href) })
}

/** The same by a form; one that says for whom it is stays with them. */
export function goByForm(event) {
  const form = event.target
  if (event.defaultPrevented || form.target || form.hasAttribute('data-scan')) return
  writeAddress()
  const { submitter } = event
  const card = form.elements.namedItem('card')?.value ?? ''
  const isGone = () => !form.isConnected
  // A button may lead elsewhere than its form.
  const to = submitter?.getAttribute('formaction') ?? form.getAttribute('action') ?? ''
  goAway(event, { card, to, isThere: false, isGone, go: () => form.requestSubmit(submitter) })
}

/**
 * The form or link is followed at once, or once it is written down that nobody follows whoever stood here. Each way is
 * written down in its turn, for what is scanned behind it, and the last one is taken.
 */
function goAway(event, way) {
  if (isTaken) return
  if (!here.going && !isUnderWay()) {
    if (!here.hasLooked && meant === 'lend') leaveEnd()
    onTheWay(way.card, way.to)
    return leaveWord(way.card, wayTo)
  }
  event.preventDefault()
  clearTimeout(ending)
  here.going = way
  inTurn(() => goOn(way))
}

/** A page that does not know yet what it had kept writes down behind it that nobody follows; the next one does if it cannot. */
function leaveEnd() {
  const end = anEnd()
  jot(end)
  onDiskInTurn(() => here.kept.add({ ...end, page: here.page })).then(
    () => strike(end),
    () => undefined,
  )
}

async function goOn(way) {
  // Somebody has ended the patron whose form it was.
  const isGone = way.isGone?.() ?? false
  const isWay = !isGone && (await isReached(way))
  if (isWay) await tellSlow(writeDown(way))
  if (here.going !== way) return
  here.going = undefined
  if (isWay) return take(way.go)
  if (!isGone) return refuse()
  sound('refused')
  field()?.focus()
  void stay()
}

/** Whether the page that somebody leaves for is there: the library may be back, and not have been asked yet. */
async function isReached({ isThere }) {
  return here.apart !== 'away' || isThere || answers()
}

/** Writes down that somebody leaves this way. */
async function writeDown({ card, to }) {
  // What was scanned before follows what was scanned before it, and not who comes after.
  if (here.waiting.length > 0) follow(true)
  await leaveAll()
  tellWaiting()
  onTheWay(card, to)
  const all = await here.kept.all()
  if (all.some(({ page }) => page === here.page)) await here.kept.add(anEnd())
  else await here.kept.forget(here.page)
}

function answers() {
  return fetch(home, { signal: AbortSignal.timeout(asksMs) }).then(
    ({ status }) => status < 500,
    () => false,
  )
}

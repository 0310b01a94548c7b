// Leaves the desk: by a command, a link or a form. Who stood here does so no more, whatever becomes of the way.

import { comeBack } from './desk-apart.js'
import { tellKept } from './desk-notice.js'
import { field, showNobody, writeAddress } from './desk-shows.js'
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
  words,
} from './desk-state.js'
import { endsAt } from './hand-in.js'
import { sound } from './tones.js'

/** How long a page that somebody leaves still shows for whom it was, in milliseconds: mostly the other one is there before. */
const leavingMs = 500
/** How long somebody who wants to go waits for a library that was out of reach, in milliseconds. */
const asksMs = 3_000

/** Whether a page is there without the library: the empty desk is, nothing else. */
function isThereAlone(to) {
  return endsAt(to) && Boolean(navigator.serviceWorker?.controller)
}

async function refuse() {
  sound('refused')
  field()?.focus()
  await tellKept(words.needsLibrary)
}

/** A command that leads to another page while scans are kept. */
export async function goByCommand(to, code) {
  const mayBeAway = here.apart === 'away' || here.apart === 'leaving'
  if (mayBeAway && !isThereAlone(to) && !(await answers())) return refuse()
  onTheWay('')
  await here.kept.add(anEnd(code))
  location.assign(to)
}

/** Goes to another page; what was scanned meanwhile is handed in from there. */
export async function leave(to) {
  onTheWay(endsAt(to) ? '' : cardNow())
  await leaveAll()
  writeAddress()
  location.assign(to)
}

/** From now on scans are for whoever stands there after this page: this card, or nobody. */
function onTheWay(card) {
  here.apart = 'leaving'
  here.cardAfter = card
  follow(false)
  if (card === '') setTimeout(() => here.apart === 'leaving' && showNobody(), leavingMs)
  // Somebody stays after all, or the other page does not come.
  setTimeout(stay, answerMs)
}

/** The page is still there. What it was left for is so all the same. */
export async function stay() {
  if (here.apart !== 'leaving') return
  here.apart = 'handing-in'
  await inTurn(async () => {
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
  goAway(event, { card: '', isThere, go: () => location.assign(link.href) })
}

/** The same by a form; one that says for whom it is stays with them. */
export function goByForm(event) {
  const form = event.target
  if (event.defaultPrevented || form.target || form.hasAttribute('data-scan')) return
  writeAddress()
  const { submitter } = event
  const card = form.elements.namedItem('card')?.value ?? ''
  goAway(event, { card, isThere: false, go: () => form.requestSubmit(submitter) })
}

/** The form or link is followed at once, or once it is written down that nobody follows whoever stood here. */
function goAway(event, { card, isThere, go }) {
  if (here.apart === 'leaving') return
  if (!isUnderWay()) return onTheWay(card)
  event.preventDefault()
  if (here.going) return
  here.going = { card }
  inTurn(async () => {
    // It may be back, and not have been asked yet.
    if (here.apart === 'away' && !isThere && !(await answers())) return refuse
    // What was scanned before follows what was scanned before it, and not who comes after.
    if (here.waiting.length > 0) follow(true)
    await leaveAll()
    onTheWay(card)
    const all = await here.kept.all()
    if (all.some(({ page }) => page === here.page)) await here.kept.add(anEnd())
    else await here.kept.forget(here.page)
    return go
  })
    .catch(() => go)
    .then((next) => {
      here.going = undefined
      return next()
    })
}

function answers() {
  return fetch(home, { signal: AbortSignal.timeout(asksMs) }).then(
    ({ status }) => status < 500,
    () => false,
  )
}

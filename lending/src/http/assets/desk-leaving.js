// Leaves the desk: by a command, a link or a form. Who stood here does so no more, whatever becomes of the way.

import { comeBack } from './desk-apart.js'
import { tellKept } from './desk-notice.js'
import { showNobody, writeAddress } from './desk-shows.js'
import {
  anEnd,
  answerMs,
  cardNow,
  follow,
  here,
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

/** A command that leads to another page while scans are kept. The empty desk is there without the library, nothing else is. */
export async function goByCommand(to, code) {
  const isThere = here.apart !== 'away' || (endsAt(to) && navigator.serviceWorker?.controller)
  if (!isThere) {
    sound('refused')
    return tellKept(words.needsLibrary)
  }
  if (here.apart === 'leaving') return
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
    if (here.cardAfter === '' && meant === 'lend') {
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
  goAway(event, '', () => location.assign(link.href))
}

/** The same by a form; one that says for whom it is stays with them. */
export function goByForm(event) {
  const form = event.target
  if (event.defaultPrevented || form.target || form.hasAttribute('data-scan')) return
  writeAddress()
  const { submitter } = event
  goAway(event, form.elements.namedItem('card')?.value ?? '', () => form.requestSubmit(submitter))
}

/** True from when somebody leaves until it is written down what they leave. */
let isGoing = false

/** The form or link is followed at once, or once it is written down that nobody follows whoever stood here. */
function goAway(event, card, go) {
  if (here.apart === 'leaving') return
  if (!isUnderWay()) return onTheWay(card)
  event.preventDefault()
  if (isGoing) return
  isGoing = true
  inTurn(async () => {
    // What was scanned before follows what was scanned before it, and not who comes after.
    if (here.waiting.length > 0) follow(true)
    await leaveAll()
    onTheWay(card)
    const all = await here.kept.all()
    if (all.some(({ page }) => page === here.page)) await here.kept.add(anEnd())
    else await here.kept.forget(here.page)
  }).finally(() => {
    isGoing = false
    go()
  })
}

// Makes the desk faster than its scanner: scans are sent one after another, in order, while the field stays free
// for the next. What the library does not answer is kept on this device and handed in when it is back. Without this
// script each scan is a form of its own, and does the same.

import { firstLook, goApart, hearOthers, lookAround } from './desk-apart.js'
import { hearAnswer, tellCut } from './desk-came.js'
import { jot } from './desk-jotted.js'
import { beginWorker, goByCommand, goByForm, goByLink, goOnHere, leave, stay } from './desk-leaving.js'
import {
  filled,
  offer,
  offerSound,
  onDiskInTurn,
  tell,
  tellKept,
  tellSlow,
  tellWaiting,
} from './desk-notice.js'
import { showOnlyKept, showRefusedBefore } from './desk-refused.js'
import { nobodyAnswers, show, showEnded, writeAddress } from './desk-shows.js'
import { answerMs, cardNow, cardOfFirst, follow, here, inTurn, made, meant, words } from './desk-state.js'
import { endsAt, haltedHeader, NotNow, others } from './hand-in.js'
import { leaveToAll, strike } from './jotted.js'
import { isRest, takeTyped, unheardMs, whenCut } from './scan-field.js'
import { sound } from './tones.js'

/** How often it is looked whether a page that is gone has left scans behind. */
const lookMs = 30_000

offerSound()
hearAnswer()
showRefusedBefore()
whenCut(() => tellCut())
if ('serviceWorker' in navigator) beginWorker()
// Until then nothing can be written down.
onDiskInTurn(firstLook)
  .catch(() => undefined)
  .then(() => {
    here.hasLooked = true
  })

document.addEventListener('submit', (event) => {
  const form = event.target
  if (!(form instanceof HTMLFormElement) || !form.hasAttribute('data-scan')) return
  event.preventDefault()
  const { code, at } = takeTyped(event)
  // An empty field means: the next patron. It waits for what was scanned before.
  if (code === '' && meant !== 'lend') return
  if (isRest({ code, at })) return tellCut(code)
  goOnHere()
  const scan = made(code, form)
  // Where the page goes before it is held, too.
  if (!scan.next && isUnheard(code, at)) scan.afterUnknown = here.unknownCode
  jot(scan)
  here.isAnswerOld = true
  here.taking += 1
  offerChoice()
  inTurn(() => scanned(form, scan, at))
    .catch(() => tell('bad', words.lost))
    .finally(() => {
      here.taking -= 1
      strike(scan)
      offerChoice()
      // Nothing else waits behind a command, maybe.
      if (here.to) void sending.then(sendAll)
    })
})

async function scanned(form, entered, at) {
  const scan = { ...entered, page: here.page }
  if (here.apart) return keepApart(scan)
  // Where nothing waits it is for whom the page shows. Otherwise the scans before it say so: see `send`.
  const isFirst = here.waiting.length === 0 && !here.busy && meant === 'lend'
  const kept = await tellSlow(here.kept.add({ ...scan, ...(isFirst && { card: cardNow() }) }))
  // The library went away while this was written down.
  if (here.apart) {
    await here.kept.mark({ ...kept, card: kept.card ?? cardOfFirst(), isLeft: true })
    follow(true)
    if (scan.next) showEnded()
    return here.apart === 'leaving' ? undefined : tellKept()
  }
  here.waiting.push({ scan: kept, form: form.action })
  // Whoever ends the patron has done with it.
  if (scan.next) here.unknownAt = Number.NEGATIVE_INFINITY
  if (here.held || isUnheard(scan.code, at)) {
    sound('attention')
    return hold()
  }
  tellWaiting()
  sendAll()
}

async function keepApart(scan) {
  const { code, next } = scan
  const isAfter = here.apart === 'leaving'
  if (!next && isCommand(code)) return goByCommand(words.commands[code.toLowerCase()], code)
  const isFirst = !here.hasKept
  const card = cardOfFirst()
  // Who stood here by what was kept before says nothing of it.
  if (isFirst && !(await here.kept.all()).some(({ page }) => page === here.page))
    await here.kept.forget(here.page)
  await tellSlow(here.kept.add({ ...scan, card, isLeft: true, isAfter }))
  if (next) showEnded()
  nobodyAnswers().then(() => here.apart && showOnlyKept())
  sound('attention')
  return here.apart === 'handing-in' || here.apart === 'leaving' ? undefined : tellKept()
}

/** Whether nobody can have heard yet that what was scanned before was not known. */
function isUnheard(code, at) {
  return !isCommand(code) && at - here.unknownAt < unheardMs
}

function isCommand(code) {
  return Object.hasOwn(words.commands, code.toLowerCase())
}

let sending = Promise.resolve()

function sendAll() {
  if (here.busy) return
  here.busy = true
  sending = sendWaiting().finally(() => {
    here.busy = false
    offerChoice()
  })
}

async function sendWaiting() {
  while (here.waiting.length > 0 && !here.apart && !here.held) {
    const [{ scan, form }] = here.waiting
    let outcome
    try {
      outcome = await send(scan, form)
    } catch (error) {
      // They have gone and stayed after all, and it went in meanwhile.
      if (!here.apart && here.waiting[0]?.scan.key !== scan.key) continue
      await goApart(error instanceof NotNow ? error.why : 'away')
      break
    }
    here.waiting.shift()
    if (!outcome.isKnown) {
      here.unknownAt = performance.now()
      here.unknownCode = scan.code
      here.isNobodys = outcome.isNobodys
      here.held = here.waiting.length + here.taking > 0
      // It is what this page shows, and is seen before another one comes.
      if (!here.held) here.to = undefined
    }
    // One that stays is handed in again under its key, and is not done twice.
    await here.kept.settle(scan, standsAfter(outcome))
    if (here.going) await inTurn(() => undefined)
    if (here.apart === 'leaving') return
    if (endsAt(outcome.to)) return leave(outcome.to)
    // A command that does not end what stands open: what was scanned behind it goes first.
    here.to = outcome.to ?? here.to
    sound(outcome.tone)
    if (here.held) hold()
    else tellWaiting()
  }
  // What is being written down comes behind the command, and before the page that it leads to.
  if (here.held || here.taking > 0) return
  const { to } = here
  here.to = undefined
  if (to && !here.apart) await leave(to)
}

/** Who stands at the desk from there on: nobody after a command that leads to another desk. */
function standsAfter({ to, isKnown }) {
  if (meant !== 'lend') return undefined
  if (endsAt(to)) return { card: '' }
  return isKnown && !here.held ? { card: cardNow() } : { card: cardNow(), afterUnknown: here.unknownCode }
}

// The page knows who stands at the desk now; it may be somebody else than when this was scanned. A scan that is sent
// again is sent for whom it was sent first.
async function send(scan, action) {
  if (scan.card === undefined && meant === 'lend') {
    scan.card = cardNow()
    await here.kept.mark(scan)
  }
  const fields = new URLSearchParams({
    _csrf: document.querySelector('form[data-scan] [name="_csrf"]')?.value ?? '',
    key: scan.key,
    card: scan.card ?? '',
    code: scan.code,
    library: scan.library ?? '',
  })
  const answer = await fetch(action, {
    method: 'POST',
    body: fields,
    headers: { 'x-bibby-desk': 'live' },
    signal: AbortSignal.timeout(answerMs),
  })
  if (new URL(answer.url).pathname === '/sign-in') throw new NotNow('signed-out')
  if (answer.headers.has(haltedHeader)) throw new NotNow('halted')
  if (answer.status === 429 || answer.status >= 500) throw new NotNow('away')
  const to = answer.headers.get('x-bibby-go')
  if (to) {
    await stillHere(scan)
    return { isKnown: true, to }
  }
  const read = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const desk = read.querySelector('#desk')
  // The form of an older page, or nothing that could be read: it is handed in with a fresh one, under its key.
  if (!desk) throw new NotNow('away')
  await nobodyAnswers()
  await stillHere(scan)
  show(desk)
  showRefusedBefore()
  here.isAnswerOld = here.waiting.length + here.taking > 1
  // At the lending desk what is not known may have been the next card; and whoever it was for may have lost theirs meanwhile.
  const isNobodys = scan.card !== '' && !scan.next && cardNow() === ''
  const isKnown = meant !== 'lend' || (!desk.dataset.mayBeCard && !isNobodys)
  return { isKnown, isNobodys, tone: desk.dataset.outcome }
}

/** Whoever goes is for whom the page shows: it stays so, and what is answered meanwhile is handed in again under its key. */
async function stillHere({ key }) {
  // What they leave is being written down.
  if (here.going) await inTurn(() => undefined)
  if (here.apart) throw new NotNow(here.apart)
  if (!here.waiting.some(({ scan }) => scan.key === key)) throw new NotNow('away')
}

/** What was scanned after something unknown waits until somebody has said whose it is. */
function hold() {
  here.held = true
  for (const [nth, each] of here.waiting.entries()) {
    if (each.scan.isHeld) continue
    // Where the page goes before anybody has looked, it is for nobody, and what is behind it follows it.
    const card = each.scan.card ?? (nth === 0 && meant === 'lend' ? cardNow() : undefined)
    const behind = card === undefined ? {} : { card, afterUnknown: here.unknownCode }
    each.scan = { ...each.scan, isHeld: true, ...behind }
    here.kept.mark(each.scan)
  }
  const at = document.querySelector('#waiting')
  const codes = here.waiting.map(({ scan }) => scan.code).join(', ')
  if (at) at.textContent = `${filled(here.isNobodys ? words.nobodys : words.notKnown, { codes })} `
  offerChoice()
}

/** Whoever says whose they are says so of all of them: not while one is being written down, or something is on its way. */
function offerChoice() {
  const at = document.querySelector('#waiting')
  if (!at) return
  for (const button of at.querySelectorAll('button')) button.remove()
  if (!here.held || here.busy || here.taking > 0 || here.waiting.length === 0) return
  // Where nobody has the card there is nobody to go on with: what was to be lent would be taken back.
  if (!here.isNobodys) offer(at, words.goOn, goOn)
  offer(at, words.drop, async () => {
    here.held = false
    offerChoice()
    here.unknownAt = Number.NEGATIVE_INFINITY
    for (const { scan } of here.waiting.splice(0)) await here.kept.settle(scan)
    tellWaiting()
    sendAll()
  })
}

document.addEventListener('click', goByLink)
document.addEventListener('submit', goByForm)

/** What was held goes in after all. */
function goOn() {
  here.held = false
  here.unknownAt = Number.NEGATIVE_INFINITY
  for (const each of here.waiting) each.scan = { ...each.scan, isHeld: false, afterUnknown: undefined }
  tellWaiting()
  sendAll()
}

// What is not written down yet goes in from any desk, where the tab is closed.
addEventListener('pagehide', () => leaveToAll(here.page))
// A page that waited in the cache of the browser is there again.
addEventListener('pageshow', ({ persisted }) => persisted && stay())

// What a page left behind that was closed goes in from any other one. That the library is back is seen as soon as another
// page has seen it, or somebody looks.
setInterval(lookAround, lookMs)
others.addEventListener('message', hearOthers)
document.addEventListener('visibilitychange', lookAround)

// Leaving with scans that are kept nowhere else would lose them.
addEventListener('beforeunload', (event) => {
  writeAddress()
  // What leads away was written down first.
  const isTaking = here.taking > 0 && here.apart !== 'leaving'
  if (here.waiting.length > 0 || isTaking || here.kept?.wouldLose()) event.preventDefault()
})

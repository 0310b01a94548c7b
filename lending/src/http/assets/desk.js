// Makes the desk faster than its scanner: scans are sent one after another, in order, while the field stays free
// for the next. What the library does not answer is kept on this device and handed in when it is back. Without this
// script each scan is a form of its own, and does the same.

import { firstLook, goApart, lookAround } from './desk-apart.js'
import { isRest, jot, markHalf, strike, whenCut } from './desk-jotted.js'
import { goByCommand, goByForm, goByLink, leave, stay } from './desk-leaving.js'
import { filled, offer, tell, tellKept, tellWaiting } from './desk-notice.js'
import { field, nobodyAnswers, show, showEnded, showKept, showRefused, writeAddress } from './desk-shows.js'
import {
  answerMs,
  cardNow,
  cardOfFirst,
  follow,
  here,
  inTurn,
  made,
  meant,
  place,
  unheardMs,
  words,
} from './desk-state.js'
import { endsAt, haltedHeader, NotNow } from './hand-in.js'
import { hasSound, setSound, sound } from './tones.js'

/** How often it is looked whether a page that is gone has left scans behind. */
const lookMs = 30_000

offerSound()
whenCut(tellCut)
if ('serviceWorker' in navigator) {
  navigator.serviceWorker.register(place.dataset.worker, { scope: '/' }).catch(() => undefined)
  // A page that was on its way when the worker took over all others is passed over.
  navigator.serviceWorker.ready.then(({ active }) => {
    if (!navigator.serviceWorker.controller) active.postMessage('claim')
  })
}
inTurn(firstLook).catch(() => undefined)

function tellCut() {
  sound('refused')
  showRefused(words.cut)
}

/** When the first letter of what stands in the field came, on the clock of events. */
let begunAt

document.addEventListener('input', ({ target, timeStamp }) => {
  if (target === field()) begunAt = target.value === '' ? undefined : (begunAt ?? timeStamp)
})

document.addEventListener('submit', (event) => {
  const form = event.target
  if (!(form instanceof HTMLFormElement) || !form.hasAttribute('data-scan')) return
  event.preventDefault()
  const input = form.querySelector('#scan')
  const code = input.value.trim()
  input.value = ''
  const at = begunAt ?? event.timeStamp
  begunAt = undefined
  // An empty field means: the next patron. It waits for what was scanned before.
  if (code === '' && meant !== 'lend') return
  if (isRest(code, at)) return tellCut()
  const scan = made(code, form)
  jot(scan)
  here.taking += 1
  inTurn(() => scanned(form, scan, at))
    .catch(() => tell('bad', words.lost))
    .finally(() => {
      here.taking -= 1
      strike(scan)
    })
})

async function scanned(form, entered, at) {
  const scan = { ...entered, page: here.page }
  if (here.apart) return keepApart(scan)
  // Where nothing waits it is for whom the page shows. Otherwise the scans before it say so: see `send`.
  const isFirst = here.waiting.length === 0 && !here.busy && meant === 'lend'
  const kept = await here.kept.add({ ...scan, ...(isFirst && { card: cardNow() }) })
  // The library went away while this was written down.
  if (here.apart) {
    await here.kept.mark({ ...kept, card: kept.card ?? cardOfFirst(), isLeft: true })
    follow(true)
    if (scan.next) showEnded()
    return here.apart === 'leaving' ? undefined : tellKept()
  }
  here.waiting.push({ scan: kept, form: form.action })
  // Nobody can have heard yet that it was not known. Whoever ends the patron has done with it.
  if (scan.next) here.unknownAt = Number.NEGATIVE_INFINITY
  const isUnheard = !isCommand(scan.code) && at - here.unknownAt < unheardMs
  if (here.held || isUnheard) {
    sound('attention')
    return hold()
  }
  tellWaiting()
  sendAll()
}

async function keepApart(scan) {
  const { code, next } = scan
  const isLeaving = here.apart === 'leaving'
  if (!next && isCommand(code)) return goByCommand(words.commands[code.toLowerCase()], code)
  await here.kept.add({ ...scan, card: cardOfFirst(), isLeft: true, isAfter: isLeaving })
  if (next) showEnded()
  showKept()
  sound('attention')
  return here.apart === 'handing-in' || here.apart === 'leaving' ? undefined : tellKept()
}

function isCommand(code) {
  return Object.hasOwn(words.commands, code.toLowerCase())
}

async function sendAll() {
  if (here.busy) return
  here.busy = true
  try {
    await sendWaiting()
  } finally {
    here.busy = false
  }
}

async function sendWaiting() {
  while (here.waiting.length > 0 && !here.apart && !here.held) {
    const [{ scan, form }] = here.waiting
    let outcome
    try {
      outcome = await send(scan, form)
    } catch (error) {
      await goApart(error instanceof NotNow ? error.why : 'away')
      break
    }
    here.waiting.shift()
    if (!outcome.isKnown) {
      here.unknownAt = performance.now()
      here.unknownCode = scan.code
      here.held = here.waiting.length + here.taking > 0
    }
    // One that stays is handed in again under its key, and is not done twice.
    await here.kept.settle(scan, standsAfter(outcome))
    if (endsAt(outcome.to)) return leave(outcome.to)
    // A command that does not end what stands open: what was scanned behind it goes first.
    here.to = outcome.to ?? here.to
    sound(outcome.tone)
    if (here.held) hold()
    else tellWaiting()
  }
  if (here.held) return
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
    await stillHere()
    return { isKnown: true, to }
  }
  const read = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const desk = read.querySelector('#desk')
  // The form of an older page, or nothing that could be read: it is handed in with a fresh one, under its key.
  if (!desk) throw new NotNow('away')
  await nobodyAnswers()
  await stillHere()
  show(desk)
  // At the lending desk what is not known may have been the next card.
  return { isKnown: meant !== 'lend' || !desk.dataset.mayBeCard, tone: desk.dataset.outcome }
}

/** Whoever goes is for whom the page shows: it stays so, and what is answered meanwhile is handed in again under its key. */
async function stillHere() {
  // What they leave is being written down.
  if (here.going) await inTurn(() => undefined)
  if (here.apart) throw new NotNow(here.apart)
}

/** What was scanned after something unknown waits until somebody has said whose it is. */
function hold() {
  here.held = true
  for (const each of here.waiting) {
    if (each.scan.isHeld) continue
    // Where the page goes before anybody has looked, it is for nobody.
    const { card } = each.scan
    each.scan = { ...each.scan, isHeld: true, ...(card !== undefined && { afterUnknown: here.unknownCode }) }
    here.kept.mark(each.scan)
  }
  const at = document.querySelector('#waiting')
  if (!at) return
  at.textContent = `${filled(words.notKnown, { codes: here.waiting.map(({ scan }) => scan.code).join(', ') })} `
  offer(at, words.goOn, () => {
    if (here.busy) return
    here.held = false
    here.unknownAt = Number.NEGATIVE_INFINITY
    for (const each of here.waiting) each.scan = { ...each.scan, isHeld: false, afterUnknown: undefined }
    tellWaiting()
    return sendAll()
  })
  offer(at, words.drop, async () => {
    if (here.busy) return
    here.held = false
    here.unknownAt = Number.NEGATIVE_INFINITY
    for (const { scan } of here.waiting.splice(0)) await here.kept.settle(scan)
    tellWaiting()
    return sendAll()
  })
}

function offerSound() {
  const at = document.querySelector('#desk-tools')
  if (!at) return
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'link-button small'
  const label = () => {
    button.textContent = hasSound() ? words.soundOff : words.soundOn
  }
  label()
  button.addEventListener('click', () => {
    setSound(!hasSound())
    label()
    sound('done')
    field()?.focus()
  })
  at.append(button)
}

// A scanner types wherever the focus is. What it types outside of any field belongs into the scan field.
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1 || event.key === ' ') return
  const { activeElement } = document
  if (activeElement && activeElement !== document.body && !activeElement.matches('a, button, summary')) return
  field()?.focus()
})

document.addEventListener('click', goByLink)
document.addEventListener('submit', goByForm)

// A page that waited in the cache of the browser is there again.
addEventListener('pageshow', ({ persisted }) => persisted && stay())
addEventListener('pagehide', () => markHalf(field()?.value))

// What a page left behind that was closed goes in from any other one.
setInterval(lookAround, lookMs)
document.addEventListener('visibilitychange', lookAround)

// Leaving with scans that are kept nowhere else would lose them.
addEventListener('beforeunload', (event) => {
  writeAddress()
  // What leads away was written down first.
  const isTaking = here.taking > 0 && here.apart !== 'leaving'
  if (here.waiting.length > 0 || isTaking || here.kept?.wouldLose()) event.preventDefault()
})

// What the desk says beside its answers: the notice above it with what is kept, why, and what became of it; and its buttons.

import { leftBefore } from './desk-jotted.js'
import { sign } from './desk-shows.js'
import { here, home, inTurn, place, words } from './desk-state.js'
import { isGivenUp, isOfHere } from './hand-in.js'
import { field } from './scan-field.js'
import { hasSound, setSound, sound } from './tones.js'

/** A device that takes longer than this, in milliseconds, to write down a scan is slow. */
const slowMs = 2_000

/** What the notice hears when somebody asks for another attempt. */
export const askedAgain = 'bibby-again'

/** Why scans are kept, and which. */
export async function tellKept(why = words[here.apart] ?? words.away) {
  const scans = (await here.kept.all()).filter(({ next }) => !next)
  tell('warn', why)
  if (!here.kept.isDurable) add('p', words.fleeting)
  if (here.apart === 'signed-out') addSignIn()
  if (scans.length === 0) return
  add('h3', filled(words.kept, { count: scans.length }))
  const list = add('ol', '')
  list.className = 'plain kept-list'
  for (const { code, at, faults } of scans.slice(-30).toReversed()) {
    const line = document.createElement('li')
    const when = new Date(at).toLocaleTimeString(words.locale, { timeStyle: 'short' })
    const end = document.createElement('bdi')
    end.className = 'code'
    // On a device that others see, too: enough to tell one book of the pile from another.
    end.textContent = code.length > 6 ? `…${code.slice(-4)}` : code
    line.append(end, ` · ${when}${faults ? ` · ${words.faulty}` : ''}`)
    list.append(line)
  }
  const buttons = add('p', '')
  offer(buttons, words.again, () => place.dispatchEvent(new Event(askedAgain)))
  const refused = scans.filter(isGivenUp)
  if (refused.length === 0) return
  // Nobody else can take them from this device.
  offer(buttons, filled(words.dropFaulty, { count: refused.length }), async () => {
    for (const scan of refused) await here.kept.settle(scan, undefined, true)
    await tellKept()
  })
}

/** Says so while the device takes long for what somebody waits for. A desk that only looks what was kept moves nothing. */
export function tellSlow(writing) {
  const timer = setInterval(() => {
    const isLeft = !here.hasLooked && leftBefore.length > 0
    if (here.taking === 0 && !here.going && !isLeft) return
    clearInterval(timer)
    sound('attention')
    tell('warn', words.slow)
  }, slowMs)
  return writing.finally(() => {
    clearInterval(timer)
    // What was told since then stays.
    if (place.querySelector('h2')?.textContent === words.slow) tell('', '')
  })
}

/** Runs in turn with the scans, and says so while the disk takes long over it: what is scanned meanwhile waits, too. */
export function onDiskInTurn(work) {
  return inTurn(() => tellSlow(work()))
}

/** What became of what was kept. */
export async function tellHandedIn({ done, toLookAt, barred, halted }, wasApart) {
  if (barred.size > 0) return tell('plain', words['not-yours'])
  if (halted.size > 0 && done === 0) return tell('plain', words.othersHalted)
  const left = await here.kept.all()
  if (left.some(({ faults }) => faults)) return tellKept(words.notTaken)
  if (left.some((scan) => !isOfHere(scan))) return tellKept(words.ofAnother)
  if (done === 0) return tell('', '')
  tell(toLookAt > 0 ? 'warn' : 'good', filled(wasApart ? words.handedIn : words.caughtUp, { count: done }))
  sound(toLookAt > 0 ? 'attention' : 'done')
  if (toLookAt === 0) return
  const link = add('p', '').appendChild(document.createElement('a'))
  link.href = '/desk/kept'
  link.textContent = filled(words.toLookAt, { count: toLookAt })
}

/** Tells one thing in the place of what was told before; nothing where the text is empty. */
export function tell(tone, text) {
  // Whoever was on a link or a button here is so again when the next one of its kind is there.
  const { activeElement } = document
  if (place.contains(activeElement)) {
    successor = activeElement.tagName
    field()?.focus()
  }
  place.hidden = text === ''
  sign(place, tone, text)
}

function add(name, text) {
  const made = document.createElement(name)
  made.textContent = text
  place.lastElementChild.append(made)
  return made
}

function addSignIn() {
  const link = add('p', '').appendChild(document.createElement('a'))
  link.href = `/sign-in?${new URLSearchParams({ kind: 'staff', to: home })}`
  link.textContent = words.signIn
  takeFocus(link)
}

/** How many scans are on their way. */
export function tellWaiting() {
  const at = document.querySelector('#waiting')
  if (at)
    at.textContent = here.waiting.length > 1 ? filled(words.onTheirWay, { count: here.waiting.length }) : ''
}

/** A button there that leaves the focus in the field. */
export function offer(at, label, choose) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'button small'
  button.textContent = label
  button.addEventListener('click', () => {
    field()?.focus()
    choose()
  })
  at.append(button, ' ')
  if (place.contains(button)) takeFocus(button)
}

/** The button that turns the tones on and off. */
export function offerSound() {
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

/** The kind of element in the notice that had the focus when the notice was told anew. */
let successor

function takeFocus(element) {
  if (element.tagName !== successor) return
  successor = undefined
  if (!field()?.value) element.focus()
}

/** A text of the page with its values in it. */
export function filled(text, values) {
  return text.replaceAll(/\{(\w+)\}/g, (_, name) => values[name])
}

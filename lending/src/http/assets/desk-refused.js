// What was refused before the last answer stays to be seen, by what was scanned: until the next patron, until it is done after all,
// or until somebody has seen to it.

import { filled, offer } from './desk-notice.js'
import { showKept, sign } from './desk-shows.js'
import { cardNow, here, home, place, words } from './desk-state.js'
import { ofTab } from './notes.js'
import { cutName, deskOf } from './scan-field.js'

const refusedName = 'bibby-refused'
/** So many are noted at most, and so many of them, the latest, are seen at once. */
const linesMax = 200
const seenMax = 5

/** Notes what is refused now, and shows what was before. */
export function showRefusedBefore() {
  // The empty desk that a device keeps says nothing about anything.
  if (isNobodysDesk()) return
  const desk = document.querySelector('#desk')
  const answer = desk?.querySelector('#answer')
  if (!answer) return
  takeCut()
  // What this script has said by itself is about no scan that was answered.
  const said = answer.querySelector('.notice:not([data-own])')
  const code = said?.querySelector('[data-scanned]')?.textContent
  const codes = new Set(Array.from(answer.querySelectorAll('.code'), (each) => each.textContent))
  const before = read().filter((line) => !line.code || !codes.has(line.code))
  const isRefused = said?.matches('.bad') && Boolean(code)
  const head = said?.querySelector('h2')?.cloneNode(true)
  // The list says itself that they were refused.
  head?.querySelector('.unseen')?.remove()
  const why = head?.textContent ?? ''
  write(isRefused ? [...before, { code, why }] : before)
  render(before)
}

/** Notes that something was refused of which nobody knows what it was. Its halves are one. */
export function noteRefused(why) {
  if (isNobodysDesk()) return
  const lines = read()
  if (lines.at(-1)?.why !== why) write([...lines, { why }])
}

/** A scan that was cut in two beside this desk was told there, where nobody may have looked. */
function takeCut() {
  if (ofTab.read(cutName) === whose()) noteRefused(words.cut)
  ofTab.write(cutName, undefined)
}

/** What was refused before is done after all, as far as it was scanned at this page. */
export function dropDone(taken) {
  const codes = taken.filter(({ page }) => page === here.page).map(({ code }) => code)
  const lines = read()
  const left = lines.filter(({ code }) => !codes.includes(code))
  if (left.length === lines.length) return
  write(left)
  showRefusedBefore()
}

/** What the last answer says is not of what was only kept; what was refused is so all the same. */
export function showOnlyKept() {
  showKept()
  showRefusedBefore()
}

function render(lines) {
  const at = document.querySelector('#refused')
  if (!at) return
  at.hidden = lines.length === 0
  if (at.hidden) return at.replaceChildren()
  sign(at, 'warn', filled(words.refusedBefore, { count: lines.length }))
  const latest = lines.toReversed()
  const buttons = document.createElement('p')
  at.lastElementChild.append(listOf(latest.slice(0, seenMax)))
  if (latest.length > seenMax) {
    const more = document.createElement('details')
    const head = document.createElement('summary')
    head.textContent = filled(words.refusedMore, { count: latest.length - seenMax })
    more.append(head, listOf(latest.slice(seenMax)))
    at.lastElementChild.append(more)
  }
  at.lastElementChild.append(buttons)
  offer(buttons, words.seenTo, () => {
    write([])
    showRefusedBefore()
  })
}

/** The empty desk that a device keeps stands for nobody, until the library is back. */
function isNobodysDesk() {
  return place.matches('[data-shell]') && here.apart !== undefined
}

function listOf(lines) {
  const list = document.createElement('ul')
  list.className = 'plain'
  for (const { code, why } of lines) {
    const line = document.createElement('li')
    if (code) {
      const scanned = document.createElement('bdi')
      scanned.className = 'code'
      scanned.textContent = code
      line.append(scanned, ' · ')
    }
    line.append(why)
    list.append(line)
  }
  return list
}

/** Whose the list is: of whoever works here, at this desk, for this patron. */
function whose() {
  return deskOf({ by: place.dataset.by, home, card: cardNow() })
}

function read() {
  const noted = JSON.parse(ofTab.read(refusedName) ?? '{}')
  return noted.whose === whose() ? noted.lines : []
}

function write(lines) {
  ofTab.write(refusedName, JSON.stringify({ whose: whose(), lines: lines.slice(-linesMax) }))
}

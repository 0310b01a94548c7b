// What a page that goes leaves to the one that comes: a scan that was entered and not yet written down, and that another was
// half typed. A page may go at any moment, without waiting for a disk.

import { cardNow, followedBefore, here, meant } from './desk-state.js'

const jottedName = 'bibby-jotted'
const halfName = 'bibby-half-typed'
/** So long ago, in milliseconds, a scan may have been half typed for what comes now to be its rest. */
const halfMs = 3_000
/** What begins so soon, in milliseconds, was begun at the page before; an empty field was not left empty by anybody. */
const soonMs = 500
const shownAt = performance.now()
let isCut = Math.abs(Date.now() - Number(read(halfName) ?? 0)) < halfMs
/** Until something is entered here. */
let isFirst = true
write(halfName, undefined)

/** What was entered at the page before, and not written down when it went. */
export const leftBefore = jotted()

/** Jots a scan down until it is written down. */
export function jot(scan) {
  write(jottedName, JSON.stringify([...jotted(), { ...scan, card: cardOf() }]))
}

/** Whom a scan is for that is entered now; undefined where one before it says so. */
function cardOf() {
  if (meant !== 'lend' || here.hasKept || here.taking > 0) return undefined
  if (!here.hasLooked && followedBefore()) return undefined
  if (here.going) return here.going.card
  if (here.apart === 'leaving') return here.cardAfter
  return here.busy || here.waiting.length > 0 ? undefined : cardNow()
}

/** It is written down. */
export function strike({ key }) {
  const left = jotted().filter((scan) => scan.key !== key)
  write(jottedName, left.length > 0 ? JSON.stringify(left) : undefined)
}

function jotted() {
  return JSON.parse(read(jottedName) ?? '[]')
}

/** A scan that is half typed as the page goes is cut in two. */
export function markHalf(text) {
  if (text) write(halfName, String(Date.now()))
}

/** Tells once that a scan was cut in two as this page came: half of it stood in the field of the one before, or came too early. */
export function whenCut(tell) {
  if (isCut) return tell()
  for (const type of ['first-input', 'event'])
    new PerformanceObserver((list) => {
      const isEarly = ({ name, startTime, target }) =>
        name.startsWith('key') && startTime < shownAt && target?.id !== 'scan'
      if (isCut || !list.getEntries().some(isEarly)) return
      isCut = true
      tell()
    }).observe({ type, buffered: true, durationThreshold: 16 })
}

/** Whether what was begun then, on the clock of events, is the rest of a scan that was begun at the page before. */
export function isRest(code, begunAt) {
  const isSoon = isFirst && begunAt - shownAt < soonMs
  isFirst = false
  return isSoon && (isCut || code === '')
}

function read(name) {
  try {
    return sessionStorage.getItem(name)
  } catch {
    return null
  }
}

function write(name, text) {
  try {
    if (text === undefined) sessionStorage.removeItem(name)
    else sessionStorage.setItem(name, text)
  } catch {
    // A browser that keeps nothing: then the disk alone does.
  }
}

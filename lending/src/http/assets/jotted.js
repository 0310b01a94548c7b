// What was entered and is neither written down nor answered is jotted down at once, for no page can wait for a disk as it goes. The
// tab has it for the page that comes next. What was entered beside the desk may wait there for long, behind a sign-in or the page of
// a proxy, and is noted for the device too, and so is what a desk has not written down as it goes: a tab that is closed leaves it to
// another one.

import { ofDevice, ofTab } from './notes.js'

const ofTabName = 'bibby-jotted'
const ofDevicePrefix = 'bibby-jotted-'
/** How long the answer may take to come and strike off what its page was asked, in milliseconds, once nothing else stands there. */
const answeredMs = 15_000
/** The same where nobody knows which pages live. */
const unknownMs = 60_000
/** What no desk has taken by then, in milliseconds, none can take, and it is waited for no more. */
const takenMs = 5 * 60_000

/** What was entered in this tab and is not written down. */
export function jotted() {
  return JSON.parse(ofTab.read(ofTabName) ?? '[]')
}

/** Jots a scan down behind the others. */
export function jot(scan) {
  write([...jotted(), scan])
}

/** The same also for when the tab is closed: `page` lives as long as the page of this name does, `tab` tells which scans belong together. */
export function jotForAll(scan, { page, tab }) {
  jot(scan)
  noteForAll(scan, { page, tab })
}

/** What is jotted down in this tab alone is left to all: it may be closed now. */
export function leaveToAll(page) {
  for (const scan of jotted())
    if (ofDevice.read(ofDevicePrefix + scan.key) === null) noteForAll(scan, { page, tab: page })
}

/** Numbered: a clock may be set back between two of them. */
function noteForAll(scan, { page, tab }) {
  const nth = 1 + Math.max(0, ...notesOfDevice().map((note) => note.nth))
  ofDevice.write(ofDevicePrefix + scan.key, JSON.stringify({ scan, page, tab, nth }))
}

/** It is written down, or answered. */
export function strike(scan) {
  strikeHere(scan)
  ofDevice.write(ofDevicePrefix + scan.key, undefined)
}

/** It is not this tab's: what the device has of it stays. */
export function strikeHere({ key }) {
  write(jotted().filter((scan) => scan.key !== key))
}

function write(scans) {
  ofTab.write(ofTabName, scans.length > 0 ? JSON.stringify(scans) : undefined)
}

/**
 * What was entered beside desks in tabs that are gone, in the order in which it was made; each with the tab that it belongs to. A tab goes
 * whole. `living` is undefined where a browser does not say which pages live.
 */
export function leftByTabs(living) {
  const isLive = ({ scan, page }) => living?.has(page) || !isOld(scan, living ? answeredMs : unknownMs)
  return ofTabs(isLive, false).sort((one, other) => one.nth - other.nth)
}

/** The keys of what belongs to tabs that may be gone, and that a desk will take, where a browser says which pages live. */
export function notYetLeft() {
  return new Set(ofTabs(({ scan }) => !isOld(scan, takenMs), true).map(({ scan }) => scan.key))
}

/** What belongs to tabs of which one note is so, or to those of which none is. */
function ofTabs(isSo, isAny) {
  const notes = notesOfDevice()
  const tabs = new Set(notes.filter(isSo).map(({ tab }) => tab))
  return notes.filter(({ tab }) => tabs.has(tab) === isAny)
}

/** What is of tomorrow was scanned before the clock was set back. */
function isOld({ at }, ms) {
  return Math.abs(Date.now() - at) > ms
}

function notesOfDevice() {
  return ofDevice.under(ofDevicePrefix).map((note) => JSON.parse(note))
}

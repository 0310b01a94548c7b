// What the desk of this page knows and has kept. Its parts share it.

import { openKeptScans } from './kept-scans.js'
import { ofTab } from './notes.js'
import { nameBefore, namePage } from './page-name.js'
import { followsName, newKey } from './scan-field.js'

/** The notice above the desk; what the page says of itself to this script stands on it. */
export const place = document.querySelector('#kept')
/** What this script says, in the language of the page. */
export const words = JSON.parse(place.dataset.words)
/** What scans are meant as here (`lend`, `take-back`, `look-through`), and the address of the desk. */
export const { meant, home } = place.dataset

/** How long the library may take for one answer before it counts as out of reach, in milliseconds. */
export const answerMs = 10_000

/** Changed by each of the parts. */
export const here = {
  /** The store of scans. */
  kept: undefined,
  /** The name of this page among those of the device. */
  page: undefined,
  /**
   * Why scans are kept and not sent: `away`, `stopped`, `halted`, `signed-out`, `not-yours`; `handing-in` while those before them go in, `beside`
   * while another page does that, `leaving` on the way to another page. Undefined while the library answers.
   */
  apart: place.dataset.apart || undefined,
  /** Scans that are about to be sent, in order. */
  waiting: [],
  busy: false,
  /** How many scans are being written down, or wait for that. */
  taking: 0,
  /** True while scans wait for somebody to look. */
  held: false,
  /** Whether it is known what this page had kept when it came. */
  hasLooked: false,
  /** Whether what is kept next follows what this page has kept before: see `follow`. */
  hasKept: false,
  /** Who stands at the desk once something leads away from this page; nobody where it is empty. */
  cardAfter: undefined,
  /**
   * The way that somebody takes, until it is written down what they leave; `card`: for whom the first scan behind it is,
   * `isFollowed`: whether there is one.
   */
  going: undefined,
  /** Whether something was scanned after what the page was answered last. */
  isAnswerOld: false,
  /** Where a command leads that waits for what was scanned behind it. */
  to: undefined,
  /** When the library last said that what was scanned may have been a card, on the clock of events. */
  unknownAt: Number.NEGATIVE_INFINITY,
  /** What that was. */
  unknownCode: undefined,
  /** Whether it was rather for somebody whose card nobody has any more. */
  isNobodys: false,
}

/** Scans are taken in one after another, however fast they come; the first ones wait for the store. */
let taken = Promise.all([openKeptScans(), namePage(newKey())]).then(([store, name]) => {
  here.kept = store
  here.page = name
})

/** Runs in turn with the scans: none of them is taken in meanwhile. */
export function inTurn(work) {
  const done = taken.then(work)
  taken = done.catch(() => undefined)
  return done
}

/** Says whether what is kept next follows what this page has kept; a page that is loaded anew is told. */
export function follow(does) {
  here.hasKept = does
  ofTab.write(followsName, does ? here.page : undefined)
}

/** Whether this page was loaded anew, and followed what it had kept before. */
export function followedBefore() {
  const [{ type } = {}] = performance.getEntriesByType('navigation')
  return type === 'reload' && ofTab.read(followsName) === (here.page ?? nameBefore())
}

/** Who stands at the desk. */
export function cardNow() {
  return document.querySelector('form[data-scan] [name="card"]')?.value ?? ''
}

/** The first scan that a page keeps is for whom it shows; the others follow it. */
export function cardOfFirst() {
  const card = meant !== 'lend' || here.hasKept ? undefined : (here.cardAfter ?? cardNow())
  follow(true)
  return card
}

/** A scan as it is kept: under a key of its own, with when, where and by whom it was made. */
export function made(code, form) {
  const { pathname } = new URL(form.action)
  const { by, branch, library } = place.dataset
  const made = { by, branch, library, to: pathname, page: here.page, at: Date.now() }
  return { ...made, key: newKey(), code, meant, next: isNext(code) }
}

/** Behind it stands nobody: kept among the scans, and never sent. */
export function anEnd(code = '') {
  return { ...made(code, document.querySelector('form[data-scan]')), next: true, isLeft: true }
}

/** Whether it means the next patron. */
function isNext(code) {
  return meant === 'lend' && (code === '' || words.next.includes(code.toLowerCase()))
}

/** Whether there is something that was not answered yet. */
export function isUnderWay() {
  return here.apart !== undefined || here.hasKept || here.busy || here.waiting.length + here.taking > 0
}

/** What waits is handed in later, in its order. */
export async function leaveAll() {
  here.held = false
  here.to = undefined
  for (const { scan } of here.waiting.splice(0)) {
    const { isHeld: _, ...left } = { ...scan, card: scan.card ?? cardOfFirst(), isLeft: true }
    await here.kept.mark(left)
  }
}

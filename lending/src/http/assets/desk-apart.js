// The desk apart from the library: when it comes back, what was kept goes in before what is scanned then.

import { isBack, loadAnew, refresh } from './desk-anew.js'
import { takeLeftByTabs, writeDownJotted } from './desk-left.js'
import { askedAgain, filled, onDiskInTurn, tell, tellHandedIn, tellKept, tellWaiting } from './desk-notice.js'
import { dropDone, showOnlyKept, showRefusedBefore } from './desk-refused.js'
import { dropRefused, nobodyAnswers, showEnded } from './desk-shows.js'
import {
  anEnd,
  cardNow,
  follow,
  followedBefore,
  here,
  isUnderWay,
  leaveAll,
  meant,
  place,
  words,
} from './desk-state.js'
import { dueNow, forgetTheGone, handInAll, isOfHere, kindOf, NotNow, others } from './hand-in.js'
import { isSame } from './kept-scans.js'
import { ofDevice, ofTab } from './notes.js'
import { field, isAnswer, leftFor, unheardMs } from './scan-field.js'
import { sound } from './tones.js'

/** How soon the library is asked again after it was out of reach: at first, and at most. */
const againMs = { first: 2_000, most: 30_000 }
const branchName = 'bibby-branch'
const byName = 'bibby-by'
let pauseMs = againMs.first
let timer
let comingBack

rememberBranch()
// Said at once: it may be loaded anew before the disk has told what was kept.
if (!followedBefore() && !isLed()) follow(false)

/** What this page, or another one, had kept goes in before anything that is scanned now. */
export async function firstLook() {
  await forgetTheGone(here.kept)
  await writeDownJotted()
  await takeLeftByTabs()
  const all = await here.kept.all()
  const own = all.filter((scan) => scan.page === here.page && isOfHere(scan))
  // The page was loaded anew before they were answered: nobody else sends them.
  for (const { isHeld, isAfter, ...scan } of own)
    if (isHeld || isAfter || !scan.isLeft) await here.kept.mark({ ...scan, isLeft: true })
  const context = await here.kept.contextOf(here.page)
  // Somebody else works here now: whoever stood at the desk did so with the one before.
  const { by } = place.dataset
  const last = own.at(-1) ?? context
  if (by && last?.by && last.by !== by) await here.kept.add(anEnd())
  const due = await dueNow(here.kept)
  // A pile of returns, or a shelf, is nobody's.
  const isOfSomebody = (scan) => scan.page === here.page && (scan.meant === 'lend' || scan.next)
  const isFollowed = own.some(isOfSomebody) ? due.some(isOfSomebody) : context !== undefined
  // Whoever has left already says for whom the next scan is.
  if (here.apart !== 'leaving') follow(isFollowed && goesOn(own, context))
  here.hasLooked = true
  if (context && !here.hasKept && own.length === 0) await here.kept.forget(here.page)
  if (due.length > 0 || here.hasKept) here.apart ??= 'handing-in'
  void comeBack()
}

/** A page that was opened for somebody is theirs, but for who came while it, or its answer, was on its way from their own desk. */
function goesOn(own, context) {
  const sinceEnd = own.slice(own.findLastIndex(({ next, isAfter }) => next && !isAfter) + 1)
  // Where all of them are in already, they have left behind that they were.
  const isAfter = own.length > 0 ? sinceEnd.some((scan) => scan.isAfter) : context?.isAfter
  return followedBefore() || cardNow() === '' || (isLed() && isAfter)
}

/** Whether this page is there for whoever was scanned before it came, and not opened for somebody of their own. */
function isLed() {
  return cardNow() === '' || isAnswer || leftFor === cardNow()
}

/** The empty desk knows nobody, and still stands at a branch, where somebody works: that of whoever hands in, if the browser keeps nothing. */
function rememberBranch() {
  const { dataset } = place
  if (dataset.by) ofTab.write(byName, dataset.by)
  else dataset.by = ofTab.read(byName) ?? ''
  if (dataset.branch) ofDevice.write(branchName, dataset.branch)
  else dataset.branch = ofDevice.read(branchName) ?? ''
}

/** From now on scans are kept, and what waits with them; the library is asked again by and by. */
export async function goApart(why) {
  if (here.apart) return leaveAll()
  here.apart = why
  const isEnded = here.waiting.some(({ scan }) => scan.next)
  askAgain()
  // What is kept from now on follows these: one of them may be a card.
  if (here.waiting.length > 0) follow(true)
  await leaveAll()
  tellWaiting()
  // Whoever is typing a reason is not disturbed.
  nobodyAnswers().then(() => {
    if (!here.apart) return
    if (isEnded) showEnded()
    showOnlyKept()
  })
  sound('attention')
  await tellKept()
}

function askAgain(isSoon = false) {
  clearTimeout(timer)
  if (isSoon) pauseMs = againMs.first
  timer = setTimeout(comeBack, pauseMs)
  pauseMs = Math.min(pauseMs * 2, againMs.most)
}

/** Hands in what this device has kept, if the library can be asked; otherwise tries again later. Once at a time. */
export function comeBack() {
  clearTimeout(timer)
  comingBack ??= tryToComeBack().finally(() => {
    comingBack = undefined
  })
  return comingBack
}

/**
 * Hands in what a page that is gone has left behind, where this one has nothing else to do. Apart from the library it is
 * asked again.
 */
export async function lookAround() {
  if (!here.hasLooked) return
  await onDiskInTurn(takeLeftByTabs)
  if (here.apart) return void (await comeBack())
  if (isUnderWay()) return
  await forgetTheGone(here.kept)
  if ((await dueNow(here.kept)).length > 0) await comeBack()
}

/** Another page of this device tells what it has handed in, or that the library is back. */
export function hearOthers({ data: { taken, isBack } }) {
  if (taken) dropDone(taken)
  if (isBack && here.apart) void lookAround()
}

/** Asked by a person: after an attempt that is under way there is another one at once. */
place.addEventListener(askedAgain, async () => {
  pauseMs = againMs.first
  await comingBack
  for (const scan of await here.kept.all()) if (scan.faults) await here.kept.mark({ ...scan, faults: 0 })
  await comeBack()
})

async function tryToComeBack() {
  // Opened by its own address, the empty desk only keeps: what it stands for hands in.
  if (location.pathname === '/desk/offline') return
  let wasBeside = false
  let wasApart = false
  try {
    const isDue = await onDiskInTurn(async () => {
      await takeLeftByTabs()
      if (!here.apart && (await dueNow(here.kept)).length === 0) return false
      // What is on its way goes first, and what comes before anybody has heard that something is not known waits there.
      const isUnheard = performance.now() - here.unknownAt < unheardMs
      if (!here.apart && (here.busy || here.waiting.length > 0 || here.to || isUnheard)) {
        askAgain()
        return false
      }
      // The library may have gone out of reach while this waited for its turn, or for the disk.
      wasBeside = here.apart === 'beside'
      wasApart = here.apart !== undefined && here.apart !== 'handing-in' && !wasBeside
      // What is scanned meanwhile comes behind what was kept before.
      here.apart ??= 'handing-in'
      return here.apart !== 'leaving'
    })
    if (!isDue) return here.apart ? undefined : await tellTheRest(none(), false)
    const sum = await handInToTheLast(wasApart)
    if (!sum) return askAgain(here.apart === 'beside')
    pauseMs = againMs.first
    // What the page says of a library that is away, or only read, is not so any more.
    const isOutOfDate = place.matches('[data-shell], [data-stopped]')
    const isAll = sum.done === 0 && sum.barred.size === 0 && sum.halted.size === 0
    if (isOutOfDate && isAll && !field()?.value && loadAnew()) return
    await tellTheRest(sum, wasApart, wasApart || wasBeside)
  } catch (error) {
    // Whoever is leaving does so.
    if (here.apart === 'leaving') return
    const why = error instanceof NotNow ? error.why : 'away'
    const isNews = why !== here.apart
    here.apart = why
    // It is there, and something else is in the way.
    if (why !== 'away') dropRefused(words.needsLibrary)
    askAgain()
    // What the page says by itself is not said again.
    if (isNews || (await here.kept.all()).length > 0) await tellKept()
  }
}

/** What became of all that could be handed in, and what stays. */
async function tellTheRest(sum, wasApart, isTold = wasApart) {
  const left = await here.kept.all()
  if (sum.done > 0 || left.length > 0 || isTold) await tellHandedIn(sum, wasApart)
  // Without locks it is not known yet whether another page is about to send them.
  const isOthers = (scan) => scan.page !== here.page && !scan.faults && isOfHere(scan)
  if (!navigator.locks && left.some(isOthers)) askAgain()
}

const none = () => ({ done: 0, toLookAt: 0, barred: new Set(), halted: new Set() })

/**
 * Hands in until nothing is left, shows who stands at the desk then, and only when nothing was scanned meanwhile sends again
 * what is scanned. Undefined when it is not to be done now.
 */
async function handInToTheLast(wasApart) {
  const all = none()
  for (;;) {
    const sum = await handInAll(here.kept, ({ done, of }) => {
      if (here.apart === 'beside') here.apart = 'handing-in'
      tell('plain', filled(words.handingIn, { done: all.done + done, of: all.done + of }))
    })
    // Another page of this device is at it, and what is scanned here waits for that.
    if (!sum) {
      if (here.apart !== 'handing-in') return undefined
      here.apart = 'beside'
      await tellKept()
      return undefined
    }
    all.done += sum.done
    all.toLookAt += sum.toLookAt
    const taken = sum.taken.map(({ page, code }) => ({ page, code }))
    dropDone(taken)
    if (taken.length > 0) others.postMessage({ taken })
    for (const kind of sum.barred) all.barred.add(kind)
    for (const work of sum.halted) all.halted.add(work)
    // Whoever is signed in may not work here, or this work is halted: what is scanned is kept, and the page says why.
    if (sum.barred.has(kindOf({ meant }))) throw new NotNow('not-yours')
    if (sum.halted.has(meant)) throw new NotNow('halted')
    // The library can only be read yet.
    if (wasApart && !(await isBack())) return undefined
    const stands = await whoStands()
    if (here.apart !== 'leaving' && (wasApart || stands)) await refresh(stands)
    const isOver = await onDiskInTurn(async () => {
      if ((await dueNow(here.kept, all)).length > 0) return false
      // Another page has handed in meanwhile what was scanned here.
      if (!isSame(stands, await whoStands())) return false
      // The page that comes has to know who stands there by now.
      if (here.apart === 'leaving') return true
      if (!(await here.kept.all()).some((scan) => scan.page === here.page)) await here.kept.forget(here.page)
      here.apart = undefined
      here.cardAfter = undefined
      follow(false)
      dropRefused(words.needsLibrary)
      // A page that is to be loaded anew shows it then.
      if (all.done > 0) showRefusedBefore()
      // Not of every look: two pages would answer each other for ever.
      if (wasApart || all.done > 0) others.postMessage({ isBack: true })
      return true
    })
    if (isOver) return all
  }
}

/** Who stands at this desk by what was handed in; undefined where nothing that was says so. */
async function whoStands() {
  return here.hasKept && meant === 'lend' ? here.kept.contextOf(here.page) : undefined
}

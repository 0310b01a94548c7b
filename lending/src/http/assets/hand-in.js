// Hands in what this device had kept, one scan after another, in the order in which they were made. Each goes under the
// key that it got when it was scanned, and with when that was by the clock of the library: it is done once, and as of then.

import { notYetLeft } from './jotted.js'
import { livingPages, namedPages } from './page-name.js'
import { cutCode } from './scan-field.js'

/** Held while scans are handed in: of several open pages one does it. */
const handingIn = 'bibby-hand-in'
/** What the pages of this device tell each other: which scans were `taken` in, and that the library takes scans (`isBack`). */
export const others = new BroadcastChannel('bibby-desks')
/** With 503: this one work is halted. */
export const haltedHeader = 'x-bibby-halted'
/** A scan that the library answers with a fault of its own so often is left for a person. */
const faultsMax = 3
const freshMs = 60_000
/** Without locks: scans that wait at a page for somebody to look are left to it for so long. */
const heldMs = 60 * 60_000
/** Longer than one scan can take to be answered. */
const leaseMs = 40_000
/** Which library this page is of. */
const { library: ofHere } = document.querySelector('#kept').dataset
/** This page, where there are no locks and it hands in under a lease. */
const lessee = crypto.getRandomValues(new Uint32Array(1))[0]

/** Nobody can be asked now. `why` is `away`, `stopped`, `halted`, `signed-out`, `not-yours` or `ofAnother`. */
export class NotNow extends Error {
  constructor(why) {
    super(why)
    this.why = why
  }
}

/**
 * Hands in all scans that no living page is about to send. `tell({ done, of })` hears how far it is. Gives how many went
 * in, how many somebody must look at, the others, of what kinds whoever is signed in may not hand in any (`desk`, `shelf`), and which
 * meanings are halted (`lend`, `take-back`); undefined when another page is at it. Who stands at the desk of a page then
 * is the context of that page.
 *
 * Throws NotNow; what was not handed in yet is kept.
 */
export async function handInAll(kept, tell) {
  if (!navigator.locks) {
    try {
      return await handIn(kept, tell, true)
    } finally {
      await kept.lease(lessee, 0)
    }
  }
  return navigator.locks.request(handingIn, { ifAvailable: true }, (lock) =>
    lock ? handIn(kept, tell) : undefined,
  )
}

/** Under a lease where there are no locks: a page that loses it has another page behind it. */
async function handIn(kept, tell, isLeased = false) {
  const sum = { done: 0, toLookAt: 0, taken: [], barred: new Set(), halted: new Set() }
  let form
  for (;;) {
    if (isLeased && !(await kept.lease(lessee, leaseMs))) return undefined
    const due = await dueNow(kept, sum)
    const [scan] = due
    if (!scan) return sum
    // Of what follows something, and nobody knows what became of that, somebody has to say for whom it is.
    const before = (await kept.contextOf(scan.page)) ?? { afterUnknown: cutCode }
    const context = contextOf(scan, before)
    if (scan.next) {
      await kept.settle(scan, { card: '', isAfter: scan.isAfter }, true)
      continue
    }
    tell({ done: sum.done, of: sum.done + due.length })
    // What was scanned on the way to another page goes on there.
    const from = (stands) => stands && { ...stands, isAfter: scan.isAfter || before.isAfter }
    form ??= await freshForm()
    let answer = await send(scan, context, form)
    if (answer.stale) {
      form = { ...(await freshForm()), aheadMs: form.aheadMs }
      answer = await send(scan, context, form)
      // A fresh form is refused too: whoever is signed in may not do this. Somebody else will.
      if (answer.stale) {
        sum.barred.add(kindOf(scan))
        continue
      }
    }
    // This work is halted; other work goes on.
    if (answer.halted) {
      sum.halted.add(scan.meant)
      continue
    }
    if (answer.fault) {
      const faults = answer.isFinal ? faultsMax : (scan.faults ?? 0) + 1
      // It may have been the next card: what is behind it goes to nobody until somebody has looked.
      const isUnclear = isGivenUp({ faults }) && scan.meant === 'lend'
      // For whom it was is kept with it: others may stand there when it is sent again.
      const isAgain = scan.isAgain || isGivenUp({ faults })
      const then = isUnclear && !scan.isAgain ? unknownFrom(context, scan) : undefined
      await kept.mark({ ...scan, ...context, faults, isAgain }, from(then))
      // Not at once: what is wrong may pass.
      if (faults < faultsMax) throw new NotNow('away')
      continue
    }
    // One that was given up before says nothing of who stands there by now.
    await kept.settle(scan, scan.isAgain ? undefined : from(after(context, answer, scan)), true)
    sum.done += 1
    if (answer.became === 'kept') sum.toLookAt += 1
    else sum.taken.push(scan)
  }
}

/** The scans that can be handed in now: given up is none of them, nor what whoever is signed in may not hand in. */
export async function dueNow(kept, { barred, halted } = { barred: new Set(), halted: new Set() }) {
  const scans = await left(kept)
  return scans.filter(
    (scan) => !isGivenUp(scan) && !barred.has(kindOf(scan)) && !halted.has(scan.meant) && isOfHere(scan),
  )
}

/** Whether a scan is left for a person, after the library failed on it. */
export function isGivenUp({ faults = 0 }) {
  return faults >= faultsMax
}

/** Whether it was made for this library, and not for another one at the same address. */
export function isOfHere({ library }) {
  return !library || !ofHere || library === ofHere
}

/** Forgets who stood at the desks of pages that are gone. */
export async function forgetTheGone(kept) {
  await kept.forgetBut(await namedPages())
}

/** A shelf is looked through by others than those who lend. */
export function kindOf({ meant }) {
  return meant === 'look-through' ? 'shelf' : 'desk'
}

/** For whom it was sent first, or who stands there by now; a pile of returns is nobody's. */
function contextOf(scan, before) {
  if (scan.meant !== 'lend') return {}
  const { card = '' } = scan.card === undefined ? before : scan
  // What was scanned before anybody heard of something unknown is behind that, whomever it follows.
  const afterUnknown = scan.afterUnknown ?? (scan.card === undefined ? before.afterUnknown : undefined)
  return { card, afterUnknown }
}

/** Who stands at the desk after this scan, as far as can be known. */
function after(context, answer, { meant, code }) {
  if (meant !== 'lend') return undefined
  if (answer.became === 'card') return { card: answer.card }
  if (answer.became === 'command') return endsAt(answer.to) ? { card: '' } : context
  return answer.isUnknown ? unknownFrom(context, { code }) : context
}

/** Whether a command ends what stands open: those that lead to a desk do. */
export function endsAt(to) {
  return to === '/desk' || to === '/check-in'
}

function unknownFrom(context, { code }) {
  return { ...context, afterUnknown: context.afterUnknown ?? code }
}

async function left(kept) {
  const scans = await kept.all()
  const living = await livingPages()
  // What is fresh may be on its way, and what is of tomorrow was scanned before the clock was set back.
  const isOld = ({ at, isHeld }) => Math.abs(Date.now() - at) > (isHeld ? heldMs : freshMs)
  if (!living) return scans.filter((scan) => scan.isLeft || isOld(scan))
  // Where its tab was closed while it was written down, what follows it is there once a desk has taken that.
  const cut = notYetLeft()
  return scans.filter(({ isLeft, page, key }) => (living.has(page) ? isLeft : !cut.has(key)))
}

/** By how much the clock of the library is ahead of this device's, as far as its answers say; never more than it is. */
let knownAheadMs = Number.NEGATIVE_INFINITY

/**
 * The token that everybody has who is signed in, and how the clock of the library stands to this one.
 *
 * One difference goes for all scans of a run: reckoned from when each request arrives, a slow one would put its scan behind
 * a later one. The library told the time before its answer was here: so no scan lies in the future. From one run to the next the
 * difference only grows, for the same reason as within one, unless the clock of this device was set forward meanwhile.
 */
async function freshForm() {
  const askedAt = Date.now()
  const answer = await asked('/desk/hand-in', {})
  const heardAt = Date.now()
  const { token, now, isStopped } = await answer.json()
  if (isStopped) throw new NotNow('stopped')
  if (!token) throw new NotNow('away')
  knownAheadMs = Math.min(Math.max(knownAheadMs, now - heardAt), now - askedAt)
  return { token, aheadMs: knownAheadMs }
}

async function send(scan, { card = '', afterUnknown = '' }, { token, aheadMs }) {
  if (scan.meant === 'look-through') return sendAsForm(scan, token)
  const now = Date.now()
  const fields = {
    _csrf: token,
    key: scan.key,
    meant: scan.meant,
    code: scan.code,
    card,
    afterUnknown,
    library: scan.library ?? '',
    branch: scan.branch ?? '',
    // How long ago, by this device, and from when on, by the library: what the clock here says does not matter.
    ageMs: String(Math.max(0, now - scan.at)),
    sentAt: String(now + aheadMs),
  }
  const answer = await asked('/desk/hand-in', { method: 'POST', body: new URLSearchParams(fields) })
  if (answer.status === 403) return { stale: true }
  if (answer.status === 503) return { halted: true }
  // Another library answers at this address now.
  if (answer.status === 409) throw new NotNow('ofAnother')
  return answer.ok ? answer.json() : { fault: true }
}

/** A shelf that is looked through notes each scan, known or not: there is nothing to look at afterwards. */
async function sendAsForm({ to, key, code, library = '' }, token) {
  const body = new URLSearchParams({ _csrf: token, key, code, library })
  const answer = await asked(to, { method: 'POST', body })
  if (answer.status === 403) return { stale: true }
  if (answer.status === 503) return { halted: true }
  // Another library answers at this address now: what a shelf of this one refuses comes as a page.
  if (answer.status === 409 && isProblem(answer)) throw new NotNow('ofAnother')
  if (!answer.ok) return { fault: true, isFinal: answer.status !== 500 }
  // The library leads on to what it noted. A page that comes instead is that of a proxy, and says nothing about the scan.
  const { pathname, searchParams } = new URL(answer.url)
  if (!answer.redirected || pathname !== to) throw new NotNow('away')
  return searchParams.has('scanned') ? { became: 'done' } : { fault: true, isFinal: true }
}

function isProblem({ headers }) {
  return headers.get('content-type')?.startsWith('application/problem+json')
}

/** Asks the library; what says nothing about the scan itself means: not now. */
async function asked(path, options) {
  let answer
  try {
    answer = await fetch(path, { ...options, signal: AbortSignal.timeout(15_000) })
  } catch {
    throw new NotNow('away')
  }
  if (answer.status === 401 || new URL(answer.url).pathname === '/sign-in') throw new NotNow('signed-out')
  const isHalted = answer.status === 503 && answer.headers.has(haltedHeader)
  if (answer.status === 429 || (answer.status > 500 && !isHalted)) throw new NotNow('away')
  return answer
}

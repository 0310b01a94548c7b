// Hands in what this device had kept, one scan after another, in the order in which they were made. Each goes under the
// key that it got when it was scanned, and with its age: it is done once, and as of then.

/** Held while scans are handed in: of several open pages one does it. */
const handingIn = 'bibby-hand-in'
const pageName = 'bibby-page'
/** A scan that the library answers with a fault of its own so often is left for a person. */
const faultsMax = 3
const freshMs = 60_000
/** Longer than one scan can take to be answered. */
const leaseMs = 40_000

/** Nobody can be asked now. `why` is `away`, `stopped` or `signed-out`. */
export class NotNow extends Error {
  constructor(why) {
    super(why)
    this.why = why
  }
}

/**
 * The name of this page: the same after it is loaded anew, so that its scans go on for whom they began; another one for a
 * page that was opened beside it. It is held as long as the page lives: scans of a page that is gone are anybody's to hand in.
 */
export async function namePage(fresh) {
  if (!navigator.locks) return fresh
  const before = sessionStorage.getItem(pageName)
  const page = before && (await hold(before)) ? before : fresh
  if (page === fresh) await hold(fresh)
  sessionStorage.setItem(pageName, page)
  return page
}

function hold(page) {
  return new Promise((resolve) => {
    navigator.locks.request(pageLock(page), { ifAvailable: true }, (lock) => {
      resolve(lock !== null)
      return lock && new Promise(() => undefined)
    })
  })
}

/**
 * Hands in all scans that no living page is about to send. `tell({ done, of })` hears how far it is. Gives how many went
 * in, how many somebody must look at, and of what kinds whoever is signed in may not hand in any; undefined when another
 * page is at it. Who stands at the desk of a page then is the context of that page.
 *
 * Throws NotNow; what was not handed in yet is kept.
 */
export async function handInAll(kept, tell) {
  if (!navigator.locks) return handIn(kept, tell, crypto.getRandomValues(new Uint32Array(1))[0])
  return navigator.locks.request(handingIn, { ifAvailable: true }, (lock) =>
    lock ? handIn(kept, tell) : undefined,
  )
}

/** `lessee` is whoever hands in where there are no locks: one that loses its lease has another page behind it. */
async function handIn(kept, tell, lessee) {
  const sum = { done: 0, toLookAt: 0, barred: new Set() }
  let token
  for (;;) {
    if (lessee && !(await kept.lease(lessee, leaseMs))) return undefined
    const due = await dueNow(kept, sum)
    const [scan] = due
    if (!scan) {
      const living = await livingPages()
      if (living) await kept.forgetBut(living)
      if (lessee) await kept.lease(lessee, 0)
      return sum
    }
    tell({ done: sum.done, of: sum.done + due.length })
    const before = (await kept.contextOf(scan.page)) ?? {}
    const context = contextOf(scan, before)
    if (scan.next) {
      await kept.settle(scan, { card: '' }, true)
      continue
    }
    token ??= await freshToken()
    let answer = await send(scan, context, token)
    if (answer.stale) {
      token = await freshToken()
      answer = await send(scan, context, token)
      // A fresh form is refused too: whoever is signed in may not do this. Somebody else will.
      if (answer.stale) {
        sum.barred.add(kindOf(scan))
        continue
      }
    }
    if (answer.fault) {
      const faults = answer.isFinal ? faultsMax : (scan.faults ?? 0) + 1
      // It may have been the next card: what is behind it goes to nobody until somebody has looked.
      const isGivenUp = faults >= faultsMax && scan.meant === 'lend'
      // For whom it was is kept with it: others may stand there when it is sent again.
      const whose = scan.meant === 'lend' ? { card: '', ...context } : {}
      await kept.mark({ ...scan, ...whose, faults }, isGivenUp ? unknownFrom(context, scan) : undefined)
      // Not at once: what is wrong may pass.
      if (faults < faultsMax) throw new NotNow('away')
      continue
    }
    await kept.settle(scan, after(context, answer, scan), true)
    sum.done += 1
    if (answer.became === 'kept') sum.toLookAt += 1
  }
}

/** The scans that can be handed in now: given up is none of them, nor what whoever is signed in may not hand in. */
export async function dueNow(kept, { barred } = { barred: new Set() }) {
  const scans = await left(kept)
  return scans.filter((scan) => (scan.faults ?? 0) < faultsMax && !barred.has(kindOf(scan)))
}

/** A shelf is looked through by others than those who lend. */
function kindOf({ meant }) {
  return meant === 'look-through' ? 'shelf' : 'desk'
}

/** For whom it was sent first, or who stands there by now; a pile of returns is nobody's. */
function contextOf({ meant, card, afterUnknown }, before) {
  if (meant !== 'lend') return {}
  return card === undefined ? before : { card, afterUnknown }
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
  // What is fresh may be on its way.
  if (!living) return scans.filter(({ isLeft, at }) => isLeft || Date.now() - at > freshMs)
  return scans.filter(({ isLeft, page }) => isLeft || !living.has(page))
}

const lockPrefix = 'bibby-desk-'

function pageLock(page) {
  return lockPrefix + page
}

/** The names of the pages that are open now; undefined where that cannot be known: a browser has locks on https only. */
async function livingPages() {
  if (!navigator.locks) return undefined
  const { held } = await navigator.locks.query()
  const names = held.map(({ name }) => name).filter((name) => name.startsWith(lockPrefix))
  return new Set(names.map((name) => name.slice(lockPrefix.length)))
}

/** From a page that everybody has who is signed in. */
async function freshToken() {
  const answer = await asked('/me', {})
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  if (page.querySelector('[data-stopped]')) throw new NotNow('stopped')
  const token = page.querySelector('input[name="_csrf"]')?.value
  if (!token) throw new NotNow('away')
  return token
}

async function send(scan, { card = '', afterUnknown = '' }, token) {
  if (scan.meant === 'look-through') return sendAsForm(scan, token)
  const fields = {
    _csrf: token,
    key: scan.key,
    meant: scan.meant,
    code: scan.code,
    card,
    afterUnknown,
    sentBy: scan.by ?? '',
    branch: scan.branch ?? '',
    // How long ago, by this device: what its clock says does not matter.
    ageMs: String(Math.max(0, Date.now() - scan.at)),
  }
  const answer = await asked('/desk/hand-in', { method: 'POST', body: new URLSearchParams(fields) })
  if (answer.status === 403) return { stale: true }
  return answer.ok ? answer.json() : { fault: true }
}

/** A shelf that is looked through notes each scan, known or not: there is nothing to look at afterwards. */
async function sendAsForm({ to, key, code }, token) {
  const body = new URLSearchParams({ _csrf: token, key, code })
  const answer = await asked(to, { method: 'POST', body })
  if (answer.status === 403) return { stale: true }
  return answer.ok ? { became: 'done' } : { fault: true, isFinal: answer.status !== 500 }
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
  if (answer.status === 429 || answer.status > 500) throw new NotNow('away')
  return answer
}

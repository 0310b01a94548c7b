// What was entered and is not written down: by the page before this one, or on a page beside a desk whose tab is closed. It is kept like
// a scan of this desk, and jotted down no longer.

import { leftBefore } from './desk-jotted.js'
import { cardNow, here, place } from './desk-state.js'
import { leftByTabs, strike, strikeHere } from './jotted.js'
import { livingJotters } from './page-name.js'
import { cutCode, isAnswer, newKey } from './scan-field.js'

/** Held while what closed tabs have left is taken. */
const taking = 'bibby-take-left'

/** Keeps what this tab has jotted down and no page has written down since. */
export async function writeDownJotted() {
  const all = await here.kept.all()
  const known = new Map(all.map((scan) => [scan.key, scan]))
  // What is followed by a scan that does not say for whom it is.
  let last = all.findLast(({ page }) => page === here.page) ?? (await here.kept.contextOf(here.page))
  for (const scan of leftBefore.map(orForWhomShown)) {
    // A tab that was doubled has the notes of the other one too. Where that has left them to all, they are there for any desk.
    const isOthers = navigator.locks && scan.page && scan.page !== here.page
    const there = known.get(scan.key)
    const own = { page: here.page, isLeft: true }
    // Another desk has taken it meanwhile: here it comes behind what it follows, and before what follows it.
    const isElsewhere = there && there.page !== here.page
    if (!isOthers && isElsewhere) await here.kept.add({ ...there, isAfter: true, ...own })
    else if (!isOthers && !there)
      await here.kept.add({ isAfter: !scan.isLeft, ...orForNobody(scan, last), ...own })
    if (isOthers) strikeHere(scan)
    else {
      last = scan
      // What lives as long as this page is taken up by the next one, too.
      if (here.kept.isDurable) strike(scan)
    }
  }
}

/** What is right behind that which this page answers is for whom it shows, unless that may have been a card. */
function orForWhomShown(scan, nth) {
  if (nth > 0 || !isAnswer || scan.meant !== 'lend' || scan.card !== undefined) return scan
  // The device's own desk has come in the place of the answer, and shows nobody.
  if (place.matches('[data-shell]')) return { ...scan, afterUnknown: scan.afterUnknown ?? cutCode }
  return { ...scan, card: cardNow(), afterUnknown: scan.afterUnknown ?? here.unknownCode }
}

/** Where it is not known any more whom a scan followed, or somebody else has scanned that, it may have been anybody: a person looks. */
function orForNobody(scan, before) {
  const isKnown = scan.meant !== 'lend' || scan.card !== undefined || scan.next || scan.afterUnknown
  return isKnown || (before && before.by === scan.by) ? scan : { ...scan, afterUnknown: cutCode }
}

/** What a page beside a desk has jotted down goes in from any desk once its tab is closed. Of several pages one takes it. */
export async function takeLeftByTabs() {
  // Where it would live as long as this page it is better off where it is.
  if (!here.kept.isDurable) return
  if (!navigator.locks) return take()
  await navigator.locks.request(taking, { ifAvailable: true }, (lock) => lock && take())
}

async function take() {
  const known = new Map((await here.kept.all()).map((scan) => [scan.key, scan]))
  const tabs = new Map()
  for (const { scan, tab } of leftByTabs(await livingJotters())) {
    const there = known.get(scan.key)
    const { page = newKey(), last } = tabs.get(tab) ?? {}
    // What was written down already is followed where it is.
    tabs.set(tab, { page: there?.page ?? page, last: scan })
    if (!there) await here.kept.add({ ...orForNobody(scan, last), page, isLeft: true })
    if (here.kept.isDurable) strike(scan)
  }
}

// What a desk that goes leaves to the one that comes: a scan that was entered and not yet written down.

import { cardNow, followedBefore, here, meant } from './desk-state.js'
import { jot as jotDown, jotted } from './jotted.js'

/** What was entered at the page before, and not written down when it went. */
export const leftBefore = jotted()

/** Jots a scan down until it is written down. */
export function jot(scan) {
  jotDown({ ...scan, card: cardOf() })
}

/** Whom a scan is for that is entered now; undefined where one before it says so. */
function cardOf() {
  if (meant !== 'lend') return undefined
  if (here.going) return takeCard(here.going)
  if (here.hasKept || here.taking > 0) return undefined
  if (here.apart === 'leaving') return here.cardAfter
  if (!here.hasLooked && (followedBefore() || leftBefore.length > 0)) return undefined
  return here.busy || here.waiting.length > 0 ? undefined : cardNow()
}

/** For whom the first scan behind a way is; the others follow it. */
function takeCard(way) {
  const { card, isFollowed } = way
  way.isFollowed = true
  return isFollowed ? undefined : card
}

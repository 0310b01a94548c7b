// The desk as the library has it: asked for anew, and shown or loaded in place of what stands there.

import { onDiskInTurn } from './desk-notice.js'
import { showRefusedBefore } from './desk-refused.js'
import { isAnswering, nobodyAnswers, show, writeAddress } from './desk-shows.js'
import { answerMs, cardNow, here, home, place } from './desk-state.js'
import { NotNow } from './hand-in.js'
import { ofTab } from './notes.js'

const loadedName = 'bibby-loaded-anew'
/** A page is not loaded anew again so soon, in milliseconds. */
const anewMs = 30_000

/** Not again and again, where this very page fails and the library is there. */
export function loadAnew() {
  const last = Number(ofTab.read(loadedName) ?? 0)
  if (Math.abs(Date.now() - last) < anewMs) return false
  ofTab.write(loadedName, String(Date.now()))
  // For whom it shows by now.
  writeAddress()
  if (location.pathname === home) location.reload()
  else location.assign(home)
  return true
}

/** Whether the library takes scans: it answers, somebody is signed in, and writing goes on. */
export async function isBack() {
  try {
    const answer = await fetch(home, { signal: AbortSignal.timeout(answerMs) })
    if (new URL(answer.url).pathname === '/sign-in') throw new NotNow('signed-out')
    if (!answer.ok) return false
    const read = new DOMParser().parseFromString(await answer.text(), 'text/html')
    if (read.querySelector('[data-stopped]')) throw new NotNow('stopped')
    return true
  } catch (error) {
    if (error instanceof NotNow) throw error
    return false
  }
}

/** The page as it is now: a token of today, what was done meanwhile, and who stands there; nobody behind an unknown code. */
export async function refresh(stands) {
  const card = stands?.afterUnknown ? '' : (stands?.card ?? cardNow())
  const path = card ? `${home}?${new URLSearchParams({ card })}` : home
  const answer = await fetch(path, { signal: AbortSignal.timeout(answerMs) })
  const read = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const desk = read.querySelector('#desk')
  if (!desk) throw new NotNow('away')
  // The empty desk that a device keeps stands where its address says, unless somebody was scanned there.
  if (stands || !place.matches('[data-shell]')) desk.dataset.address = path
  else delete desk.dataset.address
  while (!(await onDiskInTurn(() => isOverOrShown(desk, card)))) await nobodyAnswers()
}

/** Shows a desk that was asked for, unless it is not so any more; false where that has to wait. */
async function isOverOrShown(desk, card) {
  const isEnd = ({ page, next }) => next && page === here.page
  // Somebody has ended the patron meanwhile, and the page shows nobody.
  if ((await here.kept.all()).some(isEnd)) return true
  // Whoever goes meanwhile is for whom the page shows; what they leave is written down in turn.
  if (here.apart === 'leaving') return true
  if (here.going) return false
  // What they were answered, and may be asked, is so still.
  const keepsAnswer = card === cardNow() && !here.isAnswerOld
  if (!keepsAnswer && isAnswering()) return false
  show(desk, { keepsAnswer })
  showRefusedBefore()
  return true
}

// What a desk says as it comes: the answer to what was scanned on a page beside it, and that a scan was cut in two on the way.

import { noteRefused } from './desk-refused.js'
import { showRefused } from './desk-shows.js'
import { here, meant, words } from './desk-state.js'
import { cutCode } from './scan-field.js'
import { sound } from './tones.js'

/** Hears the answer that the page came with, as one to a scan of its own: nobody has read it yet. */
export function hearAnswer() {
  const desk = document.querySelector('#desk')
  const { mayBeCard, nobodys, answered, outcome } = desk.dataset
  if (meant === 'lend' && (mayBeCard || nobodys)) {
    here.unknownAt = performance.now()
    here.unknownCode = desk.querySelector('[data-scanned]')?.textContent ?? cutCode
    here.isNobodys = Boolean(nobodys)
  }
  if (answered) sound(outcome)
}

/** Tells that a scan was cut in two; `rest` is what came of it here, where it came whole. */
export function tellCut(rest) {
  sound('refused')
  showRefused(words.cut)
  // Enter alone says nothing that was lost.
  if (rest === '') return
  noteRefused(words.cut)
  // It may have been the next card.
  if (meant !== 'lend') return
  here.unknownAt = performance.now()
  here.unknownCode = cutCode
}

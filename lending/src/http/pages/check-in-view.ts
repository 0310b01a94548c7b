import type { TakenBack } from '../../circulation/take-back.ts'
import { checkInScan, keptPlace, underAnswer } from './desk-field.ts'
import { type DeskLine, deskTools, doneList, scannedLine } from './desk-view.ts'
import { type Html, html } from './html.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { outcomeOfReturn, whereNow } from './where-now.ts'

/** A scan that was refused, and what was scanned. */
export type RefusedCheckIn = { readonly refusal: Refused; readonly barcode: string }

/** The check-in screen: one field, where the copy goes now, and what came before. */
export function checkInView(visit: Visit, shown: CheckIn & { readonly libraryId: string }): Html {
  const { libraryId } = shown
  return html`${keptPlace(visit, { meant: 'take-back', home: '/check-in', libraryId })}
  ${checkInPart(visit, shown)}
  ${deskTools(visit)}`
}

type CheckIn = {
  readonly taken: TakenBack | undefined
  readonly refused: RefusedCheckIn | undefined
  readonly lines: readonly DeskLine[]
  /** Where this desk can be loaded again. */
  readonly again: string
  /** The scan of a page beside the desk that this answers. */
  readonly answered?: string | undefined
}

/** What changes with every scan: all that the desk's script asks for. */
export function checkInPart(visit: Visit, shown: CheckIn): Html {
  const { taken, refused } = shown
  const outcome = refused ? 'refused' : taken && outcomeOfReturn(taken)
  return html`<div id="desk" class="stack" data-outcome="${outcome}" data-address="${shown.again}"${shown.answered && html` data-answered="${shown.answered}"`}>
    ${checkInScan(visit)}
    <div id="answer" aria-live="assertive">${
      refused
        ? refusalNotice(visit, refused.refusal, scannedLine(visit, refused.barcode))
        : taken && whereNow(visit, taken)
    }</div>
    ${underAnswer}
    ${doneList(visit, shown.lines)}
  </div>`
}

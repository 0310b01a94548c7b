import type { Patron } from '../../patrons/patron.ts'
import { buttonForm } from './form.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'

/** Whether a patron has receipts by mail, and the button that changes it; in words for them, or for staff. */
export function receiptsPanel(
  visit: Visit,
  {
    patron: { wantsReceipts, email },
    action,
  }: { readonly patron: Pick<Patron, 'wantsReceipts' | 'email'>; readonly action: string },
): Html {
  const isTheirs = visit.who?.kind === 'patron'
  const now = wantsReceipts
    ? 'Each loan and return is confirmed by mail.'
    : `Loans and returns are not confirmed by mail, until ${isTheirs ? 'you ask' : 'the patron asks'} for it.`
  const noAddress = isTheirs
    ? 'We have no mail address of yours, so nothing is sent. Please tell us one at the desk.'
    : 'There is no mail address, so nothing is sent.'
  return html`<section class="panel quiet stack-tight" aria-labelledby="receipts"><h2 id="receipts">Receipts</h2>
    <p class="soft">${now}</p>
    ${email === '' && html`<p>${noAddress}</p>`}
    ${buttonForm(visit, {
      action,
      label: wantsReceipts ? 'Send no more receipts' : 'Send receipts by mail',
      fields: { wants: wantsReceipts ? 'no' : 'yes' },
    })}
  </section>`
}

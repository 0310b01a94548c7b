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
  const { say } = visit
  const isTheirs = visit.who?.kind === 'patron'
  const now = wantsReceipts
    ? say('receipts.sent')
    : say(isTheirs ? 'receipts.until-you-ask' : 'receipts.until-patron-asks')
  const noAddress = say(isTheirs ? 'receipts.no-address-yours' : 'receipts.no-address')
  return html`<section class="panel quiet stack-tight" aria-labelledby="receipts"><h2 id="receipts">${say('receipts.heading')}</h2>
    <p class="soft">${now}</p>
    ${email === '' && html`<p>${noAddress}</p>`}
    ${buttonForm(visit, {
      action,
      label: say(wantsReceipts ? 'receipts.stop' : 'receipts.start'),
      fields: { wants: wantsReceipts ? 'no' : 'yes' },
    })}
  </section>`
}

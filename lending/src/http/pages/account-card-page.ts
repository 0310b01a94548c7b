import { type Patron, patron as patronOf } from '../../patrons/patron.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { patronIn } from './account-page.ts'
import { barcodeImage, barcodeOf } from './barcode-image.ts'
import { fullName } from './desk-view.ts'
import { type Html, html } from './html.ts'
import { type Served, show, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'
import { day } from './wording.ts'

/** The card on the phone: its number as bars, large enough to be scanned at the desk. */
export function accountCardPages(served: Served): void {
  const { app, library } = served
  app.get('/account/card', { config: { access: { needs: 'own-account' } } }, async (request, reply) => {
    const { patronId } = patronIn(request)
    const [visit, patron] = await Promise.all([
      visitOf(served, request, reply),
      patronOf(library.db, { patronId }),
    ])
    if (!patron) throw new RefusedAtTheDoorError('not-signed-in')
    const frame = { title: visit.say('card.title'), door: '/account' }
    return show(reply, visit, frame, cardView(visit, patron))
  })
}

function cardView(visit: Visit, patron: Patron): Html {
  const { say } = visit
  const shape = barcodeOf(patron.card)
  return html`<div class="stack">
    <p><a href="/account">${say('history.back')}</a></p>
    <section class="card-face" aria-label="${say('account.your-card')}">
      ${shape ? barcodeImage(say('card.barcode-of', { card: patron.card }), shape) : html`<p>${say('card.no-barcode')}</p>`}
      <p class="card-number code">${patron.card}</p>
      <p><bdi dir="auto">${fullName(patron)}</bdi></p>
      <p class="small">${say('card.valid-until', { day: day(visit, patron.expiresOn) })}</p>
    </section>
    <p class="soft">${say('card.hint')}</p>
  </div>`
}

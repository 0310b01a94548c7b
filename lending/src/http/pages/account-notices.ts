import { choices, wantedOf } from '../../notices/wanted-notices.ts'
import type { Patron } from '../../patrons/patron.ts'
import type { Asked } from './asked.ts'
import { checkField, hidden } from './form.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'

/** What a patron is mailed about, and the form that changes it; in words for them, or for staff. */
export function noticesPanel(
  visit: Visit,
  {
    patron,
    action,
  }: {
    readonly patron: Pick<Patron, 'wantsReceipts' | 'unwantedNotices' | 'email'>
    readonly action: string
  },
): Html {
  const { say } = visit
  const isTheirs = visit.who?.kind === 'patron'
  const wanted = wantedOf(patron)
  return html`<section class="panel quiet stack-tight" aria-labelledby="wanted"><h2 id="wanted">${say('wanted.heading')}</h2>
    ${patron.email === '' && html`<p>${say(isTheirs ? 'wanted.no-address-yours' : 'wanted.no-address')}</p>`}
    <form class="form" method="post" action="${action}">${hidden(visit)}
      <fieldset class="checks"><legend class="unseen">${say('wanted.heading')}</legend>${choices.map(
        (choice) =>
          checkField({ name: choice, label: say(`wanted.${choice}`), checked: wanted.includes(choice) }),
      )}</fieldset>
      <p class="soft small">${say('wanted.overdue')}</p>
      <div><button class="button quiet small">${say('wanted.save')}</button></div>
    </form>
  </section>`
}

/** Which of the choices are ticked in a form. */
export function readWanted(form: Asked): (typeof choices)[number][] {
  return choices.filter((choice) => form.ticked(choice))
}

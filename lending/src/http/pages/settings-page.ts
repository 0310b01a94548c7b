import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  type EditLibraryAsk,
  editLibrary,
  type LibrarySettings,
  libraryNameMax,
  librarySettings,
  settingBounds,
} from '../../circulation/library-settings.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { type Asked, asked, identity } from './asked.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { act, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'

const config = { access: { needs: 'settings' } } as const

/** What the library as a whole has settled, and changing it. */
export function settingsPages(served: Served): void {
  const { app } = served
  app.get('/settings', { config }, (request, reply) => showSettings(served, request, reply))

  app.post('/settings', { config }, async (request, reply) => {
    const form = asked(request.body)
    const cents = form.cents('blockAt', 'The debt')
    const whole = (name: 'holdShelfDays' | 'forgetAfterDays') => form.whole(name, settingBounds[name])
    const ask = given({
      version: form.whole('version', identity) ?? 0,
      name: form.text('name', { max: libraryNameMax, label: 'Name', required: true }),
      currency: form.text('currency', { max: 8, label: 'Currency', required: true }),
      holdShelfDays: whole('holdShelfDays'),
      forgetAfterDays: whole('forgetAfterDays'),
      blockAtCents: cents,
    })
    if (Object.keys(form.problems).length > 0) {
      return showSettings(served, request, reply, { refused: 'fields-invalid', problems: form.problems })
    }
    const outcome = await act(served, request, editLibrary, ask)
    if (outcome.outcome === 'refused') return showSettings(served, request, reply, outcome.refusal)
    return goTo(reply, '/settings', { said: 'settings-changed' })
  })
}

/** A field that was left empty is left as it is. */
function given(ask: { readonly [Name in keyof EditLibraryAsk]-?: EditLibraryAsk[Name] | undefined }) {
  const some = Object.entries(ask).filter(([, value]) => value !== undefined)
  return Object.fromEntries(some) as EditLibraryAsk
}

async function showSettings(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const [visit, settings] = await Promise.all([
    visitOf(served, request, reply),
    librarySettings(served.library.db),
  ])
  if (!settings) throw new RefusedAtTheDoorError('not-found')
  const frame = {
    title: 'Settings',
    door: '/settings',
    lead: 'They hold for all branches, and from now on: what was done before stays as it was.',
    status: refusal ? statusOf(refusal) : 200,
  }
  // After a mistake of their own people find what they typed, and the version that they typed it over; after
  // somebody else's change they find that.
  const typed = asked(refusal?.refused === 'fields-invalid' ? request.body : {})
  return show(reply, visit, frame, settingsView(visit, { settings, typed, refusal }))
}

function settingsView(
  visit: Visit,
  {
    settings,
    typed,
    refusal,
  }: { readonly settings: LibrarySettings; readonly typed: Asked; readonly refusal: Refused | undefined },
): Html {
  const problems = (refusal?.problems ?? {}) as Readonly<Record<string, string>>
  const field = (name: string, label: string, value: string | number, more: object = {}) =>
    textField({
      name,
      label,
      value: typed.text(name, { max: 200, label }) || value,
      problem: problems[name],
      required: true,
      max: 10,
      ...more,
    })
  return html`<div class="stack">${refusal && refusalNotice(visit, refusal)}
    <form class="stack" method="post" action="/settings">
      ${hidden(visit)}${carried('version', typed.whole('version', identity) ?? settings.version)}
      <section class="panel" aria-labelledby="whole"><h2 id="whole">The library</h2><div class="form two">
      ${field('name', 'Name of the library', settings.name, { max: libraryNameMax, hint: 'At the foot of every page.' })}
      ${field('currency', 'Currency', settings.currency, { max: 3, hint: 'Three letters, as EUR or USD. Amounts are not converted.' })}
      </div></section>
      <section class="panel" aria-labelledby="lending"><h2 id="lending">Lending</h2><div class="form two">
      ${field('holdShelfDays', 'Days on the hold shelf', settings.holdShelfDays, { type: 'number', ...ends('holdShelfDays'), hint: 'How long a copy waits there for its patron.' })}
      ${field('blockAt', 'Debt that stops lending', (settings.blockAtCents / 100).toFixed(2), {
        hint: `In ${settings.currency}. Who owes this much or more may not borrow, renew or place holds.`,
        problem: problems.blockAt ?? problems.blockAtCents,
      })}
      ${field('forgetAfterDays', 'Days until a loan is forgotten', settings.forgetAfterDays, { type: 'number', ...ends('forgetAfterDays'), hint: 'After the return, for patrons who did not ask to be remembered. What was forgotten does not come back.' })}
      </div></section>
      <div><button class="button">Save</button></div>
    </form></div>`
}

function ends(name: keyof typeof settingBounds) {
  return { min: settingBounds[name].min, step: '1' }
}

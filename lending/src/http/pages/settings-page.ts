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
import { flawTexts } from './flaw-text.ts'
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
    const cents = form.cents('blockAt', 'the-debt')
    const whole = (name: 'holdShelfDays' | 'forgetAfterDays') => form.whole(name, settingBounds[name])
    const ask = given({
      version: form.whole('version', identity) ?? 0,
      name: form.text('name', { max: libraryNameMax, label: 'name', required: true }),
      currency: form.text('currency', { max: 8, label: 'currency', required: true }),
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
    title: visit.say('settings.title'),
    door: '/settings',
    lead: visit.say('settings.lead'),
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
  const { say } = visit
  const problems = flawTexts(visit, refusal)
  const field = (name: Field, value: string | number, more: object = {}) =>
    textField({
      name,
      label: say(`settings.${name}`),
      hint: say(`settings.${name}.hint`, { currency: settings.currency }),
      value: typed.text(name, { max: 200, label: 'the-field' }) || value,
      problem: problems[name],
      required: true,
      max: 10,
      ...more,
    })
  return html`<div class="stack">${refusal && refusalNotice(visit, refusal)}
    <form class="stack" method="post" action="/settings">
      ${hidden(visit)}${carried('version', typed.whole('version', identity) ?? settings.version)}
      <section class="panel" aria-labelledby="whole"><h2 id="whole">${say('settings.library')}</h2><div class="form two">
      ${field('name', settings.name, { max: libraryNameMax })}
      ${field('currency', settings.currency, { max: 3 })}
      </div></section>
      <section class="panel" aria-labelledby="lending"><h2 id="lending">${say('settings.lending')}</h2><div class="form two">
      ${field('holdShelfDays', settings.holdShelfDays, { type: 'number', ...ends('holdShelfDays') })}
      ${field('blockAt', (settings.blockAtCents / 100).toFixed(2), {
        problem: problems.blockAt ?? problems.blockAtCents,
      })}
      ${field('forgetAfterDays', settings.forgetAfterDays, { type: 'number', ...ends('forgetAfterDays') })}
      </div></section>
      <div><button class="button">${say('settings.save')}</button></div>
    </form></div>`
}

type Field =
  | 'name'
  | 'currency'
  | 'blockAt'
  | keyof Pick<LibrarySettings, 'holdShelfDays' | 'forgetAfterDays'>

function ends(name: keyof typeof settingBounds) {
  return { min: settingBounds[name].min, step: '1' }
}

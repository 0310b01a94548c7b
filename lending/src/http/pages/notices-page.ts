import type { FastifyReply, FastifyRequest } from 'fastify'
import { type EditNoticesAsk, editNotices, noticeBounds } from '../../notices/notice-settings.ts'
import { ownKinds } from '../../notices/own-templates.ts'
import { setNotices } from '../../notices/set-notices.ts'
import { noticeStatus } from '../../notices/status.ts'
import { type Asked, asked, identity } from './asked.ts'
import { noticesView } from './notices-view.ts'
import type { Refused } from './refusal-notice.ts'
import { act, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'

/** Who looks after notices. */
export const mayTell = { access: { needs: 'rules-write' } } as const
/** Who decides whether there are any. */
export const maySettle = { access: { needs: 'settings' } } as const

/** What patrons are told by mail: how it goes, the switch, and when they are told. */
export function noticePages(served: Served): void {
  const { app, library } = served
  app.get('/notices', { config: mayTell }, (request, reply) => showNotices(served, request, reply))

  app.post('/notices/switch', { config: maySettle }, async (request, reply) => {
    const on = asked(request.body).ticked('on')
    const { installation, isProduction } = library
    const outcome = await act(served, request, setNotices, { on, installation, isProduction })
    if (outcome.outcome === 'refused') return showNotices(served, request, reply, outcome.refusal)
    return goTo(reply, '/notices', { said: on ? 'notices-on' : 'notices-off' })
  })

  app.post('/notices/settings', { config: maySettle }, async (request, reply) => {
    const form = asked(request.body)
    const ask = settingsIn(form)
    if (Object.keys(form.problems).length > 0) {
      return showNotices(served, request, reply, { refused: 'fields-invalid', problems: form.problems })
    }
    const outcome = await act(served, request, editNotices, ask)
    if (outcome.outcome === 'refused') return showNotices(served, request, reply, outcome.refusal)
    return goTo(reply, '/notices', { said: 'settings-changed' })
  })
}

/** A field that was left empty is left as it is; but no steps at all are steps. */
function settingsIn(form: Asked): EditNoticesAsk {
  const numbers = Object.entries(noticeBounds).flatMap(([name, bounds]) => {
    const value = form.whole(name, bounds)
    return value === undefined ? [] : [[name, value]]
  })
  const steps = form.text('overdueDays', { max: 200, label: 'days-after-the-due-date' })
  const language = form.text('language', { max: 40, label: 'the-language' })
  return {
    version: form.whole('version', identity) ?? 0,
    ...(Object.fromEntries(numbers) as Partial<EditNoticesAsk>),
    overdueDays: steps
      .split(/[\s,;]+/)
      .filter(Boolean)
      .map(Number),
    ...(language === '' ? {} : { language }),
  }
}

async function showNotices(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const { library } = served
  const [visit, status, own] = await Promise.all([
    visitOf(served, request, reply),
    noticeStatus(library),
    ownKinds(library.db),
  ])
  const frame = {
    title: visit.say('notices.title'),
    door: '/notices',
    lead: visit.say('notices.lead'),
    status: refusal ? statusOf(refusal) : 200,
  }
  // After a mistake of their own people find what they typed; after somebody else's change they find that.
  const typed = asked(refusal?.refused === 'fields-invalid' ? request.body : {})
  return show(reply, visit, frame, noticesView(visit, { status, own, typed, refusal }))
}

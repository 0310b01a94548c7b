import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Twin, titlesNamed, twins, twinsOf } from '../../catalogue/twins.ts'
import { mergeTitles } from '../../operations/merge-titles.ts'
import { operationIdOf } from '../../operations/operations.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { asked, identity } from './asked.ts'
import { html } from './html.ts'
import { mergeTitlesView } from './merge-titles-view.ts'
import type { Refused } from './refusal-notice.ts'
import { byOfForm, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { workName } from './work-line.ts'

const config = { access: { needs: 'catalogue-write' } } as const
const namedMax = 300

/** Two records of one title: the one that one comes from stays, the other is looked for, and the merging is planned. */
export function mergeTitlePages(served: Served): void {
  const { app, library } = served
  app.get('/titles/:id/merge', { config }, (request, reply) => showMerge(served, request, reply))

  app.post('/titles/:id/merge', { config }, async (request, reply) => {
    const kept = await titleIn(served, request)
    const form = asked(request.body)
    const from = form.whole('from', identity) ?? 0
    const because = form.text('because', { max: 500, label: 'why', required: true })
    if (form.problems.because !== undefined)
      return showMerge(served, request, reply, { refused: 'fields-invalid', problems: form.problems })
    const by = byOfForm(served, request)
    const given = { from, into: kept.titleId, because }
    const ask = { by: by.actor, id: operationIdOf(by), given }
    const told = await library.operations.guard.plan(mergeTitles, ask)
    if ('refused' in told) return showMerge(served, request, reply, { ...told })
    return goTo(reply, `/operations/${told.planned.id}`, { said: 'operation-planned' })
  })
}

async function showMerge(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const { db } = served.library
  const kept = await titleIn(served, request)
  const sent = asked(request.method === 'GET' ? request.query : request.body)
  const named = sent.text('other', { max: namedMax, label: 'the-other-title' })
  const from = sent.whole('from', identity)
  const [visit, likely, found] = await Promise.all([
    visitOf(served, request, reply),
    twinsOf(db, kept.titleId),
    from === undefined ? (named ? titlesNamed(db, named) : []) : [from],
  ])
  const others = await twins(
    db,
    found.filter((id) => id !== kept.titleId),
  )
  const frame = {
    title: visit.say('merge-titles.title'),
    door: '/',
    lead: html`${workName(kept.title, kept.language)}`,
    status: refusal ? statusOf(refusal) : 200,
  }
  const because = sent.text('because', { max: 500, label: 'why' })
  const shown = { kept, likely, named, others, because, refusal }
  return show(reply, visit, frame, mergeTitlesView(visit, shown))
}

async function titleIn({ library }: Served, request: FastifyRequest): Promise<Twin> {
  const titleId = idIn(request)
  const [found] = titleId === undefined ? [] : await twins(library.db, [titleId])
  if (!found) throw new RefusedAtTheDoorError('title-unknown')
  return found
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import { haltNow, haltReasonMax } from '../../halt/halt.ts'
import { type HaltStanding, haltStanding, resume } from '../../halt/resume.ts'
import { actionWords } from '../../journal/describe.ts'
import { may } from '../../staff/permission.ts'
import { asked } from './asked.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { act, byOfForm, goTo, type Served, show, statusOf, UnsettledError, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'

const mayHalt = { access: { needs: 'halt' } } as const
const mayResume = { access: { needs: 'resume' } } as const

/** Halting all writes, seeing what is halted, and letting it go on. */
export function haltPages(served: Served): void {
  const { app, library } = served
  app.get('/halt', { config: mayHalt }, (request, reply) => showHalt(served, request, reply))

  app.post('/halt', { config: mayHalt }, async (request, reply) => {
    const form = asked(request.body)
    const ask = { reason: form.text('reason', { max: haltReasonMax, label: 'why' }) }
    if (form.problems.reason) {
      return showHalt(served, request, reply, { refused: 'fields-invalid', problems: form.problems })
    }
    request.idempotencyKey = byOfForm(served, request).key
    const { outcome } = await haltNow(library.db, byOfForm(served, request), ask)
    app.metrics.wrote('halt', outcome.outcome)
    if (outcome.outcome === 'unknown') throw new UnsettledError()
    if (outcome.outcome === 'refused') return showHalt(served, request, reply, outcome.refusal)
    return goTo(reply, '/halt', { said: 'halted' })
  })

  app.post('/resume', { config: mayResume }, async (request, reply) => {
    const form = asked(request.body)
    const verb = form.text('verb', { max: 60, label: 'the-verb' })
    const ask = {
      epoch: form.whole('epoch', { label: 'the-epoch', min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0,
      since: form.text('since', { max: 40, label: 'the-time' }),
      phrase: form.text('phrase', { max: 300, label: 'the-phrase' }),
      ...(verb === '' ? {} : { verb }),
    }
    const outcome = await act(served, request, resume, ask)
    if (outcome.outcome === 'refused') return showHalt(served, request, reply, outcome.refusal)
    return goTo(reply, '/halt', { said: 'resumed' })
  })
}

async function showHalt(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const [visit, standing] = await Promise.all([
    visitOf(served, request, reply),
    haltStanding(served.library.db),
  ])
  const frame = {
    title: visit.say('halt.title'),
    door: '/halt',
    lead: visit.say('halt.lead'),
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(reply, visit, frame, haltView(visit, standing, refusal))
}

function haltView(visit: Visit, standing: HaltStanding, refusal: Refused | undefined): Html {
  const { say } = visit
  const { mode, phrase, epoch, since, writtenSince, verbs } = standing
  const written =
    writtenSince === 0 ? say('halt.nothing-written') : say('halt.written-since', { count: writtenSince })
  return html`<div class="stack">${refusal && refusalNotice(visit, refusal)}
    ${mode === 'normal' && haltForm(visit)}
    ${
      phrase !== null &&
      html`<section class="panel" aria-labelledby="all"><h2 id="all">${say('halt.all-halted')}</h2>
      <p>${written}</p>${resumeForm(visit, { epoch, since, phrase })}</section>`
    }
    ${verbs.map(
      (each) => html`<section class="panel" aria-labelledby="verb-${each.verb}">
      <h2 id="verb-${each.verb}">${say('halt.verb-halted', { verb: actionWords(say, each.verb) })}</h2>
      <p dir="auto">${each.because}</p>${resumeForm(visit, { ...each, epoch })}</section>`,
    )}
  </div>`
}

function haltForm(visit: Visit): Html {
  const { say } = visit
  return html`<form class="panel form" method="post" action="/halt">
    ${hidden(visit)}
    ${textField({ name: 'reason', label: say('halt.why'), max: haltReasonMax, hint: say('halt.why-hint') })}
    <div><button class="button danger">${say('halt.halt')}</button></div>
  </form>`
}

type Resuming = {
  readonly epoch: number
  readonly since: string
  readonly phrase: string
  readonly verb?: string
}

function resumeForm(visit: Visit, { epoch, since, phrase, verb }: Resuming): Html {
  const { say } = visit
  if (!may(visit.who, 'resume')) return html`<p>${say('halt.operator-can')}</p>`
  return html`<form class="form" method="post" action="/resume">
    ${hidden(visit)}${carried('epoch', epoch)}${carried('since', since)}${verb && carried('verb', verb)}
    <p>${say('halt.type-phrase', { phrase: html`<span class="code" dir="auto">${phrase}</span>` })}</p>
    ${textField({ id: `phrase-${verb ?? 'all'}`, name: 'phrase', label: say('halt.phrase'), required: true, max: 300 })}
    <div><button class="button">${say('halt.go-on')}</button></div>
  </form>`
}

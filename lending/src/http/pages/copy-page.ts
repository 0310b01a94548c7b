import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Copy, copy } from '../../catalogue/copy.ts'
import { editCopy, editJudged } from '../../catalogue/edit-copy.ts'
import { markFound, missingSince } from '../../catalogue/stock-take/missing.ts'
import { branches, itemTypes } from '../../circulation/places.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { address } from './address.ts'
import { asked, identity } from './asked.ts'
import { type CopyForm, copyFields, readCopy } from './copy-fields.ts'
import { flawTexts } from './flaw-text.ts'
import { buttonForm, carried, hidden } from './form.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { act, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'
import { day } from './wording.ts'
import { workName } from './work-line.ts'

/** One copy: what it is called, where it belongs, whether it is lent. Who has it is not changed here. */
export function copyPages(served: Served): void {
  const { app } = served
  const config = { access: { needs: 'catalogue-write' } } as const

  app.get('/copies/:id/edit', { config }, async (request, reply) => {
    const found = await copyIn(served, request)
    return showForm(served, request, reply, { found, form: found })
  })

  app.post('/copies/:id/edit', { config }, async (request, reply) => {
    const found = await copyIn(served, request)
    const sent = asked(request.body)
    const version = sent.whole('version', identity) ?? 0
    const form = readCopy(sent)
    if (Object.keys(sent.problems).length > 0) {
      const refusal = { refused: 'fields-invalid', problems: sent.problems }
      return showForm(served, request, reply, { found, form, refusal })
    }
    const ask = await editJudged(served.library, { copyId: found.copyId, version, ...form })
    const outcome = await act(served, request, editCopy, ask)
    if (outcome.outcome === 'refused')
      return showForm(served, request, reply, { found, form, refusal: outcome.refusal })
    return goTo(reply, `/titles/${found.titleId}`, { said: 'copy-changed' })
  })

  app.post('/copies/:id/found', { config }, async (request, reply) => {
    const found = await copyIn(served, request)
    const outcome = await act(served, request, markFound, { copyIds: [found.copyId] })
    if (outcome.outcome === 'refused')
      return showForm(served, request, reply, { found, form: found, refusal: outcome.refusal })
    return goTo(reply, `/copies/${found.copyId}/edit`, { said: 'copy-found' })
  })
}

function missingNotice(visit: Visit, copyId: number, since: string): Html {
  return notice(visit, 'warn', {
    title: visit.say('copy-form.missing', { day: day(visit, since) }),
    body: html`<p>${visit.say('copy-form.missing.next')}</p>${buttonForm(visit, {
      action: `/copies/${copyId}/found`,
      label: visit.say('stock-take.mark-found'),
    })}`,
  })
}

async function showForm(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  { found, form, refusal }: { found: Copy; form: CopyForm; refusal?: Refused },
): Promise<FastifyReply> {
  const { db } = served.library
  const [visit, places, types, missing] = await Promise.all([
    visitOf(served, request, reply),
    branches(db),
    itemTypes(db),
    missingSince(db, found.copyId),
  ])
  const problems = flawTexts(visit, refusal)
  const frame = {
    title: visit.say('copy-form.edit'),
    door: '/',
    lead: html`${workName(found.title)} · <span class="code">${found.barcode}</span>`,
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(
    reply,
    visit,
    frame,
    html`<div class="stack">
      <p class="actions"><a href="/titles/${found.titleId}">${visit.say('title-form.back')}</a>
        ${found.shelf && html`<a href="${address('/operations/edit-copies', { branch: found.branch, shelf: found.shelf })}">${visit.say('edit-copies.of-shelf')}</a>`}</p>
      ${refusal && refusalNotice(visit, refusal)}
      ${missing && missingNotice(visit, found.copyId, missing.since)}
      <form class="form two panel" method="post" action="/copies/${found.copyId}/edit">
        ${hidden(visit)}${carried('version', found.version)}
        ${copyFields(visit, { form, problems, places, types })}
        <div class="whole actions"><button class="button">${visit.say('copy-form.save')}</button></div>
      </form></div>`,
  )
}

async function copyIn({ library }: Served, request: FastifyRequest): Promise<Copy> {
  const copyId = idIn(request)
  const found = copyId === undefined ? undefined : await copy(library.db, copyId)
  if (!found) throw new RefusedAtTheDoorError('copy-unknown')
  return found
}

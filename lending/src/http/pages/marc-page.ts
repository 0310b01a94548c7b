import type { FastifyReply, FastifyRequest } from 'fastify'
import { editRecord } from '../../catalogue/edit-record.ts'
import { linesOf } from '../../catalogue/marc/record-lines.ts'
import { type KeptTitle, keptTitle, saysTheSame, wholeRecord } from '../../catalogue/whole-record.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { asked, identity } from './asked.ts'
import { html } from './html.ts'
import { marcFormView, marcView } from './marc-view.ts'
import type { Refused } from './refusal-notice.ts'
import { act, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { workName } from './work-line.ts'

/** The whole record of a title, field by field, and a form to write it anew. */
export function marcPages(served: Served): void {
  const { app } = served
  const config = { access: { needs: 'catalogue-write' } } as const

  app.get('/titles/:id/marc', { config: { access: 'signed-in' } }, async (request, reply) => {
    if (request.who?.kind !== 'staff') throw new RefusedAtTheDoorError('not-permitted')
    const found = await titleIn(served, request)
    const [visit, record] = await Promise.all([visitOf(served, request, reply), wholeRecord(found)])
    return show(reply, visit, frameOf(visit.say('marc.title'), found), marcView(visit, { found, record }))
  })

  app.get('/titles/:id/marc/edit', { config }, async (request, reply) => {
    const found = await titleIn(served, request)
    const lines = linesOf(await wholeRecord(found)).join('\n')
    return showForm(served, request, reply, { found, lines, version: found.version })
  })

  app.post('/titles/:id/marc/edit', { config }, async (request, reply) => {
    const found = await titleIn(served, request)
    const { titleId } = found
    const version = asked(request.body).whole('version', identity) ?? 0
    const lines = linesSent(request)
    const outcome = await act(served, request, editRecord, { titleId, version, lines })
    if (outcome.outcome === 'done') return goTo(reply, `/titles/${titleId}/marc`, { said: 'record-saved' })
    return showForm(served, request, reply, { found, lines, version, refusal: outcome.refusal })
  })
}

async function showForm(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  shown: {
    readonly found: KeptTitle
    readonly lines: string
    readonly version: number
    readonly refusal?: Refused
  },
): Promise<FastifyReply> {
  const { found, refusal } = shown
  const isBehind = !(await saysTheSame(found))
  const visit = await visitOf(served, request, reply)
  const frame = {
    ...frameOf(visit.say('marc.edit-title'), found),
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(reply, visit, frame, marcFormView(visit, { ...shown, isBehind }))
}

function frameOf(title: string, found: KeptTitle) {
  return { title, door: '/', lead: html`${workName(found.title, found.language)}` }
}

/** A record as lines, letter by letter as it was sent: what is composed otherwise in a record stays so. */
export function linesSent({ body }: FastifyRequest): string {
  const { record } = (body ?? {}) as { readonly record?: unknown }
  return typeof record === 'string' ? record : ''
}

async function titleIn({ library }: Served, request: FastifyRequest): Promise<KeptTitle> {
  const titleId = idIn(request)
  const found = titleId === undefined ? undefined : await keptTitle(library.db, titleId)
  if (!found) throw new RefusedAtTheDoorError('title-unknown')
  return found
}

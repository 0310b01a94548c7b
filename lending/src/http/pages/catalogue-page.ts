import type { FastifyReply, FastifyRequest } from 'fastify'
import { addCopy, addJudged } from '../../catalogue/add-copy.ts'
import { addTitle } from '../../catalogue/add-title.ts'
import { titleLimits, yearLimits } from '../../catalogue/checked-fields.ts'
import { editTitle } from '../../catalogue/edit-title.ts'
import { type Title, title } from '../../catalogue/title.ts'
import { emptyTitle, type Material, materials, type TitleFields } from '../../catalogue/title-fields.ts'
import { branches, itemTypes } from '../../circulation/places.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { type Asked, asked, identity } from './asked.ts'
import { titleFormView } from './catalogue-view.ts'
import { readCopy } from './copy-fields.ts'
import type { Refused } from './refusal-notice.ts'
import { act, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'

/** Adding and editing titles by hand, and adding copies to them. */
export function catalogueDeskPages(served: Served): void {
  const { app, library } = served
  const config = { access: { needs: 'catalogue-write' } } as const

  app.get('/catalogue/new', { config }, (request, reply) =>
    showForm(served, request, reply, { fields: emptyTitle }),
  )

  app.post('/catalogue', { config }, async (request, reply) => {
    const fields = readTitle(asked(request.body))
    const outcome = await act(served, request, addTitle, { fields })
    if (outcome.outcome === 'done') {
      return goTo(reply, `/titles/${outcome.answer.titleId}/edit`, { said: 'title-added' })
    }
    return showForm(served, request, reply, {
      fields: { ...emptyTitle, ...fields },
      refusal: outcome.refusal,
    })
  })

  app.get('/titles/:id/edit', { config }, async (request, reply) => {
    const found = await titleIn(request)
    return showForm(served, request, reply, { fields: found, title: found })
  })

  app.post('/titles/:id/edit', { config }, async (request, reply) => {
    const found = await titleIn(request)
    const form = asked(request.body)
    const version = form.whole('version', identity) ?? 0
    const fields = readTitle(form)
    const outcome = await act(served, request, editTitle, { titleId: found.titleId, version, fields })
    if (outcome.outcome === 'done') return goTo(reply, `/titles/${found.titleId}`, { said: 'title-changed' })
    return showForm(served, request, reply, {
      fields: { ...found, ...fields },
      title: found,
      refusal: outcome.refusal,
    })
  })

  app.post('/titles/:id/copies', { config }, async (request, reply) => {
    const found = await titleIn(request)
    const form = asked(request.body)
    const copy = readCopy(form)
    if (Object.keys(form.problems).length > 0) {
      const refusal = { refused: 'fields-invalid', problems: form.problems }
      return showForm(served, request, reply, { fields: found, title: found, refusal })
    }
    const ask = await addJudged(library, { titleId: found.titleId, ...copy })
    const outcome = await act(served, request, addCopy, ask)
    if (outcome.outcome === 'done')
      return goTo(reply, `/titles/${found.titleId}/edit`, { said: 'copy-added' })
    return showForm(served, request, reply, { fields: found, title: found, refusal: outcome.refusal })
  })

  async function titleIn(request: FastifyRequest): Promise<Title> {
    const titleId = idIn(request)
    const found = titleId === undefined ? undefined : await title(library.db, titleId)
    if (!found || found.deletedAt) throw new RefusedAtTheDoorError('title-unknown')
    return found
  }
}

async function showForm(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  shown: { fields: TitleFields; title?: Title; refusal?: Refused },
): Promise<FastifyReply> {
  const { db } = served.library
  const [visit, places, types] = await Promise.all([
    visitOf(served, request, reply),
    branches(db),
    itemTypes(db),
  ])
  const frame = {
    title: visit.say(shown.title ? 'title-form.edit' : 'title-form.add'),
    door: '/',
    status: shown.refusal ? statusOf(shown.refusal) : 200,
  }
  return show(reply, visit, frame, titleFormView(visit, { ...shown, places, types }))
}

function readTitle(form: Asked): Partial<TitleFields> {
  const text = (name: 'title' | 'subtitle' | 'publisher' | 'language') =>
    form.text(name, { max: titleLimits[name], label: `the-${name}` })
  const lines = (name: 'authors' | 'isbns' | 'subjects' | 'series') =>
    form
      .text(name, { max: 20_000, label: `the-${name}`, lines: true })
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
  const material = form.text('material', { max: 20, label: 'kind' })
  return {
    title: text('title'),
    subtitle: text('subtitle'),
    publisher: text('publisher'),
    language: text('language'),
    authors: lines('authors'),
    isbns: lines('isbns'),
    subjects: lines('subjects'),
    series: lines('series'),
    summary: form.text('summary', { max: titleLimits.summary, label: 'the-summary', lines: true }),
    material: materials.find((each) => each === material) ?? ('book' satisfies Material),
    publishedYear:
      form.whole('year', { label: 'the-year', min: yearLimits.from, max: yearLimits.to }) ?? null,
  }
}

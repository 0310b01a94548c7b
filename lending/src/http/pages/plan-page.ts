import type { FastifyReply, FastifyRequest } from 'fastify'
import { branches, itemTypes } from '../../circulation/places.ts'
import type { LabelId } from '../../language/flaw.ts'
import type { MessageId } from '../../language/messages.ts'
import { editCopies } from '../../operations/edit-copies.ts'
import { erasePatron } from '../../operations/erase-patron.ts'
import { operationIdOf } from '../../operations/operations.ts'
import { withdrawCopies } from '../../operations/withdraw-copies.ts'
import { type Asked, asked } from './asked.ts'
import type { Html } from './html.ts'
import { deleteAllView, editView, eraseView, type Form, withdrawView } from './plan-view.ts'
import type { Refused } from './refusal-notice.ts'
import { byOfForm, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'

/** How many barcodes one plan names. */
const barcodesMax = 5_000
const because = { max: 500, label: 'why', required: true } as const

/** The forms that plan an operation. */
export function planPages(served: Served): void {
  planningCopies(served)
  planningErasure(served)
}

function planningErasure(served: Served): void {
  const { app, library } = served
  const erasing = { access: { needs: 'erase' } } as const
  app.get('/operations/erase-patron', { config: erasing }, (request, reply) =>
    showForm(served, request, reply, erase),
  )
  app.post('/operations/erase-patron', { config: erasing }, async (request, reply) => {
    const sent = asked(request.body)
    const card = sent.text('card', { max: 64, label: 'the-card', required: true })
    const given = { card, because: sent.text('because', because) }
    if (hasProblems(sent)) return showForm(served, request, reply, erase, misfit(sent))
    const ask = { ...asker(served, request), given }
    return planned(served, request, reply, erase, await library.operations.guard.plan(erasePatron, ask))
  })
}

function planningCopies(served: Served): void {
  const { app, library } = served
  const { guard, deleteAllBooks } = library.operations
  const withdrawing = { access: { needs: 'withdraw' } } as const
  const editing = { access: { needs: 'catalogue-write' } } as const
  const deleting = { access: { needs: 'delete-all' } } as const

  app.get('/operations/withdraw-copies', { config: withdrawing }, (request, reply) =>
    showForm(served, request, reply, withdraw),
  )
  app.post('/operations/withdraw-copies', { config: withdrawing }, async (request, reply) => {
    const sent = asked(request.body)
    const given = { ...selected(sent), because: sent.text('because', because) }
    if (hasProblems(sent)) return showForm(served, request, reply, withdraw, misfit(sent))
    return planned(
      served,
      request,
      reply,
      withdraw,
      await guard.plan(withdrawCopies, { ...asker(served, request), given }),
    )
  })

  app.get('/operations/edit-copies', { config: editing }, (request, reply) =>
    showForm(served, request, reply, edit),
  )
  app.post('/operations/edit-copies', { config: editing }, async (request, reply) => {
    const sent = asked(request.body)
    const toLendable = sent.text('toLendable', { max: 3, label: 'whether-it-is-lent' })
    const given = {
      ...selected(sent),
      toBranch: oneOf(sent, 'toBranch', 'the-new-branch'),
      toShelf: oneOf(sent, 'toShelf', 'the-new-shelf'),
      toItemType: oneOf(sent, 'toItemType', 'the-new-item-type'),
      toLendable: toLendable === '' ? null : toLendable === 'yes',
    }
    if (hasProblems(sent)) return showForm(served, request, reply, edit, misfit(sent))
    return planned(
      served,
      request,
      reply,
      edit,
      await guard.plan(editCopies, { ...asker(served, request), given }),
    )
  })

  app.get('/operations/delete-all-books', { config: deleting }, (request, reply) =>
    showForm(served, request, reply, deleteAll),
  )
  app.post('/operations/delete-all-books', { config: deleting }, async (request, reply) => {
    const sent = asked(request.body)
    const given = { because: sent.text('because', because) }
    if (hasProblems(sent)) return showForm(served, request, reply, deleteAll, misfit(sent))
    return planned(
      served,
      request,
      reply,
      deleteAll,
      await guard.plan(deleteAllBooks, { ...asker(served, request), given }),
    )
  })
}

type FormPage = { readonly title: MessageId; readonly view: (visit: Visit, form: Form) => Html }
const withdraw: FormPage = { title: 'plan.withdraw-copies', view: withdrawView }
const edit: FormPage = { title: 'plan.edit-copies', view: editView }
const erase: FormPage = { title: 'plan.erase-patron', view: eraseView }
const deleteAll: FormPage = { title: 'plan.delete-all-books', view: deleteAllView }

async function showForm(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  { title, view }: FormPage,
  refusal?: Refused,
): Promise<FastifyReply> {
  const { db } = served.library
  const [visit, places, types] = await Promise.all([
    visitOf(served, request, reply),
    branches(db),
    itemTypes(db),
  ])
  const status = refusal ? statusOf(refusal) : 200
  const frame = { title: visit.say(title), door: '/operations', status }
  // A link from a patron's page brings their card.
  const sent = asked(request.method === 'GET' ? request.query : request.body)
  return show(reply, visit, frame, view(visit, { places, types, sent, refusal }))
}

type Told = Awaited<ReturnType<Served['library']['operations']['guard']['plan']>>

async function planned(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  page: FormPage,
  told: Told,
): Promise<FastifyReply> {
  if ('refused' in told) return showForm(served, request, reply, page, { ...told })
  return goTo(reply, `/operations/${told.planned.id}`, { said: 'operation-planned' })
}

/** Who plans, and under which id: the same form is the same plan. */
function asker(served: Served, request: FastifyRequest): { readonly by: string; readonly id: string } {
  const by = byOfForm(served, request)
  return { by: by.actor, id: operationIdOf(by) }
}

function selected(sent: Asked) {
  const barcodes = sent
    .text('barcodes', { max: barcodesMax * 65, label: 'the-barcodes', lines: true })
    .split(/\s+/)
    .filter((barcode) => barcode !== '')
  return {
    branch: oneOf(sent, 'branch', 'the-branch'),
    shelf: oneOf(sent, 'shelf', 'the-shelf'),
    itemType: oneOf(sent, 'itemType', 'the-item-type'),
    // One more than one operation may touch, so that too many are refused and none is left out.
    barcodes: barcodes.length === 0 ? null : [...new Set(barcodes)].slice(0, barcodesMax + 1),
  }
}

function oneOf(sent: Asked, name: string, label: LabelId): string | null {
  return sent.text(name, { max: 200, label }) || null
}

function hasProblems({ problems }: Asked): boolean {
  return Object.keys(problems).length > 0
}

function misfit({ problems }: Asked): Refused {
  return { refused: 'fields-invalid', problems }
}

import type { Operation } from '@bibby/guard/operation.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { mayWorkOn, shownTo } from '../../operations/operations.ts'
import { staffList } from '../../staff/staff.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { address } from './address.ts'
import { asked } from './asked.ts'
import { html } from './html.ts'
import { operationView, titleOf } from './operation-view.ts'
import { listView } from './operations-view.ts'
import type { Refused } from './refusal-notice.ts'
import { byOfForm, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'

const mayOperate = { access: { needs: 'operate' } } as const
/** How many operations one page lists. */
const listedMax = 50

type AtOperation = FastifyRequest<{ Params: { id: string } }>

/** What destroys: the list of operations, planning one, and all that can be done with it. */
export function operationPages(served: Served): void {
  const { app, library } = served
  app.get('/operations', { config: mayOperate }, async (request, reply) => {
    const after = asked(request.query).text('after', { max: 36, label: 'the-field' })
    const [visit, names] = await Promise.all([visitOf(served, request, reply), namesOf(served)])
    const place = (await library.operations.guard.show(after)) ? { after } : {}
    const all = await library.operations.guard.list({ atMost: listedMax, ...place })
    const last = all.length === listedMax ? all.at(-1) : undefined
    const more = last && address('/operations', { after: last.id })
    const frame = {
      title: visit.say('operations.title'),
      door: '/operations',
      lead: visit.say('operations.lead'),
      actions: html`<a class="button quiet" href="/operations/now">${visit.say('operations.now')}</a>`,
    }
    return show(
      reply,
      visit,
      frame,
      listView(visit, { all, names, more, closedBecause: library.codesClosedBecause }),
    )
  })
  app.get('/operations/:id', { config: mayOperate }, (request: AtOperation, reply) =>
    showOperation(served, request, reply),
  )
  confirming(served)
  ending(served)
}

function confirming(served: Served): void {
  const { app, library } = served
  const { guard } = library.operations
  app.post('/operations/:id/approve', { config: mayOperate }, async (request: AtOperation, reply) => {
    const told = await guard.approve(await on(served, request, 'approve'))
    return 'refused' in told
      ? showOperation(served, request, reply, { ...told })
      : goTo(reply, `/operations/${request.params.id}`, { said: 'operation-approved' })
  })
  app.post('/operations/:id/code', { config: mayOperate }, async (request: AtOperation, reply) => {
    const told = await guard.sendCode(await on(served, request))
    return 'refused' in told
      ? showOperation(served, request, reply, { ...told })
      : goTo(reply, `/operations/${request.params.id}`, { said: 'code-sent' })
  })
  app.post('/operations/:id/confirm', { config: mayOperate }, async (request: AtOperation, reply) => {
    const form = asked(request.body)
    const phrase = form.text('phrase', { max: 300, label: 'the-phrase' })
    const code = form.text('code', { max: 40, label: 'the-code' })
    const told = await guard.confirm({ ...(await on(served, request)), phrase, code })
    if ('refused' in told) return showOperation(served, request, reply, { ...told })
    await library.operations.work(told.confirmed.id)
    app.sessions.forgetErased(told.confirmed)
    return goTo(reply, `/operations/${request.params.id}`, { said: 'operation-confirmed' })
  })
}

function ending(served: Served): void {
  const { app, library } = served
  const { guard } = library.operations
  app.post('/operations/:id/stop', { config: mayOperate }, async (request: AtOperation, reply) => {
    const because = asked(request.body).text('because', { max: 500, label: 'why' })
    const told = await guard.stop({ ...(await on(served, request, 'stop')), because })
    return 'refused' in told
      ? showOperation(served, request, reply, { ...told })
      : goTo(reply, `/operations/${request.params.id}`, { said: 'operation-stopped' })
  })
  app.post('/operations/:id/undo', { config: mayOperate }, async (request: AtOperation, reply) => {
    const leavingChanged = asked(request.body).ticked('leavingChanged')
    const told = await guard.undo({ ...(await on(served, request)), leavingChanged })
    if ('refused' in told) return showOperation(served, request, reply, { ...told })
    await library.operations.work(told.undoing.id)
    return goTo(reply, `/operations/${request.params.id}`, { said: 'operation-undoing' })
  })
}

/** Who asks, about which operation: one that they may do something with. */
async function on(
  served: Served,
  request: AtOperation,
  what: 'ask' | 'approve' | 'stop' = 'ask',
): Promise<{ readonly by: string; readonly id: string }> {
  const { actor } = byOfForm(served, request)
  const { id, name } = await operationAt(served, request)
  if (!mayWorkOn(request.who, name, what)) throw new RefusedAtTheDoorError('not-permitted')
  return { by: actor, id }
}

async function operationAt({ library }: Served, { params }: AtOperation): Promise<Operation> {
  const found = await library.operations.guard.show(params.id)
  if (!found) throw new RefusedAtTheDoorError('operation-unknown')
  return found
}

async function showOperation(
  served: Served,
  request: AtOperation,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const [visit, operation, names] = await Promise.all([
    visitOf(served, request, reply),
    operationAt(served, request),
    namesOf(served),
  ])
  const isMoving = operation.state === 'executing' || operation.state === 'undoing'
  const frame = {
    title: titleOf(visit, operation),
    door: '/operations',
    status: refusal ? statusOf(refusal) : 200,
    ...(isMoving ? { refreshSeconds: 3 } : {}),
  }
  const seen = shownTo(request.who, operation)
  return show(reply, visit, frame, operationView(visit, { operation: seen, names, refusal }))
}

/** The names of staff, by how they stand in the journal. */
async function namesOf({ library }: Served): Promise<ReadonlyMap<string, string>> {
  const staff = await Promise.all([staffList(library.db), staffList(library.db, { removed: true })])
  return new Map(staff.flat().map(({ staffId, name }) => [`staff:${staffId}`, name]))
}

import type { Operation } from '@bibby/guard/operation.ts'
import { states } from '@bibby/guard/state.ts'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { copyLimits } from '../../catalogue/checked-copy.ts'
import { editCopies } from '../../operations/edit-copies.ts'
import { erasePatron } from '../../operations/erase-patron.ts'
import { mayWorkOn, operationIdOf, shownTo } from '../../operations/operations.ts'
import { type TurnNoticesOn, turningOnAt } from '../../operations/turn-notices-on.ts'
import { withdrawCopies } from '../../operations/withdraw-copies.ts'
import type { App } from '../app.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { answer, barcode, card, code, line, noBody, reason, someLine, strict } from '../fields.ts'
import { byOf } from '../writing.ts'
import type { ApiServed } from './api.ts'
import { refused, tellsInEnglish } from './told-in-english.ts'

const tags = ['operations']
/** The id of an operation, in a path or a body. */
export const operationId = Type.String({
  pattern: '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
  maxLength: 36,
  description: 'The id of an operation, as its plan tells it',
})
const inPath = strict({ id: operationId })
/** How many barcodes one plan may name. */
const barcodesMax = 5_000

/** What destroys: planning it, confirming it, stopping it and taking it back. */
export async function operations(app: App, served: ApiServed): Promise<void> {
  tellsInEnglish(app)
  listing(app, served)
  planning(app, served)
  planningNotices(app, served)
  planningErasure(app, served)
  confirming(app, served)
  ending(app, served)
}

function listing(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/operations',
    {
      schema: {
        summary: 'The operations, latest first, each with its state',
        tags,
        querystring: strict({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
          state: Type.Optional(Type.Union(states.map((each) => Type.Literal(each)))),
          after: Type.Optional(operationId),
        }),
        response: { 200: answer({ operations: Type.Array(Type.Any()) }) },
      },
    },
    async ({ query: { limit = 50, state, after }, who }) => {
      const found = await library.operations.guard.list({
        atMost: limit,
        ...(state ? { states: [state] } : {}),
        ...(after ? { after } : {}),
      })
      return { operations: found.map((each) => shownTo(who, each)) }
    },
  )
  app.get(
    '/api/v1/operations/:id',
    {
      schema: {
        summary: 'One operation: its plan, its state, and until when it can be undone',
        tags,
        params: inPath,
      },
    },
    async (request, reply) =>
      reply.send(shownTo(request.who, await operationAt({ library }, request.params.id))),
  )
}

async function operationAt({ library }: Pick<ApiServed, 'library'>, id: string): Promise<Operation> {
  const found = await library.operations.guard.show(id)
  if (!found) throw new RefusedAtTheDoorError('operation-unknown')
  return found
}

/** Which copies: all that is said must fit. */
const selection = {
  branch: Type.Optional(code),
  // Empty is no shelf that somebody named, and not the copies that have none.
  shelf: Type.Optional(someLine(copyLimits.shelf)),
  itemType: Type.Optional(code),
  barcodes: Type.Optional(Type.Array(barcode, { minItems: 1, maxItems: barcodesMax })),
}

function planning(app: App, { library }: ApiServed): void {
  const { guard } = library.operations
  app.post(
    '/api/v1/operations/withdraw-copies',
    {
      schema: {
        summary: 'Plan to withdraw copies: touches nothing, and tells the phrase that confirms it',
        tags,
        body: strict({ ...selection, because: someLine(500) }),
      },
    },
    async (request, reply) => {
      const { branch = null, shelf = null, itemType = null, barcodes = null, because } = request.body
      const given = { branch, shelf, itemType, barcodes, because }
      const told = await guard.plan(withdrawCopies, { ...asker(library, request, reply), given })
      return 'planned' in told ? reply.code(201).send(told.planned) : refused(request, reply, told)
    },
  )
  app.post(
    '/api/v1/operations/edit-copies',
    {
      schema: {
        summary: 'Plan to change many copies: touches nothing, and tells the phrase that confirms it',
        tags,
        body: strict({
          ...selection,
          to: strict({
            branch: Type.Optional(code),
            shelf: Type.Optional(line(copyLimits.shelf)),
            itemType: Type.Optional(code),
            lendable: Type.Optional(Type.Boolean()),
          }),
        }),
      },
    },
    async (request, reply) => {
      const { branch = null, shelf = null, itemType = null, barcodes = null, to } = request.body
      const given = {
        ...{ branch, shelf, itemType, barcodes },
        toBranch: to.branch ?? null,
        toShelf: to.shelf ?? null,
        toItemType: to.itemType ?? null,
        toLendable: to.lendable ?? null,
      }
      const told = await guard.plan(editCopies, { ...asker(library, request, reply), given })
      return 'planned' in told ? reply.code(201).send(told.planned) : refused(request, reply, told)
    },
  )
}

function planningNotices(app: App, { library }: ApiServed): void {
  const { guard, turnNoticesOn } = library.operations
  app.post(
    '/api/v1/operations/turn-notices-on',
    {
      schema: {
        summary: 'Plan to turn notices on at this installation: tells how many letters would go out now',
        tags,
        body: noBody,
      },
    },
    async (request, reply) => {
      const ask = asker(library, request, reply)
      const known = await guard.show(ask.id)
      const { installation } = library
      // What goes out may have changed since: the same request is the same plan all the same.
      const given = known
        ? (known.arguments as TurnNoticesOn)
        : await turningOnAt(library.db, { installation, now: library.clock() })
      const told = await guard.plan(turnNoticesOn, { ...ask, given })
      return 'planned' in told ? reply.code(201).send(told.planned) : refused(request, reply, told)
    },
  )
}

function planningErasure(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/operations/erase-patron',
    {
      schema: {
        summary: 'Plan to erase a patron: touches nothing, and tells what hangs on them or stands in the way',
        tags,
        body: strict({ card, because: someLine(500) }),
      },
    },
    async (request, reply) => {
      const ask = { ...asker(library, request, reply), given: request.body }
      const told = await library.operations.guard.plan(erasePatron, ask)
      return 'planned' in told ? reply.code(201).send(told.planned) : refused(request, reply, told)
    },
  )
}

/** Who plans, and under which id: the same request is the same plan. */
function asker(
  library: ApiServed['library'],
  request: FastifyRequest,
  reply: FastifyReply,
): { readonly by: string; readonly id: string } {
  const { actor, key } = byOf(library, request, reply)
  return { by: actor, id: operationIdOf({ actor, key }) }
}

function confirming(app: App, { library }: ApiServed): void {
  const { guard } = library.operations
  app.post(
    '/api/v1/operations/:id/approve',
    { schema: { summary: 'Say yes as the second person', tags, params: inPath, body: noBody } },
    async (request, reply) => {
      const told = await guard.approve(await on(library, request, reply, 'approve'))
      return 'approved' in told ? reply.send(told.approved) : refused(request, reply, told)
    },
  )
  app.post(
    '/api/v1/operations/:id/code',
    {
      schema: {
        summary: 'Send a new code to the mail address of whoever planned it; the last one is void',
        tags,
        params: inPath,
        body: noBody,
      },
    },
    async (request, reply) => {
      const told = await guard.sendCode(await on(library, request, reply))
      return 'sentTo' in told ? reply.send(told) : refused(request, reply, told)
    },
  )
  app.post(
    '/api/v1/operations/:id/confirm',
    {
      schema: {
        summary: 'Confirm by phrase and code: begins it, once, and tells how far it is',
        tags,
        params: inPath,
        body: strict({ phrase: someLine(300), code: someLine(40) }),
      },
    },
    async (request, reply) => {
      const told = await guard.confirm({ ...(await on(library, request, reply)), ...request.body })
      if ('refused' in told) return refused(request, reply, told)
      const begun = await library.operations.work(told.confirmed.id)
      app.sessions.forgetErased(told.confirmed)
      return reply.send(begun)
    },
  )
}

function ending(app: App, { library }: ApiServed): void {
  const { guard } = library.operations
  app.post(
    '/api/v1/operations/:id/stop',
    {
      schema: {
        summary: 'Drop a plan, or end what is under way after its batch',
        tags,
        params: inPath,
        body: strict({ because: reason }),
      },
    },
    async (request, reply) => {
      const told = await guard.stop({ ...(await on(library, request, reply, 'stop')), ...request.body })
      return 'stopped' in told
        ? reply.send(shownTo(request.who, told.stopped))
        : refused(request, reply, told)
    },
  )
  app.post(
    '/api/v1/operations/:id/undo',
    {
      schema: {
        summary: 'Take it back, row by row, as long as its way back is open',
        tags,
        params: inPath,
        body: strict({ leavingChanged: Type.Optional(Type.Boolean()) }),
      },
    },
    async (request, reply) => {
      const told = await guard.undo({ ...(await on(library, request, reply)), ...request.body })
      if ('refused' in told) return refused(request, reply, told)
      return reply.send(await library.operations.work(told.undoing.id))
    },
  )
}

/** Who asks, about which operation: one that they may do something with. */
async function on(
  library: ApiServed['library'],
  request: FastifyRequest<{ Params: { id: string } }>,
  reply: FastifyReply,
  what: 'ask' | 'approve' | 'stop' = 'ask',
): Promise<{ readonly by: string; readonly id: string }> {
  const { actor } = byOf(library, request, reply)
  const { id } = request.params
  const { name } = await operationAt({ library }, id)
  if (!mayWorkOn(request.who, name, what)) throw new RefusedAtTheDoorError('not-permitted')
  return { by: actor, id }
}

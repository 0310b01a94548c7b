import { Type } from '@fastify/type-provider-typebox'
import { holdsOf, loansOf, owes } from '../../circulation/accounts.ts'
import { payFine, waiveFine } from '../../circulation/fine-ledger.ts'
import { historyOf, historyRowsMax } from '../../circulation/history.ts'
import type { App } from '../app.ts'
import { answer, cardInPath, cents, id, reason, strict } from '../fields.ts'
import { patronAsked } from '../patron-asked.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['patrons']
const loansMax = 1_000

/** What a patron has, waits for and owes. */
export async function accounts(app: App, served: ApiServed): Promise<void> {
  reading(app, served)
  remembering(app, served)
  paying(app, served)
  for (const { action } of [payFine, waiveFine]) app.metrics.expectWrites(action)
}

function reading(app: App, { library }: ApiServed): void {
  const idOf = async (card: string) => (await patronAsked(library, card)).patronId
  app.get(
    '/api/v1/patrons/:card/loans',
    {
      schema: {
        summary: 'What a patron has on loan',
        tags,
        params: cardInPath,
        response: { 200: answer({ loans: Type.Array(Type.Any()) }) },
      },
    },
    async (request) => ({
      loans: await loansOf(library.db, {
        patronId: await idOf(request.params.card),
        now: library.clock(),
        limit: loansMax,
      }),
    }),
  )
  app.get(
    '/api/v1/patrons/:card/holds',
    {
      schema: {
        summary: 'What a patron waits for',
        tags,
        params: cardInPath,
        response: { 200: answer({ holds: Type.Array(Type.Any()) }) },
      },
    },
    async (request) => ({
      holds: await holdsOf(library.db, {
        patronId: await idOf(request.params.card),
        now: library.clock(),
      }),
    }),
  )
  app.get(
    '/api/v1/patrons/:card/fines',
    {
      schema: {
        summary: 'What a patron owes, line by line',
        tags,
        params: cardInPath,
        response: { 200: answer({ cents: Type.Integer(), lines: Type.Array(Type.Any()) }) },
      },
    },
    async (request) => owes(library.db, await idOf(request.params.card)),
  )
}

function remembering(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/patrons/:card/history',
    {
      schema: {
        summary: 'What this patron returned and is still remembered; for the patron alone',
        tags,
        params: cardInPath,
        querystring: strict({
          before: Type.Optional(id),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: historyRowsMax })),
        }),
        response: { 200: answer({ keepsHistory: Type.Boolean(), loans: Type.Array(Type.Any()) }) },
      },
    },
    async (request) => {
      const { patronId, keepsHistory } = await patronAsked(library, request.params.card)
      const { before, limit = 50 } = request.query
      return { keepsHistory, loans: await historyOf(library.db, { patronId, before, limit }) }
    },
  )
}

function paying(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/patrons/:card/payments',
    {
      schema: { summary: 'Take a payment', tags, params: cardInPath, body: strict({ cents }) },
    },
    (request, reply) =>
      answerWrite(library, request, reply, {
        verb: payFine,
        ask: { card: request.params.card, cents: request.body.cents },
        status: 201,
      }),
  )
  app.post(
    '/api/v1/patrons/:card/waivers',
    {
      schema: { summary: 'Waive what is owed', tags, params: cardInPath, body: strict({ cents, reason }) },
    },
    (request, reply) =>
      answerWrite(library, request, reply, {
        verb: waiveFine,
        ask: { card: request.params.card, ...request.body },
        status: 201,
      }),
  )
}

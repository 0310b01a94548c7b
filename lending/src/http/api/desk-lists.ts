import { Type } from '@fastify/type-provider-typebox'
import { holdShelf, overdueLoans, pullList } from '../../circulation/accounts.ts'
import type { App } from '../app.ts'
import { branchAsked, branchIdOf } from '../branch-codes.ts'
import { answer, code, codeInPath, id, strict } from '../fields.ts'
import type { ApiServed } from './api.ts'

const tags = ['desk']

/** The lists that a desk works through: what is overdue, what to fetch, what waits to be fetched. */
export async function deskLists(app: App, served: ApiServed): Promise<void> {
  overdue(app, served)
  shelves(app, served)
}

function overdue(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/loans/overdue',
    {
      schema: {
        summary: 'Loans that are overdue, oldest first',
        tags,
        querystring: strict({
          branch: Type.Optional(code),
          after: Type.Optional(id),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
        }),
        response: { 200: answer({ loans: Type.Array(Type.Any()) }) },
      },
    },
    async (request) => {
      const { branch, after, limit: most = 50 } = request.query
      return {
        loans: await overdueLoans(library.db, {
          branchId: await branchAsked(library, request, branch),
          now: library.clock(),
          ...(after === undefined ? {} : { after }),
          limit: most,
        }),
      }
    },
  )
}

function shelves(app: App, { library }: ApiServed): void {
  const shape = { 200: answer({ holds: Type.Array(Type.Any()) }) }
  app.get(
    '/api/v1/branches/:code/pull-list',
    {
      schema: {
        summary: 'Copies on the shelves that somebody waits for',
        tags,
        params: codeInPath,
        response: shape,
      },
    },
    async (request) => ({
      holds: await pullList(library.db, await branchIdOf(library, request.params.code), library.clock()),
    }),
  )
  app.get(
    '/api/v1/branches/:code/hold-shelf',
    {
      schema: { summary: 'Copies on the hold shelf', tags, params: codeInPath, response: shape },
    },
    async (request) => ({
      holds: await holdShelf(library.db, await branchIdOf(library, request.params.code)),
    }),
  )
}

import { Type } from '@fastify/type-provider-typebox'
import { journal } from '../../journal/journal.ts'
import { roles } from '../../staff/permission.ts'
import { addStaff, staffList } from '../../staff/staff.ts'
import type { App } from '../app.ts'
import { branchAsked } from '../branch-codes.ts'
import { answer, barcode, card, code, id, line, someLine, strict } from '../fields.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['staff']

/** Who works here, and what was done by whom. */
export async function staff(app: App, served: ApiServed): Promise<void> {
  members(app, served)
  history(app, served)
  app.metrics.expectWrites(addStaff.action)
}

function members(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/staff',
    {
      schema: {
        summary: 'Everyone who works here',
        tags,
        response: { 200: answer({ staff: Type.Array(Type.Any()) }) },
      },
    },
    async () => ({ staff: await staffList(library.db) }),
  )
  app.post(
    '/api/v1/staff',
    {
      schema: {
        summary: 'Add a member of staff',
        tags,
        body: strict({
          login: someLine(64),
          name: someLine(200),
          role: Type.Union(roles.map((role) => Type.Literal(role))),
          branch: Type.Optional(code),
          email: Type.Optional(line(254)),
          password: Type.String({ minLength: 1, maxLength: 1_024 }),
        }),
      },
    },
    async (request, reply) => {
      const { branch, ...rest } = request.body
      const ask = { ...rest, branchId: await branchAsked(library, request, branch) }
      return answerWrite(library, request, reply, { verb: addStaff, ask, status: 201 })
    },
  )
}

function history(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/journal',
    {
      schema: {
        summary: 'What was done, newest first',
        tags,
        querystring: strict({
          copyId: Type.Optional(id),
          barcode: Type.Optional(barcode),
          patronId: Type.Optional(id),
          card: Type.Optional(card),
          titleId: Type.Optional(id),
          actor: Type.Optional(someLine(64)),
          action: Type.Optional(someLine(64)),
          before: Type.Optional(
            Type.String({ pattern: '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$', maxLength: 36 }),
          ),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
        }),
        response: { 200: answer({ entries: Type.Array(Type.Any()) }) },
      },
    },
    async (request) => ({ entries: await journal(library.db, { limit: 50, ...request.query }) }),
  )
}

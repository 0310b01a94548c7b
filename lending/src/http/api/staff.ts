import { Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { journal } from '../../journal/journal.ts'
import { editStaff, removeStaff, restoreStaff, setStaffPassword } from '../../staff/change-staff.ts'
import { wantedPassword } from '../../staff/password.ts'
import { type Role, roles } from '../../staff/permission.ts'
import { addStaff, staffList } from '../../staff/staff.ts'
import type { App } from '../app.ts'
import { branchAsked, branchIdOf } from '../branch-codes.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import {
  answer,
  barcode,
  card,
  code,
  id,
  line,
  loginInPath,
  newPassword,
  noBody,
  someLine,
  strict,
  version,
} from '../fields.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['staff']
const role = Type.Union(roles.map((each) => Type.Literal(each)))

/** Who works here, and what was done by whom. */
export async function staff(app: App, served: ApiServed): Promise<void> {
  members(app, served)
  changing(app, served)
  restoring(app, served)
  history(app, served)
  for (const { action } of [addStaff, editStaff, setStaffPassword, removeStaff, restoreStaff]) {
    app.metrics.expectWrites(action)
  }
}

function members(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/staff',
    {
      schema: {
        summary: 'Everyone who works here, or whoever was removed',
        tags,
        querystring: strict({ removed: Type.Optional(Type.Literal('yes')) }),
        response: { 200: answer({ staff: Type.Array(Type.Any()) }) },
      },
    },
    async (request) => ({
      staff: await staffList(library.db, { removed: request.query.removed === 'yes' }),
    }),
  )
  app.post(
    '/api/v1/staff',
    {
      schema: {
        summary: 'Add a member of staff, of no role above your own',
        tags,
        body: strict({
          login: someLine(64),
          name: someLine(200),
          role,
          branch: Type.Optional(code),
          email: Type.Optional(line(254)),
          password: newPassword,
        }),
      },
    },
    async (request, reply) => {
      const { branch, password, ...rest } = request.body
      const ask = {
        ...rest,
        password: await wantedPassword(password),
        askedBy: roleOf(request),
        branchId: await branchAsked(library, request, branch),
      }
      return answerWrite(library, request, reply, { verb: addStaff, ask, status: 201 })
    },
  )
}

function changing(app: App, { library }: ApiServed): void {
  app.patch(
    '/api/v1/staff/:login',
    {
      schema: {
        summary: 'Change a member of staff',
        tags,
        params: loginInPath,
        body: strict({
          version,
          name: Type.Optional(someLine(200)),
          role: Type.Optional(role),
          branch: Type.Optional(code),
          email: Type.Optional(line(254)),
        }),
      },
    },
    async (request, reply) => {
      const { branch, ...rest } = request.body
      const ask = {
        ...rest,
        login: request.params.login,
        askedBy: roleOf(request),
        ...(branch === undefined ? {} : { branchId: await branchIdOf(library, branch) }),
      }
      const sent = await answerWrite(library, request, reply, { verb: editStaff, ask })
      app.sessions.forgetStaff(request.params.login)
      return sent
    },
  )
  app.post(
    '/api/v1/staff/:login/password',
    {
      schema: {
        summary: 'Set a password; ends the sessions of the member of staff',
        tags,
        params: loginInPath,
        body: strict({ password: newPassword }),
      },
    },
    async (request, reply) => {
      const { login } = request.params
      const password = await wantedPassword(request.body.password)
      const ask = { login, askedBy: roleOf(request), password }
      const sent = await answerWrite(library, request, reply, { verb: setStaffPassword, ask })
      app.sessions.forgetStaff(login)
      return sent
    },
  )
  app.delete(
    '/api/v1/staff/:login',
    {
      schema: {
        summary: 'Remove a member of staff; ends their sessions, and keeps the login taken',
        tags,
        params: loginInPath,
      },
    },
    async (request, reply) => {
      const { login } = request.params
      const ask = { login, askedBy: roleOf(request) }
      const sent = await answerWrite(library, request, reply, { verb: removeStaff, ask })
      app.sessions.forgetStaff(login)
      return sent
    },
  )
}

function restoring(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/staff/:login/restore',
    {
      schema: {
        summary: 'Bring back a member of staff who was removed, with the password that they had',
        tags,
        params: loginInPath,
        body: noBody,
      },
    },
    (request, reply) => {
      const ask = { login: request.params.login, askedBy: roleOf(request) }
      return answerWrite(library, request, reply, { verb: restoreStaff, ask })
    },
  )
}

/** The role of who asks; the gate let only staff in. */
function roleOf({ who }: FastifyRequest): Role {
  if (who?.kind === 'staff') return who.role
  throw new RefusedAtTheDoorError('not-permitted')
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

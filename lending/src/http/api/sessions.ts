import { Type } from '@fastify/type-provider-typebox'
import { setOwnPassword } from '../../staff/own-password.ts'
import { wantedPassword } from '../../staff/password.ts'
import { confirmPassword, signIn } from '../../staff/session.ts'
import type { App } from '../app.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { answer, newPassword, someLine, strict } from '../fields.ts'
import { networkOf } from '../network.ts'
import { sendRefusal } from '../problem.ts'
import { tokenOf } from '../signed-in.ts'
import { answerWrite, keyOf } from '../writing.ts'
import type { ApiServed } from './api.ts'

const who = answer({ kind: Type.String(), name: Type.String(), actor: Type.String() })
const tags = ['sign-in']

/** Signing in and out, and who one is. */
export async function sessions(app: App, { library, limits }: ApiServed): Promise<void> {
  app.post(
    '/api/v1/sessions',
    {
      config: {
        rateLimit: {
          max: limits.signInsPerMinute,
          keyGenerator: (request) => networkOf(request.ip),
          groupId: 'sign-in',
        },
      },
      schema: {
        summary: 'Sign in: gives the token for Authorization: Bearer',
        tags,
        security: [],
        body: strict({
          kind: Type.Union([Type.Literal('staff'), Type.Literal('patron')]),
          account: someLine(64),
          password: Type.String({ minLength: 1, maxLength: 1_024 }),
        }),
        response: { 201: answer({ token: Type.String(), expiresAt: Type.String(), who }) },
      },
    },
    async (request, reply) => {
      const signedIn = await signIn(library.db, { ...request.body, now: library.clock() })
      if ('refused' in signedIn) return sendRefusal(reply, signedIn)
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...signedIn, expiresAt: signedIn.expiresAt.toISOString() })
    },
  )

  app.delete(
    '/api/v1/sessions',
    {
      schema: {
        summary: 'Sign out: this session, or everywhere',
        tags,
        querystring: strict({ everywhere: Type.Optional(Type.Literal('yes')) }),
      },
    },
    async (request, reply) => {
      if (!request.who) throw new RefusedAtTheDoorError('not-signed-in')
      if (request.query.everywhere === 'yes') await app.sessions.endAll(request.who)
      else await app.sessions.end(tokenOf(request) ?? '')
      return reply.code(204).send()
    },
  )

  ownPassword(app, { library, limits })

  app.get(
    '/api/v1/me',
    { schema: { summary: 'Who this token stands for', tags, response: { 200: who } } },
    (request) => request.who,
  )
  app.metrics.expectWrites(setOwnPassword.action)
}

function ownPassword(app: App, { library, limits }: ApiServed): void {
  app.post(
    '/api/v1/me/password',
    {
      config: {
        rateLimit: {
          max: limits.signInsPerMinute,
          keyGenerator: (request) => networkOf(request.ip),
          groupId: 'sign-in',
        },
      },
      schema: {
        summary: 'Change your own password; ends your other sessions',
        tags,
        body: strict({ current: Type.String({ maxLength: 1_024 }), password: newPassword }),
      },
    },
    async (request, reply) => {
      const { who } = request
      if (!who) throw new RefusedAtTheDoorError('not-signed-in')
      const { current, password } = request.body
      const confirmed = await confirmPassword(library.db, {
        who,
        password: current,
        key: keyOf(request),
        now: library.clock(),
      })
      if ('refused' in confirmed) return sendRefusal(reply, confirmed)
      const ask = {
        who,
        password: await wantedPassword(password),
        passwordHash: confirmed.passwordHash,
        keepToken: tokenOf(request),
      }
      const sent = await answerWrite(library, request, reply, { verb: setOwnPassword, ask })
      app.sessions.forget(who.actor)
      return sent
    },
  )
}

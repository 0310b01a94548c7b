import { Type } from '@fastify/type-provider-typebox'
import { editPatronJudged, registerJudged } from '../../patrons/judged-card.ts'
import {
  blockPatron,
  editPatron,
  extendCard,
  findPatrons,
  registerPatron,
  setKeepsHistory,
  setPatronPassword,
  unblockPatron,
} from '../../patrons/patron.ts'
import { wantedPassword } from '../../staff/password.ts'
import type { App } from '../app.ts'
import { branchAsked, branchIdOf } from '../branch-codes.ts'
import {
  answer,
  card,
  cardInPath,
  code,
  day,
  line,
  lines,
  newPassword,
  noBody,
  someLine,
  strict,
  version,
} from '../fields.ts'
import { patronAsked } from '../patron-asked.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['patrons']
const reason = lines(500)

const person = {
  givenName: Type.Optional(line(200)),
  familyName: Type.Optional(line(200)),
  email: Type.Optional(line(254)),
  phone: Type.Optional(line(100)),
  address: Type.Optional(lines(1_000)),
  note: Type.Optional(lines(2_000)),
  protected: Type.Optional(Type.Boolean()),
  keepsHistory: Type.Optional(Type.Boolean()),
}

/** Patrons: found, registered, changed, blocked. */
export async function patrons(app: App, served: ApiServed): Promise<void> {
  finding(app, served)
  registering(app, served)
  editing(app, served)
  blocking(app, served)
  account(app, served)
  const verbs = [
    registerPatron,
    editPatron,
    blockPatron,
    unblockPatron,
    extendCard,
    setPatronPassword,
    setKeepsHistory,
  ]
  for (const { action } of verbs) app.metrics.expectWrites(action)
}

function finding(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/patrons',
    {
      schema: {
        summary: 'Find patrons by name or card',
        tags,
        querystring: strict({
          query: someLine(100),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
        }),
        response: { 200: answer({ patrons: Type.Array(Type.Any()) }) },
      },
    },
    async (request) => {
      const { query, limit = 20 } = request.query
      return { patrons: await findPatrons(library.db, { query, limit }) }
    },
  )

  app.get(
    '/api/v1/patrons/:card',
    { schema: { summary: 'One patron', tags, params: cardInPath } },
    async (request, reply) => {
      const found = await patronAsked(library, request.params.card)
      // What staff noted of a patron is not for the patron's eyes.
      const { note: _, ...shown } = found
      return reply.send(request.who?.kind === 'staff' ? found : shown)
    },
  )
}

function registering(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/patrons',
    {
      schema: {
        summary: 'Register a patron; the card is made if none is given',
        tags,
        body: strict({
          ...person,
          familyName: someLine(200),
          card: Type.Optional(card),
          category: code,
          branch: Type.Optional(code),
          expiresOn: Type.Optional(day),
          password: Type.Optional(newPassword),
        }),
        response: { 201: answer({ patronId: Type.Integer(), card: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { branch, category, password, ...rest } = request.body
      const ask = {
        givenName: '',
        email: '',
        phone: '',
        address: '',
        note: '',
        ...rest,
        categoryCode: category,
        branchId: await branchAsked(library, request, branch),
        ...(password === undefined ? {} : { password: await wantedPassword(password) }),
      }
      const judged = await registerJudged(library, ask)
      return answerWrite(library, request, reply, { verb: registerPatron, ask: judged, status: 201 })
    },
  )
}

function editing(app: App, { library }: ApiServed): void {
  app.patch(
    '/api/v1/patrons/:card',
    {
      schema: {
        summary: 'Change a patron',
        tags,
        params: cardInPath,
        body: strict({
          ...person,
          version,
          card: Type.Optional(card),
          category: Type.Optional(code),
          branch: Type.Optional(code),
        }),
      },
    },
    async (request, reply) => {
      const { branch, category, ...rest } = request.body
      const ask = {
        ...rest,
        // Looked up by the verb: a repeat that gives them another card still finds what it did.
        cardNow: request.params.card,
        ...(category === undefined ? {} : { categoryCode: category }),
        ...(branch === undefined ? {} : { branchId: await branchIdOf(library, branch) }),
      }
      const judged = await editPatronJudged(library, ask)
      return answerWrite(library, request, reply, { verb: editPatron, ask: judged })
    },
  )

  app.post(
    '/api/v1/patrons/:card/extend',
    {
      schema: { summary: 'Extend a card', tags, params: cardInPath, body: strict({ until: day }) },
    },
    (request, reply) =>
      answerWrite(library, request, reply, {
        verb: extendCard,
        ask: { card: request.params.card, until: request.body.until },
      }),
  )
}

function blocking(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/patrons/:card/block',
    {
      schema: { summary: 'Block a patron', tags, params: cardInPath, body: strict({ because: reason }) },
    },
    (request, reply) =>
      answerWrite(library, request, reply, {
        verb: blockPatron,
        ask: { card: request.params.card, because: request.body.because },
      }),
  )
  app.post(
    '/api/v1/patrons/:card/unblock',
    { schema: { summary: 'Lift a block', tags, params: cardInPath, body: noBody } },
    (request, reply) =>
      answerWrite(library, request, reply, { verb: unblockPatron, ask: { card: request.params.card } }),
  )
}

function account(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/patrons/:card/password',
    {
      schema: {
        summary: 'Set a password; ends the sessions of the patron',
        tags,
        params: cardInPath,
        body: strict({ password: newPassword }),
      },
    },
    async (request, reply) => {
      const found = await patronAsked(library, request.params.card)
      const ask = { card: found.card, password: await wantedPassword(request.body.password) }
      const sent = await answerWrite(library, request, reply, { verb: setPatronPassword, ask })
      app.sessions.forget(`patron:${found.patronId}`)
      return sent
    },
  )
  app.post(
    '/api/v1/patrons/:card/history',
    {
      schema: {
        summary: 'Keep or forget the loans that this patron returned',
        tags,
        params: cardInPath,
        body: strict({ keepsHistory: Type.Boolean() }),
      },
    },
    async (request, reply) => {
      const ask = { card: request.params.card, keepsHistory: request.body.keepsHistory }
      return answerWrite(library, request, reply, { verb: setKeepsHistory, ask })
    },
  )
}

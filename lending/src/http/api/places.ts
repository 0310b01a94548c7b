import { Type } from '@fastify/type-provider-typebox'
import {
  addBranch,
  addItemType,
  addPatronCategory,
  branches,
  itemTypes,
  patronCategories,
} from '../../circulation/places.ts'
import type { App } from '../app.ts'
import { answer, code, someLine, strict } from '../fields.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['rules']

/** Branches, patron categories and item types. */
export async function places(app: App, served: ApiServed): Promise<void> {
  branchRoutes(app, served)
  sortRoutes(app, served)
  for (const { action } of [addBranch, addPatronCategory, addItemType]) app.metrics.expectWrites(action)
}

function branchRoutes(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/branches',
    {
      schema: {
        summary: 'All branches',
        tags,
        security: [],
        response: { 200: answer({ branches: Type.Array(Type.Any()) }) },
      },
    },
    async () => ({ branches: await branches(library.db) }),
  )
  app.post(
    '/api/v1/branches',
    {
      schema: {
        summary: 'Add a branch',
        tags,
        body: strict({
          code,
          name: someLine(200),
          timeZone: someLine(64),
          closedWeekdays: Type.Optional(
            Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), { maxItems: 6 }),
          ),
        }),
      },
    },
    (request, reply) =>
      answerWrite(library, request, reply, { verb: addBranch, ask: request.body, status: 201 }),
  )
}

function sortRoutes(app: App, { library }: ApiServed): void {
  const named = strict({ code, name: someLine(200) })
  app.get(
    '/api/v1/patron-categories',
    { schema: { summary: 'All patron categories', tags, security: [] } },
    async () => ({ patronCategories: await patronCategories(library.db) }),
  )
  app.post(
    '/api/v1/patron-categories',
    { schema: { summary: 'Add a patron category', tags, body: named } },
    (request, reply) =>
      answerWrite(library, request, reply, { verb: addPatronCategory, ask: request.body, status: 201 }),
  )
  app.get('/api/v1/item-types', { schema: { summary: 'All item types', tags, security: [] } }, async () => ({
    itemTypes: await itemTypes(library.db),
  }))
  app.post(
    '/api/v1/item-types',
    { schema: { summary: 'Add an item type', tags, body: named } },
    (request, reply) =>
      answerWrite(library, request, reply, { verb: addItemType, ask: request.body, status: 201 }),
  )
}

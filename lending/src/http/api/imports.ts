import { Readable } from 'node:stream'
import { Type } from '@fastify/type-provider-typebox'
import { type ChangeSet, changeSet, changeSets, rejects } from '../../catalogue/import/change-set.ts'
import { rejectsFile } from '../../catalogue/import/rejects-file.ts'
import { stopImports } from '../../catalogue/import/start-import.ts'
import { undoImport } from '../../catalogue/import/undo-import.ts'
import type { Library } from '../../library.ts'
import { stillAsked } from '../../postgres/asker.ts'
import type { App } from '../app.ts'
import { whenLeft } from '../asking.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { answer, id, idInPath, strict } from '../fields.ts'
import { sendRefusal } from '../problem.ts'
import { byOf } from '../writing.ts'
import type { ApiServed } from './api.ts'
import { tellsInEnglish } from './told-in-english.ts'

const tags = ['imports']
const endings = { marc: 'mrc', marcxml: 'xml', csv: 'csv' } as const
const exportTypes = {
  iso2709: 'application/marc',
  marcxml: 'application/marcxml+xml; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
} as const

/** Imports as they go and went, undoing them, and the catalogue as a file. */
export async function imports(app: App, served: ApiServed): Promise<void> {
  tellsInEnglish(app)
  listing(app, served)
  rejected(app, served)
  undoing(app, served)
  exporting(app, served)
  // What is left of them is taken up again at the next start.
  app.addHook('onClose', () => stopImports(served.library))
}

async function setAt(library: Library, changeSetId: number): Promise<ChangeSet> {
  const found = await changeSet(library.db, changeSetId)
  if (!found) throw new RefusedAtTheDoorError('import-unknown')
  return found
}

function listing(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/imports',
    {
      schema: {
        summary: 'The latest imports',
        tags,
        querystring: strict({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })) }),
        response: { 200: answer({ imports: Type.Array(Type.Any()) }) },
      },
    },
    async (request) => ({
      imports: (await changeSets(library.db, { limit: request.query.limit ?? 50 })).map(shown),
    }),
  )
  app.get(
    '/api/v1/imports/:id',
    { schema: { summary: 'One import and how far it is', tags, params: idInPath } },
    async (request, reply) => reply.send(shown(await setAt(library, request.params.id))),
  )
}

/** `recordsRead` says the same as `read`; both names are on the wire. */
function shown(set: ChangeSet): object {
  return { ...set, recordsRead: set.read }
}

function rejected(app: App, { library, limits }: ApiServed): void {
  app.get(
    '/api/v1/imports/:id/rejects',
    {
      schema: {
        summary: 'Records that were set aside, with place and reason',
        tags,
        params: idInPath,
        querystring: strict({
          after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
        }),
        response: { 200: answer({ rejects: Type.Array(Type.Any()) }) },
      },
    },
    async (request) => {
      const { changeSetId } = await setAt(library, request.params.id)
      const { after = 0, limit = 50 } = request.query
      return { rejects: await rejects(library.db, changeSetId, { after, limit }) }
    },
  )
  app.get(
    '/api/v1/imports/:id/rejects-file',
    {
      handlerTimeout: limits.longHandlerMs,
      exposeHeadRoute: false,
      schema: { summary: 'The same records as a file, to be mended and imported', tags, params: idInPath },
    },
    async (request, reply) => {
      const set = await setAt(library, request.params.id)
      const ending = endings[set.setup.format]
      return reply
        .type('application/octet-stream')
        .header('content-disposition', `attachment; filename="set-aside-${set.changeSetId}.${ending}"`)
        .send(Readable.from(stillAsked(rejectsFile(library.db, set.changeSetId))))
    },
  )
}

function undoing(app: App, { library, limits }: ApiServed): void {
  app.post(
    '/api/v1/imports/:id/undo',
    {
      handlerTimeout: limits.longHandlerMs,
      schema: {
        summary: 'Take an import back, whole or in part; what was edited since stays and is named',
        tags,
        params: idInPath,
        body: strict({ titleIds: Type.Optional(Type.Array(id, { minItems: 1, maxItems: 10_000 })) }),
      },
    },
    async (request, reply) => {
      const ask = { changeSetId: request.params.id, ...request.body }
      const undone = await undoImport(library, ask, byOf(library, request, reply))
      const isRefused = 'refused' in undone && typeof undone.refused === 'string'
      app.metrics.wrote('undo-import', isRefused ? 'refused' : 'done')
      if (isRefused) return sendRefusal(reply, { ...undone, refused: String(undone.refused) }, request)
      return reply.send(undone)
    },
  )
  app.metrics.expectWrites('undo-import')
}

function exporting(app: App, { library, limits }: ApiServed): void {
  app.get(
    '/api/v1/export',
    {
      handlerTimeout: limits.longHandlerMs,
      // HEAD would write all of it for an answer without a body.
      exposeHeadRoute: false,
      schema: {
        summary: 'The whole catalogue as a file',
        tags,
        querystring: strict({
          format: Type.Union([Type.Literal('iso2709'), Type.Literal('marcxml'), Type.Literal('csv')]),
          copies: Type.Optional(Type.Union([Type.Literal('yes'), Type.Literal('no')])),
        }),
      },
    },
    async (request, reply) => {
      const { format, copies } = request.query
      const until = { deadlineMs: limits.longHandlerMs, signal: whenLeft(reply) }
      const ending = { iso2709: 'mrc', marcxml: 'xml', csv: 'csv' }[format]
      return reply
        .type(exportTypes[format])
        .header('content-disposition', `attachment; filename="catalogue.${ending}"`)
        .send(Readable.from(library.threads.parts('export', { format, copies: copies === 'yes' }, until)))
    },
  )
}

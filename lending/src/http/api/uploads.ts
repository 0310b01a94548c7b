import { rm } from 'node:fs/promises'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Compile } from 'typebox/compile'
import { type CsvMapping, mappedFields } from '../../catalogue/import/csv-mapping.ts'
import { importFormats } from '../../catalogue/import/import-setup.ts'
import { expectImport, startImport } from '../../catalogue/import/start-import.ts'
import { patternMax } from '../../formats/judged-pattern.ts'
import type { App } from '../app.ts'
import { untilLookedAt } from '../asking.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { answer, code, line, someLine, strict } from '../fields.ts'
import { formatOfFile, keepFile } from '../kept-file.ts'
import { sendRefusal } from '../problem.ts'
import { byOf, keyOf } from '../writing.ts'
import type { ApiServed } from './api.ts'
import { tellsInEnglish } from './told-in-english.ts'

const column = Type.Union([
  line(200),
  strict({
    column: line(200),
    pattern: someLine(patternMax),
    optional: Type.Optional(Type.Boolean()),
  }),
])
const columns = Type.Union([column, Type.Array(column, { maxItems: 50 })])
const mapping = strict({
  ...Object.fromEntries(mappedFields.map((field) => [field, Type.Optional(columns)])),
  source: Type.Optional(line(100)),
  listSeparator: Type.Optional(line(10)),
})
const fits = Compile(mapping)

const query = strict({
  name: Type.Optional(someLine(200)),
  fileName: Type.Optional(someLine(200)),
  format: Type.Optional(Type.Union(importFormats.map((format) => Type.Literal(format)))),
  encoding: Type.Optional(someLine(40)),
  mapping: Type.Optional(
    Type.String({ maxLength: 8_000, description: 'JSON: which column, or which part of it, is what' }),
  ),
  source: Type.Optional(line(100)),
  branch: Type.Optional(code),
  itemType: Type.Optional(code),
  preview: Type.Optional(Type.Literal('yes')),
})

/** Files that come up as the body of a request, of any content type, straight to disk. */
export async function uploads(app: App, served: ApiServed): Promise<void> {
  tellsInEnglish(app)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
  app.post(
    '/api/v1/imports',
    {
      bodyLimit: served.limits.uploadBytes,
      handlerTimeout: served.limits.longHandlerMs,
      schema: {
        summary: 'Import a file: the body is the file; preview=yes only shows what would happen',
        tags: ['imports'],
        querystring: query,
        response: { 200: answer({}), 202: answer({ changeSetId: Type.Integer() }) },
      },
    },
    (request, reply) => importFile(served, request, request.query, reply),
  )
  patronFile(app, served)
}

/** A library's patrons fit many times over. */
const patronBytesMax = 100 * 1_024 * 1_024

function patronFile(app: App, { library, limits }: ApiServed): void {
  app.post(
    '/api/v1/patrons/import',
    {
      bodyLimit: patronBytesMax,
      handlerTimeout: limits.longHandlerMs,
      schema: {
        summary:
          'Register and update patrons: the body is a CSV file; preview=yes only shows what would happen',
        tags: ['patrons'],
        querystring: strict({
          encoding: Type.Optional(someLine(40)),
          category: Type.Optional(code),
          branch: Type.Optional(code),
          preview: Type.Optional(Type.Literal('yes')),
        }),
        response: { 200: answer({}) },
      },
    },
    async (request, reply) => {
      const { onOpened, ...who } = byOf(library, request, reply)
      const opened = ({ epoch }: { readonly epoch: number }) => onOpened?.(epoch)
      const until = { deadlineMs: limits.longHandlerMs }
      const { path } = await keepFile(library, request.body, patronBytesMax)
      const { category: categoryCode, preview, ...rest } = request.query
      const options = { ...rest, categoryCode }
      const read = await (preview === 'yes'
        ? library.threads.run('preview-patrons', { path, options }, untilLookedAt(reply))
        : library.threads.run('import-patrons', { by: who, path, options }, until, opened)
      ).finally(() => rm(path, { force: true }))
      return 'refused' in read ? sendRefusal(reply, read, request) : reply.send(read)
    },
  )
}

type Query = {
  name?: string
  fileName?: string
  format?: 'marc' | 'marcxml' | 'csv'
  encoding?: string
  mapping?: string
  source?: string
  branch?: string
  itemType?: string
  preview?: 'yes'
}

async function importFile(
  { library, limits }: ApiServed,
  request: FastifyRequest,
  asked: Query,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { who } = request
  if (!who) throw new RefusedAtTheDoorError('not-signed-in')
  const { fileName = 'file', name = fileName, preview, format, mapping: written, ...rest } = asked
  const how = { ...rest, ...(written === undefined ? {} : { mapping: mappingIn(written) }) }
  const key = keyOf(request)
  if (preview !== 'yes') expectImport(library)
  const { path } = await keepFile(library, request.body, limits.uploadBytes)
  const forget = () => rm(path, { force: true })
  try {
    const file = {
      ...how,
      filePath: path,
      fileName,
      format: format ?? (await formatOfFile(path, fileName)),
    }
    if (preview === 'yes') {
      const seen = await library.threads.run('preview-import', file, untilLookedAt(reply)).finally(forget)
      return 'refused' in seen ? sendRefusal(reply, seen, { who }) : reply.send(seen)
    }
    reply.header('idempotency-key', key)
    const started = await startImport(library, { ...file, name, actor: who.actor, key })
    if (!('refused' in started)) return reply.code(202).send(started)
    if (started.refused !== 'start-unknown') await forget()
    return sendRefusal(reply, started, { who })
  } catch (error) {
    await forget()
    throw error
  }
}

function mappingIn(text: string): CsvMapping {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    throw new RefusedAtTheDoorError('request-invalid', {}, 'query/mapping is not JSON.')
  }
  if (!fits.Check(given)) {
    throw new RefusedAtTheDoorError('request-invalid', {}, 'query/mapping names what cannot be mapped.')
  }
  return given
}

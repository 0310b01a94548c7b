import { Type } from '@fastify/type-provider-typebox'
import { addCopy, addJudged } from '../../catalogue/add-copy.ts'
import { addTitle } from '../../catalogue/add-title.ts'
import { copyByBarcode } from '../../catalogue/copy.ts'
import { editCopy, editJudged } from '../../catalogue/edit-copy.ts'
import { editTitle } from '../../catalogue/edit-title.ts'
import { title } from '../../catalogue/title.ts'
import { materials } from '../../catalogue/title-fields.ts'
import type { App } from '../app.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { answer, barcode, code, idInPath, line, lines, orNull, someLine, strict, version } from '../fields.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['catalogue']

// Bounds for the door; what fits exactly is for the verb to say, field by field.
const fields = {
  subtitle: Type.Optional(line(8_000)),
  authors: Type.Optional(Type.Array(line(2_000), { maxItems: 200 })),
  publisher: Type.Optional(line(2_000)),
  publishedYear: Type.Optional(orNull(Type.Integer({ minimum: -5_000, maximum: 9_999 }))),
  language: Type.Optional(line(8)),
  material: Type.Optional(Type.Union(materials.map((material) => Type.Literal(material)))),
  isbns: Type.Optional(Type.Array(line(100), { maxItems: 100 })),
  subjects: Type.Optional(Type.Array(line(2_000), { maxItems: 300 })),
  series: Type.Optional(Type.Array(line(4_000), { maxItems: 100 })),
  summary: Type.Optional(lines(80_000)),
  controlSource: Type.Optional(line(400)),
  controlNumber: Type.Optional(orNull(line(800))),
}

const copyFields = {
  shelf: Type.Optional(line(800)),
  callNumber: Type.Optional(line(800)),
  lendable: Type.Optional(Type.Boolean()),
  note: Type.Optional(lines(8_000)),
  priceCents: Type.Optional(orNull(Type.Integer({ minimum: 0, maximum: 2_147_483_647 }))),
}

const versioned = answer({ titleId: Type.Integer(), version: Type.Integer() })

/** Titles and copies: read, added, changed. */
export async function books(app: App, served: ApiServed): Promise<void> {
  titles(app, served)
  copies(app, served)
  for (const { action } of [addTitle, editTitle, addCopy, editCopy]) app.metrics.expectWrites(action)
}

function titles(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/books/:id',
    { schema: { summary: 'One title with its copies', tags, security: [], params: idInPath } },
    async (request, reply) => {
      const found = await title(library.db, request.params.id)
      if (!found || found.deletedAt !== null) throw new RefusedAtTheDoorError('title-unknown')
      return reply.send(found)
    },
  )
  app.post(
    '/api/v1/books',
    {
      schema: {
        summary: 'Add a title',
        tags,
        body: strict({ ...fields, title: someLine(8_000) }),
        response: { 201: versioned },
      },
    },
    (request, reply) =>
      answerWrite(library, request, reply, { verb: addTitle, ask: { fields: request.body }, status: 201 }),
  )
  app.patch(
    '/api/v1/books/:id',
    {
      schema: {
        summary: 'Change a title, from the version that was read',
        tags,
        params: idInPath,
        body: strict({ ...fields, title: Type.Optional(someLine(8_000)), version }),
        response: { 200: versioned },
      },
    },
    (request, reply) => {
      const { version: seen, ...changed } = request.body
      const ask = { titleId: request.params.id, version: seen, fields: changed }
      return answerWrite(library, request, reply, { verb: editTitle, ask })
    },
  )
}

function copies(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/books/:id/copies',
    {
      schema: {
        summary: 'Add a copy to a title',
        tags,
        params: idInPath,
        body: strict({ ...copyFields, barcode, branch: code, itemType: code }),
        response: { 201: answer({ copyId: Type.Integer(), titleId: Type.Integer() }) },
      },
    },
    async (request, reply) => {
      const ask = await addJudged(library, { titleId: request.params.id, ...request.body })
      return answerWrite(library, request, reply, { verb: addCopy, ask, status: 201 })
    },
  )
  const inPath = strict({ barcode })
  app.get(
    '/api/v1/copies/:barcode',
    { schema: { summary: 'One copy, as the desk sees it', tags, params: inPath } },
    async (request, reply) => {
      const found = await copyByBarcode(library.db, request.params.barcode)
      if (!found) throw new RefusedAtTheDoorError('copy-unknown')
      return reply.send(found)
    },
  )
  app.patch(
    '/api/v1/copies/:barcode',
    {
      schema: {
        summary: 'Change a copy, from the version that was read',
        tags,
        params: inPath,
        body: strict({
          ...copyFields,
          version,
          barcode: Type.Optional(barcode),
          branch: Type.Optional(code),
          itemType: Type.Optional(code),
        }),
      },
    },
    async (request, reply) => {
      // Looked up by the verb: a repeat that gives it another barcode still finds what it did.
      const ask = await editJudged(library, { ...request.body, barcodeNow: request.params.barcode })
      return answerWrite(library, request, reply, { verb: editCopy, ask })
    },
  )
}

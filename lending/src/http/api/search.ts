import { Type } from '@fastify/type-provider-typebox'
import { search } from '../../catalogue/search.ts'
import { suggest } from '../../catalogue/suggest.ts'
import type { App } from '../app.ts'
import { branchIdOf } from '../branch-codes.ts'
import { answer, code, line, orNull, strict } from '../fields.ts'
import { sendRefusal } from '../problem.ts'
import type { ApiServed } from './api.ts'

const tags = ['catalogue']
const text = Type.String()
const number = Type.Integer()
const year = Type.Integer({ minimum: -5_000, maximum: 9_999 })

const foundTitle = answer({
  titleId: number,
  title: text,
  subtitle: text,
  authors: Type.Array(text),
  publishedYear: orNull(number),
  language: text,
  material: text,
  copies: number,
  available: number,
  isbn: orNull(text),
})

const found = answer({
  titles: Type.Array(foundTitle),
  more: orNull(text),
  atMost: Type.Boolean(),
  counted: number,
})

/** Finding titles, and suggestions while somebody types. */
export async function searching(app: App, { library }: ApiServed): Promise<void> {
  app.post(
    '/api/v1/books/search',
    {
      schema: {
        summary: 'Find titles: every character is a letter, none is a pattern',
        tags,
        security: [],
        body: strict({
          // What is too long or holds control characters is refused by search in its own words.
          query: Type.String({ maxLength: 10_000 }),
          branch: Type.Optional(code),
          available: Type.Optional(Type.Boolean()),
          language: Type.Optional(line(8)),
          material: Type.Optional(line(32)),
          year: Type.Optional(strict({ from: Type.Optional(year), to: Type.Optional(year) })),
          mode: Type.Optional(Type.Union([Type.Literal('words'), Type.Literal('substring')])),
          after: Type.Optional(line(500)),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
          facets: Type.Optional(Type.Boolean()),
        }),
        response: { 200: found },
      },
    },
    async (request, reply) => {
      const { branch, ...ask } = request.body
      const at = branch === undefined ? {} : { branchId: await branchIdOf(library, branch) }
      const answered = await search(library.searchDb, { ...ask, ...at })
      if (answered.outcome === 'refused') {
        const { outcome: _, ...refusal } = answered
        return sendRefusal(reply, refusal)
      }
      const { outcome: _, ...shown } = answered
      return reply.send(shown)
    },
  )

  app.get(
    '/api/v1/suggestions',
    {
      schema: {
        summary: 'What somebody who types this may be looking for',
        tags,
        security: [],
        querystring: strict({
          query: Type.String({ maxLength: 1_000 }),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 20 })),
        }),
        response: { 200: answer({ suggestions: Type.Array(Type.Any()) }) },
      },
    },
    async (request) => {
      const { query, limit = 8 } = request.query
      const found = await suggest(library.searchDb, query, limit)
      return { suggestions: found.map(({ text }) => text) }
    },
  )
}

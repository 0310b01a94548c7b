import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import type { Library } from '../library.ts'
import type { App } from './app.ts'

const problemSchema = {
  type: 'object',
  description: 'RFC 9457: what is the matter, under a stable code, and what to do next.',
  required: ['type', 'title', 'status', 'code', 'detail', 'next', 'instance'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', example: 'copy-on-loan' },
    detail: { type: 'string' },
    next: { type: 'string' },
    instance: { type: 'string' },
  },
}

const problemAnswer = {
  description: 'A problem: refused, not understood, or a fault.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

const keyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'The same key is the same request: it is done once, and every repeat hears the same answer. Made here if absent.',
  schema: { type: 'string', maxLength: 200, pattern: '^[\\x21-\\x7e]+$' },
}

/** Collects the schemas of all routes that are registered after this. */
export function collectDocs(app: App, { version }: Library): void {
  app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Bibby', version, description: 'The library: lending, catalogue, patrons.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    hideUntagged: true,
  })
}

/** Serves the description of the API, as JSON and as a page. */
export function addDocs(app: App): void {
  app.register(fastifySwaggerUi, { routePrefix: '/api/docs', logLevel: 'warn' })
  let described: object | undefined
  app.get('/api/openapi.json', { schema: { hide: true } }, () => {
    described ??= completed(app.swagger() as OpenApi)
    return described
  })
}

type Operation = { parameters?: object[]; responses?: Record<string, object> }
type OpenApi = {
  paths?: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, object> }
}

/** Adds to every operation what all of them share: the problem, and the key of those that write. */
function completed(document: OpenApi): OpenApi {
  const paths = Object.entries(document.paths ?? {}).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [
        method,
        {
          ...operation,
          parameters: [...(operation.parameters ?? []), ...(method === 'get' ? [] : [keyHeader])],
          responses: { ...operation.responses, default: problemAnswer },
        },
      ]),
    ),
  ])
  return {
    ...document,
    paths: Object.fromEntries(paths),
    components: {
      ...document.components,
      schemas: { ...document.components?.schemas, Problem: problemSchema },
    },
  }
}

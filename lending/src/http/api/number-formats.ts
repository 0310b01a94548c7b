import { Type } from '@fastify/type-provider-typebox'
import {
  formatLimits,
  judgedFormat,
  type NumberKind,
  numberFormats,
  setBarcodeFormat,
  setCardFormat,
} from '../../formats/number-format.ts'
import type { App } from '../app.ts'
import { answer, codeInPath, someLine, strict } from '../fields.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['rules']

const verbs = { barcode: setBarcodeFormat, card: setCardFormat } as const

/** What new barcodes and new cards look like, branch by branch. */
export async function numberFormatRoutes(app: App, served: ApiServed): Promise<void> {
  for (const kind of ['barcode', 'card'] as const) formatRoutes(app, served, kind)
}

function formatRoutes(app: App, { library }: ApiServed, kind: NumberKind): void {
  const verb = verbs[kind]
  const path = `/api/v1/branches/:code/${kind}-format`
  const all = `${kind}Formats`
  app.get(
    `/api/v1/${kind}-formats`,
    {
      schema: {
        summary: `The ${kind} formats of all branches that have one`,
        tags,
        response: { 200: answer({ [all]: Type.Array(Type.Any()) }) },
      },
    },
    async () => ({ [all]: await numberFormats(library.db, kind) }),
  )
  app.put(
    path,
    {
      schema: {
        summary: `Set what new ${kind}s of a branch look like: a safe pattern, and an example of it`,
        tags,
        params: codeInPath,
        body: strict({
          pattern: someLine(formatLimits.pattern, `Matches a ${kind} from end to end`),
          example: someLine(formatLimits.example, `Shown to whoever gives a ${kind} that does not match`),
        }),
      },
    },
    async (request, reply) => {
      const format = await judgedFormat(library, request.body)
      return answerWrite(library, request, reply, { verb, ask: { branch: request.params.code, format } })
    },
  )
  app.delete(
    path,
    { schema: { summary: `Take any ${kind} at a branch again`, tags, params: codeInPath } },
    (request, reply) =>
      answerWrite(library, request, reply, { verb, ask: { branch: request.params.code, format: null } }),
  )
  app.metrics.expectWrites(verb.action)
}

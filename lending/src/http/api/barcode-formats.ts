import { Type } from '@fastify/type-provider-typebox'
import {
  barcodeFormats,
  formatLimits,
  judgedFormat,
  setBarcodeFormat,
} from '../../catalogue/barcode-format.ts'
import type { App } from '../app.ts'
import { answer, codeInPath, someLine, strict } from '../fields.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['rules']

/** What new barcodes look like, branch by branch. */
export async function barcodeFormatRoutes(app: App, { library }: ApiServed): Promise<void> {
  app.get(
    '/api/v1/barcode-formats',
    {
      schema: {
        summary: 'The barcode formats of all branches that have one',
        tags,
        response: { 200: answer({ barcodeFormats: Type.Array(Type.Any()) }) },
      },
    },
    async () => ({ barcodeFormats: await barcodeFormats(library.db) }),
  )
  app.put(
    '/api/v1/branches/:code/barcode-format',
    {
      schema: {
        summary: 'Set what new barcodes of a branch look like: a safe pattern, and an example of it',
        tags,
        params: codeInPath,
        body: strict({
          pattern: someLine(formatLimits.pattern, 'Matches a barcode from end to end'),
          example: someLine(formatLimits.example, 'Shown to whoever gives a barcode that does not match'),
        }),
      },
    },
    async (request, reply) => {
      const format = await judgedFormat(library, request.body)
      const ask = { branch: request.params.code, format }
      return answerWrite(library, request, reply, { verb: setBarcodeFormat, ask })
    },
  )
  app.delete(
    '/api/v1/branches/:code/barcode-format',
    { schema: { summary: 'Take any barcode at a branch again', tags, params: codeInPath } },
    (request, reply) => {
      const ask = { branch: request.params.code, format: null }
      return answerWrite(library, request, reply, { verb: setBarcodeFormat, ask })
    },
  )
  app.metrics.expectWrites(setBarcodeFormat.action)
}

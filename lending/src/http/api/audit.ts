import { Readable } from 'node:stream'
import type { AuditProgress, AuditVerdict } from '../../journal/audit-report.ts'
import { verifyAudit } from '../../journal/verify-audit.ts'
import type { App } from '../app.ts'
import { sendRefusal } from '../problem.ts'
import type { ApiServed } from './api.ts'

/** Verifying the audit chain: a line of JSON for each step on the way, and last the verdict. */
export async function audit(app: App, { library, limits }: ApiServed): Promise<void> {
  app.get(
    '/api/v1/audit',
    {
      handlerTimeout: limits.longHandlerMs,
      // HEAD would verify all of it for an answer without a body.
      exposeHeadRoute: false,
      schema: {
        summary: 'Verify the audit chain: lines of JSON, how far it is and last the verdict',
        tags: ['journal'],
      },
    },
    async (request, reply) => {
      const telling = await verifyAudit(library)
      if ('refused' in telling) return sendRefusal(reply, telling, request)
      return reply.type('application/x-ndjson; charset=utf-8').send(Readable.from(lines(telling)))
    },
  )
}

/** No generator: one that nobody began to read would not close what it reads from. */
function lines(steps: AsyncGenerator<AuditProgress | AuditVerdict>): AsyncIterableIterator<string> {
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: async () => {
      const { done, value } = await steps.next()
      return done ? { done, value: undefined } : { done: false, value: `${JSON.stringify(value)}\n` }
    },
    return: async () => {
      await steps.return(undefined)
      return { done: true, value: undefined }
    },
  }
}

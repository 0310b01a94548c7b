import { Readable } from 'node:stream'
import type { AuditStep } from '../../journal/audit-report.ts'
import { type AuditSteps, verifyAudit } from '../../journal/verify-audit.ts'
import type { Library } from '../../library.ts'
import type { Until } from '../../work/threads.ts'
import type { App } from '../app.ts'
import { whenLeft } from '../asking.ts'
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
      const until = { deadlineMs: limits.longHandlerMs, signal: whenLeft(reply) }
      const telling = await verifyAudit(library, () => onThread(library, until))
      if ('refused' in telling) return sendRefusal(reply, telling, request)
      return reply.type('application/x-ndjson; charset=utf-8').send(Readable.from(lines(telling)))
    },
  )
}

/** Begun: what it verifies was reached, and it hears when it is left. */
async function onThread(
  { threads, dataFolder }: Library,
  until: Until,
): Promise<AsyncGenerator<AuditStep, void, undefined>> {
  const steps = threads.parts('verify-audit', { dataFolder }, until)
  await steps.next()
  return steps
}

/** No generator: one that nobody began to read would not close what it reads from. */
function lines(steps: AuditSteps): AsyncIterableIterator<string> {
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: async () => {
      const { done, value } = await steps.next()
      return done ? { done, value: undefined } : { done: false, value: `${JSON.stringify(value)}\n` }
    },
    return: async () => {
      await steps.return()
      return { done: true, value: undefined }
    },
  }
}

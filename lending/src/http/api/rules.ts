import { Type } from '@fastify/type-provider-typebox'
import {
  addClosedDay,
  closedDays,
  loanRules,
  removeClosedDay,
  setLoanRule,
} from '../../circulation/calendar.ts'
import { explainRule } from '../../circulation/explain-rule.ts'
import type { App } from '../app.ts'
import { branchIdOf } from '../branch-codes.ts'
import { answer, barcode, card, code, codeInPath, day, line, orNull, strict } from '../fields.ts'
import { sendRefusal } from '../problem.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['rules']
const count = (maximum: number) => Type.Integer({ minimum: 0, maximum })

/** Loan rules and closed days. */
export async function rules(app: App, served: ApiServed): Promise<void> {
  loanRuleRoutes(app, served)
  explaining(app, served)
  calendar(app, served)
  const verbs = [setLoanRule, addClosedDay, removeClosedDay]
  for (const { action } of verbs) app.metrics.expectWrites(action)
}

function loanRuleRoutes(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/rules',
    {
      schema: {
        summary: 'All loan rules, most specific first',
        tags,
        response: { 200: answer({ rules: Type.Array(Type.Any()) }) },
      },
    },
    async () => ({ rules: await loanRules(library.db) }),
  )
  app.put(
    '/api/v1/rules',
    {
      schema: {
        summary: 'Set the rule for a case; null means any',
        tags,
        body: strict({
          branch: orNull(code),
          patronCategory: orNull(code),
          itemType: orNull(code),
          lendable: Type.Optional(Type.Boolean()),
          loanDays: Type.Integer({ minimum: 1, maximum: 3_650 }),
          renewalsMax: count(1_000),
          loansMax: count(10_000),
          holdsMax: count(10_000),
          fineCentsPerDay: Type.Optional(count(1_000_000)),
          graceDays: Type.Optional(count(3_650)),
          fineCapCents: Type.Optional(count(100_000_000)),
        }),
      },
    },
    (request, reply) => answerWrite(library, request, reply, { verb: setLoanRule, ask: request.body }),
  )
}

function explaining(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/rules/explain',
    {
      schema: {
        summary: 'Which rule a loan would follow, and why',
        tags,
        querystring: strict({ card, barcode, branch: Type.Optional(code) }),
      },
    },
    async (request, reply) => {
      const { branch, ...ask } = request.query
      // Who works at a branch asks about its desk; the command of this machine works at none.
      const desk = request.who?.branchId || undefined
      const branchId = branch === undefined ? desk : await branchIdOf(library, branch)
      const explained = await explainRule(library.db, { ...ask, branchId, now: library.clock() })
      if ('refused' in explained) return sendRefusal(reply, { ...explained }, { who: request.who })
      return reply.send(explained)
    },
  )
}

function calendar(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/branches/:code/closed-days',
    {
      schema: { summary: 'Days on which a branch is closed', tags, security: [], params: codeInPath },
    },
    async (request) => ({
      closedDays: await closedDays(library.db, await branchIdOf(library, request.params.code)),
    }),
  )
  app.post(
    '/api/v1/branches/:code/closed-days',
    {
      schema: {
        summary: 'Close a branch on a day: loans due then are due on the next open day',
        tags,
        params: codeInPath,
        body: strict({ day, reason: Type.Optional(line(200)) }),
      },
    },
    async (request, reply) => {
      const branchId = await branchIdOf(library, request.params.code)
      const ask = { branchId, reason: '', ...request.body }
      return answerWrite(library, request, reply, { verb: addClosedDay, ask, status: 201 })
    },
  )
  app.delete(
    '/api/v1/branches/:code/closed-days/:day',
    {
      schema: { summary: 'Open a branch again on a day', tags, params: strict({ code, day }) },
    },
    async (request, reply) => {
      const branchId = await branchIdOf(library, request.params.code)
      const ask = { branchId, day: request.params.day }
      return answerWrite(library, request, reply, { verb: removeClosedDay, ask })
    },
  )
}

import { Type } from '@fastify/type-provider-typebox'
import { copyLimits } from '../../catalogue/checked-copy.ts'
import { rangesFound } from '../../catalogue/planned-shelf.ts'
import { judgedPlan, planLimits, setShelfPlan, shelfPlan } from '../../catalogue/shelf-plan.ts'
import type { App } from '../app.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { answer, codeInPath, someLine, strict } from '../fields.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['catalogue']

const ranges = Type.Array(
  strict({
    shelf: someLine(planLimits.shelf),
    pattern: someLine(planLimits.pattern, 'What the call numbers on this shelf begin with'),
  }),
  { maxItems: planLimits.ranges },
)

/** Which call numbers stand on which shelf of a branch. */
export async function shelfPlanRoutes(app: App, { library }: ApiServed): Promise<void> {
  const path = '/api/v1/branches/:code/shelf-plan'
  const params = codeInPath
  app.get(
    path,
    {
      schema: {
        summary: 'Which call numbers stand on which shelf of a branch',
        tags,
        params,
        response: { 200: answer({ version: Type.Integer(), ranges: Type.Array(Type.Any()) }) },
      },
    },
    async (request, reply) => {
      const found = await shelfPlan(library.db, request.params.code)
      if (!found) throw new RefusedAtTheDoorError('branch-unknown')
      return reply.send(found)
    },
  )
  app.get(
    `${path}/explain`,
    {
      schema: {
        summary: 'Which range of the plan a call number falls into',
        tags,
        params,
        querystring: strict({ callNumber: someLine(copyLimits.callNumber) }),
      },
    },
    async (request, reply) => {
      const { code: branch } = request.params
      if (!(await shelfPlan(library.db, branch))) throw new RefusedAtTheDoorError('branch-unknown')
      const { callNumber } = request.query
      const [found = 'none'] = await rangesFound(library, [{ branch, callNumber }])
      const isDecided = found !== 'undecided'
      const range = typeof found === 'string' ? { range: null, shelf: null, pattern: null } : found
      return reply.send({ branch, callNumber, isDecided, ...range })
    },
  )
  app.put(
    path,
    {
      schema: {
        summary: 'Set the plan, from the version that was read: safe patterns, the first that matches counts',
        tags,
        params,
        body: strict({ version: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }), ranges }),
      },
    },
    async (request, reply) => {
      const { code: branch } = request.params
      const { version, ranges: given } = request.body
      const plan = await judgedPlan(library, { branch, ranges: given })
      return answerWrite(library, request, reply, { verb: setShelfPlan, ask: { branch, version, plan } })
    },
  )
  app.metrics.expectWrites(setShelfPlan.action)
}

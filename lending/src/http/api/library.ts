import { Type } from '@fastify/type-provider-typebox'
import {
  editLibrary,
  libraryNameMax,
  librarySettings,
  settingBounds,
} from '../../circulation/library-settings.ts'
import type { App } from '../app.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { someLine, strict, version } from '../fields.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['rules']
const number = (name: keyof typeof settingBounds) => {
  const { min, max } = settingBounds[name]
  return Type.Optional(Type.Integer({ minimum: min, maximum: max }))
}

/** What the library as a whole has settled. */
export async function librarySettingRoutes(app: App, { library }: ApiServed): Promise<void> {
  app.get(
    '/api/v1/library',
    { schema: { summary: 'Name, currency and settings of the library', tags, security: [] } },
    async (_, reply) => {
      const found = await librarySettings(library.db)
      if (!found) throw new RefusedAtTheDoorError('not-found')
      return reply.send(found)
    },
  )
  app.patch(
    '/api/v1/library',
    {
      schema: {
        summary: 'Change settings of the library; what is left out stays',
        tags,
        body: strict({
          version,
          name: Type.Optional(someLine(libraryNameMax * 2)),
          currency: Type.Optional(someLine(8)),
          holdShelfDays: number('holdShelfDays'),
          forgetAfterDays: number('forgetAfterDays'),
          blockAtCents: number('blockAtCents'),
        }),
      },
    },
    (request, reply) => answerWrite(library, request, reply, { verb: editLibrary, ask: request.body }),
  )
  app.metrics.expectWrites(editLibrary.action)
}

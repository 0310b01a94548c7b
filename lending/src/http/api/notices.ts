import { Type } from '@fastify/type-provider-typebox'
import { dismissNotices, listNotices, noticesMax, resendNotices } from '../../notices/dead-notices.ts'
import { type Kind, kindNames } from '../../notices/kinds.ts'
import { editNotices, noticeBounds } from '../../notices/notice-settings.ts'
import { sampleOf, saveTemplate, templateOf } from '../../notices/own-templates.ts'
import { previewLetter } from '../../notices/preview-letter.ts'
import { setNotices } from '../../notices/set-notices.ts'
import { noticeStatus } from '../../notices/status.ts'
import { previewSweep } from '../../notices/sweep.ts'
import { placeholders, templateMax } from '../../notices/template.ts'
import { setWantsReceipts } from '../../notices/want-receipts.ts'
import { choices, setWantedNotices } from '../../notices/wanted-notices.ts'
import type { App } from '../app.ts'
import { card, cardInPath, lines, someLine, strict, version } from '../fields.ts'
import { sendRefusal } from '../problem.ts'
import { answerWrite } from '../writing.ts'
import type { ApiServed } from './api.ts'

const tags = ['notices']
const kindInPath = strict({ kind: Type.Unsafe<Kind>({ type: 'string', enum: [...kindNames] }) })
const states = ['queued', 'sent', 'dead', 'void'] as const
const ids = strict({
  ids: Type.Array(Type.String({ format: 'uuid', maxLength: 36 }), { minItems: 1, maxItems: noticesMax }),
})
const text = {
  subject: lines(templateMax.subject * 2),
  body: lines(templateMax.body * 2),
  item: lines(templateMax.item * 2),
}
const number = (name: keyof typeof noticeBounds) =>
  Type.Optional(Type.Integer({ minimum: noticeBounds[name].min, maximum: noticeBounds[name].max }))

/** What patrons are told: how it goes, what would be told, what waits for a person, and the texts. */
export async function notices(app: App, served: ApiServed): Promise<void> {
  looking(app, served)
  changing(app, served)
  wanting(app, served)
  templates(app, served)
  previewing(app, served)
  for (const { action } of [
    setNotices,
    editNotices,
    resendNotices,
    dismissNotices,
    saveTemplate,
    setWantsReceipts,
    setWantedNotices,
  ])
    app.metrics.expectWrites(action)
}

function looking(app: App, { library }: ApiServed): void {
  app.get('/api/v1/notices', { schema: { summary: 'How it goes with notices', tags } }, () =>
    noticeStatus(library),
  )
  app.get(
    '/api/v1/notices/preview',
    { schema: { summary: 'Whom the next run would tell what; nothing is written', tags } },
    () => previewSweep(library.db, library.clock()),
  )
  app.get(
    '/api/v1/notices/list',
    {
      schema: {
        summary: 'Notices in a state, the newest first',
        tags,
        querystring: strict({
          state: Type.Optional(Type.Unsafe<(typeof states)[number]>({ type: 'string', enum: [...states] })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: noticesMax })),
        }),
      },
    },
    async ({ query: { state = 'dead', limit = 50 } }) => ({
      notices: await listNotices(library.db, { state, limit }),
    }),
  )
}

function changing(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/notices/switch',
    {
      schema: {
        summary: 'Turn notices off, or on at this installation; in production, on is an operation',
        tags,
        body: strict({ on: Type.Boolean() }),
      },
    },
    (request, reply) => {
      const { installation, isProduction } = library
      const ask = { on: request.body.on, installation, isProduction }
      return answerWrite(library, request, reply, { verb: setNotices, ask })
    },
  )
  app.patch(
    '/api/v1/notices/settings',
    {
      schema: {
        summary: 'Change when patrons are told, and how much at most; what is left out stays',
        tags,
        body: strict({
          version,
          dueSoonDays: number('dueSoonDays'),
          overdueDays: Type.Optional(Type.Array(Type.Integer(), { maxItems: 20 })),
          cardExpiringDays: number('cardExpiringDays'),
          runMax: number('runMax'),
          patronDayMax: number('patronDayMax'),
          lettersPerSecondMax: number('lettersPerSecondMax'),
          language: Type.Optional(someLine(40)),
        }),
      },
    },
    (request, reply) => answerWrite(library, request, reply, { verb: editNotices, ask: request.body }),
  )
  app.post(
    '/api/v1/notices/resend',
    { schema: { summary: 'Send dead notices again', tags, body: ids } },
    (request, reply) => answerWrite(library, request, reply, { verb: resendNotices, ask: request.body }),
  )
  app.post(
    '/api/v1/notices/dismiss',
    { schema: { summary: 'Let dead notices be', tags, body: ids } },
    (request, reply) => answerWrite(library, request, reply, { verb: dismissNotices, ask: request.body }),
  )
}

function wanting(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/patrons/:card/receipts',
    {
      schema: {
        summary: 'Whether the patron wants a receipt of each loan and return',
        tags,
        params: cardInPath,
        body: strict({ wantsReceipts: Type.Boolean() }),
      },
    },
    (request, reply) => {
      const ask = { card: request.params.card, wantsReceipts: request.body.wantsReceipts }
      return answerWrite(library, request, reply, { verb: setWantsReceipts, ask })
    },
  )
  app.post(
    '/api/v1/patrons/:card/wanted-notices',
    {
      schema: {
        summary: 'All that the patron wants to be mailed about; overdue is told in any case',
        tags,
        params: cardInPath,
        body: strict({
          wanted: Type.Array(Type.Union(choices.map((choice) => Type.Literal(choice))), {
            uniqueItems: true,
            maxItems: choices.length,
          }),
        }),
      },
    },
    (request, reply) => {
      const ask = { card: request.params.card, wanted: request.body.wanted }
      return answerWrite(library, request, reply, { verb: setWantedNotices, ask })
    },
  )
}

function templates(app: App, { library }: ApiServed): void {
  app.get(
    '/api/v1/notices/templates/:kind',
    {
      schema: {
        summary: 'The text of a kind, what it would say, and what may stand in braces',
        tags,
        params: kindInPath,
      },
    },
    async ({ params: { kind } }) => {
      const template = await templateOf(library.db, kind)
      return { template, sample: sampleOf(kind, template), placeholders }
    },
  )
  app.put(
    '/api/v1/notices/templates/:kind',
    {
      schema: {
        summary: 'Write the library’s own text of a kind',
        tags,
        params: kindInPath,
        body: strict({
          version: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
          ...text,
        }),
      },
    },
    (request, reply) => {
      const ask = { ...request.body, kind: request.params.kind }
      return answerWrite(library, request, reply, { verb: saveTemplate, ask })
    },
  )
}

function previewing(app: App, { library }: ApiServed): void {
  app.post(
    '/api/v1/notices/templates/:kind/preview',
    {
      schema: {
        summary:
          'What a patron would get now of this kind, also in the words of a draft; nothing is sent or written',
        tags,
        params: kindInPath,
        body: strict({ card, draft: Type.Optional(strict(text)) }),
      },
    },
    async (request, reply) => {
      const { kind } = request.params
      const told = await previewLetter(library.db, { ...request.body, kind, now: library.clock() })
      return 'refused' in told ? sendRefusal(reply, told, request) : reply.send(told)
    },
  )
}

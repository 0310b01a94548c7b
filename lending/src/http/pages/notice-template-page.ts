import type { FastifyReply, FastifyRequest } from 'fastify'
import { isKind, type Kind } from '../../notices/kinds.ts'
import { checkedTemplate, saveTemplate, templateOf } from '../../notices/own-templates.ts'
import { type LetterPreview, previewLetter } from '../../notices/preview-letter.ts'
import { type Template, templateMax } from '../../notices/template.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { type Asked, asked } from './asked.ts'
import { noticeTemplateView } from './notice-template-view.ts'
import { mayTell } from './notices-page.ts'
import type { Refused } from './refusal-notice.ts'
import { act, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'

type AtKind = FastifyRequest<{ Params: { kind: string } }>

const version = { label: 'the-version', min: 0, max: 2_147_483_647 } as const

/** The text of a kind of notice: reading it, trying another, and saving it. */
export function noticeTemplatePages(served: Served): void {
  const { app } = served
  const config = mayTell
  app.get('/notices/templates/:kind', { config }, (request: AtKind, reply) =>
    showTemplate(served, request, reply),
  )

  app.post('/notices/templates/:kind/preview', { config }, async (request: AtKind, reply) => {
    const form = asked(request.body)
    const typed = typedIn(form)
    const card = form.text('card', { max: 64, label: 'the-card' })
    const checked = checkedTemplate(typed)
    const problems = { ...('problems' in checked ? checked.problems : {}), ...form.problems }
    if (Object.keys(problems).length > 0) {
      const refusal = { refused: 'fields-invalid', problems }
      return showTemplate(served, request, reply, { typed, card, refusal })
    }
    if (card === '') return showTemplate(served, request, reply, { typed, card, refusal: undefined })
    const ask = { kind: kindIn(request), card, draft: typed, now: served.library.clock() }
    const told = await previewLetter(served.library.db, ask)
    const shown = 'refused' in told ? { refusal: told } : { preview: told, refusal: undefined }
    return showTemplate(served, request, reply, { typed, card, ...shown })
  })

  app.post('/notices/templates/:kind', { config }, async (request: AtKind, reply) => {
    const kind = kindIn(request)
    const form = asked(request.body)
    const typed = typedIn(form)
    const seen = form.whole('version', version) ?? 0
    if (Object.keys(form.problems).length > 0) {
      const refusal = { refused: 'fields-invalid', problems: form.problems }
      return showTemplate(served, request, reply, { typed, refusal })
    }
    const outcome = await act(served, request, saveTemplate, { kind, version: seen, ...typed })
    if (outcome.outcome === 'refused') {
      return showTemplate(served, request, reply, { typed, refusal: outcome.refusal })
    }
    return goTo(reply, `/notices/templates/${kind}`, { said: 'template-saved' })
  })
}

function typedIn(form: Asked): Template {
  return {
    subject: form.text('subject', { max: templateMax.subject, label: 'the-subject' }),
    body: form.text('body', { max: templateMax.body, label: 'the-text', lines: true }),
    item: form.text('item', { max: templateMax.item, label: 'the-line-of-a-thing' }),
  }
}

function kindIn({ params }: AtKind): Kind {
  if (isKind(params.kind)) return params.kind
  throw new RefusedAtTheDoorError('not-found')
}

/** What somebody is about to save, and what was wrong with it. */
export type Edited = {
  readonly typed: Template
  readonly refusal: Refused | undefined
  /** Whose letter is to be seen; empty is a reader who does not exist. */
  readonly card?: string
  readonly preview?: LetterPreview
}

async function showTemplate(
  served: Served,
  request: AtKind,
  reply: FastifyReply,
  edited?: Edited,
): Promise<FastifyReply> {
  const kind = kindIn(request)
  const [visit, template] = await Promise.all([
    visitOf(served, request, reply),
    templateOf(served.library.db, kind),
  ])
  const frame = {
    title: visit.say(`notice-kind.${kind}`),
    door: '/notices',
    lead: visit.say(template.isOwn ? 'notice-template.own-lead' : 'notice-template.bibby-lead'),
    status: edited?.refusal ? statusOf(edited.refusal) : 200,
  }
  return show(reply, visit, frame, noticeTemplateView(visit, { template, edited }))
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import { mergePatrons } from '../../patrons/merge-patrons.ts'
import { mergePreview } from '../../patrons/merge-preview.ts'
import { asked, identity, scanned } from './asked.ts'
import { mergeView } from './merge-view.ts'
import { patronIn } from './patron-page.ts'
import type { Refused } from './refusal-notice.ts'
import { act, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'

/** Two records of one person: which one stays is where one comes from; the other one's card is scanned. */
export function mergePages(served: Served): void {
  const { app } = served
  const config = { access: { needs: 'patron-write' } } as const

  app.get('/patrons/:id/merge', { config }, (request, reply) =>
    showMerge(served, request, reply, { mergedCard: asked(request.query).text('card', scanned) }),
  )

  app.post('/patrons/:id/merge', { config }, async (request, reply) => {
    const { card } = await patronIn(served, request)
    const form = asked(request.body)
    const mergedCard = form.text('card', scanned)
    const version = form.whole('version', identity) ?? 0
    const mergedVersion = form.whole('mergedVersion', identity) ?? 0
    const ask = { card, version, mergedCard, mergedVersion }
    const outcome = await act(served, request, mergePatrons, ask)
    if (outcome.outcome === 'refused')
      return showMerge(served, request, reply, { mergedCard, refusal: outcome.refusal })
    app.sessions.forget(`patron:${outcome.answer.mergedPatronId}`)
    return goTo(reply, `/patrons/${outcome.answer.patronId}`, { said: 'merged' })
  })
}

async function showMerge(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  { mergedCard, refusal }: { readonly mergedCard: string; readonly refusal?: Refused },
): Promise<FastifyReply> {
  const { db, clock } = served.library
  const kept = await patronIn(served, request)
  const [visit, seen] = await Promise.all([
    visitOf(served, request, reply),
    mergedCard ? mergePreview(db, { card: kept.card, mergedCard, now: clock() }) : undefined,
  ])
  const refused = refusal ?? (seen && 'refused' in seen ? seen : undefined)
  const frame = {
    title: visit.say('merge.title'),
    door: '/patrons',
    lead: visit.say('merge.lead'),
    status: refused ? statusOf(refused) : 200,
  }
  const preview = seen && !('refused' in seen) ? seen : undefined
  return show(reply, visit, frame, mergeView(visit, { kept, mergedCard, preview, refused }))
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import { type TakenBack, takeBack } from '../../circulation/take-back.ts'
import { asked, identity, scanned } from './asked.ts'
import { checkInView, type RefusedCheckIn } from './check-in-view.ts'
import { deskLines, lastAnswer } from './desk-lines.ts'
import { act, branchIdOf, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'

/** Check-in: scan a copy, and see where it goes now. */
export function checkInPages(served: Served): void {
  const { app } = served
  const config = { access: { needs: 'take-back' } } as const

  app.get('/check-in', { config }, (request, reply) => showCheckIn(served, request, reply))

  app.post('/check-in', { config }, async (request, reply) => {
    const barcode = asked(request.body).text('barcode', scanned)
    if (!barcode) return goTo(reply, '/check-in')
    const outcome = await act(served, request, takeBack, { barcode, branchId: branchIdOf(request) })
    if (outcome.outcome === 'done') return goTo(reply, '/check-in', { copy: outcome.answer.copyId })
    return showCheckIn(served, request, reply, { refusal: outcome.refusal, barcode })
  })
}

async function showCheckIn(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refused?: RefusedCheckIn,
): Promise<FastifyReply> {
  const visit = await visitOf(served, request, reply)
  const copyId = asked(request.query).whole('copy', identity)
  const [lines, taken] = await Promise.all([
    deskLines(served, visit, ['take-back']),
    copyId === undefined ? undefined : lastAnswer<TakenBack>(served, visit, { copyId, action: 'take-back' }),
  ])
  const frame = {
    title: 'Check in',
    ownHead: 'unseen' as const,
    door: '/check-in',
    scripts: ['desk.js'] as const,
    status: refused ? statusOf(refused.refusal) : 200,
  }
  return show(reply, visit, frame, checkInView(visit, { taken, refused, lines }))
}

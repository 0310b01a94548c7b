import type { FastifyReply, FastifyRequest } from 'fastify'
import { libraryId } from '../../circulation/library-settings.ts'
import type { TakenBack } from '../../circulation/take-back.ts'
import { address } from './address.ts'
import { asked, identity } from './asked.ts'
import { checkInPart, checkInView, type RefusedCheckIn } from './check-in-view.ts'
import { deskLines, lastAnswer } from './desk-lines.ts'
import { isLive } from './desk-page.ts'
import { readCode, scanAtDesk } from './desk-scan.ts'
import { goTo, type Served, show, showPart, statusOf, visitOf } from './serve-page.ts'

/** Check-in: scan a pile of what came back, and see where each goes now. */
export function checkInPages(served: Served): void {
  const { app } = served
  const config = { access: { needs: 'take-back' } } as const

  app.get('/check-in', { config }, (request, reply) =>
    showCheckIn(served, request, reply, { copyId: asked(request.query).whole('copy', identity) }),
  )

  app.post('/check-in', { config }, async (request, reply) => {
    const read = readCode(request.body)
    const { code } = read
    if (!code && !read.isUnreadable) return goTo(reply, '/check-in')
    const came = await scanAtDesk(served, request, { card: '', ...read, isReturn: true })
    switch (came.did) {
      case 'command':
        return isLive(request) ? reply.code(204).header('x-bibby-go', came.to).send() : goTo(reply, came.to)
      case 'take-back': {
        const { copyId } = came.answer
        if (!isLive(request)) return goTo(reply, '/check-in', { copy: copyId })
        return showCheckIn(served, request, reply, { copyId })
      }
      case 'nothing':
        return showCheckIn(served, request, reply, { refused: { refusal: came.refusal, barcode: code } })
      default:
        return goTo(reply, '/check-in')
    }
  })
}

async function showCheckIn(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  { copyId, refused }: { readonly copyId?: number | undefined; readonly refused?: RefusedCheckIn },
): Promise<FastifyReply> {
  const visit = await visitOf(served, request, reply)
  const [lines, last] = await Promise.all([
    deskLines(served, visit, { actions: ['take-back'] }),
    copyId === undefined ? undefined : lastAnswer(served, visit, { copyId, actions: ['take-back'] }),
  ])
  const frame = {
    title: visit.say('check-in.title'),
    ownHead: 'unseen' as const,
    door: '/check-in',
    scripts: ['desk.js'] as const,
    status: refused ? statusOf(refused.refusal) : 200,
  }
  const again = address('/check-in', { copy: refused ? undefined : copyId })
  const taken = last?.answer as TakenBack | undefined
  const shown = { taken, refused, lines, again }
  if (isLive(request)) return showPart(reply, frame.status, checkInPart(visit, shown))
  const id = await libraryId(served.library.db)
  return show(reply, visit, frame, checkInView(visit, { ...shown, libraryId: id }))
}

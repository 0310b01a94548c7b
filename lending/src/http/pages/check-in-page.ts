import type { FastifyReply, FastifyRequest } from 'fastify'
import { libraryId } from '../../circulation/library-settings.ts'
import type { TakenBack } from '../../circulation/take-back.ts'
import { address } from './address.ts'
import { asked, identity } from './asked.ts'
import { checkInPart, checkInView, type RefusedCheckIn } from './check-in-view.ts'
import { deskEntries, deskLines, lastAnswer } from './desk-lines.ts'
import { isLive } from './desk-page.ts'
import { answeredKey, goAnswered, ofThisLibrary, readCode, scanAtDesk } from './desk-scan.ts'
import { type Served, show, showPart, statusOf, visitOf } from './serve-page.ts'

/** Check-in: scan a pile of what came back, and see where each goes now. */
export function checkInPages(served: Served): void {
  const { app } = served
  const config = { access: { needs: 'take-back' } } as const

  app.get('/check-in', { config }, async (request, reply) => {
    const copyId = asked(request.query).whole('copy', identity)
    const last =
      copyId === undefined
        ? undefined
        : await lastAnswer(served, request.who, { copyId, actions: ['take-back'] })
    return showCheckIn(served, request, reply, { taken: last?.answer as TakenBack | undefined })
  })

  app.post('/check-in', { config }, async (request, reply) => {
    await ofThisLibrary(served.library, request)
    const read = readCode(request.body)
    const { code } = read
    if (!code && !read.isUnreadable) return goAnswered(request, reply, '/check-in')
    const came = await scanAtDesk(served, request, { card: '', ...read, isReturn: true })
    switch (came.did) {
      case 'command':
        return isLive(request)
          ? reply.code(204).header('x-bibby-go', came.to).send()
          : goAnswered(request, reply, came.to)
      case 'take-back': {
        const { answer } = came
        if (!isLive(request)) return goAnswered(request, reply, '/check-in', { copy: answer.copyId })
        return showCheckIn(served, request, reply, { taken: answer })
      }
      case 'nothing':
        return showCheckIn(served, request, reply, { refused: { refusal: came.refusal, barcode: code } })
      default:
        return goAnswered(request, reply, '/check-in')
    }
  })
}

async function showCheckIn(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  { taken, refused }: { readonly taken?: TakenBack | undefined; readonly refused?: RefusedCheckIn },
): Promise<FastifyReply> {
  const [visit, entries] = await Promise.all([
    visitOf(served, request, reply),
    deskEntries(served, request.who, { actions: ['take-back'] }),
  ])
  const frame = {
    title: visit.say('check-in.title'),
    ownHead: 'unseen' as const,
    door: '/check-in',
    scripts: ['desk.js'] as const,
    status: refused ? statusOf(refused.refusal) : 200,
  }
  const again = address('/check-in', { copy: taken?.copyId })
  const shown = { taken, refused, lines: deskLines(visit, entries), again, answered: answeredKey(request) }
  if (isLive(request)) return showPart(reply, frame.status, checkInPart(visit, shown))
  const id = await libraryId(served.library.db)
  return show(reply, visit, frame, checkInView(visit, { ...shown, libraryId: id }))
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import { survivorOf } from '../../catalogue/survivor.ts'
import { type Title, title } from '../../catalogue/title.ts'
import { neighbours } from '../../catalogue/title-series.ts'
import { holdsOn } from '../../circulation/accounts.ts'
import { placeHold } from '../../circulation/hold.ts'
import { oftenLentWith } from '../../circulation/lent-together.ts'
import { branches } from '../../circulation/places.ts'
import type { Library } from '../../library.ts'
import { may } from '../../staff/permission.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { asked, identity, scanned } from './asked.ts'
import type { Refused } from './refusal-notice.ts'
import { act, goTo, idIn, originOf, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { titleMeta } from './title-meta.ts'
import { type NearTitles, titleView } from './title-view.ts'

/** One title: its copies, where they are, and placing a hold. */
export function titlePages(served: Served): void {
  const { app, library } = served
  app.get('/titles/:id', { config: { access: { needs: 'search' } } }, async (request, reply) => {
    const survivor = await survivorOf(library.db, idIn(request) ?? 0)
    // For good, but not to be remembered by a browser: a merging can be undone.
    if (survivor !== undefined)
      return reply.header('cache-control', 'no-cache').redirect(`/titles/${survivor}`, 301)
    return showTitle(served, request, reply)
  })

  const access = { needs: 'hold', orPatron: true } as const
  app.post('/titles/:id/hold', { config: { access } }, async (request, reply) => {
    const titleId = idIn(request) ?? 0
    const form = asked(request.body)
    const card = form.text('card', scanned)
    const pickupBranchId = form.whole('branch', identity) ?? 0
    const { who } = request
    const forWhom = who?.kind === 'patron' ? { patronId: who.patronId } : { card }
    const outcome = await act(served, request, placeHold, { titleId, pickupBranchId, ...forWhom })
    if (outcome.outcome === 'refused')
      return showTitle(served, request, reply, { refusal: outcome.refusal, card })
    return goTo(reply, `/titles/${titleId}`, { said: 'hold-placed' })
  })
}

async function showTitle(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  tried?: { readonly refusal: Refused; readonly card: string },
): Promise<FastifyReply> {
  const { db, covers } = served.library
  const shown = await titleIn(served, request)
  const isTold = request.who?.kind === 'staff' && may(request.who, 'patron-read')
  const [visit, places, queue, [cover], near] = await Promise.all([
    visitOf(served, request, reply),
    branches(db),
    isTold ? holdsOn(db, shown.titleId) : [],
    covers.of([shown]),
    nearTo(served.library, shown),
  ])
  const origin = originOf(request)
  const frame = {
    title: shown.title,
    head: titleMeta(visit, { title: shown, cover, origin }),
    door: '/',
    ownHead: true,
    status: tried ? statusOf(tried.refusal) : 200,
  }
  return show(
    reply,
    visit,
    frame,
    titleView(visit, {
      title: shown,
      cover,
      near,
      address: `${origin}/titles/${shown.titleId}`,
      places,
      queue,
      tried,
    }),
  )
}

/** The title that an address names; one that was deleted is there for cataloguers only. */
async function titleIn({ library }: Served, request: FastifyRequest): Promise<Title> {
  const titleId = idIn(request)
  const found = titleId === undefined ? undefined : await title(library.db, titleId)
  const isHidden = found?.deletedAt && !may(request.who, 'catalogue-write')
  if (!found || isHidden) throw new RefusedAtTheDoorError('title-unknown')
  return found
}

async function nearTo({ db, searchDb, covers }: Library, shown: Title): Promise<NearTitles> {
  const [series, lentTogether] = await Promise.all([
    neighbours(searchDb, shown),
    oftenLentWith(db, shown.titleId),
  ])
  return { series, lentTogether, covers: await covers.of(lentTogether) }
}

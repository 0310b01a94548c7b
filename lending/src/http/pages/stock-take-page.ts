import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { copyLimits } from '../../catalogue/checked-copy.ts'
import { endStockTake, scanShelf, startStockTake } from '../../catalogue/stock-take/look-through.ts'
import { markFound, markMissing } from '../../catalogue/stock-take/missing.ts'
import {
  type After,
  notSeen,
  notSeenCsv,
  notSeenFileMax,
  notSeenMax,
} from '../../catalogue/stock-take/not-seen.ts'
import {
  progressOf,
  type StockTake,
  scansOf,
  shelvesOf,
  stockTake,
  stockTakes,
} from '../../catalogue/stock-take/stock-take.ts'
import { libraryId } from '../../circulation/library-settings.ts'
import { branches } from '../../circulation/places.ts'
import { stillAsked } from '../../postgres/asker.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { asked, identity, scanned } from './asked.ts'
import { ofThisLibrary, readCode } from './desk-scan.ts'
import type { Refused } from './refusal-notice.ts'
import { act, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { notSeenView, stockTakesView, stockTakeView } from './stock-take-view.ts'
import type { Visit } from './visit.ts'

const config = { access: { needs: 'catalogue-write' } } as const
const listedMax = 50
const scansShown = 10
const shelvesMax = 200

/** Stock-takes: looking through a shelf copy by copy, and what was expected there and not seen. */
export function stockTakePages(served: Served): void {
  const { app } = served
  app.get('/stock-takes', { config }, (request, reply) => showAll(served, request, reply))

  app.post('/stock-takes', { config }, async (request, reply) => {
    const form = asked(request.body)
    const branch = form.text('branch', { max: 32, label: 'the-branch' })
    const shelf = form.text('shelf', { max: copyLimits.shelf, label: 'the-shelf' })
    if (Object.keys(form.problems).length > 0)
      return showAll(served, request, reply, { refused: 'fields-invalid', problems: form.problems })
    const outcome = await act(served, request, startStockTake, { branch, shelf })
    if (outcome.outcome === 'refused') return showAll(served, request, reply, outcome.refusal)
    return goTo(reply, `/stock-takes/${outcome.answer.stockTakeId}`)
  })

  scanning(served)
  listing(served)
  missing(served)
}

function scanning(served: Served): void {
  const { app } = served
  app.get('/stock-takes/:id', { config }, (request, reply) => {
    const barcode = asked(request.query).text('scanned', scanned)
    return showOne(served, request, reply, barcode ? { barcode } : {})
  })

  app.post('/stock-takes/:id', { config }, async (request, reply) => {
    await ofThisLibrary(served.library, request)
    const { stockTakeId } = await stockTakeIn(served, request)
    const { code: barcode, isUnreadable } = readCode(request.body)
    if (isUnreadable)
      return showOne(served, request, reply, { barcode, refusal: { refused: 'code-unreadable' } })
    if (!barcode) return goTo(reply, `/stock-takes/${stockTakeId}`)
    const outcome = await act(served, request, scanShelf, { stockTakeId, barcode })
    if (outcome.outcome === 'refused')
      return showOne(served, request, reply, { barcode, refusal: outcome.refusal })
    return goTo(reply, `/stock-takes/${stockTakeId}`, { scanned: outcome.answer.barcode })
  })

  app.post('/stock-takes/:id/end', { config }, async (request, reply) => {
    const { stockTakeId } = await stockTakeIn(served, request)
    const outcome = await act(served, request, endStockTake, { stockTakeId })
    if (outcome.outcome === 'refused') throw new RefusedAtTheDoorError('stock-take-unknown')
    return goTo(reply, `/stock-takes/${stockTakeId}/not-seen`)
  })
}

function listing(served: Served): void {
  const { app, library, limits } = served
  app.get('/stock-takes/:id/not-seen', { config }, (request, reply) => showNotSeen(served, request, reply))

  // HEAD would read all of it for an answer without a body.
  const file = { config, exposeHeadRoute: false, handlerTimeout: limits.longHandlerMs }
  app.get('/stock-takes/:id/not-seen.csv', file, async (request, reply) => {
    const { stockTakeId, branch } = await stockTakeIn(served, request)
    const { say } = await visitOf(served, request, reply)
    const columns = [
      say('stock-take.call-number'),
      say('stock-take.barcode'),
      say('stock-take.title'),
      say('stock-take.authors'),
      say('stock-take.item-type'),
    ]
    const overText = say('stock-take.csv-over', { max: notSeenFileMax })
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="not-seen-${branch}-${stockTakeId}.csv"`)
      .send(Readable.from(stillAsked(notSeenCsv(library.db, stockTakeId, { columns, overText }))))
  })
}

function missing(served: Served): void {
  const { app } = served
  app.post('/stock-takes/:id/missing', { config }, async (request, reply) => {
    const { stockTakeId } = await stockTakeIn(served, request)
    const copyIds = idsIn(request)
    const outcome = await act(served, request, markMissing, { stockTakeId, copyIds })
    if (outcome.outcome === 'refused') return showNotSeen(served, request, reply, outcome.refusal)
    return goTo(reply, `/stock-takes/${stockTakeId}/not-seen`, { said: 'marked-missing' })
  })

  app.post('/stock-takes/:id/missing/undo', { config }, async (request, reply) => {
    const { stockTakeId } = await stockTakeIn(served, request)
    const outcome = await act(served, request, markFound, { stockTakeId })
    if (outcome.outcome === 'refused') return showNotSeen(served, request, reply, outcome.refusal)
    return goTo(reply, `/stock-takes/${stockTakeId}/not-seen`, { said: 'missing-undone' })
  })

  app.post('/stock-takes/:id/found', { config }, async (request, reply) => {
    const { stockTakeId } = await stockTakeIn(served, request)
    const form = asked(request.body)
    const copyId = form.whole('copyId', identity) ?? 0
    const outcome = await act(served, request, markFound, { copyIds: [copyId] })
    if (outcome.outcome === 'refused')
      return showOne(served, request, reply, { barcode: '', refusal: outcome.refusal })
    return goTo(reply, `/stock-takes/${stockTakeId}`, { said: 'copy-found' })
  })
}

/** The copies that the list named when it was read. */
function idsIn(request: FastifyRequest): readonly number[] {
  const text = asked(request.body).text('copies', { max: notSeenMax * 20, label: 'the-copies' })
  return text
    .split(' ')
    .filter((each) => /^\d{1,15}$/.test(each))
    .map(Number)
}

async function showAll(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const { db } = served.library
  const [visit, takes, places] = await Promise.all([
    visitOf(served, request, reply),
    stockTakes(db, { limit: listedMax }),
    branches(db),
  ])
  const form = asked(request.method === 'GET' ? request.query : request.body)
  const branch = form.text('branch', { max: 32, label: 'the-branch' }) || (visit.branch?.code ?? '')
  const at = places.find(({ code }) => code === branch) ?? places[0]
  const shelves = at ? await shelvesOf(db, at.branchId, { limit: shelvesMax }) : []
  const typed = { branch, shelf: form.text('shelf', { max: copyLimits.shelf, label: 'the-shelf' }) }
  const frame = {
    title: visit.say('stock-takes.title'),
    door: '/stock-takes',
    lead: visit.say('stock-takes.lead'),
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(reply, visit, frame, stockTakesView(visit, { takes, places, shelves, typed, refusal }))
}

async function showOne(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  { barcode, refusal }: { readonly barcode?: string; readonly refusal?: Refused },
): Promise<FastifyReply> {
  const { db } = served.library
  const take = await stockTakeIn(served, request)
  const { stockTakeId } = take
  const [visit, id, progress, latest, [last], needing] = await Promise.all([
    visitOf(served, request, reply),
    libraryId(db),
    progressOf(db, stockTakeId),
    scansOf(db, stockTakeId, { limit: scansShown }),
    barcode === undefined ? [] : scansOf(db, stockTakeId, { limit: 1, barcode }),
    scansOf(db, stockTakeId, { limit: listedMax, needs: true }),
  ])
  const frame = {
    title: titleOf(visit, take),
    door: '/stock-takes',
    scripts: take.endedAt === null ? (['desk.js'] as const) : [],
    status: refusal ? statusOf(refusal) : 200,
  }
  const refused = refusal && { refusal, barcode: barcode ?? '' }
  const shown = { take, progress, latest, last, needing, refused, libraryId: id }
  return show(reply, visit, frame, stockTakeView(visit, shown))
}

async function showNotSeen(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const { db } = served.library
  const take = await stockTakeIn(served, request)
  const { stockTakeId } = take
  const after = afterIn(request)
  const [visit, progress, copies] = await Promise.all([
    visitOf(served, request, reply),
    progressOf(db, stockTakeId),
    notSeen(db, stockTakeId, { after }),
  ])
  const frame = {
    title: visit.say('stock-take.not-seen'),
    door: '/stock-takes',
    lead: titleOf(visit, take),
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(reply, visit, frame, notSeenView(visit, { take, progress, copies, refusal }))
}

function afterIn(request: FastifyRequest): After | undefined {
  const form = asked(request.method === 'GET' ? request.query : {})
  const copyId = form.whole('after', identity)
  const callNumber = form.text('callNumber', { max: copyLimits.callNumber, label: 'the-call-number' })
  return copyId === undefined ? undefined : { copyId, callNumber }
}

function titleOf({ say }: Visit, { branchName, shelf }: StockTake): string {
  return shelf === ''
    ? say('stock-take.without-shelf', { branch: branchName })
    : say('stock-take.of-shelf', { branch: branchName, shelf })
}

async function stockTakeIn({ library }: Served, request: FastifyRequest): Promise<StockTake> {
  const stockTakeId = idIn(request)
  const found = stockTakeId === undefined ? undefined : await stockTake(library.db, stockTakeId)
  if (!found) throw new RefusedAtTheDoorError('stock-take-unknown')
  return found
}

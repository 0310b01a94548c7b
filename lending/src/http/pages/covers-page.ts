import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import type { FastifyRequest } from 'fastify'
import { coverBytesMax, coverWidths } from '../../catalogue/covers/covers.ts'
import { setCover } from '../../catalogue/covers/set-cover.ts'
import { title } from '../../catalogue/title.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { coverForm } from './cover-view.ts'
import { type Html, html } from './html.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { act, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { keepUpload, uploadPath } from './upload.ts'
import type { Visit } from './visit.ts'

/** More than this is not even received, to be refused in better words. */
const bodyBytesMax = 100_000_000
const yearSeconds = 365 * 24 * 60 * 60
/** What stands in for a picture for the moment; the browser asks again when the page is loaded again. */
const plainBoard =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 180" width="120" height="180"><path fill="#5a6470" d="M0 0h120v180H0z"/><path fill="#474f59" d="M0 0h9v180H0z"/></svg>'

/** Covers as pictures, and bringing one for a title. */
export function coverPages(served: Served): void {
  const { app, library } = served
  app.get<{ Params: { key: string; width: string }; Querystring: { v?: unknown } }>(
    '/covers/:key/:width',
    // Made one at a time, out of a folder: no desk waits for it, and no page lacks a picture for showing many.
    { config: { access: 'anyone', rateLimit: false } },
    async (request, reply) => {
      const width = coverWidths.find((each) => String(each) === request.params.width)
      const cover = width && (await library.covers.find(request.params.key))
      if (!cover) throw new RefusedAtTheDoorError('not-found')
      const etag = `"${cover.mark}-${width}"`
      const isCurrent = request.query.v === cover.mark
      const kept = isCurrent ? `public, max-age=${yearSeconds}, immutable` : 'no-cache'
      reply.headers({ etag, 'cache-control': kept })
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      const bytes = await library.covers.picture(cover, width).catch((error: unknown) => {
        request.log.warn({ err: error }, 'a cover could not be made')
        return 'busy' as const
      })
      if (typeof bytes !== 'string') return reply.type('image/webp').send(bytes)
      return reply
        .removeHeader('etag')
        .header('cache-control', 'no-store')
        .type('image/svg+xml')
        .send(plainBoard)
    },
  )

  const config = { access: { needs: 'catalogue-write' } } as const
  app.post('/titles/:id/cover', { config, bodyLimit: bodyBytesMax }, async (request, reply) => {
    const titleId = idIn(request)
    const found = titleId === undefined ? undefined : await title(library.db, titleId)
    if (!found || found.deletedAt) throw new RefusedAtTheDoorError('title-unknown')
    const refusal = await takeCover(served, request, found.titleId)
    if (!refusal) return goTo(reply, `/titles/${found.titleId}`, { said: 'cover-set' })
    const visit = await visitOf(served, request, reply)
    const frame = { title: visit.say('cover.title'), door: '/', lead: found.title, status: statusOf(refusal) }
    return show(reply, visit, frame, refusedView(visit, found.titleId, refusal))
  })
}

function refusedView(visit: Visit, titleId: number, refusal: Refused): Html {
  return html`<div class="stack">${refusalNotice(visit, refusal)}${coverForm(visit, titleId)}
    <p><a href="/titles/${titleId}">${visit.say('cover.back')}</a></p></div>`
}

/** Reads the picture that came, notes it, and puts it in its place; undefined when all of that is done. */
async function takeCover(
  served: Served,
  request: FastifyRequest,
  titleId: number,
): Promise<Refused | undefined> {
  const { covers } = served.library
  const upload = await keepUpload(served.library, request, { bytesMax: coverBytesMax }).catch(
    (error: unknown): Refused => {
      if (!(error instanceof RefusedAtTheDoorError)) throw error
      return { refused: error.refused === 'body-too-large' ? 'cover-too-large' : error.refused }
    },
  )
  if ('refused' in upload) return upload
  const path = await uploadPath(served.library, upload.uploadId)
  if (path === undefined) return { refused: 'file-empty' }
  try {
    const checked = await covers.check(path)
    if ('refused' in checked) return checked
    const bytes = await readFile(path)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    // The fields of an upload come with its file.
    request.body = upload.fields
    const { kind } = checked
    const outcome = await act(served, request, setCover, { titleId, kind, bytes: bytes.length, sha256 })
    if (outcome.outcome === 'refused') return outcome.refusal
    await covers.keep(titleId, path, kind)
    return undefined
  } finally {
    await rm(path, { force: true })
  }
}

import type { FastifyRequest } from 'fastify'
import { librarySettings } from '../../circulation/library-settings.ts'
import { branches } from '../../circulation/places.ts'
import { fence } from '../../postgres/fence.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import type { Problem } from '../problem.ts'
import { carried } from './form.ts'
import { type Html, html } from './html.ts'
import { page } from './layout.ts'
import { notice } from './notice.ts'
import { goTo, type Served, show, stoppedBy, UnsettledError, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'

/** Errors as decent pages: nothing here, not allowed, out of order, or not known whether it was done. */
export function problemPages(served: Served): void {
  const { app } = served
  app.problemPages.render = async (request, told) => {
    const visit = await problemVisit(served, request, told)
    return page(visit, { title: wordsFor(told).title, ownHead: true }, problemView(told)).html
  }
  app.setErrorHandler(async (error: Error, request, reply) => {
    if (error instanceof RefusedAtTheDoorError && error.refused === 'not-signed-in') {
      const to = request.method === 'GET' ? request.url : ''
      return goTo(reply, '/sign-in', { to, kind: staffPaths.test(request.url) && 'staff' })
    }
    if (!(error instanceof UnsettledError)) throw error
    const visit = await visitOf(served, request, reply).catch(() => problemVisit(served, request))
    reply.header('retry-after', 1)
    const frame = { title: 'Send it once more', status: 504 }
    return show(reply, visit, frame, unsettledView(request.url, request.body))
  })
}

/** Whoever asks for these is staff, so the sign-in page begins with their form. */
const staffPaths =
  /^\/(?:desk|check-in|shelf|overdue|patrons|imports|rules|journal|branches|staff|settings|halt|catalogue)\b/

/** What an error page may know: no token for a form, and no branch where the database cannot be asked. */
async function problemVisit(
  { library }: Served,
  { who, url }: FastifyRequest,
  told?: Problem,
): Promise<Visit> {
  const asked = { who, csrf: '', address: url, now: library.clock(), said: undefined }
  // Refused because too much is asked: it must cost next to nothing.
  if (told?.code === 'overloaded' || told?.code === 'too-many-requests')
    return { ...asked, branch: undefined, library: undefined, stopped: undefined }
  const [[branch], settings, stands] = await Promise.all([
    branches(library.db).catch(() => []),
    librarySettings(library.db).catch(() => undefined),
    fence(library.db).catch(() => undefined),
  ])
  return { ...asked, branch, library: settings, stopped: stoppedBy(stands) }
}

const pageWords: Readonly<Record<string, { readonly title: string; readonly next: string }>> = {
  'not-found': {
    title: 'There is nothing at this address.',
    next: 'It may have been withdrawn, or mistyped.',
  },
  'form-stale': {
    title: 'The form is out of date.',
    next: 'Nothing was changed. Go back, load the page again, and send the form from there.',
  },
  'too-many-requests': {
    title: 'Too much was asked from here within a minute.',
    next: 'Wait a minute, then load the page again.',
  },
  'not-permitted': {
    title: 'You may not do this.',
    next: 'Ask somebody who may, or sign in as somebody else.',
  },
}

function wordsFor(told: Problem): { readonly title: string; readonly next: string } {
  return pageWords[told.code] ?? told
}

function problemView(told: Problem): Html {
  const { title, next } = wordsFor(told)
  const isFault = told.status >= 500
  // What is missing may have been named, with what to do: then guessing at why says less.
  const named = told.detail !== told.title && told.detail
  const isGuess = told.code === 'not-found' && named
  return html`<div class="hero">
    <h1>${title}</h1>
    ${named && html`<p>${named}</p>`}
    ${!isGuess && html`<p class="aside-text">${next}</p>`}
    ${isFault && html`<p class="soft small">For the operator: <span class="code">${told.instance.replace('urn:bibby:request:', '')}</span></p>`}
    <p class="actions"><a class="button" href="/">Search the catalogue</a></p>
  </div>`
}

/** The same form once more, with the same key: what was done already is not done again. */
function unsettledView(address: string, body: unknown): Html {
  const fields = Object.entries((body ?? {}) as Record<string, unknown>)
  return html`${notice('warn', {
    title: 'The connection was lost while this was being saved.',
    body: html`<p>It may have been saved, or not. Send it once more: if it was saved, it is not done twice.</p>`,
  })}
  <form class="section" method="post" action="${address}">
    ${fields.map(([name, value]) => typeof value === 'string' && carried(name, value))}
    <button class="button">Send it once more</button>
  </form>`
}

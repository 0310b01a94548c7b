import type { FastifyRequest } from 'fastify'
import { librarySettings } from '../../circulation/library-settings.ts'
import { branches } from '../../circulation/places.ts'
import { isMessageId } from '../../language/messages.ts'
import { fence } from '../../postgres/fence.ts'
import { refusalIn } from '../answers.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import type { Problem } from '../problem.ts'
import { carried } from './form.ts'
import { type Html, html } from './html.ts'
import { page } from './layout.ts'
import { notice } from './notice.ts'
import { languageOfRequest, sayIn } from './say.ts'
import { goTo, type Served, show, stoppedBy, UnsettledError, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'

/** Errors as decent pages: nothing here, not allowed, out of order, or not known whether it was done. */
export function problemPages(served: Served): void {
  const { app } = served
  app.problemPages.render = async (request, told) => {
    const visit = await problemVisit(served, request, told)
    return page(visit, { title: wordsFor(visit, told).title, ownHead: true }, problemView(visit, told)).html
  }
  app.setErrorHandler(async (error: Error, request, reply) => {
    if (error instanceof RefusedAtTheDoorError && error.refused === 'not-signed-in') {
      const to = request.method === 'GET' ? request.url : ''
      return goTo(reply, '/sign-in', { to, kind: staffPaths.test(request.url) && 'staff' })
    }
    if (!(error instanceof UnsettledError)) throw error
    const visit = await visitOf(served, request, reply).catch(() => problemVisit(served, request))
    reply.header('retry-after', 1)
    const frame = { title: visit.say('problem.send-again'), status: 504 }
    return show(reply, visit, frame, unsettledView(visit, request.body))
  })
}

/** Whoever asks for these is staff, so the sign-in page begins with their form. */
const staffPaths =
  /^\/(?:desk|check-in|shelf|overdue|patrons|imports|rules|journal|branches|staff|settings|halt|catalogue)\b/

/** What an error page may know: no token for a form, and no branch where the database cannot be asked. */
async function problemVisit({ library }: Served, request: FastifyRequest, told?: Problem): Promise<Visit> {
  const language = languageOfRequest(request)
  const asked = {
    language,
    say: sayIn(language),
    who: request.who,
    csrf: '',
    address: request.url,
    again: request.method === 'GET' ? request.url : '/',
    now: library.clock(),
    said: undefined,
  }
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

/** In the words of a page where there are some, or of the refusal; a fault tells itself. */
function wordsFor({ say }: Visit, told: Problem): { readonly title: string; readonly next: string } {
  const [title, next] = [`problem.${told.code}`, `problem.${told.code}.next`]
  if (isMessageId(title) && isMessageId(next)) return { title: say(title), next: say(next) }
  return isMessageId(`refused.${told.code}`) ? refusalIn(say, told.code) : told
}

function problemView(visit: Visit, told: Problem): Html {
  const { say } = visit
  const { title, next } = wordsFor(visit, told)
  const isFault = told.status >= 500
  // What is missing may have been named, with what to do: then guessing at why says less.
  const named = told.detail !== told.title && told.detail
  const isGuess = told.code === 'not-found' && named
  return html`<div class="hero">
    <h1>${title}</h1>
    ${named && html`<p>${named}</p>`}
    ${!isGuess && html`<p class="aside-text">${next}</p>`}
    ${isFault && html`<p class="soft small">${say('problem.for-the-operator', { id: html`<span class="code">${told.instance.replace('urn:bibby:request:', '')}</span>` })}</p>`}
    <p class="actions"><a class="button" href="/">${say('problem.search')}</a></p>
  </div>`
}

/** The same form once more, with the same key: what was done already is not done again. */
function unsettledView(visit: Visit, body: unknown): Html {
  const { say, address } = visit
  const fields = Object.entries((body ?? {}) as Record<string, unknown>)
  return html`${notice(visit, 'warn', {
    title: say('problem.unsettled'),
    body: html`<p>${say('problem.unsettled.next')}</p>`,
  })}
  <form class="section" method="post" action="${address}">
    ${fields.map(([name, value]) => typeof value === 'string' && carried(name, value))}
    <button class="button">${say('problem.send-again')}</button>
  </form>`
}

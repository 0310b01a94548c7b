import type { FastifyReply, FastifyRequest } from 'fastify'
import { librarySettings } from '../../circulation/library-settings.ts'
import { branches } from '../../circulation/places.ts'
import type { Library } from '../../library.ts'
import { type Fence, fence } from '../../postgres/fence.ts'
import {
  type By,
  type Outcome,
  type PlainObject,
  type Refusal,
  type Verb,
  write,
} from '../../postgres/write.ts'
import { answerTo } from '../answers.ts'
import type { App } from '../app.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import type { Limits } from '../limits.ts'
import type { WriteOutcome } from '../metrics.ts'
import { believedIn } from '../writing.ts'
import { address } from './address.ts'
import { asked, identity } from './asked.ts'
import { keyField } from './form.ts'
import type { Html } from './html.ts'
import { type Frame, page } from './layout.ts'
import { languageOfRequest, sayIn } from './say.ts'
import type { Visit } from './visit.ts'

/** What every page plugin works with. */
export type Served = { readonly app: App; readonly library: Library; readonly limits: Limits }

/** Learns what a page needs to know of the request: who, where, when. */
export async function visitOf(
  { library }: Served,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Visit> {
  const { who } = request
  const [places, settings, stands] = await Promise.all([
    branches(library.db),
    librarySettings(library.db),
    fence(library.db),
  ])
  const branch = places.find(({ branchId }) => branchId === who?.branchId) ?? places[0]
  const said = asked(request.query).text('said', { max: 40, label: 'the-field' })
  let csrf: string | undefined
  const language = languageOfRequest(request)
  return {
    language,
    say: sayIn(language),
    who,
    // Made when a form first needs it: a passer-by who only searches gets no cookie.
    get csrf() {
      csrf ??= reply.generateCsrf()
      return csrf
    },
    address: request.url,
    again: request.method === 'GET' ? request.url : '/',
    now: library.clock(),
    branch,
    library: settings,
    stopped: stoppedBy(stands),
    said: said || undefined,
  }
}

/** What a page says of a fence that lets nothing through. */
export function stoppedBy(stands: Fence | undefined): Visit['stopped'] {
  return stands === undefined || stands.mode === 'normal' ? undefined : stands
}

/** Sends a page. */
export function show(
  reply: FastifyReply,
  visit: Visit,
  frame: Frame & { readonly status?: number },
  content: Html,
): FastifyReply {
  return showPart(reply, frame.status ?? 200, page(visit, frame, content))
}

/** Sends a part of a page to the script that puts it in its place. */
export function showPart(reply: FastifyReply, status: number, content: Html): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('vary', 'accept-language, cookie')
    .send(content.html)
}

/** Goes on to another page, so that going back or reloading sends no form again. */
export function goTo(
  reply: FastifyReply,
  path: string,
  query: Parameters<typeof address>[1] = {},
): FastifyReply {
  return reply.redirect(address(path, query), 303)
}

/** Thrown where it is not known whether a write landed; the page asks to send the same form again. */
export class UnsettledError extends Error {
  override readonly name = 'UnsettledError'
  readonly code = 'BIBBY_COMMIT_UNKNOWN'
  constructor() {
    super('The connection was lost while this was being saved. Send the form again: it is done once.')
  }
}

/**
 * Does what a form asks, under the key that stands in the form: sent twice, it is done once. `part` tells several
 * writes of one form apart. `occurredAt` is when it happened, where that is not now.
 *
 * Throws UnsettledError, and what `write` throws.
 */
export async function act<Ask, Done extends PlainObject, Refused extends Refusal>(
  { library, app }: Served,
  request: FastifyRequest,
  verb: Verb<Ask, Done, Refused>,
  ask: Ask,
  { part = '', occurredAt }: { part?: string | number; occurredAt?: Date } = {},
): Promise<Settled<Done, Refused>> {
  const key = keyOf(request, part)
  request.idempotencyKey = key
  let became: WriteOutcome = 'failed'
  try {
    const by = {
      ...byOfForm({ library }, request),
      key,
      ...believedIn(verb.action, ask),
      ...(occurredAt && { occurredAt }),
    }
    const outcome = await write(library.db, by, verb, ask)
    became = outcome.outcome
    if (outcome.outcome === 'unknown') throw new UnsettledError()
    return outcome
  } finally {
    app.metrics.wrote(verb.action, became)
  }
}

/** Who sends the form, under which key. */
export function byOfForm({ library }: Pick<Served, 'library'>, request: FastifyRequest): By {
  if (!request.who) throw new RefusedAtTheDoorError('not-signed-in')
  return {
    actor: request.who.actor,
    key: keyOf(request),
    occurredAt: library.clock(),
    instance: library.instance,
  }
}

/** A write whose outcome is known. */
export type Settled<Done, Refused extends Refusal> = Exclude<
  Outcome<Done & PlainObject, Refused>,
  { readonly outcome: 'unknown' }
>

/** The key of the form, or of one part of what it asks. A form without one was not made by us. */
export function keyOf(request: FastifyRequest, part: string | number = ''): string {
  const key = asked(request.body).text(keyField, { max: 100, label: 'the-field' })
  if (/^[\x21-\x7e]{8,100}$/.test(key)) return part === '' ? key : `${key}:${part}`
  throw new RefusedAtTheDoorError(
    'request-invalid',
    {},
    'The form has no key. Load the page again, and send it again.',
  )
}

/** The HTTP status of a refusal. */
export function statusOf({ refused }: { readonly refused: string }): number {
  return answerTo(refused).status
}

/** The identity in the path, or undefined: then there is nothing here. */
export function idIn(request: FastifyRequest): number | undefined {
  return asked(request.params).whole('id', identity)
}

/** What stands before the path of an address here, as it was asked for: `https://library.example.org`. */
export function originOf({ protocol, host }: Pick<FastifyRequest, 'protocol' | 'host'>): string {
  return `${protocol}://${host}`
}

/** The branch at whose desk this member of staff works. */
export function branchIdOf({ who }: FastifyRequest): number {
  if (!who) throw new RefusedAtTheDoorError('not-signed-in')
  return who.branchId
}

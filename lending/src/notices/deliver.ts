import { CallError } from '@bibby/policies/call-error.ts'
import { deadlineIn } from '@bibby/policies/deadline.ts'
import { type Protection, protect } from '@bibby/policies/protect.ts'

/** A letter as the notice service takes it. The same id is the same letter, however often it is given. */
export type Letter = {
  readonly id: string
  readonly to: { readonly email: string; readonly name: string }
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** Where the notice service answers, and what it knows us by. */
export type NoticeService = { readonly url: string; readonly token: string }

/** What became of a letter that was given to the service. */
export type Delivered =
  | { readonly outcome: 'sent'; readonly messageId: string; readonly repeated: boolean }
  /** Never to be taken as it is. */
  | { readonly outcome: 'refused'; readonly because: string }
  /** Nothing was taken; the service, or the mail server behind it, is away. */
  | { readonly outcome: 'unavailable'; readonly because: string; readonly askedMs?: number }
  /** Not now, and it is about this letter, as greylisting and a full mailbox are, or it may be: a policy. */
  | { readonly outcome: 'put-off'; readonly because: string }
  /** It may have been sent. The same id tells, later. */
  | { readonly outcome: 'unknown'; readonly because: string }

/** Gives one letter to the service. Never throws: whatever happens is an outcome. `signal` cuts it short: unknown. */
export type Deliver = (letter: Letter, signal: AbortSignal) => Promise<Delivered>

/** The mail server may take two minutes over the end of a letter; what lasts longer has an unknown outcome. */
export const deliveryLimitMs = 150_000

/**
 * The way to a notice service: one deadline, a breaker that asks by one letter whether the service is back, and then
 * more by a ramp. It tries each letter once: the outbox is the retry, and there is no second one.
 */
export function wayTo(service: NoticeService, { clock }: Pick<Protection, 'clock'> = {}): Deliver {
  const time = clock ? { clock } : {}
  const guarded = protect('The notice service', {
    classify: (error) => (error instanceof NotSentError ? error.kind : 'unknown-outcome'),
    atOnceMax: 6,
    waitingMax: 0,
    retry: { triesMax: 1 },
    breaker: { windowMs: 60_000, callsMin: 5, failedPercent: 50, openMs: 2_000, probes: 1, rampMs: 10_000 },
    ...time,
  })
  return async (letter, signal) => {
    const deadline = deadlineIn(deliveryLimitMs, { signal, ...time })
    return guarded
      .call((limits) => post(service, letter, limits.signal), { deadline })
      .catch((error: unknown) => outcomeOfError(error))
  }
}

/** An answer that is not “sent”, and of which kind. */
class NotSentError extends Error {
  override readonly name = 'NotSentError'
  readonly code = 'BIBBY_NOTICE_NOT_SENT'
  readonly kind: CallError['kind']
  readonly because: string
  readonly askedMs: number | undefined
  constructor(kind: CallError['kind'], because: string, { askedMs }: { askedMs?: number } = {}) {
    super(`The notice service did not send the letter: ${because}.`)
    this.kind = kind
    this.because = because
    this.askedMs = askedMs
  }
}

function outcomeOfError(error: unknown): Delivered {
  if (!(error instanceof CallError)) throw error
  const cause = error.cause instanceof NotSentError ? error.cause : undefined
  if (cause && putOff.has(cause.because)) return { outcome: 'put-off', because: cause.because }
  if (error.kind === 'permanent') return { outcome: 'refused', because: cause?.because ?? 'refused' }
  if (error.kind === 'transient') {
    const asked = cause?.askedMs === undefined ? {} : { askedMs: cause.askedMs }
    return { outcome: 'unavailable', because: cause?.because ?? 'notice-service-away', ...asked }
  }
  const ours = error.kind === 'self-inflicted' ? 'we-stood-still' : 'no-answer'
  return { outcome: 'unknown', because: cause?.because ?? ours }
}

/** Errors before any of the letter was on its way. */
const neverLeft = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

async function post({ url, token }: NoticeService, letter: Letter, signal: AbortSignal): Promise<Delivered> {
  const response = await fetch(new URL('api/v1/notifications', url.endsWith('/') ? url : `${url}/`), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(letter),
    redirect: 'error',
    signal,
  }).catch((error: unknown) => {
    if (neverLeft.has(codeOf(error))) throw new NotSentError('transient', 'notice-service-unreachable')
    throw new NotSentError('unknown-outcome', 'connection-lost')
  })
  return answered(response, await bodyOf(response))
}

type Body = { readonly messageId?: unknown; readonly repeated?: unknown; readonly code?: unknown }

async function bodyOf(response: Response): Promise<Body> {
  const body: unknown = await response.json().catch(() => ({}))
  return typeof body === 'object' && body !== null ? body : {}
}

/** What the service says when the mail server puts off one mail, or refuses it by a policy that may be about all of ours. */
const putOff = new Set(['mail-put-off', 'refused-by-policy'])
/** This letter will never be taken. */
const refusing = new Set([400, 413, 422])
/** Nothing was taken. Not let in, or not found, is a setting that is wrong: no letter should die of it. */
const away = new Set([401, 403, 404, 405, 429, 503])

function answered(response: Response, body: Body): Delivered {
  const { status } = response
  if (status === 200 && typeof body.messageId === 'string' && body.messageId !== '') {
    return { outcome: 'sent', messageId: body.messageId, repeated: body.repeated === true }
  }
  const because = typeof body.code === 'string' && codeShape.test(body.code) ? body.code : `status-${status}`
  if (refusing.has(status) || because === 'id-reused') throw new NotSentError('permanent', because)
  // For the breaker this is an answer like any other: the service and the mail server work.
  if (putOff.has(because)) throw new NotSentError('permanent', because)
  if (away.has(status)) throw new NotSentError('transient', because, askedOf(response))
  throw new NotSentError('unknown-outcome', because)
}

const codeShape = /^[a-z][a-z0-9-]{0,63}$/
const secondsShape = /^\d{1,6}$/

function askedOf(response: Response): { readonly askedMs?: number } {
  const after = response.headers.get('retry-after') ?? ''
  return secondsShape.test(after) ? { askedMs: Number(after) * 1_000 } : {}
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
}

import type { FastifyReply } from 'fastify'
import type { RefusalCode } from './deliver.ts'

/** How a refusal is answered: once, here, for all of them. */
export type Answer = {
  readonly status: number
  readonly title: string
  readonly next: string
  readonly retryAfterSeconds?: number
}

/** What this service says no with. */
export type AnswerCode =
  | RefusalCode
  | 'request-invalid'
  | 'body-too-large'
  | 'media-type-unknown'
  | 'token-wrong'
  | 'not-found'
  | 'fault'

/** The one table from refusal to answer. */
export const answers: Readonly<Record<AnswerCode, Answer>> = {
  'refused-by-mail-server': {
    status: 422,
    title: 'The mail server does not take this mail, and will not take it later.',
    next: 'Look at the address, or at what the mail server said.',
  },
  'address-not-allowed': {
    status: 422,
    title: 'This system may not send mail to this address.',
    next: 'BIBBY_MAIL_ONLY_TO lists who may get mail from it.',
  },
  'mail-server-unavailable': {
    status: 503,
    title: 'The mail server took nothing.',
    next: 'Ask again later with the same id.',
    retryAfterSeconds: 10,
  },
  'mail-put-off': {
    status: 503,
    title: 'The mail server puts this mail off, and may well take others.',
    next: 'Ask again later with the same id.',
    retryAfterSeconds: 60,
  },
  'refused-by-policy': {
    status: 503,
    title: 'A policy of the mail server refuses this mail, and may refuse all mail from here.',
    next: 'Look at what it said: a blocklist, SPF, DKIM or the name of the host. Ask again later with the same id.',
    retryAfterSeconds: 600,
  },
  'outcome-unknown': {
    status: 504,
    title: 'The mail server had the mail and did not say what became of it.',
    next: 'Ask again with the same id: the mail goes out again under the same Message-ID, and the answer says so.',
  },
  'in-progress': {
    status: 409,
    title: 'A notice with this id is being sent at this moment.',
    next: 'Ask again with the same id for its outcome.',
    retryAfterSeconds: 1,
  },
  'id-reused': {
    status: 409,
    title: 'Another notice had this id.',
    next: 'Give each notice an id of its own, and change nothing when asking again.',
  },
  'too-busy': {
    status: 503,
    title: 'Too many notices are being sent at once; nothing was done with this one.',
    next: 'Ask again in a moment.',
    retryAfterSeconds: 1,
  },
  'memory-unavailable': {
    status: 503,
    title: 'Nothing was sent, for it could not be written down that it would be.',
    next: 'Make room on the disk of the notice folder, or make the folder writable.',
    retryAfterSeconds: 30,
  },
  stopping: {
    status: 503,
    title: 'The notice service is stopping; nothing was done with this notice.',
    next: 'Ask again in a moment.',
    retryAfterSeconds: 1,
  },
  'request-invalid': { status: 400, title: 'The request does not fit.', next: 'Mend what the detail names.' },
  'body-too-large': {
    status: 413,
    title: 'The notice is too large.',
    next: 'Say it in fewer words.',
  },
  'media-type-unknown': { status: 415, title: 'Notices are taken as JSON.', next: 'Send application/json.' },
  'token-wrong': {
    status: 401,
    title: 'The token is missing or wrong.',
    next: 'Send Authorization: Bearer with the content of notice-token or BIBBY_NOTICE_TOKEN.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here.',
    next: 'POST /api/v1/notifications takes notices.',
  },
  fault: {
    status: 500,
    title: 'Something broke; whether the mail went out is not known.',
    next: 'Ask again with the same id. The log tells more under the id of the request.',
  },
}

/** Sends a refusal as problem+json (RFC 9457): a stable code, what it means, what to do next. */
export function sendRefusal(
  reply: FastifyReply,
  code: AnswerCode,
  facts: { readonly detail?: string } & Readonly<Record<string, unknown>> = {},
): FastifyReply {
  const { status, title, next, retryAfterSeconds } = answers[code]
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds)
  if (code === 'token-wrong') reply.header('www-authenticate', 'Bearer')
  const { detail = title, ...rest } = facts
  return reply
    .code(status)
    .type('application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send({
      ...rest,
      type: `urn:bibby:problem:${code}`,
      title,
      status,
      code,
      detail,
      next,
      instance: `urn:bibby:request:${reply.request.id}`,
    })
}

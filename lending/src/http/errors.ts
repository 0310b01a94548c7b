import type { IncomingMessage } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify'
import { VerbHaltedError } from '../postgres/faults.ts'
import { answerTo } from './answers.ts'
import type { App } from './app.ts'
import { commitUnknown, type FaultAnswer, faultAnswer } from './faults.ts'
import { type Problem, problem, sendProblem } from './problem.ts'
import type { RefusalCode } from './refusal-codes.ts'
import { isApi } from './signed-in.ts'

/** Thrown by a hook or handler that says no before any verb is asked. */
export class RefusedAtTheDoorError extends Error {
  override readonly name = 'RefusedAtTheDoorError'
  readonly code = 'BIBBY_REFUSED_AT_THE_DOOR'
  readonly refused: RefusalCode
  readonly facts: Readonly<Record<string, unknown>>
  constructor(refused: RefusalCode, facts: Readonly<Record<string, unknown>> = {}, detail?: string) {
    super(detail ?? answerTo(refused).title)
    this.refused = refused
    this.facts = facts
  }
}

/** Names the verb that is halted, where that alone is why something is not done. */
const haltedHeader = 'x-bibby-halted'

/** Our code for what Fastify refuses by itself. */
const byFastifyCode: Readonly<Record<string, RefusalCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_REQ_FILE_TOO_LARGE: 'body-too-large',
  FST_FILES_LIMIT: 'body-too-large',
  FST_FIELDS_LIMIT: 'body-too-large',
  FST_PARTS_LIMIT: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type-unknown',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'media-type-unknown',
  FST_CSRF_MISSING_SECRET: 'form-stale',
  FST_CSRF_INVALID_TOKEN: 'form-stale',
  FST_ERR_NOT_FOUND: 'not-found',
}

/** How many problems of one request are named; the rest come after these are mended. */
const problemsMax = 10

/** Answers every error with a problem, as a page to a browser and as JSON to all else; faults go to the log. */
export function addErrorHandler(app: App): void {
  app.decorate('problemPages', {})
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const told = problemOf(error, request)
    if (error.code === 'BIBBY_ASKER_LEFT') {
      // The connection has closed, or will hear that the time is over.
      reply.hijack()
      return reply
    }
    prepareReply(error, request, reply, told)
    const { render } = app.problemPages
    if (!render || !wantsPage(request)) return sendProblem(reply, told)
    const page = await render(request, told)
    return reply.code(told.status).type('text/html; charset=utf-8').send(page)
  })
}

function wantsPage(request: FastifyRequest): boolean {
  return !isApi(request) && (request.headers.accept ?? '').includes('text/html')
}

/** Log line and headers that go with a problem, whichever form its body takes. */
function prepareReply(error: unknown, request: FastifyRequest, reply: FastifyReply, told: Problem): void {
  // What is refused to save time must not take any; it is counted.
  if (told.status >= 500 && told.code !== 'overloaded')
    request.log.error({ err: error, code: told.code }, told.title)
  const seconds = told.retryAfterSeconds
  if (typeof seconds === 'number') reply.header('retry-after', Math.ceil(seconds))
  // The library is there: whoever keeps scans goes on with what is not halted.
  if (error instanceof VerbHaltedError) reply.header(haltedHeader, error.verb)
  // What is left of a long body is not read: the connection cannot carry another request.
  if (!request.raw.complete && hasLongBody(request.raw)) reply.header('connection', 'close')
}

/** What is left of a body of up to so many bytes is read off, for less than a new connection costs. */
const readOffMax = 65_536

/** Whether more than that comes behind the headers, or nobody knows how much. */
export function hasLongBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > readOffMax
}

/** The problem that an error is told as. A page renders the same one as a page. */
export function problemOf(error: unknown, request: FastifyRequest): Problem {
  const requestId = request.id
  const refusal = refusalIn(error, request)
  if (refusal) {
    const { code, detail, facts } = refusal
    return problem(code, answerTo(code), { requestId, detail, facts })
  }
  const fault = faultIn(error, request)
  const facts = {
    traceId: requestId,
    ...(fault.retryAfterSeconds ? { retryAfterSeconds: fault.retryAfterSeconds } : {}),
    ...(request.idempotencyKey ? { idempotencyKey: request.idempotencyKey } : {}),
  }
  return problem(fault.code, fault, { requestId, facts })
}

type RefusalTold = { code: RefusalCode; detail: string; facts: object }

function refusalIn(error: unknown, request: FastifyRequest): RefusalTold | undefined {
  if (error instanceof RefusedAtTheDoorError) {
    return { code: error.refused, detail: error.message, facts: error.facts }
  }
  const { code, statusCode, validation, validationContext, message } = error as Partial<FastifyError>
  if (validation) {
    const found = validation
      // Said of each unknown field by itself too.
      .filter(({ keyword }) => keyword !== 'additionalProperties')
      .slice(0, problemsMax)
      .map((each) => ({ at: `${validationContext ?? 'body'}${each.instancePath}`, says: saying(each) }))
    const [first] = found
    const detail = first ? `${first.at} ${first.says}.` : 'The request does not fit.'
    const problems = Object.fromEntries(found.map(({ at, says }) => [at, says]))
    return { code: 'request-invalid', detail, facts: { problems } }
  }
  if (code === 'FST_ERR_HANDLER_TIMEOUT' && !request.raw.complete) return door('request-timeout')
  // zlib's word for a packed file that is cut off or was never packed.
  if (typeof code === 'string' && code.startsWith('Z_'))
    return { ...door('request-invalid'), detail: 'The packed file is broken.' }
  const known = code === undefined ? undefined : byFastifyCode[code]
  if (known) return door(known)
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return { ...door('request-invalid'), detail: message ?? 'The request does not fit.' }
  }
  return undefined
}

function saying({ keyword, schemaPath, message }: FastifySchemaValidationError): string {
  const isUnknown = keyword === 'boolean' && schemaPath.endsWith('/additionalProperties')
  return isUnknown ? 'is an unknown field' : (message ?? 'does not fit')
}

function door(code: RefusalCode): RefusalTold {
  return { code, detail: answerTo(code).title, facts: {} }
}

/** A write that was cut off by the clock may have landed; all other faults wrote nothing. */
function faultIn(error: unknown, request: FastifyRequest): FaultAnswer {
  const { code } = error as Partial<FastifyError>
  return code === 'FST_ERR_HANDLER_TIMEOUT' && request.idempotencyKey ? commitUnknown : faultAnswer(error)
}

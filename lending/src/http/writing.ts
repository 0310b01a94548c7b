import { randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Library } from '../library.ts'
import { type By, type Outcome, type PlainObject, type Refusal, type Verb, write } from '../postgres/write.ts'
import { RefusedAtTheDoorError } from './errors.ts'
import { commitUnknown } from './faults.ts'
import type { WriteOutcome } from './metrics.ts'
import { problem, sendProblem, sendRefusal } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The key under which this request writes, once it is about to. */
    idempotencyKey: string | undefined
  }
}

/** The epoch that a write was opened under: who keeps the answer can tell which history it belongs to. */
export const epochHeader = 'bibby-epoch'

/** Who asks, under which key: from the request, or made here. Refuses a key that is not one. */
export function byOf(library: Library, request: FastifyRequest, reply: FastifyReply): By {
  if (!request.who) throw new RefusedAtTheDoorError('not-signed-in')
  const key = keyOf(request)
  request.idempotencyKey = key
  reply.header('idempotency-key', key)
  return {
    actor: request.who.actor,
    key,
    occurredAt: library.clock(),
    instance: library.instance,
    onOpened: (epoch) => reply.header(epochHeader, epoch),
  }
}

/** What each edit is made from a version of. */
const edited: Readonly<Record<string, string>> = {
  'edit-title': 'title',
  'edit-record': 'title',
  'edit-copy': 'copy',
  'edit-patron': 'patron',
  'edit-staff': 'staff',
  'merge-patrons': 'patron',
  'edit-library': 'library',
}

/** The version that whoever edits had seen, for the journal: who merges two histories later weighs it. */
export function believedIn(action: string, ask: unknown): Pick<By, 'believed'> {
  const noun = edited[action]
  const { version, mergedVersion } = (ask ?? {}) as { version?: unknown; mergedVersion?: unknown }
  if (noun === undefined || typeof version !== 'number') return {}
  return {
    believed: { [noun]: version, ...(typeof mergedVersion === 'number' ? { merged: mergedVersion } : {}) },
  }
}

/** The key that came with the request, or a new one. */
export function keyOf(request: FastifyRequest): string {
  const given = request.headers['idempotency-key']
  if (given === undefined) return randomUUID()
  if (typeof given === 'string' && /^[\x21-\x7e]{1,200}$/.test(given)) return given
  throw new RefusedAtTheDoorError(
    'request-invalid',
    {},
    'Idempotency-Key must be 1 to 200 printable ASCII characters.',
  )
}

/** Runs a verb for this request and answers with its outcome. `status` is that of an answer that is done. */
export async function answerWrite<Ask, Done extends PlainObject, Refused extends Refusal>(
  library: Library,
  request: FastifyRequest,
  reply: FastifyReply,
  writing: Writing<Ask, Done, Refused>,
): Promise<FastifyReply> {
  const outcome = await performed(library, request, reply, writing)
  return answerOutcome(request, reply, outcome, writing)
}

/** What to write, and how its answer is shown. */
export type Writing<Ask, Done extends PlainObject, Refused extends Refusal> = {
  readonly verb: Verb<Ask, Done, Refused>
  readonly ask: Ask
  /** Of an answer that is done. Default: 200. */
  readonly status?: 200 | 201
  /** What of the answer this caller may see. Default: all of it. */
  readonly show?: (done: Done) => object
}

/** Runs a verb for this request, counts what became of it, and leaves the answer to the caller. */
export async function performed<Ask, Done extends PlainObject, Refused extends Refusal>(
  library: Library,
  request: FastifyRequest,
  reply: FastifyReply,
  { verb, ask }: { verb: Verb<Ask, Done, Refused>; ask: Ask },
): Promise<Outcome<Done, Refused>> {
  const by = { ...byOf(library, request, reply), ...believedIn(verb.action, ask) }
  let became: WriteOutcome = 'failed'
  try {
    const outcome = await write(library.db, by, verb, ask)
    became = outcome.outcome
    if (outcome.outcome !== 'unknown' && outcome.repeated) reply.header('idempotency-replayed', 'true')
    return outcome
  } finally {
    request.server.metrics.wrote(verb.action, became)
  }
}

/** Sends an outcome: what was done, the refusal as the table says, or that it is not known. */
export function answerOutcome<Done extends PlainObject, Refused extends Refusal>(
  request: FastifyRequest,
  reply: FastifyReply,
  outcome: Outcome<Done, Refused>,
  { status = 200, show }: Pick<Writing<never, Done, Refused>, 'status' | 'show'> = {},
): FastifyReply {
  if (outcome.outcome === 'done') {
    return reply.code(status).send(show ? show(outcome.answer) : outcome.answer)
  }
  if (outcome.outcome === 'refused') return sendRefusal(reply, { ...outcome.refusal }, { who: request.who })
  const { code, retryAfterSeconds = 1 } = commitUnknown
  reply.header('retry-after', retryAfterSeconds)
  return sendProblem(
    reply,
    problem(code, commitUnknown, { requestId: request.id, facts: { idempotencyKey: outcome.key } }),
  )
}

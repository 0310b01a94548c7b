import { STATUS_CODES } from 'node:http'
import type { FastifyReply } from 'fastify'
import { flawsInEnglish } from '../language/flaw.ts'
import type { SignedIn } from '../staff/session.ts'
import { type Answer, answerTo } from './answers.ts'

/** The body of every answer that is not what was asked for: RFC 9457, with a stable code and what to do next. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly next: string
  /** Names this one occurrence; the server's log has it under the same id. */
  readonly instance: string
  readonly [fact: string]: unknown
}

/** The media type of a problem. */
export const problemType = 'application/problem+json; charset=utf-8'

/** Makes the problem for a code. Facts stand beside the standard members and never replace them. */
export function problem(
  code: string,
  { status, title, next }: Pick<Answer, 'status' | 'title' | 'next'>,
  { requestId, detail, facts = {} }: { requestId: string; detail?: string; facts?: object },
): Problem {
  return {
    ...facts,
    type: `urn:bibby:problem:${code}`,
    title,
    status,
    code,
    detail: detail ?? title,
    next,
    instance: `urn:bibby:request:${requestId}`,
  }
}

/** Facts that only staff may read: who has a copy, and who it waits for. */
const staffFacts = ['lentTo', 'patronCard', 'patronName', 'card', 'mergedInto'] as const

/** Answers with a refusal, as the table says. Whoever is not staff is not told who has what. */
export function sendRefusal(
  reply: FastifyReply,
  refusal: { readonly refused: string; readonly [fact: string]: unknown },
  { who, detail }: { who?: SignedIn | undefined; detail?: string } = {},
): FastifyReply {
  const { refused, ...rest } = refusal
  const facts: Record<string, unknown> = rest
  if (facts.problems !== undefined) facts.problems = flawsInEnglish(facts.problems)
  const answer = answerTo(refused)
  if (who?.kind !== 'staff') for (const name of staffFacts) delete facts[name]
  const seconds = facts.retryAfterSeconds
  if (typeof seconds === 'number') reply.header('retry-after', Math.ceil(seconds))
  return sendProblem(
    reply,
    problem(refused, answer, { requestId: reply.request.id, facts, ...(detail ? { detail } : {}) }),
  )
}

/** Sends a problem as it is. */
export function sendProblem(reply: FastifyReply, body: Problem): FastifyReply {
  return reply.code(body.status).type(problemType).serializer(JSON.stringify).send(body)
}

/** A problem as raw bytes of HTTP/1.1, for a socket that never became a request. */
export function rawProblem(code: string, requestId: string): string {
  const answer = answerTo(code)
  const body = JSON.stringify(problem(code, answer, { requestId }))
  return (
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n` +
    `Content-Type: ${problemType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  )
}

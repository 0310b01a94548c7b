import type { Refusal } from '@bibby/guard/refusal.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { inEnglish } from '../../language/messages.ts'
import { withWords } from '../../language/worded.ts'
import type { App } from '../app.ts'
import { endingLines } from '../operation-words.ts'
import { sendRefusal } from '../problem.ts'

/** Programs are told in English what is kept as a message: the lines of a plan, and why a record was set aside. */
export function tellsInEnglish(app: App): void {
  app.addHook('preSerialization', async (_request, _reply, payload) => withWords(inEnglish, payload))
}

/** Answers with a refusal of the guard, its facts told as sentences too. */
export function refused(request: FastifyRequest, reply: FastifyReply, told: Refusal): FastifyReply {
  const detail = endingLines(inEnglish, told).join(' ')
  return sendRefusal(
    reply,
    { ...told },
    {
      who: request.who,
      ...(detail === '' ? {} : { detail }),
    },
  )
}

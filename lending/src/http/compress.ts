import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import type { App } from './app.ts'

const zipped = promisify(gzip)
/** What fits into one packet anyway gains nothing. */
const lengthMin = 1_200

/** Whether who asks takes gzip (RFC 9110). */
export function takesGzip(request: Pick<FastifyRequest, 'headers'>): boolean {
  return new Negotiator(request).encoding(['gzip', 'identity']) === 'gzip'
}

/**
 * Sends pages to passers-by as gzip, made off the event loop. What is sent to somebody signed in goes as it is: where
 * what an attacker can put into a page is squeezed together with what they want to know, the length tells (BREACH).
 */
export function addCompression(app: App): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' || payload.length < lengthMin || !isPage(reply)) return payload
    reply.header('vary', [reply.getHeader('vary'), 'accept-encoding'].filter(Boolean).join(', '))
    if (request.who || !takesGzip(request)) return payload
    reply.header('content-encoding', 'gzip')
    return zipped(payload)
  })
}

function isPage(reply: FastifyReply): boolean {
  return String(reply.getHeader('content-type')).startsWith('text/html')
}

import fastifyCsrf from '@fastify/csrf-protection'
import fastifyFormbody from '@fastify/formbody'
import fastifyMultipart from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import type { Library } from '../library.ts'
import type { App } from './app.ts'
import { addCompression } from './compress.ts'
import { RefusedAtTheDoorError } from './errors.ts'
import type { Limits } from './limits.ts'
import { pages } from './pages/pages.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
/** A form has at most this many fields, each of at most `fieldBytesMax`. */
const fieldsMax = 200
const fieldBytesMax = 100_000
/**
 * What forms are known by stays with a browser for 400 days, as long as browsers keep a cookie at most: two pages that it opens at once as
 * it starts would get one each, and the forms of the first would be refused.
 */
const formCookieSeconds = 400 * 24 * 60 * 60

/**
 * What pages need and the API must not have: forms, uploads, and a CSRF token in every form. A page makes the
 * token by `reply.generateCsrf()` and sends it back as the field `_csrf`, the header `x-csrf-token`, or, for an
 * upload, in the query, because its body is not read before the check.
 */
export async function browser(
  app: App,
  { library, limits }: { readonly library: Library; readonly limits: Limits },
): Promise<void> {
  await app.register(fastifyFormbody, { bodyLimit: limits.bodyBytes })
  await app.register(fastifyMultipart, {
    limits: {
      fileSize: limits.uploadBytes,
      files: 1,
      fields: fieldsMax,
      fieldSize: fieldBytesMax,
      fieldNameSize: 100,
      headerPairs: 100,
    },
  })
  await app.register(fastifyCsrf, {
    cookieKey: 'bibby_form',
    cookieOpts: { path: '/', sameSite: 'lax', httpOnly: true, secure: 'auto', maxAge: formCookieSeconds },
    getToken: formToken,
  })
  app.addHook('preValidation', (request, reply, done) => {
    if (safeMethods.has(request.method)) return done()
    // Every current browser says where a request comes from; one from another site is not ours.
    if (request.headers['sec-fetch-site'] === 'cross-site')
      return done(new RefusedAtTheDoorError('form-stale'))
    return app.csrfProtection(request, reply, done)
  })
  addCompression(app)
  await app.register(pages, { library, limits })
}

function formToken(request: FastifyRequest): string {
  const { _csrf: inBody } = (request.body ?? {}) as { _csrf?: unknown }
  const { _csrf: inQuery } = (request.query ?? {}) as { _csrf?: unknown }
  const given = inBody ?? request.headers['x-csrf-token'] ?? (request.isMultipart() ? inQuery : undefined)
  return typeof given === 'string' ? given : ''
}

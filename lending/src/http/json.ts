import { isUtf8 } from 'node:buffer'
import type { App } from './app.ts'
import { RefusedAtTheDoorError } from './errors.ts'

/**
 * Reads JSON bodies, strictly: bytes that are not UTF-8 are refused rather than replaced, and `__proto__` is
 * refused. Plain text is not a body here.
 */
export function addJson(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (bytes.length === 0) return done(null, undefined)
    if (!isUtf8(bytes as Buffer)) {
      return done(new RefusedAtTheDoorError('request-invalid', {}, 'The body is not UTF-8.'))
    }
    return parse(request, bytes.toString(), done)
  })
}

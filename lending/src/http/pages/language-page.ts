import { languageOf } from '../../language/languages.ts'
import { ownPath } from './address.ts'
import { asked } from './asked.ts'
import { languageCookie } from './say.ts'
import { goTo, type Served } from './serve-page.ts'

const yearSeconds = 365 * 24 * 60 * 60

/** Choosing a language: it is kept in the browser, and the page that it was chosen on is shown again. */
export function languagePages({ app }: Served): void {
  app.get('/language', { config: { access: 'anyone' } }, async (request, reply) => {
    const form = asked(request.query)
    const language = languageOf(form.text('is', { max: 8, label: 'the-field' }))
    if (language)
      reply.setCookie(languageCookie, language.tag, {
        path: '/',
        maxAge: yearSeconds,
        sameSite: 'lax',
        httpOnly: true,
        secure: 'auto',
      })
    return goTo(reply, ownPath(form.text('to', { max: 2_000, label: 'the-field' })) || '/')
  })
}

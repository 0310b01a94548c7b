import { titleWithIsbn } from '../../catalogue/title-isbn.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { asked } from './asked.ts'
import { goTo, type Served } from './serve-page.ts'

/** However an ISBN is written, it is no longer. */
const writtenMax = 40

/** The address of an ISBN, which leads to its title: to be put into a letter, or on a website. */
export function isbnPages({ app, library }: Served): void {
  app.get('/isbn/:isbn', { config: { access: { needs: 'search' } } }, async (request, reply) => {
    const written = asked(request.params).text('isbn', { max: writtenMax, label: 'the-isbn' })
    const answer = await titleWithIsbn(library.db, written)
    if (answer.found === 'none') throw new RefusedAtTheDoorError('title-unknown')
    if (answer.found === 'several') return goTo(reply, '/search', { query: answer.isbn })
    return goTo(reply, `/titles/${answer.titleId}`)
  })
}

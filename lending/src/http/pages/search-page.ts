import { type FoundTitle, type SearchAsk, search } from '../../catalogue/search.ts'
import { isNotNow } from '../../catalogue/search-connection.ts'
import { yearRanges } from '../../catalogue/search-facets.ts'
import { suggest } from '../../catalogue/suggest.ts'
import { whereTheyStand } from '../../catalogue/title-shelves.ts'
import { branches } from '../../circulation/places.ts'
import type { Library } from '../../library.ts'
import { may } from '../../staff/permission.ts'
import { asked, identity } from './asked.ts'
import { homeView } from './home-view.ts'
import { html } from './html.ts'
import { listView } from './list-view.ts'
import { resultsView } from './search-view.ts'
import { goTo, originOf, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { type Wanted, wantedLink } from './wanted.ts'

/** How many titles a page of results shows. */
const pageTitles = 25
/** How many titles a list to take along has, and in how many steps they are looked for. */
const listTitles = 200
const listStep = 100
/** How many suggestions are given while somebody types. */
const suggestionsMax = 8

/** Home, search and suggestions. */
export function searchPages(served: Served): void {
  const { app, library } = served
  app.get('/', { config: { access: 'anyone' } }, async (request, reply) => {
    const visit = await visitOf(served, request, reply)
    const frame = {
      title: visit.say('home.title'),
      door: '/',
      ownHead: true,
      scripts: ['search.js'] as const,
    }
    return show(reply, visit, frame, homeView(visit))
  })

  app.get('/search', { config: { access: { needs: 'search' } } }, async (request, reply) => {
    const wanted = readWanted(request.query)
    const [visit, answer, places] = await Promise.all([
      visitOf(served, request, reply),
      search(library.searchDb, { ...askOf(wanted), limit: pageTitles, facets: true }),
      branches(library.db),
    ])
    const covers = answer.outcome === 'found' ? await library.covers.of(answer.titles) : []
    const frame = {
      title: wanted.query ? visit.say('search.title-of', { query: wanted.query }) : visit.say('search.title'),
      door: '/',
      ownHead: true,
      scripts: ['search.js'] as const,
      status: answer.outcome === 'refused' ? statusOf(answer) : 200,
    }
    const mayAdd = may(visit.who, 'catalogue-write')
    return show(
      reply,
      visit,
      frame,
      resultsView(visit, {
        wanted,
        answer,
        mayAdd,
        covers,
        branches: places,
        address: originOf(request) + request.url,
      }),
    )
  })

  app.get('/search/list', { config: { access: { needs: 'search' } } }, async (request, reply) => {
    const wanted = readWanted(request.query)
    const found = await firstOf(library, askOf(wanted))
    if (found.outcome === 'refused') return goTo(reply, wantedLink(wanted, {}))
    const { titles, hasMore } = found
    const titleIds = titles.map(({ titleId }) => titleId)
    const [visit, stands] = await Promise.all([
      visitOf(served, request, reply),
      whereTheyStand(library.searchDb, { titleIds, branchId: askOf(wanted).branchId }).catch(noneForNow),
    ])
    const title = visit.say('list.title')
    const lead = visit.say('list.title-of', { query: html`<bdi dir="auto">${wanted.query}</bdi>` })
    const frame = { title, lead, door: '/' }
    return show(
      reply,
      visit,
      frame,
      listView(visit, { wanted, titles, stands, hasMore, address: originOf(request) + request.url }),
    )
  })

  app.get('/suggestions', { config: { access: { needs: 'search' } } }, async (request) => {
    const query = asked(request.query).text('query', { max: 100, label: 'the-search' })
    return { suggestions: query === '' ? [] : await suggest(library.searchDb, query, suggestionsMax) }
  })
}

function noneForNow(error: unknown): undefined {
  if (!isNotNow(error)) throw error
}

/** As many titles as a list takes, page after page. */
async function firstOf(
  { searchDb }: Pick<Library, 'searchDb'>,
  ask: SearchAsk,
): Promise<
  | { readonly outcome: 'found'; readonly titles: readonly FoundTitle[]; readonly hasMore: boolean }
  | { readonly outcome: 'refused' }
> {
  const titles: FoundTitle[] = []
  let after = ask.after
  do {
    const answer = await search(searchDb, { ...ask, after, limit: listStep })
    if (answer.outcome === 'refused') return { outcome: 'refused' }
    titles.push(...answer.titles)
    after = answer.more ?? undefined
  } while (after !== undefined && titles.length < listTitles)
  return { outcome: 'found', titles, hasMore: after !== undefined }
}

function readWanted(sent: unknown): Wanted {
  const form = asked(sent)
  const short = (name: string) => form.text(name, { max: 40, label: 'the-field' })
  const raw = (sent as { query?: unknown }).query
  return {
    // As it was typed: what search refuses, it refuses in its own words.
    query: typeof raw === 'string' ? raw.slice(0, 1_000) : '',
    branch: short('branch'),
    available: form.ticked('available'),
    language: short('language'),
    year: short('year'),
    material: short('material'),
    inside: form.ticked('inside'),
    after: form.text('after', { max: 500, label: 'the-field' }),
  }
}

function askOf(wanted: Wanted): SearchAsk {
  const range = yearRanges.find(({ value }) => value === wanted.year)
  return {
    query: wanted.query,
    mode: wanted.inside ? 'substring' : 'words',
    after: wanted.after || undefined,
    branchId: asked(wanted).whole('branch', identity),
    available: wanted.available || undefined,
    language: wanted.language || undefined,
    material: wanted.material || undefined,
    year: range && { ...(range.from && { from: range.from }), ...(range.to && { to: range.to }) },
  }
}

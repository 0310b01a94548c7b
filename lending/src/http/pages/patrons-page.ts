import type { FastifyReply, FastifyRequest } from 'fastify'
import { branches, patronCategories } from '../../circulation/places.ts'
import { type FoundPatron, findPatrons } from '../../patrons/find.ts'
import { registerJudged } from '../../patrons/judged-card.ts'
import { mergedInto } from '../../patrons/merged-card.ts'
import { registerPatron } from '../../patrons/patron.ts'
import { may } from '../../staff/permission.ts'
import { refusalIn } from '../answers.ts'
import { address } from './address.ts'
import { asked } from './asked.ts'
import { type FlawTexts, flawTexts } from './flaw-text.ts'
import { hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { notice, tag } from './notice.ts'
import { newPatronFields, type PatronForm, readPatron } from './patron-fields.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { act, branchIdOf, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { type Visit, zoneOf } from './visit.ts'
import { todayIn } from './wording.ts'

const foundMax = 50
/** What is the matter with the card, and nothing else. */
const cardRefusals: ReadonlySet<string> = new Set(['card-taken', 'patron-erased', 'patron-merged'])

/** Finding patrons, and registering one. */
export function patronsPages(served: Served): void {
  const { app, library } = served

  app.get('/patrons', { config: { access: { needs: 'patron-read' } } }, async (request, reply) => {
    const visit = await visitOf(served, request, reply)
    const query = asked(request.query).text('query', { max: 100, label: 'the-search' })
    const found = query ? await findPatrons(library.db, { query, limit: foundMax }) : undefined
    const into = found?.length === 0 ? await mergedInto(library.db, { card: query }) : undefined
    if (into) return goTo(reply, `/patrons/${into.patronId}`, { said: 'was-merged' })
    const actions =
      may(visit.who, 'patron-write') &&
      html`<a class="button" href="/patrons/new">${visit.say('patrons.register')}</a><a class="button quiet" href="/patrons/import">${visit.say('patrons.import')}</a>`
    return show(
      reply,
      visit,
      { title: visit.say('patrons.title'), door: '/patrons', actions },
      findView(visit, { query, found }),
    )
  })

  const config = { access: { needs: 'patron-write' } } as const
  app.get('/patrons/new', { config }, (request, reply) =>
    showForm(served, request, reply, { form: readPatron(asked(request.query), branchIdOf(request)) }),
  )

  app.post('/patrons', { config }, async (request, reply) => {
    const fields = asked(request.body)
    const form = readPatron(fields, branchIdOf(request))
    if (Object.keys(fields.problems).length > 0) {
      return showForm(served, request, reply, {
        form,
        refusal: { refused: 'fields-invalid', problems: fields.problems },
      })
    }
    const { card, expiresOn, ...rest } = form
    const ask = { ...rest, ...(card ? { card } : {}), ...(expiresOn ? { expiresOn } : {}) }
    const outcome = await act(served, request, registerPatron, await registerJudged(library, ask))
    if (outcome.outcome === 'refused')
      return showForm(served, request, reply, { form, refusal: outcome.refusal })
    // Who comes to be registered comes to borrow: the desk has their card open and waits for the books.
    const { card: given, patronId } = outcome.answer
    if (may(request.who, 'lend')) return goTo(reply, '/desk', { card: given, said: 'registered' })
    return goTo(reply, `/patrons/${patronId}`, { said: 'registered' })
  })
}

async function showForm(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  { form, refusal }: { form: PatronForm; refusal?: Refused },
): Promise<FastifyReply> {
  const { db } = served.library
  const [visit, places, categories] = await Promise.all([
    visitOf(served, request, reply),
    branches(db),
    patronCategories(db),
  ])
  const { say } = visit
  const status = refusal ? statusOf(refusal) : 200
  const frame = { title: say('register.title'), door: '/patrons', status }
  const problems: FlawTexts = {
    ...(refusal && cardRefusals.has(refusal.refused) ? { card: refusalIn(say, refusal.refused).title } : {}),
    ...flawTexts(visit, refusal),
  }
  return show(
    reply,
    visit,
    frame,
    html`<div class="stack">${refusal && refusalNotice(visit, refusal)}
      <form class="form two panel" method="post" action="/patrons">${hidden(visit)}
        ${newPatronFields(visit, { form, problems, places, categories })}
        <div class="whole actions"><button class="button">${say('register.submit')}</button><a href="/patrons">${say('register.leave')}</a></div>
      </form></div>`,
  )
}

function findView(
  visit: Visit,
  { query, found }: { query: string; found: readonly FoundPatron[] | undefined },
): Html {
  const { say } = visit
  return html`<div class="stack">
    <form class="inline-form" action="/patrons" role="search">
      ${textField({ name: 'query', label: say('patrons.name-or-card'), type: 'search', value: query, max: 100, autofocus: true })}
      <button class="button">${say('patrons.find')}</button>
    </form>
    ${found && (found.length === 0 ? notice(visit, 'plain', { title: say('patrons.nobody', { query: html`<bdi>${query}</bdi>` }), body: html`<p>${say('patrons.nobody-next')}</p>${may(visit.who, 'patron-write') && html`<p><a href="${address('/patrons/new', asNew(query))}">${say('patrons.register-them')}</a></p>`}` }) : foundList(visit, found))}
  </div>`
}

/** What was looked for, as the form of somebody new takes it: a number is a card, the last word a family name. */
function asNew(query: string): Readonly<Record<string, string>> {
  if (/\d/.test(query)) return { card: query }
  const words = query.split(' ')
  return { givenName: words.slice(0, -1).join(' '), familyName: words.at(-1) ?? '' }
}

function foundList(visit: Visit, found: readonly FoundPatron[]): Html {
  const { say } = visit
  const today = todayIn(zoneOf(visit), visit.now)
  return html`<section aria-labelledby="found"><h2 id="found" class="unseen">${say('patrons.found')}</h2>
    <p class="soft">${say(found.length < foundMax ? 'patrons.count' : 'patrons.first', { count: found.length })}</p>
    <ul class="rows">${found.map(
      (each) => html`<li>
        <div>
          <p class="work"><a href="/patrons/${each.patronId}"><bdi dir="auto">${`${each.givenName} ${each.familyName}`.trim()}</bdi></a></p>
          <p class="under"><span class="code">${each.card}</span> · ${each.categoryName} · ${each.branchName}</p>
        </div>
        <p class="end">${each.blockedBecause !== null && tag('bad', say('patron.blocked'))} ${each.expiresOn < today && tag('warn', say('patron.expired'))}</p>
      </li>`,
    )}</ul></section>`
}

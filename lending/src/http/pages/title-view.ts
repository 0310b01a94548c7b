import type { CopyLine } from '../../catalogue/copy.ts'
import type { Cover } from '../../catalogue/covers/covers.ts'
import type { Title } from '../../catalogue/title.ts'
import type { HoldOn } from '../../circulation/accounts.ts'
import type { Branch } from '../../circulation/places.ts'
import { may } from '../../staff/permission.ts'
import { address } from './address.ts'
import { availabilityTag, copyStateTag } from './availability.ts'
import { largeCover } from './cover-view.ts'
import { choiceField, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { languageName } from './language.ts'
import { notice, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { saidText } from './said.ts'
import { unseen } from './unseen.ts'
import type { Visit } from './visit.ts'
import { day } from './wording.ts'
import { materialName, workName, yearText } from './work-line.ts'

/** A title with its copies by branch, its facts, and a form to place a hold. */
export function titleView(
  visit: Visit,
  {
    title,
    cover,
    places,
    queue,
    tried,
  }: {
    readonly title: Title
    readonly cover: Cover | undefined
    readonly places: readonly Branch[]
    /** Who waits, for staff who may know it. */
    readonly queue: readonly HoldOn[]
    readonly tried: { readonly refusal: Refused; readonly card: string } | undefined
  },
): Html {
  const { say, who } = visit
  const said = saidText(visit)
  const copies = title.copies.filter(({ state }) => state !== 'withdrawn' || who?.kind === 'staff')
  const lent = copies.filter(({ state }) => state !== 'withdrawn')
  const available = lent.filter(({ state }) => state === 'available').length
  return html`<article>
    <header class="title-head">
      ${largeCover(visit, cover, title)}
      <div><h1>${workName(title.title, title.language)}</h1>
      ${title.subtitle && html`<p class="subtitle"><bdi dir="auto">${title.subtitle}</bdi></p>`}
      ${title.authors.length > 0 && html`<p class="authors">${authorLinks(title.authors)}</p>`}
      </div>
    </header>
    <div class="stack">
      ${said && notice(visit, 'good', { title: said })}
      ${tried && refusalNotice(visit, tried.refusal)}
      ${title.deletedAt && notice(visit, 'warn', { title: say('title.deleted') })}
      <div class="columns">
        <div>
          <section class="section" aria-labelledby="copies">
            <div class="page-head"><h2 id="copies">${say('title.copies')}</h2><p>${availabilityTag(visit, { copies: lent.length, available })}</p></div>
            ${copies.length === 0 ? html`<p class="empty">${say('title.no-copy')}</p>` : copyList(copies, visit)}
            ${title.hasMoreCopies && html`<p class="soft">${say('title.more-copies')}</p>`}
          </section>
          ${queue.length > 0 && queueList(visit, queue)}
          ${
            title.summary &&
            html`<section class="section"><h2>${say('title.about')}</h2><p class="aside-text" dir="auto">${title.summary}</p></section>`
          }
        </div>
        <div class="stack">
          ${holdPanel(visit, { title, places, hasCopies: lent.length > 0, card: tried?.card ?? '' })}
          ${factsPanel(visit, title)}
          ${may(who, 'catalogue-write') && html`<p class="actions"><a href="/titles/${title.titleId}/edit">${say('title.edit')}</a></p>`}
        </div>
      </div>
    </div>
  </article>`
}

function authorLinks(authors: readonly string[]): Html {
  return html`${authors
    .slice(0, 12)
    .map(
      (author, index) =>
        html`${index > 0 && '; '}<a href="${address('/search', { query: searchable(author) })}"><bdi dir="auto">${author}</bdi></a>`,
    )}`
}

function copyList(copies: readonly CopyLine[], visit: Visit): Html {
  const byBranch = Map.groupBy(copies, ({ branchName }) => branchName)
  return html`${[...byBranch].map(
    ([branchName, here]) => html`<section class="branch-copies"><h3>${branchName}</h3>
    <ul class="rows">${here.map(
      (each) => html`<li>
        <div>
          <p>${each.callNumber ? html`<strong class="code">${each.callNumber}</strong>` : each.itemTypeName}${
            each.shelf && html` · <bdi>${each.shelf}</bdi>`
          }</p>
          <p class="under">${each.callNumber && html`${each.itemTypeName} · `}<span class="code">${each.barcode}</span></p>
        </div>
        <p class="end">${copyStateTag(visit, each)}${
          may(visit.who, 'catalogue-write') &&
          html`<br><a class="small" href="/copies/${each.copyId}/edit">${visit.say('title.edit-copy', { barcode: each.barcode, unseen })}</a>`
        }</p>
      </li>`,
    )}</ul></section>`,
  )}`
}

function queueList(visit: Visit, queue: readonly HoldOn[]): Html {
  return html`<section class="section" aria-labelledby="queue"><h2 id="queue">${visit.say('title.queue')}</h2>
    <ol class="rows">${queue.map(
      (hold) => html`<li><div>
        <p><a href="/patrons/${hold.patronId}"><bdi dir="auto">${hold.patronName}</bdi></a></p>
        <p class="under">${visit.say('title.queue-line', { day: day(visit, hold.placedAt), branch: hold.pickupBranchName })}</p>
      </div><p class="end">${queuePlace(visit, hold)}</p></li>`,
    )}</ol></section>`
}

function queuePlace({ say }: Visit, { position, state }: HoldOn): Html {
  if (position !== null) return tag('plain', say('title.queue-number', { position }))
  return tag('good', say(state === 'on-shelf' ? 'title.queue-ready' : 'title.queue-coming'))
}

function holdPanel(
  visit: Visit,
  {
    title,
    places,
    hasCopies,
    card,
  }: { title: Title; places: readonly Branch[]; hasCopies: boolean; card: string },
): Html | undefined {
  if (!hasCopies || title.deletedAt) return undefined
  const { say, who } = visit
  const waiting =
    title.holdsWaiting > 0 &&
    html`<p class="soft">${say('title.holds-now', { count: title.holdsWaiting })}</p>`
  if (!who) {
    return html`<section class="panel stack-tight"><h2>${say('title.hold-for-you')}</h2>${waiting}
      <p><a class="button" href="${address('/sign-in', { to: `/titles/${title.titleId}` })}">${say('title.hold-sign-in')}</a></p></section>`
  }
  const isStaff = who.kind === 'staff'
  if (isStaff && !may(who, 'hold')) return undefined
  return html`<section class="panel stack-tight"><h2>${say(isStaff ? 'title.hold-for-patron' : 'title.hold-for-you')}</h2>
    ${waiting}
    <form class="form" method="post" action="/titles/${title.titleId}/hold">
      ${hidden(visit)}
      ${isStaff && textField({ name: 'card', label: say('title.hold-card'), value: card, max: 64, required: true })}
      ${choiceField({
        name: 'branch',
        label: say('title.hold-fetch-at'),
        value: String(who.branchId),
        options: places.map(({ branchId, name }) => ({ value: String(branchId), label: name })),
      })}
      <div><button class="button">${say('title.hold-place')}</button></div>
    </form></section>`
}

function factsPanel(visit: Visit, title: Title): Html {
  const { say } = visit
  const facts: [string, Html | string | undefined | false][] = [
    [
      say('title.fact.published'),
      [title.publisher, title.publishedYear === null ? '' : yearText(visit, title.publishedYear)]
        .filter(Boolean)
        .join(', '),
    ],
    [say('title.fact.language'), languageName(visit, title.language)],
    [say('title.fact.kind'), title.material === 'book' ? '' : materialName(visit, title.material)],
    [say('title.fact.isbn'), title.isbns.join(', ')],
    [say('title.fact.series'), title.series.length > 0 && links(title.series)],
    [say('title.fact.subjects'), title.subjects.length > 0 && links(title.subjects)],
  ]
  return html`<section class="panel quiet" aria-label="${say('title.about-edition')}"><dl class="facts">${facts.map(
    ([name, value]) => value && html`<dt>${name}</dt><dd dir="auto">${value}</dd>`,
  )}</dl></section>`
}

/** More subjects than this say nothing more. */
const linksMax = 12

function links(words: readonly string[]): Html {
  return html`${words
    .slice(0, linksMax)
    .map(
      (each) =>
        html`<p><a href="${address('/search', { query: searchable(each) })}"><bdi dir="auto">${each}</bdi></a></p>`,
    )}`
}

/** Words to search for: no longer than a search may be. */
function searchable(text: string): string {
  return [...text].slice(0, 100).join('')
}

import type { CopyLine } from '../../catalogue/copy.ts'
import type { Title } from '../../catalogue/title.ts'
import type { HoldOn } from '../../circulation/accounts.ts'
import type { Branch } from '../../circulation/places.ts'
import { may } from '../../staff/permission.ts'
import { address } from './address.ts'
import { availabilityTag, copyStateTag } from './availability.ts'
import { choiceField, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { languageName } from './language.ts'
import { notice, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { saidText } from './said.ts'
import { type Visit, zoneOf } from './visit.ts'
import { counted, day } from './wording.ts'
import { capital, workName, yearText } from './work-line.ts'

/** A title with its copies by branch, its facts, and a form to place a hold. */
export function titleView(
  visit: Visit,
  {
    title,
    places,
    queue,
    tried,
  }: {
    readonly title: Title
    readonly places: readonly Branch[]
    /** Who waits, for staff who may know it. */
    readonly queue: readonly HoldOn[]
    readonly tried: { readonly refusal: Refused; readonly card: string } | undefined
  },
): Html {
  const said = saidText(visit)
  const copies = title.copies.filter(({ state }) => state !== 'withdrawn' || visit.who?.kind === 'staff')
  const lent = copies.filter(({ state }) => state !== 'withdrawn')
  const available = lent.filter(({ state }) => state === 'available').length
  return html`<article>
    <header class="title-head">
      <h1>${workName(title.title, title.language)}</h1>
      ${title.subtitle && html`<p class="subtitle"><bdi dir="auto">${title.subtitle}</bdi></p>`}
      ${title.authors.length > 0 && html`<p class="authors">${authorLinks(title.authors)}</p>`}
    </header>
    <div class="stack">
      ${said && notice(visit, 'good', { title: said })}
      ${tried && refusalNotice(visit, tried.refusal)}
      ${title.deletedAt && notice(visit, 'warn', { title: 'This title is no longer in the catalogue.' })}
      <div class="columns">
        <div>
          <section class="section" aria-labelledby="copies">
            <div class="page-head"><h2 id="copies">Copies</h2><p>${availabilityTag({ copies: lent.length, available })}</p></div>
            ${copies.length === 0 ? html`<p class="empty">The library has no copy of it.</p>` : copyList(copies, visit)}
            ${title.hasMoreCopies && html`<p class="soft">There are more copies than are shown.</p>`}
          </section>
          ${queue.length > 0 && queueList(visit, queue)}
          ${
            title.summary &&
            html`<section class="section"><h2>About it</h2><p class="aside-text" dir="auto">${title.summary}</p></section>`
          }
        </div>
        <div class="stack">
          ${holdPanel(visit, { title, places, hasCopies: lent.length > 0, card: tried?.card ?? '' })}
          ${factsPanel(title)}
          ${may(visit.who, 'catalogue-write') && html`<p class="actions"><a href="/titles/${title.titleId}/edit">Edit the title, add copies</a></p>`}
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
        <p class="end">${copyStateTag(each, zoneOf(visit))}${
          may(visit.who, 'catalogue-write') &&
          html`<br><a class="small" href="/copies/${each.copyId}/edit">Edit<span class="unseen"> copy ${each.barcode}</span></a>`
        }</p>
      </li>`,
    )}</ul></section>`,
  )}`
}

function queueList(visit: Visit, queue: readonly HoldOn[]): Html {
  return html`<section class="section" aria-labelledby="queue"><h2 id="queue">Who waits</h2>
    <ol class="rows">${queue.map(
      (hold) => html`<li><div>
        <p><a href="/patrons/${hold.patronId}"><bdi dir="auto">${hold.patronName}</bdi></a></p>
        <p class="under">since ${day(visit, hold.placedAt)} · fetches it at ${hold.pickupBranchName}</p>
      </div><p class="end">${hold.position === null ? tag('good', hold.state === 'on-shelf' ? 'Ready' : 'On its way') : tag('plain', `Number ${hold.position}`)}</p></li>`,
    )}</ol></section>`
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
  const waiting =
    title.holdsWaiting > 0 && html`<p class="soft">${counted(title.holdsWaiting, 'hold')} on it now.</p>`
  if (!visit.who) {
    return html`<section class="panel stack-tight"><h2>Have it kept for you</h2>${waiting}
      <p><a class="button" href="${address('/sign-in', { to: `/titles/${title.titleId}` })}">Sign in to place a hold</a></p></section>`
  }
  const isStaff = visit.who.kind === 'staff'
  if (isStaff && !may(visit.who, 'hold')) return undefined
  return html`<section class="panel stack-tight"><h2>${isStaff ? 'Place a hold for a patron' : 'Have it kept for you'}</h2>
    ${waiting}
    <form class="form" method="post" action="/titles/${title.titleId}/hold">
      ${hidden(visit)}
      ${isStaff && textField({ name: 'card', label: 'Card', value: card, max: 64, required: true })}
      ${choiceField({
        name: 'branch',
        label: 'Fetch it at',
        value: String(visit.who.branchId),
        options: places.map(({ branchId, name }) => ({ value: String(branchId), label: name })),
      })}
      <div><button class="button">Place the hold</button></div>
    </form></section>`
}

function factsPanel(title: Title): Html {
  const facts: [string, Html | string | undefined | false][] = [
    [
      'Published',
      [title.publisher, title.publishedYear === null ? '' : yearText(title.publishedYear)]
        .filter(Boolean)
        .join(', '),
    ],
    ['Language', languageName(title.language)],
    ['Kind', title.material === 'book' ? '' : capital(title.material)],
    ['ISBN', title.isbns.join(', ')],
    ['Series', title.series.length > 0 && links(title.series)],
    ['Subjects', title.subjects.length > 0 && links(title.subjects)],
  ]
  return html`<section class="panel quiet" aria-label="About this edition"><dl class="facts">${facts.map(
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

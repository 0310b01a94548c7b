import type { Cover } from '../../catalogue/covers/covers.ts'
import type { Title } from '../../catalogue/title.ts'
import type { Neighbours } from '../../catalogue/title-series.ts'
import type { HoldOn } from '../../circulation/accounts.ts'
import type { LentTogether } from '../../circulation/lent-together.ts'
import type { Branch } from '../../circulation/places.ts'
import { may } from '../../staff/permission.ts'
import { address as addressTo } from './address.ts'
import { availabilityTag } from './availability.ts'
import { largeCover } from './cover-view.ts'
import { choiceField, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { notice, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { saidText } from './said.ts'
import { copyList } from './title-copies-view.ts'
import { authorLinks, factsPanel } from './title-facts-view.ts'
import { schemaTypes } from './title-meta.ts'
import { lentTogetherView, seriesView } from './title-near-view.ts'
import type { Visit } from './visit.ts'
import { day } from './wording.ts'
import { editionLine, workName } from './work-line.ts'

/** What stands near a title: in its series, and in the hands of those who took it home. */
export type NearTitles = {
  readonly series: Neighbours | undefined
  readonly lentTogether: readonly LentTogether[]
  /** Of `lentTogether`, in its order. */
  readonly covers: readonly (Cover | undefined)[]
}

/** A title with its copies by branch, its facts, and a form to place a hold. */
export function titleView(
  visit: Visit,
  {
    title,
    cover,
    near,
    address,
    places,
    queue,
    tried,
  }: {
    readonly title: Title
    readonly cover: Cover | undefined
    readonly near: NearTitles
    /** Where the page is, in full, for paper. */
    readonly address: string
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
  return html`<p class="on-paper code">${address}</p><article itemscope itemtype="${schemaTypes[title.material]}">
    <header class="title-head">
      ${largeCover(visit, cover, title)}
      <div class="title-names">
        <h1 itemprop="name">${workName(title.title, title.language)}</h1>
        ${title.subtitle && html`<p class="subtitle"><bdi dir="auto" itemprop="alternativeHeadline">${title.subtitle}</bdi></p>`}
        ${title.authors.length > 0 && html`<p class="authors">${authorLinks(title.authors)}</p>`}
        <p class="edition">${editionLine(visit, title)}</p>
        <p class="available">${availabilityTag(visit, { copies: lent.length, available })}</p>
      </div>
    </header>
    <div class="stack">
      ${said && notice(visit, 'good', { title: said })}
      ${tried && refusalNotice(visit, tried.refusal)}
      ${title.deletedAt && notice(visit, 'warn', { title: say('title.deleted') })}
      <div class="columns aside-between">
        <div>
          <section class="section" aria-labelledby="copies">
            <h2 id="copies">${say('title.copies')}</h2>
            ${copies.length === 0 ? html`<p class="empty">${say('title.no-copy')}</p>` : copyList(visit, copies)}
            ${title.hasMoreCopies && html`<p class="soft">${say('title.more-copies')}</p>`}
          </section>
          ${queue.length > 0 && queueList(visit, queue)}
        </div>
        <div class="stack">
          ${holdPanel(visit, { title, places, hasCopies: lent.length > 0, card: tried?.card ?? '' })}
          ${factsPanel(visit, title)}
          ${may(who, 'catalogue-write') && html`<p class="actions"><a href="/titles/${title.titleId}/edit">${say('title.edit')}</a></p>`}
        </div>
        <div>
          ${
            title.summary &&
            html`<section class="section"><h2>${say('title.about')}</h2><p class="aside-text" dir="auto" itemprop="description">${title.summary}</p></section>`
          }
          ${near.series && seriesView(visit, near.series)}
          ${lentTogetherView(visit, near.lentTogether, near.covers)}
        </div>
      </div>
    </div>
  </article>`
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
      <p><a class="button" href="${addressTo('/sign-in', { to: `/titles/${title.titleId}` })}">${say('title.hold-sign-in')}</a></p></section>`
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

import { holdShelf, overdueLoans, type PullRow, pullList, type ShelfRow } from '../../circulation/accounts.ts'
import { libraryId } from '../../circulation/library-settings.ts'
import { may } from '../../staff/permission.ts'
import { address } from './address.ts'
import { asked, identity } from './asked.ts'
import { scanBeside } from './desk-field.ts'
import { type Html, html } from './html.ts'
import { branchIdOf, type Served, show, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'
import { day } from './wording.ts'
import { workLink } from './work-line.ts'

/** How many overdue loans one page shows. */
const overdueMax = 50

/** The lists that a desk walks with: what to fetch, what is ready, what is overdue. */
export function shelfPages(served: Served): void {
  const { app, library } = served
  app.get('/shelf', { config: { access: { needs: 'take-back' } } }, async (request, reply) => {
    const branchId = branchIdOf(request)
    const [visit, toFetch, ready] = await Promise.all([
      visitOf(served, request, reply),
      pullList(library.db, branchId, library.clock()),
      holdShelf(library.db, branchId),
    ])
    const overdue =
      may(visit.who, 'patron-read') &&
      html`<a class="button quiet" href="/overdue">${visit.say('overdue.title')}</a>`
    const frame = {
      title: visit.say('shelf.title'),
      door: '/shelf',
      lead: visit.say('shelf.lead', { branch: visit.branch?.name ?? '' }),
      actions: overdue,
      scripts: ['scan-beside.js'] as const,
    }
    const id = await libraryId(library.db)
    return show(reply, visit, frame, shelfView(visit, { toFetch, ready, libraryId: id }))
  })

  app.get('/overdue', { config: { access: { needs: 'patron-read' } } }, async (request, reply) => {
    const after = asked(request.query).whole('after', identity)
    const branchId = branchIdOf(request)
    const [visit, loans] = await Promise.all([
      visitOf(served, request, reply),
      overdueLoans(library.db, { branchId, now: library.clock(), after, limit: overdueMax }),
    ])
    const frame = {
      title: visit.say('overdue.title'),
      door: '/shelf',
      lead: visit.say('overdue.lead', { branch: visit.branch?.name ?? '' }),
    }
    return show(reply, visit, frame, overdueView(visit, loans))
  })
}

function shelfView(
  visit: Visit,
  {
    toFetch,
    ready,
    libraryId,
  }: { toFetch: readonly PullRow[]; ready: readonly ShelfRow[]; libraryId: string },
): Html {
  const { say } = visit
  return html`${scanBeside(visit, { meant: 'lend', libraryId })}
  <div class="columns even">
    <section aria-labelledby="fetch" class="stack-tight">
      <h2 id="fetch">${say('shelf.to-fetch', { count: toFetch.length })}</h2>
      <p class="soft">${say('shelf.to-fetch-next')}</p>
      ${toFetch.length === 0 ? html`<p class="empty">${say('shelf.nothing-to-fetch')}</p>` : html`<ol class="rows">${toFetch.map((row) => pullRow(visit, row))}</ol>`}
    </section>
    <section aria-labelledby="ready" class="stack-tight">
      <h2 id="ready">${say('shelf.ready', { count: ready.length })}</h2>
      <p class="soft">${say('shelf.ready-order')}</p>
      ${ready.length === 0 ? html`<p class="empty">${say('shelf.empty')}</p>` : html`<ol class="rows">${ready.map((row) => readyRow(visit, row))}</ol>`}
    </section>
  </div>`
}

function pullRow({ say }: Visit, row: PullRow): Html {
  const place = [row.shelf, row.callNumber].filter(Boolean).join(' · ')
  return html`<li><div>
    <p class="work">${workLink(row)}</p>
    <p class="under">${place && html`<strong>${place}</strong> · `}<span class="code">${row.barcode}</span></p>
  </div><p class="end soft small">${say('shelf.for-branch', { branch: row.pickupBranchName })}</p></li>`
}

function readyRow(visit: Visit, row: ShelfRow): Html {
  return html`<li><div>
    <p class="work">${workLink(row)}</p>
    <p class="under">${visit.say('shelf.for-patron', { name: html`<a href="/patrons/${row.patronId}"><bdi dir="auto">${row.patronName}</bdi></a>` })} · <span class="code">${row.barcode}</span></p>
  </div><p class="end soft small">${visit.say('shelf.until', { day: day(visit, row.shelfUntil) })}</p></li>`
}

function overdueView(visit: Visit, loans: Awaited<ReturnType<typeof overdueLoans>>): Html {
  const last = loans.length === overdueMax ? loans.at(-1) : undefined
  if (loans.length === 0) return html`<p class="empty">${visit.say('overdue.nothing')}</p>`
  return html`<p class="soft">${last ? visit.say('overdue.first', { count: overdueMax }) : visit.say('overdue.count', { count: loans.length })}</p>
  <ol class="rows">${loans.map(
    (loan) => html`<li><div>
      <p class="work">${workLink(loan)}</p>
      <p class="under"><a href="/patrons/${loan.patronId}"><bdi dir="auto">${loan.patronName}</bdi></a> · <span class="code">${loan.barcode}</span></p>
    </div><p class="end small">${visit.say('overdue.due', { day: day(visit, loan.dueAt) })}</p></li>`,
  )}</ol>
  ${last && html`<p class="more"><a class="button quiet" href="${address('/overdue', { after: last.loanId })}" rel="next">${visit.say('overdue.more')}</a></p>`}`
}

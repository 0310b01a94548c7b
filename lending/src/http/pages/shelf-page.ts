import { holdShelf, overdueLoans, type PullRow, pullList, type ShelfRow } from '../../circulation/accounts.ts'
import { may } from '../../staff/permission.ts'
import { address } from './address.ts'
import { asked, identity } from './asked.ts'
import { type Html, html } from './html.ts'
import { branchIdOf, type Served, show, visitOf } from './serve-page.ts'
import { type Visit, zoneOf } from './visit.ts'
import { counted, day } from './wording.ts'
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
      may(visit.who, 'patron-read') && html`<a class="button quiet" href="/overdue">Overdue loans</a>`
    const frame = {
      title: 'Holds',
      door: '/shelf',
      lead: `At ${visit.branch?.name ?? 'this branch'}.`,
      actions: overdue,
    }
    return show(reply, visit, frame, shelfView({ toFetch, ready }))
  })

  app.get('/overdue', { config: { access: { needs: 'patron-read' } } }, async (request, reply) => {
    const after = asked(request.query).whole('after', identity)
    const branchId = branchIdOf(request)
    const [visit, loans] = await Promise.all([
      visitOf(served, request, reply),
      overdueLoans(library.db, { branchId, now: library.clock(), after, limit: overdueMax }),
    ])
    const frame = {
      title: 'Overdue loans',
      door: '/shelf',
      lead: `Lent at ${visit.branch?.name ?? 'this branch'}, the longest overdue first.`,
    }
    return show(reply, visit, frame, overdueView(visit, loans))
  })
}

function shelfView({ toFetch, ready }: { toFetch: readonly PullRow[]; ready: readonly ShelfRow[] }): Html {
  return html`<div class="columns even">
    <section aria-labelledby="fetch" class="stack-tight">
      <h2 id="fetch">To fetch from the shelves: ${toFetch.length}</h2>
      <p class="soft">Fetch them and check them in; Bibby then says for whom each is.</p>
      ${toFetch.length === 0 ? html`<p class="empty">Nothing to fetch.</p>` : html`<ol class="rows">${toFetch.map(pullRow)}</ol>`}
    </section>
    <section aria-labelledby="ready" class="stack-tight">
      <h2 id="ready">Ready on the hold shelf: ${ready.length}</h2>
      <p class="soft">The first to expire come first.</p>
      ${ready.length === 0 ? html`<p class="empty">The hold shelf is empty.</p>` : html`<ol class="rows">${ready.map(readyRow)}</ol>`}
    </section>
  </div>`
}

function pullRow(row: PullRow): Html {
  const place = [row.shelf, row.callNumber].filter(Boolean).join(' · ')
  return html`<li><div>
    <p class="work">${workLink(row)}</p>
    <p class="under">${place && html`<strong>${place}</strong> · `}<span class="code">${row.barcode}</span></p>
  </div><p class="end soft small">for ${row.pickupBranchName}</p></li>`
}

function readyRow(row: ShelfRow): Html {
  return html`<li><div>
    <p class="work">${workLink(row)}</p>
    <p class="under">for <a href="/patrons/${row.patronId}"><bdi dir="auto">${row.patronName}</bdi></a> · <span class="code">${row.barcode}</span></p>
  </div><p class="end soft small">until ${day(visit, row.shelfUntil)}</p></li>`
}

function overdueView(visit: Visit, loans: Awaited<ReturnType<typeof overdueLoans>>): Html {
  const last = loans.length === overdueMax ? loans.at(-1) : undefined
  if (loans.length === 0) return html`<p class="empty">Nothing is overdue here.</p>`
  return html`<p class="soft">${last ? `The first ${overdueMax}` : counted(loans.length, 'loan')}</p>
  <ol class="rows">${loans.map(
    (loan) => html`<li><div>
      <p class="work">${workLink(loan)}</p>
      <p class="under"><a href="/patrons/${loan.patronId}"><bdi dir="auto">${loan.patronName}</bdi></a> · <span class="code">${loan.barcode}</span></p>
    </div><p class="end small">due ${day(visit, loan.dueAt)}</p></li>`,
  )}</ol>
  ${last && html`<p class="more"><a class="button quiet" href="${address('/overdue', { after: last.loanId })}" rel="next">More</a></p>`}`
}

import type { Operation } from '@bibby/guard/operation.ts'
import { may } from '../../staff/permission.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import { stateTag, titleOf } from './operation-view.ts'
import { type Visit, zoneOf } from './visit.ts'
import { moment } from './wording.ts'

/** All operations, and the doors to new ones. */
export function listView(
  visit: Visit,
  {
    all,
    names,
    more,
    closedBecause,
  }: {
    readonly all: readonly Operation[]
    readonly names: ReadonlyMap<string, string>
    readonly more: string | undefined
    /** Why no code can be sent here. */
    readonly closedBecause: string | undefined
  },
): Html {
  return html`<div class="stack">${
    closedBecause !== undefined &&
    notice(visit, 'warn', {
      title: 'Nothing can be confirmed here.',
      body: html`<p>No code is sent: ${closedBecause}.</p>`,
    })
  }<div class="columns">
    <section class="stack" aria-labelledby="operations"><h2 id="operations" class="unseen">Operations so far</h2>${
      all.length === 0
        ? html`<p class="empty">Nothing was taken away at once yet.</p>`
        : html`<ul class="rows">${all.map(
            (each) => html`<li><div>
              <p class="work"><a href="/operations/${each.id}"><bdi>${titleOf(each)}</bdi></a></p>
              <p class="under"><bdi>${names.get(each.requestedBy) ?? each.requestedBy}</bdi> · ${moment(visit, each.plannedAt)}</p>
            </div><p class="end">${stateTag(each)}</p></li>`,
          )}</ul>`
    }${more && html`<p><a class="button quiet" href="${more}" rel="next">Older</a></p>`}</section>
    <section class="panel stack-tight" aria-labelledby="new"><h2 id="new">Plan an operation</h2>
      <p class="soft small">A plan touches nothing. You see what would go before you confirm it.</p>
      ${may(visit.who, 'withdraw') && html`<p><a class="button" href="/operations/withdraw-copies">Withdraw copies</a></p>`}
      ${may(visit.who, 'catalogue-write') && html`<p><a class="button quiet" href="/operations/edit-copies">Change many copies</a></p>`}
      ${may(visit.who, 'erase') && html`<p><a class="button quiet" href="/operations/erase-patron">Erase a patron</a></p>`}
      ${may(visit.who, 'delete-all') && html`<p><a class="button danger" href="/operations/delete-all-books">Delete all books</a></p>`}
    </section>
  </div></div>`
}

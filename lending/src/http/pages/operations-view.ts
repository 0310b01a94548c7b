import type { Operation } from '@bibby/guard/operation.ts'
import { readWords } from '../../language/worded.ts'
import { may } from '../../staff/permission.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import { stateTag, titleOf } from './operation-view.ts'
import type { Visit } from './visit.ts'
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
  const { say } = visit
  return html`<div class="stack">${
    closedBecause !== undefined &&
    notice(visit, 'warn', {
      title: say('operations.no-codes'),
      body: html`<p>${say('operations.no-codes-because', { because: readWords(say, closedBecause) })}</p>`,
    })
  }<div class="columns">
    <section class="stack" aria-labelledby="operations"><h2 id="operations" class="unseen">${say('operations.so-far')}</h2>${
      all.length === 0
        ? html`<p class="empty">${say('operations.none')}</p>`
        : html`<ul class="rows">${all.map(
            (each) => html`<li><div>
              <p class="work"><a href="/operations/${each.id}"><bdi>${titleOf(visit, each)}</bdi></a></p>
              <p class="under"><bdi>${names.get(each.requestedBy) ?? each.requestedBy}</bdi> · ${moment(visit, each.plannedAt)}</p>
            </div><p class="end">${stateTag(visit, each)}</p></li>`,
          )}</ul>`
    }${more && html`<p><a class="button quiet" href="${more}" rel="next">${say('operations.older')}</a></p>`}</section>
    <section class="panel stack-tight" aria-labelledby="new"><h2 id="new">${say('operations.plan')}</h2>
      <p class="soft small">${say('operations.plan-hint')}</p>
      ${may(visit.who, 'withdraw') && html`<p><a class="button" href="/operations/withdraw-copies">${say('plan.withdraw-copies')}</a></p>`}
      ${may(visit.who, 'catalogue-write') && html`<p><a class="button quiet" href="/operations/edit-copies">${say('plan.edit-copies')}</a></p>`}
      ${may(visit.who, 'erase') && html`<p><a class="button quiet" href="/operations/erase-patron">${say('plan.erase-patron')}</a></p>`}
      ${may(visit.who, 'delete-all') && html`<p><a class="button danger" href="/operations/delete-all-books">${say('plan.delete-all-books')}</a></p>`}
    </section>
  </div></div>`
}

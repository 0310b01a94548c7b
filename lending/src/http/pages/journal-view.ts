import type { JournalEntry } from '../../journal/journal.ts'
import { textField } from './form.ts'
import { type Html, html } from './html.ts'
import { tag } from './notice.ts'
import type { Visit } from './visit.ts'
import { moment } from './wording.ts'

/** What somebody looks for in the journal. */
export type JournalWanted = {
  readonly card: string
  readonly barcode: string
  readonly actor: string
  readonly action: string
  readonly before: string
}

/** The journal, newest first. */
export function journalView(
  visit: Visit,
  {
    wanted,
    rows,
    more,
  }: {
    readonly wanted: JournalWanted
    readonly rows: readonly JournalEntry[]
    readonly more: string | undefined
  },
): Html {
  const { say } = visit
  return html`<div class="stack">
    <form class="inline-form" action="/journal" role="search">
      ${textField({ name: 'barcode', label: say('journal-page.copy'), value: wanted.barcode, max: 64 })}
      ${textField({ name: 'card', label: say('journal-page.patron'), value: wanted.card, max: 64 })}
      ${textField({ name: 'actor', label: say('journal-page.who'), value: wanted.actor, max: 100 })}
      ${textField({ name: 'action', label: say('journal-page.what'), value: wanted.action, max: 100 })}
      <button class="button">${say('journal-page.look')}</button>
    </form>
    ${
      rows.length === 0
        ? html`<p class="empty">${say('journal-page.none')}</p>`
        : html`<section aria-labelledby="entries"><h2 id="entries" class="unseen">${say('journal-page.entries')}</h2><ol class="rows">${rows.map((row) => entryRow(visit, row))}</ol></section>`
    }
    ${more && html`<p><a class="button quiet" href="${more}" rel="next">${say('journal-page.older')}</a></p>`}
  </div>`
}

function entryRow(visit: Visit, row: JournalEntry): Html {
  const { say } = visit
  return html`<li><div>
    <p>${row.outcome === 'refused' && html`${tag('bad', say('journal-page.refused'))} `}<bdi dir="auto">${row.line}</bdi></p>
    <p class="under"><bdi>${row.actorName ?? row.actor}</bdi> · ${row.action}${links(visit, row)}</p>
  </div><p class="end soft small">${moment(visit, row.occurredAt)}</p></li>`
}

function links({ say }: Visit, { titleId, patronId, changeSetId }: JournalEntry): Html {
  return html`${titleId !== null && html` · <a href="/titles/${titleId}">${say('journal-page.title-link')}</a>`}${
    patronId !== null && html` · <a href="/patrons/${patronId}">${say('journal-page.patron-link')}</a>`
  }${changeSetId !== null && html` · <a href="/imports/${changeSetId}">${say('journal-page.import-link')}</a>`}`
}

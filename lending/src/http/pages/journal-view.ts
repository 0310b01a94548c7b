import type { JournalEntry } from '../../journal/journal.ts'
import { textField } from './form.ts'
import { type Html, html } from './html.ts'
import { tag } from './notice.ts'
import { type Visit, zoneOf } from './visit.ts'
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
  return html`<div class="stack">
    <form class="inline-form" action="/journal" role="search">
      ${textField({ name: 'barcode', label: 'Copy (barcode)', value: wanted.barcode, max: 64 })}
      ${textField({ name: 'card', label: 'Patron (card)', value: wanted.card, max: 64 })}
      ${textField({ name: 'actor', label: 'Who, as staff:12', value: wanted.actor, max: 100 })}
      ${textField({ name: 'action', label: 'What, as lend', value: wanted.action, max: 100 })}
      <button class="button">Look</button>
    </form>
    ${
      rows.length === 0
        ? html`<p class="empty">Nothing of the kind was done.</p>`
        : html`<section aria-labelledby="entries"><h2 id="entries" class="unseen">Entries</h2><ol class="rows">${rows.map((row) => entryRow(visit, row))}</ol></section>`
    }
    ${more && html`<p><a class="button quiet" href="${more}" rel="next">Older</a></p>`}
  </div>`
}

function entryRow(visit: Visit, row: JournalEntry): Html {
  return html`<li><div>
    <p>${row.outcome === 'refused' && html`${tag('bad', 'Refused')} `}<bdi dir="auto">${row.line}</bdi></p>
    <p class="under"><bdi>${row.actorName ?? row.actor}</bdi> · ${row.action}${links(row)}</p>
  </div><p class="end soft small">${moment(visit, row.occurredAt)}</p></li>`
}

function links({ titleId, patronId, changeSetId }: JournalEntry): Html {
  return html`${titleId !== null && html` · <a href="/titles/${titleId}">title</a>`}${
    patronId !== null && html` · <a href="/patrons/${patronId}">patron</a>`
  }${changeSetId !== null && html` · <a href="/imports/${changeSetId}">import</a>`}`
}

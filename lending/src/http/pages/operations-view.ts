import type { Operation } from '@bibby/guard/operation.ts'
import type { Branch } from '../../circulation/places.ts'
import { may } from '../../staff/permission.ts'
import type { Asked } from './asked.ts'
import { choiceField, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { endingFacts, stateTag } from './operation-view.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { type Visit, zoneOf } from './visit.ts'
import { moment } from './wording.ts'

/** All operations, and the doors to new ones. */
export function listView(
  visit: Visit,
  {
    all,
    names,
    more,
  }: {
    readonly all: readonly Operation[]
    readonly names: ReadonlyMap<string, string>
    readonly more: string | undefined
  },
): Html {
  return html`<div class="columns">
    <section class="stack" aria-labelledby="operations"><h2 id="operations" class="unseen">Operations so far</h2>${
      all.length === 0
        ? html`<p class="empty">Nothing was taken away at once yet.</p>`
        : html`<ul class="rows">${all.map(
            (each) => html`<li><div>
              <p class="work"><a href="/operations/${each.id}"><bdi>${each.phrase ?? each.name.replaceAll('-', ' ')}</bdi></a></p>
              <p class="under"><bdi>${names.get(each.requestedBy) ?? each.requestedBy}</bdi> · ${moment(each.plannedAt, zoneOf(visit))}</p>
            </div><p class="end">${stateTag(each)}</p></li>`,
          )}</ul>`
    }${more && html`<p><a class="button quiet" href="${more}" rel="next">Older</a></p>`}</section>
    <section class="panel" aria-labelledby="new"><h2 id="new">Plan an operation</h2>
      <p class="soft small">A plan touches nothing. You see what would go before you confirm it.</p>
      ${may(visit.who, 'withdraw') && html`<p><a class="button" href="/operations/withdraw-copies">Withdraw copies</a></p>`}
      ${may(visit.who, 'delete-all') && html`<p><a class="button danger" href="/operations/delete-all-books">Delete all books</a></p>`}
    </section>
  </div>`
}

/** The form that plans a withdrawal. */
export function withdrawView(
  visit: Visit,
  {
    places,
    sent,
    refusal,
  }: { readonly places: readonly Branch[]; readonly sent: Asked; readonly refusal: Refused | undefined },
): Html {
  const value = (name: string) => sent.text(name, { max: 400_000, label: name, lines: true })
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal, endingFacts(refusal))}
    <form class="panel form" method="post" action="/operations/withdraw-copies">
      ${hidden(visit)}
      ${choiceField({
        name: 'branch',
        label: 'Branch',
        value: value('branch'),
        options: [
          { value: '', label: 'Any branch' },
          ...places.map(({ code, name }) => ({ value: code, label: name })),
        ],
      })}
      ${textField({ name: 'shelf', label: 'Shelf', value: value('shelf'), max: 100, hint: 'As it stands at the copies. Empty: any shelf.' })}
      ${textField({ name: 'barcodes', label: 'Barcodes', value: value('barcodes'), max: 400_000, lines: true, hint: 'One a line, or scanned one after another. Empty: all that the fields above say.' })}
      ${textField({ name: 'because', label: 'Why', value: value('because'), max: 500, required: true, hint: 'Stands at each copy.' })}
      <div><button class="button">Plan it</button></div>
    </form>
  </div>`
}

/** The form that plans to empty the catalogue. */
export function deleteAllView(visit: Visit, refusal: Refused | undefined): Html {
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal, endingFacts(refusal))}
    <form class="panel form" method="post" action="/operations/delete-all-books">
      ${hidden(visit)}
      <p>Takes every title out of the catalogue and withdraws every copy. Nothing may be on loan or waited for. Patrons and their history stay.</p>
      ${textField({ name: 'because', label: 'Why', max: 500, required: true, hint: 'Stands at each copy.' })}
      <div><button class="button">Plan it</button></div>
    </form>
  </div>`
}

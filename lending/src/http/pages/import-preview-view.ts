import type { ImportFileRefused } from '../../catalogue/import/new-import.ts'
import {
  type ImportPreview,
  type PreviewRecord,
  previewRecordsMax,
} from '../../catalogue/import/preview-import.ts'
import type { Branch, ItemType } from '../../circulation/places.ts'
import { carried, choiceField, hidden } from './form.ts'
import { type Html, html } from './html.ts'
import type { Look } from './import-preview-page.ts'
import { countsList, encodings, formatNames, nameField, warningsList } from './imports-view.ts'
import { carriedMapping, mappingFields } from './mapping-fields.ts'
import { type Tone, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { authorNames, editionLine, workName } from './work-line.ts'

type Shown = {
  readonly look: Look
  readonly preview: ImportPreview | ImportFileRefused
  readonly places: readonly Branch[]
  readonly types: readonly ItemType[]
  readonly refusedStart: Refused | undefined
}

/** What an import would do: counts, the first records as they would be, and how the file is read. */
export function importPreviewView(visit: Visit, shown: Shown): Html {
  const { preview, refusedStart } = shown
  const refused = 'refused' in preview ? preview : undefined
  return html`<div class="stack">
    ${refusedStart && refusalNotice(visit, refusedStart)}
    ${refused && refusalNotice(visit, refused, 'problems' in refused ? html`<ul>${refused.problems.map((each) => html`<li><bdi>${each}</bdi></li>`)}</ul>` : undefined)}
    ${'refused' in preview ? undefined : found(visit, shown, preview)}
    ${readingPanel(shown)}
    ${'refused' in preview ? undefined : firstRecords(preview)}
  </div>`
}

function found(visit: Visit, { look }: Shown, preview: ImportPreview): Html {
  const { counts } = preview
  return html`<section class="panel stack-tight" aria-labelledby="counts">
      <h2 id="counts">${preview.hasMore ? `The first ${previewRecordsMax.toLocaleString('en')} records` : 'All records of the file'}</h2>
      ${countsList({ ...counts, read: counts.imported + counts.updated + counts.unchanged + counts.rejected })}
      ${warningsList(preview.warnings)}
      <form class="inline-form" method="post" action="/imports">${hidden(visit)}
        ${Object.entries({ upload: look.upload, fileName: look.fileName, format: look.format, encoding: look.encoding, branch: look.branch, itemType: look.itemType }).map(([name, value]) => carried(name, value))}
        ${preview.setup.csv && carriedMapping(preview.setup.csv.mapping)}
        ${nameField(look.name)}
        <button class="button">Start the import</button>
      </form>
    </section>`
}

function firstRecords(preview: ImportPreview): Html {
  return html`<section aria-labelledby="records"><h2 id="records">The first records, as they would be</h2>
      <ol class="rows">${preview.records.map(recordRow)}</ol></section>`
}

const fates: Readonly<Record<PreviewRecord['fate'], { readonly tone: Tone; readonly words: string }>> = {
  imported: { tone: 'good', words: 'New' },
  updated: { tone: 'warn', words: 'Updates' },
  unchanged: { tone: 'plain', words: 'Unchanged' },
  rejected: { tone: 'bad', words: 'Set aside' },
}

function recordRow(record: PreviewRecord): Html {
  const { tone, words } = fates[record.fate]
  if (record.fate === 'rejected') {
    return html`<li><div><p>Record ${record.number}</p><p class="under"><bdi>${record.reason}</bdi></p></div><p class="end">${tag(tone, words)}</p></li>`
  }
  const { fields, madeAfterAll } = record
  return html`<li><div>
    <p class="work">${workName(fields.title, fields.language)}</p>
    ${fields.authors.length > 0 && html`<p>${authorNames(fields.authors)}</p>`}
    <p class="under">${editionLine(fields)}${fields.isbns[0] && html` · <span class="code">${fields.isbns[0]}</span>`}</p>
    ${madeAfterAll !== undefined && html`<p>Its copy <bdi class="code">${madeAfterAll}</bdi>, left out before, is made.</p>`}
  </div><p class="end">${tag(tone, words)}</p></li>`
}

function readingPanel({ look, preview, places, types }: Shown): Html {
  const header = headerOf(preview)
  const mapping = 'refused' in preview ? (look.mapping ?? {}) : (preview.setup.csv?.mapping ?? {})
  const named = (all: readonly { code: string; name: string }[]) => [
    { value: '', label: 'As the file says' },
    ...all.map(({ code, name }) => ({ value: code, label: name })),
  ]
  return html`<section class="panel" aria-labelledby="reading"><h2 id="reading">How the file is read</h2>
    <form class="form two" action="/imports/preview">
      ${carried('upload', look.upload)}${carried('fileName', look.fileName)}${carried('name', look.name)}
      ${choiceField({ name: 'format', label: 'Format', value: look.format, options: Object.entries(formatNames).map(([value, label]) => ({ value, label })) })}
      ${choiceField({ name: 'encoding', label: 'Encoding', value: look.encoding, options: [{ value: '', label: 'As the file says' }, ...encodings.map((value) => ({ value, label: value }))] })}
      ${choiceField({ name: 'branch', label: 'Branch of its copies', value: look.branch, options: named(places) })}
      ${choiceField({ name: 'itemType', label: 'Type of its copies', value: look.itemType, options: named(types) })}
      ${header.length > 0 && mappingFields({ mapping, header })}
      <div class="whole"><button class="button quiet">Look again</button></div>
    </form></section>`
}

function headerOf(preview: ImportPreview | ImportFileRefused): readonly string[] {
  if (!('refused' in preview)) return preview.setup.csv?.header ?? []
  return 'header' in preview ? preview.header : []
}

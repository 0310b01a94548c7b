import { type CsvMapping, guessedMapping } from '../../catalogue/import/csv-mapping.ts'
import type { ImportFileRefused } from '../../catalogue/import/new-import.ts'
import {
  type ImportPreview,
  type PreviewRecord,
  previewRecordsMax,
} from '../../catalogue/import/preview-import.ts'
import type { Branch, ItemType } from '../../circulation/places.ts'
import { flawText } from './flaw-text.ts'
import { carried, choiceField, hidden } from './form.ts'
import { type Html, html } from './html.ts'
import type { Look } from './import-preview-page.ts'
import { countsList, encodings, formatOptions, nameField, warningsList } from './imports-view.ts'
import { keptWords } from './kept-words.ts'
import { carriedMapping, columnsLeft, mappingFields, takenColumnFields } from './mapping-fields.ts'
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
    ${refused && refusalNotice(visit, refused, 'problems' in refused ? html`<ul>${refused.problems.map((each) => html`<li>${flawText(visit, each)}</li>`)}</ul>` : undefined)}
    ${'refused' in preview ? undefined : found(visit, shown, preview)}
    ${readingPanel(visit, shown)}
    ${'refused' in preview ? undefined : firstRecords(visit, preview)}
  </div>`
}

function found(visit: Visit, { look }: Shown, preview: ImportPreview): Html {
  const { say } = visit
  const { counts } = preview
  return html`<section class="panel stack-tight" aria-labelledby="counts">
      <h2 id="counts">${preview.hasMore ? say('import-preview.first', { count: previewRecordsMax }) : say('import-preview.all')}</h2>
      ${countsList(visit, { ...counts, read: counts.imported + counts.updated + counts.unchanged + counts.rejected })}
      ${leftNote(visit, preview)}
      ${warningsList(visit, preview.warnings)}
      <form class="inline-form" method="post" action="/imports">${hidden(visit)}
        ${Object.entries({ upload: look.upload, fileName: look.fileName, format: look.format, encoding: look.encoding, branch: look.branch, itemType: look.itemType }).map(([name, value]) => carried(name, value))}
        ${preview.setup.csv && carriedMapping(preview.setup.csv.mapping)}
        ${nameField(visit, look.name)}
        <button class="button">${say('import-preview.start')}</button>
      </form>
    </section>`
}

function firstRecords(visit: Visit, preview: ImportPreview): Html {
  return html`<section aria-labelledby="records"><h2 id="records">${visit.say('import-preview.records')}</h2>
      <ol class="rows">${preview.records.map((each) => recordRow(visit, each))}</ol></section>`
}

const tones: Readonly<Record<PreviewRecord['fate'], Tone>> = {
  imported: 'good',
  updated: 'warn',
  unchanged: 'plain',
  rejected: 'bad',
}

function recordRow(visit: Visit, record: PreviewRecord): Html {
  const { say } = visit
  const fate = tag(tones[record.fate], say(`import-fate.${record.fate}`))
  if (record.fate === 'rejected') {
    return html`<li><div><p>${say('import-preview.record', { number: String(record.number) })}</p><p class="under">${keptWords(visit, record.reason)}</p></div><p class="end">${fate}</p></li>`
  }
  const { fields, madeAfterAll } = record
  return html`<li><div>
    <p class="work">${workName(fields.title, fields.language)}</p>
    ${fields.authors.length > 0 && html`<p>${authorNames(visit, fields.authors)}</p>`}
    <p class="under">${editionLine(visit, fields)}${fields.isbns[0] && html` · <span class="code">${fields.isbns[0]}</span>`}</p>
    ${madeAfterAll !== undefined && html`<p>${say('import-preview.made-after-all', { barcode: html`<bdi class="code">${madeAfterAll}</bdi>` })}</p>`}
  </div><p class="end">${fate}</p></li>`
}

function readingPanel(visit: Visit, shown: Shown): Html {
  const { say } = visit
  const { look, preview } = shown
  const header = headerOf(preview)
  // Where the columns are not all told, those that are known by their names are.
  const mapping =
    'refused' in preview ? (look.mapping ?? guessedMapping(header)) : (preview.setup.csv?.mapping ?? {})
  return html`<section class="panel" aria-labelledby="reading"><h2 id="reading">${say('import-preview.reading')}</h2>
    <form class="stack-tight" action="/imports/preview">
      ${carried('upload', look.upload)}${carried('fileName', look.fileName)}${carried('name', look.name)}
      <div class="form two">
        ${choiceField({ name: 'format', label: say('imports.format'), value: look.format, options: formatOptions(visit) })}
        ${choiceField({ name: 'encoding', label: say('import-preview.encoding'), value: look.encoding, options: [{ value: '', label: say('import-preview.as-file-says') }, ...encodings.map((value) => ({ value, label: value }))] })}
      </div>
      ${header.length > 0 && columnFields(visit, shown, { mapping, header })}
      <div><button class="button quiet">${say('import-preview.again')}</button></div>
    </form></section>`
}

function columnFields(
  visit: Visit,
  { look, places, types }: Shown,
  columns: { readonly mapping: CsvMapping; readonly header: readonly string[] },
): Html {
  const { say } = visit
  const named = (all: readonly { code: string; name: string }[]) => [
    { value: '', label: '–' },
    ...all.map(({ code, name }) => ({ value: code, label: name })),
  ]
  return html`<fieldset class="form two"><legend>${say('import-preview.columns-of-titles')}</legend>
      ${mappingFields(visit, columns, { copies: false })}</fieldset>
    <fieldset class="form two"><legend>${say('import-preview.columns-of-copies')}</legend>
      ${mappingFields(visit, columns, { copies: true })}
      ${choiceField({ name: 'branch', label: say('import-preview.branch'), value: look.branch, options: named(places) })}
      ${choiceField({ name: 'itemType', label: say('import-preview.item-type'), value: look.itemType, options: named(types) })}</fieldset>
    ${takenColumnFields(visit, columns.mapping)}`
}

/** What a file would lose: columns that nothing is read from. */
function leftNote({ say }: Visit, { setup }: ImportPreview): Html | undefined {
  const left = setup.csv && !setup.csv.isOurs ? columnsLeft(setup.csv) : []
  if (left.length === 0) return undefined
  return html`<p class="soft">${say('import-preview.left', { columns: html`<bdi>${left.join(', ')}</bdi>` })}</p>`
}

function headerOf(preview: ImportPreview | ImportFileRefused): readonly string[] {
  if (!('refused' in preview)) return preview.setup.csv?.header ?? []
  return 'header' in preview ? preview.header : []
}

import type { Branch, PatronCategory } from '../../circulation/places.ts'
import type { ImportResult } from '../../patrons/import-kept-file.ts'
import type { ImportPatronsRefused } from '../../patrons/import-patrons.ts'
import { type PatronColumn, patronColumns } from '../../patrons/patron-columns.ts'
import { patronEncodings } from '../../patrons/patron-file.ts'
import { type PatronPreview, type PatronRowPreview, previewRowsMax } from '../../patrons/preview-patrons.ts'
import { address } from './address.ts'
import { carried, choiceField, hidden } from './form.ts'
import { type Html, html } from './html.ts'
import { notice, type Tone, tag } from './notice.ts'
import type { PatronLook } from './patron-import-page.ts'
import { refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'

/** A form to bring a file, and what it may hold. */
export function patronImportView(visit: Visit): Html {
  // The token stands in the address here, because an upload is checked before its body is read.
  const action = address('/patrons/import/uploads', { _csrf: visit.csrf })
  return html`<div class="columns even">
    <section class="panel" aria-labelledby="upload"><h2 id="upload">Bring a file</h2>
      <form class="form" method="post" enctype="multipart/form-data" action="${action}">
        <div class="field"><label for="file">CSV or TSV file</label><input id="file" type="file" name="file" required></div>
        <p class="soft small">You see a preview first. Nothing changes before you start it.</p>
        <div><button class="button">Look at it</button></div>
      </form></section>
    <section class="stack-tight" aria-labelledby="columns"><h2 id="columns">What it may hold</h2>
      <p class="aside-text">The first row names the columns. A card and a name are needed; category and branch can be chosen for the whole file.</p>
      <ul>
        <li>An empty cell leaves what there is.</li>
        <li>A protected patron is never changed.</li>
        <li>Passwords, blocks and flags are not imported.</li>
      </ul>
    </section>
  </div>`
}

type Shown = {
  readonly look: PatronLook
  readonly preview: PatronPreview | ImportPatronsRefused
  readonly places: readonly Branch[]
  readonly categories: readonly PatronCategory[]
}

/** What an import would do: counts, the first rows as they would be, and how the file is read. */
export function patronPreviewView(visit: Visit, shown: Shown): Html {
  const { preview } = shown
  if ('refused' in preview) {
    return html`<div class="stack">
      ${refusalNotice(visit, preview, preview.refused === 'columns-missing' ? html`<ul>${preview.missing.map((each) => html`<li>${missingWords[each] ?? each}</li>`)}</ul>` : undefined)}
      ${readingPanel(shown)}
    </div>`
  }
  return html`<div class="stack">
    ${startPanel(visit, shown.look, preview)}
    ${readingPanel(shown)}
    <section aria-labelledby="rows"><h2 id="rows">The first rows, as they would be</h2>
      <ol class="rows">${preview.rows.map(rowLine)}</ol></section>
  </div>`
}

function startPanel(visit: Visit, look: PatronLook, preview: PatronPreview): Html {
  const { counts, ignoredColumns } = preview
  const sum = counts.registered + counts.updated + counts.unchanged + counts.rejected
  const { mapping, ...rest } = look
  return html`<section class="panel stack-tight" aria-labelledby="counts">
    <h2 id="counts">${preview.hasMore ? `The first ${previewRowsMax.toLocaleString('en')} rows` : 'All rows of the file'}</h2>
    ${countsList({ ...counts, read: sum })}
    ${ignoredColumns.length > 0 && html`<p class="soft">Columns that are not read: <bdi>${ignoredColumns.join(', ')}</bdi></p>`}
    <form method="post" action="/patrons/import">${hidden(visit)}
      ${Object.entries(rest).map(([name, value]) => carried(name, value))}
      ${Object.entries(mapping).map(([column, name]) => carried(`map.${column}`, name))}
      <button class="button">Start the import</button>
    </form>
  </section>`
}

const fates: Readonly<Record<PatronRowPreview['fate'], { readonly tone: Tone; readonly words: string }>> = {
  registered: { tone: 'good', words: 'New' },
  updated: { tone: 'warn', words: 'Updates' },
  unchanged: { tone: 'plain', words: 'Unchanged' },
  rejected: { tone: 'bad', words: 'Not taken' },
}

function rowLine(row: PatronRowPreview): Html {
  const { tone, words } = fates[row.fate]
  if (row.fate === 'rejected') {
    return html`<li><div><p>Line ${row.line}</p><p class="under"><bdi>${row.reason}</bdi></p></div><p class="end">${tag(tone, words)}</p></li>`
  }
  return html`<li><div>
    <p><bdi dir="auto">${row.name}</bdi></p>
    <p class="under"><span class="code">${row.card}</span>${row.category && html` · ${row.category}`}</p>
  </div><p class="end">${tag(tone, words)}</p></li>`
}

function readingPanel({ look, preview, places, categories }: Shown): Html {
  const header = headerOf(preview)
  const found = 'refused' in preview ? look.mapping : preview.columns
  const named = (all: readonly { readonly code: string; readonly name: string }[]) => [
    { value: '', label: 'As the file says' },
    ...all.map(({ code, name }) => ({ value: code, label: name })),
  ]
  const column = (name: PatronColumn) =>
    choiceField({
      name: `map.${name}`,
      label: columnNames[name],
      value: found[name] ?? '',
      options: [
        ...(found[name] === undefined ? [{ value: '', label: '–' }] : []),
        ...header.map((each) => ({ value: each, label: each })),
      ],
    })
  return html`<section class="panel" aria-labelledby="reading"><h2 id="reading">How the file is read</h2>
    <form class="form two" action="/patrons/import/preview">
      ${carried('upload', look.upload)}${carried('fileName', look.fileName)}
      ${choiceField({ name: 'encoding', label: 'Encoding', value: look.encoding || 'utf-8', options: patronEncodings.map((value) => ({ value, label: value })) })}
      ${choiceField({ name: 'category', label: 'Category of new patrons', value: look.category, options: named(categories), hint: 'Where the row names none.' })}
      ${choiceField({ name: 'branch', label: 'Branch of new patrons', value: look.branch, options: named(places), hint: 'Where the row names none.' })}
      ${header.length > 0 && patronColumns.map(column)}
      <div class="whole"><button class="button quiet">Look again</button></div>
    </form></section>`
}

function headerOf(preview: Shown['preview']): readonly string[] {
  const all =
    'refused' in preview ? (preview.refused === 'columns-missing' ? preview.found : []) : preview.header
  return [...new Set(all)].filter(Boolean)
}

/** What an import came to: its account, and each row that was not taken with its place and reason. */
export function patronResultView({
  upload,
  result,
}: {
  readonly upload: string
  readonly result: ImportResult
}): Html {
  const { rejected, rejects } = result
  return html`<div class="stack" data-progress="over">
    <section class="panel stack-tight" aria-label="What it came to">${countsList(result)}</section>
    ${
      rejected > 0 &&
      html`${notice(visit, 'warn', {
        title: 'Some rows were not taken.',
        body: html`<p>Mend them in the file, and import that file again: it holds just these rows, in UTF-8. It is kept for a day.</p>
          <p><a class="button quiet" href="/patrons/import/${upload}/rejects" download>Get the file</a></p>`,
      })}
      <div class="scroll" tabindex="0" role="region" aria-label="Rows that were not taken"><table>
        <thead><tr><th scope="col" class="number">Line</th><th scope="col">Why</th></tr></thead>
        <tbody>${rejects.map(({ line, reason }) => html`<tr><td class="number">${line.toLocaleString('en')}</td><td><bdi>${reason}</bdi></td></tr>`)}</tbody>
      </table></div>
      ${rejected > rejects.length && html`<p class="soft">${(rejected - rejects.length).toLocaleString('en')} more are in the file.</p>`}`
    }
    <p class="actions"><a class="button quiet" href="/patrons">To the patrons</a><a href="/patrons/import">Import another file</a></p>
  </div>`
}

/** Read, new, updated, unchanged, not taken: the first is the sum of the others. */
export function countsList(
  counts: Pick<ImportResult, 'read' | 'registered' | 'updated' | 'unchanged' | 'rejected'>,
): Html {
  const all: readonly (readonly [string, number])[] = [
    ['Read', counts.read],
    ['New', counts.registered],
    ['Updated', counts.updated],
    ['Unchanged', counts.unchanged],
    ['Not taken', counts.rejected],
  ]
  return html`<dl class="counts">${all.map(
    ([name, count]) => html`<div><dt>${name}</dt><dd>${count.toLocaleString('en')}</dd></div>`,
  )}</dl>`
}

const columnNames: Readonly<Record<PatronColumn, string>> = {
  card: 'Card',
  givenName: 'Given name',
  familyName: 'Family name',
  email: 'Email',
  phone: 'Phone',
  address: 'Address',
  note: 'Note',
  expiresOn: 'Valid until',
  category: 'Category',
  branch: 'Branch',
}

const missingWords: Readonly<Record<string, string>> = {
  card: 'Card: say which column it is.',
  familyName: 'Family name or given name: say which column it is.',
  category: 'Category: say which column it is, or choose one for all.',
  branch: 'Branch: say which column it is, or choose one for all.',
}

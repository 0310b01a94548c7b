import type { Branch, PatronCategory } from '../../circulation/places.ts'
import { isMessageId } from '../../language/messages.ts'
import type { ImportResult } from '../../patrons/import-kept-file.ts'
import type { ImportPatronsRefused } from '../../patrons/import-patrons.ts'
import { type PatronColumn, patronColumns } from '../../patrons/patron-columns.ts'
import { patronEncodings } from '../../patrons/patron-file.ts'
import { type PatronPreview, type PatronRowPreview, previewRowsMax } from '../../patrons/preview-patrons.ts'
import { address } from './address.ts'
import { carried, choiceField, hidden } from './form.ts'
import { type Html, html } from './html.ts'
import { keptWords } from './kept-words.ts'
import { notice, type Tone, tag } from './notice.ts'
import type { PatronLook } from './patron-import-page.ts'
import { refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { numberText } from './wording.ts'

/** A form to bring a file, and what it may hold. */
export function patronImportView(visit: Visit): Html {
  const { say } = visit
  // The token stands in the address here, because an upload is checked before its body is read.
  const action = address('/patrons/import/uploads', { _csrf: visit.csrf })
  return html`<div class="columns even">
    <section class="panel" aria-labelledby="upload"><h2 id="upload">${say('imports.bring')}</h2>
      <form class="form" method="post" enctype="multipart/form-data" action="${action}">
        <div class="field"><label for="file">${say('patron-import.file')}</label><input id="file" type="file" name="file" required></div>
        <p class="soft small">${say('patron-import.bring-hint')}</p>
        <div><button class="button">${say('imports.look')}</button></div>
      </form></section>
    <section class="stack-tight" aria-labelledby="columns"><h2 id="columns">${say('patron-import.holds')}</h2>
      <p class="aside-text">${say('patron-import.holds-lead')}</p>
      <ul>
        <li>${say('patron-import.holds-empty')}</li>
        <li>${say('patron-import.holds-protected')}</li>
        <li>${say('patron-import.holds-not')}</li>
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
      ${refusalNotice(visit, preview, preview.refused === 'columns-missing' ? html`<ul>${preview.missing.map((each) => html`<li>${missingText(visit, each)}</li>`)}</ul>` : undefined)}
      ${readingPanel(visit, shown)}
    </div>`
  }
  return html`<div class="stack">
    ${startPanel(visit, shown.look, preview)}
    ${readingPanel(visit, shown)}
    <section aria-labelledby="rows"><h2 id="rows">${visit.say('patron-import.rows')}</h2>
      <ol class="rows">${preview.rows.map((each) => rowLine(visit, each))}</ol></section>
  </div>`
}

function startPanel(visit: Visit, look: PatronLook, preview: PatronPreview): Html {
  const { say } = visit
  const { counts, ignoredColumns } = preview
  const sum = counts.registered + counts.updated + counts.unchanged + counts.rejected
  const { mapping, ...rest } = look
  return html`<section class="panel stack-tight" aria-labelledby="counts">
    <h2 id="counts">${preview.hasMore ? say('patron-import.first', { count: previewRowsMax }) : say('patron-import.all')}</h2>
    ${countsList(visit, { ...counts, read: sum })}
    ${ignoredColumns.length > 0 && html`<p class="soft">${say('patron-import.ignored', { columns: html`<bdi>${ignoredColumns.join(', ')}</bdi>` })}</p>`}
    <form method="post" action="/patrons/import">${hidden(visit)}
      ${Object.entries(rest).map(([name, value]) => carried(name, value))}
      ${Object.entries(mapping).map(([column, name]) => carried(`map.${column}`, name))}
      <button class="button">${say('import-preview.start')}</button>
    </form>
  </section>`
}

const tones: Readonly<Record<PatronRowPreview['fate'], Tone>> = {
  registered: 'good',
  updated: 'warn',
  unchanged: 'plain',
  rejected: 'bad',
}

function rowLine(visit: Visit, row: PatronRowPreview): Html {
  const { say } = visit
  const fate = tag(tones[row.fate], say(`patron-fate.${row.fate}`))
  if (row.fate === 'rejected') {
    return html`<li><div><p>${say('patron-import.line', { number: String(row.line) })}</p><p class="under">${keptWords(visit, row.reason)}</p></div><p class="end">${fate}</p></li>`
  }
  return html`<li><div>
    <p><bdi dir="auto">${row.name}</bdi></p>
    <p class="under"><span class="code">${row.card}</span>${row.category && html` · ${row.category}`}</p>
  </div><p class="end">${fate}</p></li>`
}

function readingPanel(visit: Visit, { look, preview, places, categories }: Shown): Html {
  const { say } = visit
  const header = headerOf(preview)
  const found = 'refused' in preview ? look.mapping : preview.columns
  const named = (all: readonly { readonly code: string; readonly name: string }[]) => [
    { value: '', label: say('import-preview.as-file-says') },
    ...all.map(({ code, name }) => ({ value: code, label: name })),
  ]
  const column = (name: PatronColumn) =>
    choiceField({
      name: `map.${name}`,
      label: say(`patron-column.${name}`),
      value: found[name] ?? '',
      options: [
        ...(found[name] === undefined ? [{ value: '', label: '–' }] : []),
        ...header.map((each) => ({ value: each, label: each })),
      ],
    })
  return html`<section class="panel" aria-labelledby="reading"><h2 id="reading">${say('import-preview.reading')}</h2>
    <form class="form two" action="/patrons/import/preview">
      ${carried('upload', look.upload)}${carried('fileName', look.fileName)}
      ${choiceField({ name: 'encoding', label: say('import-preview.encoding'), value: look.encoding || 'utf-8', options: patronEncodings.map((value) => ({ value, label: value })) })}
      ${choiceField({ name: 'category', label: say('patron-import.category'), value: look.category, options: named(categories), hint: say('patron-import.where-none') })}
      ${choiceField({ name: 'branch', label: say('patron-import.branch'), value: look.branch, options: named(places), hint: say('patron-import.where-none') })}
      ${header.length > 0 && patronColumns.map(column)}
      <div class="whole"><button class="button quiet">${say('import-preview.again')}</button></div>
    </form></section>`
}

function headerOf(preview: Shown['preview']): readonly string[] {
  const all =
    'refused' in preview ? (preview.refused === 'columns-missing' ? preview.found : []) : preview.header
  return [...new Set(all)].filter(Boolean)
}

/** What an import came to: its account, and each row that was not taken with its place and reason. */
export function patronResultView(
  visit: Visit,
  { upload, result }: { readonly upload: string; readonly result: ImportResult },
): Html {
  const { say } = visit
  const { rejected, rejects } = result
  return html`<div class="stack" data-progress="over">
    <section class="panel stack-tight" aria-label="${say('patron-import.came-to')}">${countsList(visit, result)}</section>
    ${
      rejected > 0 &&
      html`${notice(visit, 'warn', {
        title: say('patron-import.some-rejected'),
        body: html`<p>${say('patron-import.some-rejected.next')}</p>
          <p><a class="button quiet" href="/patrons/import/${upload}/rejects" download>${say('rejects.get')}</a></p>`,
      })}
      <div class="scroll" tabindex="0" role="region" aria-label="${say('patron-import.rejected')}"><table>
        <thead><tr><th scope="col" class="number">${say('patron-import.line-number')}</th><th scope="col">${say('rejects.why')}</th></tr></thead>
        <tbody>${rejects.map(({ line, reason }) => html`<tr><td class="number">${numberText(visit, line)}</td><td>${keptWords(visit, reason)}</td></tr>`)}</tbody>
      </table></div>
      ${rejected > rejects.length && html`<p class="soft">${say('patron-import.more', { count: rejected - rejects.length })}</p>`}`
    }
    <p class="actions"><a class="button quiet" href="/patrons">${say('patron-import.to-patrons')}</a><a href="/patrons/import">${say('patron-import.another')}</a></p>
  </div>`
}

/** Read, new, updated, unchanged, not taken: the first is the sum of the others. */
export function countsList(
  visit: Visit,
  counts: Pick<ImportResult, 'read' | 'registered' | 'updated' | 'unchanged' | 'rejected'>,
): Html {
  const { say } = visit
  const all: readonly (readonly [string, number])[] = [
    [say('import-count.read'), counts.read],
    [say('import-count.new'), counts.registered],
    [say('import-count.updated'), counts.updated],
    [say('import-count.unchanged'), counts.unchanged],
    [say('import-count.not-taken'), counts.rejected],
  ]
  return html`<dl class="counts">${all.map(
    ([name, count]) => html`<div><dt>${name}</dt><dd>${numberText(visit, count)}</dd></div>`,
  )}</dl>`
}

function missingText({ say }: Visit, column: string): string {
  const id = `patron-column-missing.${column}`
  return isMessageId(id) ? say(id) : column
}

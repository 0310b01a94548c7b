import type { ChangeSet, Reject } from '../../catalogue/import/change-set.ts'
import { importFormats } from '../../catalogue/import/import-setup.ts'
import type { ImportUndone } from '../../catalogue/import/undo-import.ts'
import { address } from './address.ts'
import { buttonForm, choiceField, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { notice, type Tone, tag } from './notice.ts'
import { type Visit, zoneOf } from './visit.ts'
import { bytesText, counted, moment } from './wording.ts'

/** Formats as people call them. */
export const formatNames: Readonly<Record<(typeof importFormats)[number], string>> = {
  marc: 'MARC (ISO 2709)',
  marcxml: 'MARCXML',
  csv: 'CSV, TSV or other delimited text',
}

/** Encodings that a file may be said to have; without one each record says or shows its own. */
export const encodings = ['utf-8', 'marc-8', 'koi8-r', 'windows-1251', 'windows-1252', 'iso-8859-1'] as const

/** All imports, and a form to bring a file. */
export function importsView(visit: Visit, sets: readonly ChangeSet[]): Html {
  return html`<div class="columns">
    <section aria-labelledby="imports"><h2 id="imports" class="unseen">Imports so far</h2>${
      sets.length === 0
        ? html`<p class="empty">Nothing was imported yet.</p>`
        : html`<ul class="rows">${sets.map(
            (set) => html`<li><div>
              <p class="work"><a href="/imports/${set.changeSetId}"><bdi dir="auto">${set.name}</bdi></a></p>
              <p class="under">${moment(visit, set.startedAt)} · ${counted(set.read, 'record')}${
                set.rejected > 0 && html` · ${set.rejected.toLocaleString('en')} set aside`
              }</p>
            </div><p class="end">${stateTag(set)}</p></li>`,
          )}</ul>`
    }</section>
    ${uploadPanel(visit)}
  </div>`
}

function uploadPanel(visit: Visit): Html {
  // The token stands in the address here, because an upload is checked before its body is read.
  const action = address('/imports/uploads', { _csrf: visit.csrf })
  return html`<section class="panel" aria-labelledby="upload"><h2 id="upload">Bring a file</h2>
    <form class="form" method="post" enctype="multipart/form-data" action="${action}">
      ${choiceField({
        name: 'format',
        label: 'Format',
        options: importFormats.map((value) => ({ value, label: formatNames[value] })),
      })}
      <div class="field"><label for="file">File</label><input id="file" type="file" name="file" required></div>
      <p class="soft small">You see a preview first. Nothing changes before you start it. Packed files (.gz) are fine.</p>
      <div><button class="button">Look at it</button></div>
    </form></section>`
}

const states: Readonly<Record<ChangeSet['state'], { readonly tone: Tone; readonly words: string }>> = {
  waiting: { tone: 'plain', words: 'Waiting' },
  running: { tone: 'plain', words: 'Running' },
  done: { tone: 'good', words: 'Done' },
  failed: { tone: 'bad', words: 'Failed' },
  undone: { tone: 'warn', words: 'Undone' },
  'partly-undone': { tone: 'warn', words: 'Partly undone' },
}

function stateTag({ state }: ChangeSet): Html {
  const { tone, words } = states[state]
  return tag(tone, words)
}

/** One import: how far it is, what it came to, and what can be done about it. */
export function importView(
  visit: Visit,
  {
    set,
    isOpen,
    isStuck,
    isFileHere,
    kept,
  }: {
    readonly set: ChangeSet
    /** Something may still come of it without anybody's doing. */
    readonly isOpen: boolean
    /** It says that it runs, and nobody is at it. */
    readonly isStuck: boolean
    /** This machine has the file that it reads. */
    readonly isFileHere: boolean
    readonly kept: Html | undefined
  },
): Html {
  const path = `/imports/${set.changeSetId}`
  const isLeft = isStuck || set.state === 'waiting'
  return html`<div class="stack" data-progress="${isOpen ? 'running' : 'over'}">
    ${kept}
    ${
      isLeft &&
      !isFileHere &&
      notice(visit, 'warn', {
        title: 'Its file is not on this machine.',
        body: html`<p>What is in stays in. It goes on from the machine that the file was brought to; or bring the file here as a new import.</p>`,
      })
    }
    ${isStuck && isFileHere && notice(visit, 'warn', { title: 'It was cut off on its way.', body: html`<p>What is in stays in. Let it go on from there.</p>` })}
    <section class="panel stack-tight" aria-label="Progress" aria-live="polite">
      <p>${isStuck ? tag('warn', 'Cut off') : stateTag(set)}${set.failedBecause && html` <bdi>${set.failedBecause}</bdi>`}</p>
      ${isOpen && progressBar(set)}
      ${countsList(set)}
      ${warningsList(set.warnings)}
    </section>
    <div class="actions">
      ${set.rejected > 0 && html`<a class="button quiet" href="${path}/rejects">See what was set aside</a>`}
      ${
        (set.state === 'failed' || (isLeft && isFileHere)) &&
        buttonForm(visit, { action: `${path}/run`, label: 'Go on', className: '' })
      }
      ${
        (set.state === 'done' || set.state === 'failed' || set.state === 'partly-undone') &&
        set.imported + set.updated > 0 &&
        undoForm(visit, path)
      }
    </div>
    <dl class="facts">
      <dt>File</dt><dd><bdi>${set.fileName}</bdi>, ${bytesText(visit, set.fileBytes)}</dd>
      <dt>Started</dt><dd>${moment(visit, set.startedAt)}</dd>
      ${set.endedAt && html`<dt>Ended</dt><dd>${moment(visit, set.endedAt)}</dd>`}
      ${set.undoneAt && html`<dt>Undone</dt><dd>${moment(visit, set.undoneAt)}</dd>`}
    </dl>
  </div>`
}

function undoForm(visit: Visit, path: string): Html {
  return html`<details><summary>Undo this import</summary>
    <p class="aside-text">Titles that it made are taken out, titles that it changed are as they were before. What somebody edited, lent or waits for since stays, and is named.</p>
    ${buttonForm(visit, { action: `${path}/undo`, label: 'Undo it', className: 'danger' })}</details>`
}

const reasonsKept: Readonly<Record<string, string>> = {
  'edited-since': 'edited since',
  'has-copies': 'has copies',
  'has-loans': 'is or was lent',
  'has-holds': 'somebody waits for it',
  'deleted-since': 'deleted since',
}

/** What undoing came to, and what it left as it is. */
export function undoneView({ undone, refused, refusedCount }: ImportUndone): Html {
  const title = `${counted(undone, 'title')} undone${refusedCount > 0 ? `, ${refusedCount} left as they are` : ''}.`
  if (refusedCount === 0) return notice(visit, 'good', { title })
  return notice(visit, 'warn', {
    title,
    body: html`<ul>${refused
      .slice(0, keptShownMax)
      .map(
        ({ titleId, because }) =>
          html`<li><a href="/titles/${titleId}">Title ${titleId}</a>: ${reasonsKept[because] ?? because}</li>`,
      )}</ul>`,
  })
}

/** More titles than this are counted, not listed. */
const keptShownMax = 50

/** A packed file is longer unpacked than it lies there, so the bar then only shows that it moves. */
function progressBar({ positionBytes, fileBytes, fileName }: ChangeSet): Html {
  const isMeasured = fileBytes > 0 && !fileName.endsWith('.gz')
  return isMeasured
    ? html`<progress aria-label="Progress" max="${fileBytes}" value="${Math.min(positionBytes, fileBytes)}"></progress>`
    : html`<progress aria-label="Progress"></progress>`
}

/** Read, new, updated, unchanged, set aside: the first is the sum of the others. */
export function countsList(
  set: Pick<ChangeSet, 'read' | 'imported' | 'updated' | 'unchanged' | 'rejected'>,
): Html {
  const all: readonly (readonly [string, number])[] = [
    ['Read', set.read],
    ['New', set.imported],
    ['Updated', set.updated],
    ['Unchanged', set.unchanged],
    ['Set aside', set.rejected],
  ]
  return html`<dl class="counts">${all.map(
    ([name, count]) => html`<div><dt>${name}</dt><dd>${count.toLocaleString('en')}</dd></div>`,
  )}</dl>`
}

const warningWords: Readonly<Record<string, string>> = {
  'isbn-in-scientific-notation': 'ISBN lost to a spreadsheet, left out',
  'isbn-invalid': 'ISBN that is none, left out',
  'isbn-zeros-restored': 'ISBN whose leading zeros were restored',
  'year-unreadable': 'year that could not be read',
  'language-unknown': 'language that is not known',
  'material-unknown': 'kind of material that is not known',
  'record-mended': 'damaged record, mended',
  'copy-not-made': 'copy that could not be made',
}

/** What was mended or left out of records that went in all the same. */
export function warningsList(met: ChangeSet['warnings']): Html | undefined {
  const lines = Object.entries(met).filter(([, count]) => count > 0)
  if (lines.length === 0) return undefined
  return html`<details><summary>What was mended or left out</summary><ul>${lines.map(
    ([code, count]) => html`<li>${count.toLocaleString('en')} × ${warningWords[code] ?? code}</li>`,
  )}</ul></details>`
}

/** The records that were set aside, with the reason of each, and the file to mend. */
export function rejectsView(set: ChangeSet, rows: readonly Reject[], more: number | undefined): Html {
  const path = `/imports/${set.changeSetId}`
  if (rows.length === 0) return html`<p class="empty">Nothing was set aside.</p>`
  return html`<div class="stack">
    ${notice(visit, 'plain', {
      title: 'Mend them in the file, and import that file again.',
      body: html`<p>It holds just these records, in the format in which they came.</p><p><a class="button" href="${path}/rejects-file" download>Get the file</a></p>`,
    })}
    <div class="scroll" tabindex="0" role="region" aria-label="Records set aside"><table>
      <thead><tr><th scope="col" class="number">Record</th><th scope="col" class="number">At byte</th><th scope="col">Why</th></tr></thead>
      <tbody>${rows.map(
        (row) =>
          html`<tr><td class="number">${row.recordNumber.toLocaleString('en')}</td><td class="number">${row.positionBytes.toLocaleString('en')}</td><td><bdi>${row.reason}</bdi></td></tr>`,
      )}</tbody></table></div>
    ${more !== undefined && html`<p><a class="button quiet" href="${address(`${path}/rejects`, { after: more })}" rel="next">More</a></p>`}
  </div>`
}

/** A field for the name under which an import is listed. */
export function nameField(value: string): Html {
  return textField({ name: 'name', label: 'Name of this import', value, max: 200, required: true })
}

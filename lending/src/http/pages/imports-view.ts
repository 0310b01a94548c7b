import type { ChangeSet, Reject } from '../../catalogue/import/change-set.ts'
import { type ImportFormat, importFormats } from '../../catalogue/import/import-setup.ts'
import type { ImportUndone } from '../../catalogue/import/undo-import.ts'
import type { Warning } from '../../catalogue/import/warning.ts'
import { address } from './address.ts'
import { buttonForm, choiceField, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { keptWords } from './kept-words.ts'
import { notice, type Tone, tag } from './notice.ts'
import type { Visit } from './visit.ts'
import { bytesText, moment, numberText } from './wording.ts'

/** The formats that can be imported, as people call them. */
export function formatOptions({ say }: Pick<Visit, 'say'>): { value: ImportFormat; label: string }[] {
  return importFormats.map((value) => ({ value, label: say(`import-format.${value}`) }))
}

/** Encodings that a file may be said to have; without one each record says or shows its own. */
export const encodings = ['utf-8', 'marc-8', 'koi8-r', 'windows-1251', 'windows-1252', 'iso-8859-1'] as const

/** All imports, and a form to bring a file. */
export function importsView(visit: Visit, sets: readonly ChangeSet[]): Html {
  const { say } = visit
  return html`<div class="columns">
    <section aria-labelledby="imports"><h2 id="imports" class="unseen">${say('imports.so-far')}</h2>${
      sets.length === 0
        ? html`<p class="empty">${say('imports.none')}</p>`
        : html`<ul class="rows">${sets.map(
            (set) => html`<li><div>
              <p class="work"><a href="/imports/${set.changeSetId}"><bdi dir="auto">${set.name}</bdi></a></p>
              <p class="under">${moment(visit, set.startedAt)} · ${say('imports.records', { count: set.read })}${
                set.rejected > 0 && html` · ${say('imports.set-aside-count', { count: set.rejected })}`
              }</p>
            </div><p class="end">${stateTag(visit, set)}</p></li>`,
          )}</ul>`
    }</section>
    ${uploadPanel(visit)}
  </div>`
}

function uploadPanel(visit: Visit): Html {
  const { say } = visit
  // The token stands in the address here, because an upload is checked before its body is read.
  const action = address('/imports/uploads', { _csrf: visit.csrf })
  return html`<section class="panel" aria-labelledby="upload"><h2 id="upload">${say('imports.bring')}</h2>
    <form class="form" method="post" enctype="multipart/form-data" action="${action}">
      ${choiceField({
        name: 'format',
        label: say('imports.format'),
        options: [{ value: '', label: say('imports.format-by-name') }, ...formatOptions(visit)],
      })}
      <div class="field"><label for="file">${say('imports.file')}</label><input id="file" type="file" name="file" required></div>
      <p class="soft small">${say('imports.bring-hint')}</p>
      <div><button class="button">${say('imports.look')}</button></div>
    </form></section>`
}

const tones: Readonly<Record<ChangeSet['state'], Tone>> = {
  waiting: 'plain',
  running: 'plain',
  done: 'good',
  failed: 'bad',
  undone: 'warn',
  'partly-undone': 'warn',
}

function stateTag({ say }: Visit, { state }: ChangeSet): Html {
  return tag(tones[state], say(`import-state.${state}`))
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
  const { say } = visit
  const path = `/imports/${set.changeSetId}`
  const isLeft = isStuck || set.state === 'waiting'
  return html`<div class="stack" data-progress="${isOpen ? 'running' : 'over'}">
    ${kept}
    ${isLeft && leftNotice(visit, { isFileHere, isStuck })}
    <section class="panel stack-tight" aria-label="${say('import.progress')}" aria-live="polite">
      <p>${isStuck ? tag('warn', say('import-state.cut-off')) : stateTag(visit, set)}${set.failedBecause && html` ${keptWords(visit, set.failedBecause)}`}</p>
      ${isOpen && progressBar(visit, set)}
      ${countsList(visit, set)}
      ${set.mended > 0 && html`<p class="soft">${say('import.mended', { count: set.mended })}</p>`}
      ${warningsList(visit, set.warnings)}
    </section>
    <div class="actions">
      ${set.rejected > 0 && html`<a class="button quiet" href="${path}/rejects">${say('import.see-rejects')}</a>`}
      ${
        (set.state === 'failed' || (isLeft && isFileHere)) &&
        buttonForm(visit, { action: `${path}/run`, label: say('import.go-on'), className: '' })
      }
      ${
        (set.state === 'done' || set.state === 'failed' || set.state === 'partly-undone') &&
        set.imported + set.updated > 0 &&
        undoForm(visit, path)
      }
    </div>
    <dl class="facts">
      <dt>${say('import.file')}</dt><dd>${say('import.file-size', { name: html`<bdi>${set.fileName}</bdi>`, size: bytesText(visit, set.fileBytes) })}</dd>
      <dt>${say('import.started')}</dt><dd>${moment(visit, set.startedAt)}</dd>
      ${set.endedAt && html`<dt>${say('import.ended')}</dt><dd>${moment(visit, set.endedAt)}</dd>`}
      ${set.undoneAt && html`<dt>${say('import.undone')}</dt><dd>${moment(visit, set.undoneAt)}</dd>`}
    </dl>
  </div>`
}

/** Nobody is at it: what there is to know before it goes on. */
function leftNotice(
  visit: Visit,
  { isFileHere, isStuck }: { readonly isFileHere: boolean; readonly isStuck: boolean },
): Html | undefined {
  const { say } = visit
  if (!isFileHere)
    return notice(visit, 'warn', {
      title: say('import.file-elsewhere'),
      body: html`<p>${say('import.file-elsewhere.next')}</p>`,
    })
  if (!isStuck) return undefined
  return notice(visit, 'warn', {
    title: say('import.cut-off'),
    body: html`<p>${say('import.cut-off.next')}</p>`,
  })
}

function undoForm(visit: Visit, path: string): Html {
  const { say } = visit
  return html`<details><summary>${say('import.undo')}</summary>
    <p class="aside-text">${say('import.undo-lead')}</p>
    ${buttonForm(visit, { action: `${path}/undo`, label: say('import.undo-it'), className: 'danger' })}</details>`
}

/** What undoing came to, and what it left as it is. */
export function undoneView(visit: Visit, { undone, refused, refusedCount }: ImportUndone): Html {
  const title = visit.say('import.undone-count', { undone, kept: refusedCount })
  if (refusedCount === 0) return notice(visit, 'good', { title })
  return notice(visit, 'warn', {
    title,
    body: html`<ul>${refused.slice(0, keptShownMax).map(
      ({ titleId, because }) =>
        html`<li>${visit.say(`import.kept.${because}`, {
          title: String(titleId),
          link: (inside) => html`<a href="/titles/${titleId}">${inside}</a>`,
        })}</li>`,
    )}</ul>`,
  })
}

/** More titles than this are counted, not listed. */
const keptShownMax = 50

/** A packed file is longer unpacked than it lies there, so the bar then only shows that it moves. */
function progressBar({ say }: Visit, { positionBytes, fileBytes, fileName }: ChangeSet): Html {
  const isMeasured = fileBytes > 0 && !fileName.endsWith('.gz')
  return isMeasured
    ? html`<progress aria-label="${say('import.progress')}" max="${fileBytes}" value="${Math.min(positionBytes, fileBytes)}"></progress>`
    : html`<progress aria-label="${say('import.progress')}"></progress>`
}

/** Read, new, updated, unchanged, set aside: the first is the sum of the others. */
export function countsList(
  visit: Visit,
  set: Pick<ChangeSet, 'read' | 'imported' | 'updated' | 'unchanged' | 'rejected'>,
): Html {
  const { say } = visit
  const all: readonly (readonly [string, number])[] = [
    [say('import-count.read'), set.read],
    [say('import-count.new'), set.imported],
    [say('import-count.updated'), set.updated],
    [say('import-count.unchanged'), set.unchanged],
    [say('import-count.set-aside'), set.rejected],
  ]
  return html`<dl class="counts">${all.map(
    ([name, count]) => html`<div><dt>${name}</dt><dd>${numberText(visit, count)}</dd></div>`,
  )}</dl>`
}

/** What was mended or left out of records that went in all the same. */
export function warningsList({ say }: Visit, met: ChangeSet['warnings']): Html | undefined {
  const lines = Object.entries(met).filter(([, count]) => count > 0) as [Warning, number][]
  if (lines.length === 0) return undefined
  return html`<details><summary>${say('import-warning.heading')}</summary><ul>${lines.map(
    ([code, count]) => html`<li>${say(`import-warning.${code}`, { count })}</li>`,
  )}</ul></details>`
}

/** The records that were set aside, with the reason of each, and the file to mend. */
export function rejectsView(
  visit: Visit,
  {
    set,
    rows,
    more,
  }: { readonly set: ChangeSet; readonly rows: readonly Reject[]; readonly more: number | undefined },
): Html {
  const { say } = visit
  const path = `/imports/${set.changeSetId}`
  if (rows.length === 0)
    return html`<p class="empty">${say(set.mended > 0 ? 'rejects.none-left' : 'rejects.none')}</p>`
  return html`<div class="stack">
    ${notice(visit, 'plain', {
      title: say('rejects.mend'),
      body: html`<p>${say('rejects.mend-body')}</p><p><a class="button quiet" href="${path}/rejects-file" download>${say('rejects.get')}</a></p>`,
    })}
    <ul class="rows" aria-label="${say('rejects.table')}">${rows.map(
      ({ recordNumber, positionBytes, reason }) => html`<li><div>
        <p>${keptWords(visit, reason)}</p>
        <p class="under">${say('rejects.place', { number: recordNumber, position: positionBytes })}</p>
      </div><p class="end"><a class="button quiet small" href="${path}/rejects/${recordNumber}">${say('rejects.mend-one')} <span class="unseen">${say('rejects.mend-about', { number: recordNumber })}</span></a></p></li>`,
    )}</ul>
    ${more !== undefined && html`<p><a class="button quiet" href="${address(`${path}/rejects`, { after: more })}" rel="next">${say('rejects.more')}</a></p>`}
  </div>`
}

/** A field for the name under which an import is listed. */
export function nameField({ say }: Visit, value: string): Html {
  return textField({ name: 'name', label: say('import.name'), value, max: 200, required: true })
}

import { copyLimits } from '../../catalogue/checked-copy.ts'
import { type NotSeen, notSeenMax } from '../../catalogue/stock-take/not-seen.ts'
import {
  type Found,
  notSeenCounted,
  type Progress,
  type Scan,
  type StockTake,
} from '../../catalogue/stock-take/stock-take.ts'
import type { Branch } from '../../circulation/places.ts'
import { may } from '../../staff/permission.ts'
import { address } from './address.ts'
import { keptPlace, scanForm, underAnswer } from './desk-field.ts'
import { scannedLine } from './desk-view.ts'
import { buttonForm, carried, choiceField, hidden } from './form.ts'
import { type Html, html } from './html.ts'
import { notice, type Tone, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { moment, numberText } from './wording.ts'
import { authorNames, workLink, workName } from './work-line.ts'

/** All stock-takes, and a form to begin one. */
export function stockTakesView(
  visit: Visit,
  {
    takes,
    places,
    shelves,
    typed,
    refusal,
  }: {
    readonly takes: readonly StockTake[]
    readonly places: readonly Branch[]
    /** Shelves at the branch that is chosen, to choose from. */
    readonly shelves: readonly string[]
    readonly typed: { readonly branch: string; readonly shelf: string }
    readonly refusal: Refused | undefined
  },
): Html {
  const { say } = visit
  return html`<div class="stack">${refusal && refusalNotice(visit, refusal)}
  <div class="columns">
    <section aria-labelledby="takes"><h2 id="takes" class="unseen">${say('stock-takes.so-far')}</h2>${
      takes.length === 0
        ? html`<p class="empty">${say('stock-takes.none')}</p>`
        : html`<ul class="rows">${takes.map((take) => takeRow(visit, take))}</ul>`
    }</section>
    <section class="panel" aria-labelledby="start"><h2 id="start">${say('stock-takes.start')}</h2>
      <form class="form" method="post" action="/stock-takes">${hidden(visit)}
        ${choiceField({
          name: 'branch',
          label: say('stock-takes.branch'),
          value: typed.branch,
          options: places.map(({ code, name }) => ({ value: code, label: name })),
        })}
        <div class="field"><label for="shelf">${say('stock-takes.shelf')}</label>
          <input id="shelf" name="shelf" list="shelves" maxlength="${copyLimits.shelf}" value="${typed.shelf}" autocomplete="off" dir="auto" aria-describedby="shelf-hint">
          <datalist id="shelves">${shelves.map((shelf) => html`<option value="${shelf}"></option>`)}</datalist>
          <p class="hint" id="shelf-hint">${say('stock-takes.shelf-hint')}</p></div>
        <div><button class="button">${say('stock-takes.start-it')}</button></div>
      </form>
      <p class="soft small">${say('stock-takes.start-hint')}</p></section>
  </div></div>`
}

function takeRow(visit: Visit, take: StockTake): Html {
  const { say } = visit
  const shelf = take.shelf === '' ? say('stock-takes.no-shelf') : take.shelf
  const by = say('stock-takes.begun', {
    name: html`<bdi>${take.startedBy}</bdi>`,
    when: moment(visit, take.startedAt),
  })
  return html`<li><div>
    <p class="work"><a href="/stock-takes/${take.stockTakeId}"><bdi dir="auto">${shelf}</bdi></a></p>
    <p class="under"><bdi>${take.branchName}</bdi> · ${by}</p>
  </div><p class="end">${take.endedAt === null ? tag('plain', say('stock-takes.open')) : tag('good', say('stock-takes.ended'))}</p></li>`
}

/** One stock-take: a field to scan into, what the last copy is, and how far it is. */
export function stockTakeView(
  visit: Visit,
  shown: {
    readonly take: StockTake
    readonly progress: Progress
    readonly latest: readonly Scan[]
    readonly last: Scan | undefined
    readonly needing: readonly Scan[]
    readonly refused: { readonly refusal: Refused; readonly barcode: string } | undefined
    readonly libraryId: string
  },
): Html {
  const { take, progress, latest, last, needing, refused, libraryId } = shown
  const { say } = visit
  const path = `/stock-takes/${take.stockTakeId}`
  return html`${take.endedAt === null && keptPlace(visit, { meant: 'look-through', home: path, libraryId })}<div id="desk" class="stack">
    ${
      take.endedAt === null
        ? scanForm(visit, {
            action: path,
            name: 'code',
            label: say('stock-take.scan'),
            button: say('stock-take.scan-it'),
          })
        : notice(visit, 'plain', { title: say('stock-take.is-ended', { when: moment(visit, take.endedAt) }) })
    }
    <div id="answer" aria-live="assertive">${
      refused
        ? refusalNotice(
            visit,
            refused.refusal,
            refused.barcode ? scannedLine(visit, refused.barcode) : undefined,
          )
        : last && answerTo(visit, take, last)
    }</div>
    ${underAnswer}
    <section class="panel stack-tight" aria-label="${say('stock-take.progress')}">
      ${progressCounts(visit, progress)}
      <div class="actions">
        <a class="button quiet" href="${path}/not-seen">${say('stock-take.see-not-seen')}</a>
        ${take.shelf && html`<a class="button quiet" href="${address('/operations/edit-copies', { branch: take.branch, shelf: take.shelf })}">${say('edit-copies.of-shelf')}</a>`}
        ${take.endedAt === null && buttonForm(visit, { action: `${path}/end`, label: say('stock-take.end'), className: 'quiet' })}
      </div>
    </section>
    ${
      needing.length > 0 &&
      html`<section aria-labelledby="needing"><h2 id="needing">${say('stock-take.needs-attention')}</h2>
        <ul class="rows">${needing.map((scan) => scanRow(visit, scan))}</ul></section>`
    }
    ${
      latest.length > 0 &&
      html`<section aria-labelledby="latest"><h2 id="latest">${say('stock-take.latest')}</h2>
        <ol class="rows">${latest.map((scan) => scanRow(visit, scan))}</ol></section>`
    }
  </div>`
}

function progressCounts(visit: Visit, { seen, notSeen, attention }: Progress): Html {
  const { say } = visit
  const all = seen + notSeen
  const isOver = notSeen > notSeenCounted
  const counts = [
    [say('stock-take.count.seen'), numberText(visit, seen)],
    [
      say('stock-take.count.not-seen'),
      isOver ? say('stock-take.over', { count: notSeenCounted }) : numberText(visit, notSeen),
    ],
    [say('stock-take.count.attention'), numberText(visit, attention)],
  ] as const
  return html`${
    all > 0 &&
    !isOver &&
    html`<progress aria-label="${say('stock-take.seen-of', { seen, all })}" max="${all}" value="${seen}"></progress>`
  }<dl class="counts">${counts.map(
    ([name, count]) => html`<div><dt>${name}</dt><dd>${count}</dd></div>`,
  )}</dl>`
}

const tones: Readonly<Record<Found, Tone>> = {
  here: 'good',
  elsewhere: 'warn',
  'on-loan': 'bad',
  'waited-for': 'warn',
  'in-transit': 'warn',
  withdrawn: 'bad',
  unknown: 'bad',
}

/** What to do with the copy in hand, large enough to read at arm's length. */
function answerTo(visit: Visit, take: StockTake, scan: Scan): Html {
  const { say } = visit
  const isForDesk = scan.found === 'on-loan' && may(visit.who, 'take-back')
  return notice(visit, tones[scan.found], {
    title: html`<span class="big-answer">${say(`stock-take.found.${scan.found}`)}</span>`,
    body: html`<p>${scan.title !== null && html`<span class="work">${workName(scan.title)}</span> · `}<span class="code">${scan.barcode}</span>${
      scan.callNumber && html` · <bdi class="code">${scan.callNumber}</bdi>`
    }</p>
    ${nextFor(visit, scan)}
    ${isForDesk && takeBackForm(visit, scan)}
    ${scan.isMissing && foundForm(visit, take, scan)}`,
  })
}

function nextFor({ say }: Visit, { found, branchName, shelf }: Scan): Html | undefined {
  switch (found) {
    case 'here':
      return undefined
    case 'elsewhere': {
      const branch = html`<bdi>${branchName}</bdi>`
      return shelf === ''
        ? html`<p>${say('stock-take.next.no-shelf', { branch })}</p>`
        : html`<p>${say('stock-take.next.elsewhere', { branch, shelf: html`<bdi>${shelf}</bdi>` })}</p>`
    }
    default:
      return html`<p>${say(`stock-take.next.${found}`)}</p>`
  }
}

function takeBackForm(visit: Visit, { barcode }: Scan): Html {
  return html`<form method="post" action="/check-in">${hidden(visit)}${carried('code', barcode)}
    <button class="button quiet small">${visit.say('stock-take.take-back')}</button></form>`
}

function foundForm(visit: Visit, take: StockTake, { copyId }: Scan): Html {
  return html`<p>${visit.say('stock-take.was-missing')}</p>${buttonForm(visit, {
    action: `/stock-takes/${take.stockTakeId}/found`,
    label: visit.say('stock-take.mark-found'),
    fields: { copyId: copyId ?? 0 },
  })}`
}

function scanRow(visit: Visit, scan: Scan): Html {
  const { titleId, title } = scan
  return html`<li><div>
    <p>${title === null ? html`<span class="code">${scan.barcode}</span>` : workLink({ titleId, title })}</p>
    <p class="under">${title !== null && html`<span class="code">${scan.barcode}</span>`}${
      scan.callNumber && html` · <bdi class="code">${scan.callNumber}</bdi>`
    }${scan.found === 'elsewhere' && html` · <bdi>${scan.branchName}</bdi>${scan.shelf && html`, <bdi>${scan.shelf}</bdi>`}`}</p>
  </div><p class="end">${tag(tones[scan.found], visit.say(`stock-take.state.${scan.found}`))}</p></li>`
}

/** What was expected and not seen, along the shelf; and once the stock-take is over, what becomes of it. */
export function notSeenView(
  visit: Visit,
  {
    take,
    progress,
    copies,
    refusal,
  }: {
    readonly take: StockTake
    readonly progress: Progress
    readonly copies: readonly NotSeen[]
    readonly refusal: Refused | undefined
  },
): Html {
  const { say } = visit
  const path = `/stock-takes/${take.stockTakeId}`
  const last = copies.length === notSeenMax ? copies.at(-1) : undefined
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal)}
    <div class="actions no-print"><a class="button quiet" href="${path}">${say('stock-take.back')}</a>
      ${copies.length > 0 && html`<a class="button quiet" href="${path}/not-seen.csv" download>${say('stock-take.csv')}</a>`}</div>
    ${copies.length > 0 && missingPanel(visit, { take, copies, path })}
    ${progress.missing > 0 && undoPanel(visit, { progress, path })}
    ${
      copies.length === 0
        ? html`<p class="empty">${say(progress.missing > 0 ? 'stock-take.none-left' : 'stock-take.all-seen')}</p>`
        : html`<div class="scroll" tabindex="0" role="region" aria-label="${say('stock-take.not-seen')}"><table>
          <caption>${
            progress.notSeen > notSeenCounted
              ? say('stock-take.not-seen-over', { count: notSeenCounted })
              : say('stock-take.not-seen-count', { count: progress.notSeen })
          }</caption>
          <thead><tr><th scope="col">${say('stock-take.call-number')}</th><th scope="col">${say('stock-take.title')}</th><th scope="col">${say('stock-take.barcode')}</th></tr></thead>
          <tbody>${copies.map(
            (copy) => html`<tr><td><bdi class="code">${copy.callNumber}</bdi></td>
              <td>${workLink(copy)}${copy.authors.length > 0 && html`<br><span class="soft small">${authorNames(visit, copy.authors)}</span>`}</td>
              <td class="code">${copy.barcode}</td></tr>`,
          )}</tbody></table></div>`
    }
    ${last && html`<p><a class="button quiet" href="${address(`${path}/not-seen`, { after: last.copyId, callNumber: last.callNumber })}" rel="next">${say('stock-take.more')}</a></p>`}
  </div>`
}

function undoPanel(
  visit: Visit,
  { progress, path }: { readonly progress: Progress; readonly path: string },
): Html {
  const { say } = visit
  return html`<section class="panel stack-tight no-print" aria-labelledby="undo">
    <h2 id="undo">${say('stock-take.missing-count', { count: progress.missing })}</h2>
    <p class="soft">${say('stock-take.missing-undo-hint')}</p>
    ${buttonForm(visit, { action: `${path}/missing/undo`, label: say('stock-take.missing-undo'), className: 'quiet' })}
  </section>`
}

function missingPanel(
  visit: Visit,
  {
    take,
    copies,
    path,
  }: { readonly take: StockTake; readonly copies: readonly NotSeen[]; readonly path: string },
): Html {
  const { say } = visit
  if (take.endedAt === null) return html`<p class="soft no-print">${say('stock-take.missing-when-ended')}</p>`
  return html`<details class="panel no-print"><summary>${say('stock-take.mark-missing')}</summary>
    <div class="stack-tight"><p>${say('stock-take.mark-missing-lead', { count: copies.length })}</p>
    <form method="post" action="${path}/missing">${hidden(visit)}
      ${carried('copies', copies.map(({ copyId }) => copyId).join(' '))}
      <button class="button danger">${say('stock-take.mark-missing-it', { count: copies.length })}</button>
    </form></div></details>`
}

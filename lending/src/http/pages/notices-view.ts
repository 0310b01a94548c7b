import { type Kind, kindNames, kinds } from '../../notices/kinds.ts'
import type { NoticeStatus } from '../../notices/status.ts'
import { may } from '../../staff/permission.ts'
import type { Asked } from './asked.ts'
import { buttonForm } from './form.ts'
import { type Html, html } from './html.ts'
import { notice, tag } from './notice.ts'
import { noticeSettingsPanel } from './notice-settings-panel.ts'
import { reasonText, spanText } from './notice-words.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { type Visit, zoneOf } from './visit.ts'
import { counted, moment } from './wording.ts'

/** What the page of notices shows. */
export type NoticesShown = {
  readonly status: NoticeStatus
  /** The kinds whose text the library wrote. */
  readonly own: ReadonlySet<Kind>
  readonly typed: Asked
  readonly refusal: Refused | undefined
}

/** How it goes with notices, and all that can be done about it. */
export function noticesView(visit: Visit, shown: NoticesShown): Html {
  const { status, own, refusal } = shown
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal)}
    ${status.balance.difference > 0 && differenceNotice(status)}
    ${status.halted && haltedNotice(visit, status.halted)}
    <div class="columns">
      <div class="stack">
        ${countsPanel(status)}
        ${kindsTable(status, own)}
      </div>
      <div class="stack">
        ${switchPanel(visit, status)}
        <section class="panel quiet stack-tight" aria-labelledby="look"><h2 id="look">Look closer</h2>
          <p><a href="/notices/preview">Who would be told next</a></p>
          <p><a href="/notices/dead">${counted(status.balance.dead, 'notice waits', 'notices wait')} for a person</a></p>
          ${may(visit.who, 'settings') && html`<p><a href="/notices/mail">Mail that was caught</a></p>`}
        </section>
      </div>
    </div>
    ${noticeSettingsPanel(visit, shown)}
  </div>`
}

function differenceNotice({ balance }: NoticeStatus): Html {
  return notice(visit, 'bad', {
    title: `The ledger and the notices differ by ${balance.difference}.`,
    body: html`<p>Somebody changed or removed notices past Bibby. Compare with a backup before you send anything again.</p>
      <ul>${balance.examples.map((example) => html`<li>${example}</li>`)}</ul>`,
  })
}

function haltedNotice(visit: Visit, { since, because }: NonNullable<NoticeStatus['halted']>): Html {
  return notice(visit, 'warn', {
    title: html`Sending stands still since ${moment(visit, since)}.`,
    body: html`<p>The reason: ${reasonText(because)}. Nothing is lost, and nothing grows older meanwhile; it goes on by itself.</p>`,
  })
}

function countsPanel({ balance, queue }: NoticeStatus): Html {
  const oldest = Math.max(0, ...Object.values(queue).map(({ oldestSeconds }) => oldestSeconds))
  const all: readonly (readonly [string, number])[] = [
    ['Caused so far', balance.caused],
    ['Sent', balance.sent],
    ['Queued', balance.queued],
    ['Dead', balance.dead],
    ['Void', balance.void],
  ]
  return html`<section class="panel stack-tight" aria-labelledby="goes"><h2 id="goes">What goes on</h2>
    <dl class="counts">${all.map(
      ([words, n]) => html`<div><dt>${words}</dt><dd>${n.toLocaleString('en')}</dd></div>`,
    )}</dl>
    <p>${balance.queued > 0 ? `The oldest in the queue waits for ${spanText(oldest)}.` : 'The queue is empty.'}
      ${balance.difference === 0 && 'The ledger agrees.'}</p>
    <p class="soft small">Dead ones wait for a person. Void ones were not true any more when they would have gone out, or somebody let them be.</p>
  </section>`
}

function kindsTable({ queue }: NoticeStatus, own: ReadonlySet<Kind>): Html {
  return html`<section aria-labelledby="kinds"><h2 class="unseen" id="kinds">By kind</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="kinds"><table>
    <thead><tr><th scope="col">Kind and text</th><th scope="col" class="number">Queued</th><th scope="col">Oldest</th>
      <th scope="col" class="number">Dead</th><th scope="col">Words</th></tr></thead>
    <tbody>${kindNames.map((kind) => {
      const { queued, dead, oldestSeconds } = queue[kind]
      return html`<tr><th scope="row"><a href="/notices/templates/${kind}">${kinds[kind].label}</a></th>
        <td class="number">${queued}</td><td>${queued > 0 ? spanText(oldestSeconds) : '–'}</td>
        <td class="number">${dead}</td><td>${own.has(kind) ? 'Your own' : 'Bibby’s'}</td></tr>`
    })}</tbody></table></div></section>`
}

const switchWords = {
  on: {
    tone: 'good',
    tag: 'On',
    text: 'Notices go out from here.',
  },
  off: {
    tone: 'warn',
    tag: 'Off',
    text: 'Nobody is told anything. What is queued stays; no sweep and no receipt causes more.',
  },
  elsewhere: {
    tone: 'warn',
    tag: 'On elsewhere',
    text: 'They are on at another installation with a copy of these data, and silent here.',
  },
} as const

function switchPanel(visit: Visit, { notices }: NoticeStatus): Html {
  const words = switchWords[notices]
  return html`<section class="panel stack-tight" aria-labelledby="switch"><h2 id="switch">Switch</h2>
    <p>${tag(words.tone, words.tag)}</p><p>${words.text}</p>
    ${
      !may(visit.who, 'settings')
        ? html`<p class="soft">An operator can turn them ${notices === 'on' ? 'off' : 'on'}.</p>`
        : notices === 'on'
          ? buttonForm(visit, {
              action: '/notices/switch',
              label: 'Turn notices off',
              className: 'danger',
              fields: { on: 'no' },
            })
          : html`<p><a class="button" href="/notices/preview">See who would be told, and turn them on</a></p>`
    }
  </section>`
}

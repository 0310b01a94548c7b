import { type Kind, kindNames } from '../../notices/kinds.ts'
import type { NoticeStatus } from '../../notices/status.ts'
import { may } from '../../staff/permission.ts'
import type { Asked } from './asked.ts'
import { buttonForm } from './form.ts'
import { type Html, html } from './html.ts'
import { keptWords } from './kept-words.ts'
import { notice, tag } from './notice.ts'
import { noticeSettingsPanel } from './notice-settings-panel.ts'
import { reasonText, spanText } from './notice-words.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import type { Visit } from './visit.ts'
import { moment, numberText } from './wording.ts'

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
  const { say } = visit
  const { status, own, refusal } = shown
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal)}
    ${status.balance.difference > 0 && differenceNotice(visit, status)}
    ${status.halted && haltedNotice(visit, status.halted)}
    <div class="columns">
      <div class="stack">
        ${countsPanel(visit, status)}
        ${kindsTable(visit, status, own)}
      </div>
      <div class="stack">
        ${switchPanel(visit, status)}
        <section class="panel quiet stack-tight" aria-labelledby="look"><h2 id="look">${say('notices.look-closer')}</h2>
          <p><a href="/notices/preview">${say('notices.who-next')}</a></p>
          <p><a href="/notices/dead">${say('notices.dead-wait', { count: status.balance.dead })}</a></p>
          ${may(visit.who, 'settings') && html`<p><a href="/notices/mail">${say('notices.caught-mail')}</a></p>`}
        </section>
      </div>
    </div>
    ${noticeSettingsPanel(visit, shown)}
  </div>`
}

function differenceNotice(visit: Visit, { balance }: NoticeStatus): Html {
  const { say } = visit
  return notice(visit, 'bad', {
    title: say('notices.differ', { count: balance.difference }),
    body: html`<p>${say('notices.differ-next')}</p>
      <ul>${balance.examples.map((example) => html`<li>${keptWords(visit, example)}</li>`)}</ul>`,
  })
}

function haltedNotice(visit: Visit, { since, because }: NonNullable<NoticeStatus['halted']>): Html {
  const { say } = visit
  return notice(visit, 'warn', {
    title: say('notices.stands-still', { at: moment(visit, since) }),
    body: html`<p>${say('notices.stands-still-because', { because: reasonText(visit, because) })}</p>`,
  })
}

function countsPanel(visit: Visit, { balance, queue }: NoticeStatus): Html {
  const { say } = visit
  const oldest = Math.max(0, ...Object.values(queue).map(({ oldestSeconds }) => oldestSeconds))
  const all = ['caused', 'sent', 'queued', 'dead', 'void'] as const
  return html`<section class="panel stack-tight" aria-labelledby="goes"><h2 id="goes">${say('notices.goes-on')}</h2>
    <dl class="counts">${all.map(
      (each) =>
        html`<div><dt>${say(`notices.count.${each}`)}</dt><dd>${numberText(visit, balance[each])}</dd></div>`,
    )}</dl>
    <p>${balance.queued > 0 ? say('notices.oldest-waits', { span: spanText(visit, oldest) }) : say('notices.queue-empty')}
      ${balance.difference === 0 && say('notices.ledger-agrees')}</p>
    <p class="soft small">${say('notices.dead-and-void')}</p>
  </section>`
}

function kindsTable(visit: Visit, { queue }: NoticeStatus, own: ReadonlySet<Kind>): Html {
  const { say } = visit
  return html`<section aria-labelledby="kinds"><h2 class="unseen" id="kinds">${say('notices.by-kind')}</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="kinds"><table>
    <thead><tr><th scope="col">${say('notices.column.kind')}</th><th scope="col" class="number">${say('notices.column.queued')}</th><th scope="col">${say('notices.column.oldest')}</th>
      <th scope="col" class="number">${say('notices.column.dead')}</th><th scope="col">${say('notices.column.words')}</th></tr></thead>
    <tbody>${kindNames.map((kind) => {
      const { queued, dead, oldestSeconds } = queue[kind]
      return html`<tr><th scope="row"><a href="/notices/templates/${kind}">${say(`notice-kind.${kind}`)}</a></th>
        <td class="number">${queued}</td><td>${queued > 0 ? spanText(visit, oldestSeconds) : '–'}</td>
        <td class="number">${dead}</td><td>${say(own.has(kind) ? 'notices.own-words' : 'notices.bibby-words')}</td></tr>`
    })}</tbody></table></div></section>`
}

function switchPanel(visit: Visit, { notices }: NoticeStatus): Html {
  const { say } = visit
  const tone = notices === 'on' ? 'good' : 'warn'
  return html`<section class="panel stack-tight" aria-labelledby="switch"><h2 id="switch">${say('notices.switch')}</h2>
    <p>${tag(tone, say(`notices.switch.${notices}`))}</p><p>${say(`notices.switch.${notices}.about`)}</p>
    ${
      !may(visit.who, 'settings')
        ? html`<p class="soft">${say(notices === 'on' ? 'notices.operator-off' : 'notices.operator-on')}</p>`
        : notices === 'on'
          ? buttonForm(visit, {
              action: '/notices/switch',
              label: say('notices.turn-off'),
              className: 'danger',
              fields: { on: 'no' },
            })
          : html`<p><a class="button" href="/notices/preview">${say('notices.see-and-turn-on')}</a></p>`
    }
  </section>`
}

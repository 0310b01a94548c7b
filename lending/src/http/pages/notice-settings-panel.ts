import { type NoticeSettings, noticeBounds } from '../../notices/notice-settings.ts'
import { may } from '../../staff/permission.ts'
import { identity } from './asked.ts'
import { flawTexts } from './flaw-text.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import type { NoticesShown } from './notices-view.ts'
import type { Visit } from './visit.ts'

/** When patrons are told, and how much at most: to be changed by operators, to be read by all who come here. */
export function noticeSettingsPanel(visit: Visit, { status, typed, refusal }: NoticesShown): Html {
  const { say } = visit
  const { settings } = status
  if (!may(visit.who, 'settings')) return settingsFacts(visit, settings)
  const problems = flawTexts(visit, refusal)
  const field = (name: Field, value: string | number, more: object = {}) =>
    textField({
      name,
      label: say(`notices.field.${name}`),
      value: typed.text(name, { max: 200, label: 'the-field' }) || value,
      problem: problems[name],
      hint: say(`notices.hint.${name}`),
      ...more,
    })
  const number = (name: keyof typeof noticeBounds) =>
    field(name, settings[name], {
      type: 'number',
      min: noticeBounds[name].min,
      step: '1',
      max: 10,
      required: true,
    })
  return html`<section class="panel" aria-labelledby="when"><h2 id="when">${say('notices.when')}</h2>
    <form class="form two" method="post" action="/notices/settings">
      ${hidden(visit)}${carried('version', typed.whole('version', identity) ?? settings.version)}
      ${number('dueSoonDays')}
      ${field('overdueDays', settings.overdueDays.join(', '))}
      ${number('cardExpiringDays')}
      ${number('runMax')}
      ${number('patronDayMax')}
      ${number('lettersPerSecondMax')}
      ${field('language', settings.language, { max: 40, required: true })}
      <div class="whole"><button class="button">${say('notices.save')}</button></div>
    </form></section>`
}

type Field = keyof typeof noticeBounds | 'overdueDays' | 'language'

function settingsFacts({ say }: Visit, settings: NoticeSettings): Html {
  const { dueSoonDays, overdueDays, cardExpiringDays, runMax, patronDayMax } = settings
  const never = say('notices.never')
  const all: readonly (readonly [Field, string | number])[] = [
    ['dueSoonDays', dueSoonDays || never],
    ['overdueDays', overdueDays.join(', ') || never],
    ['cardExpiringDays', cardExpiringDays || never],
    ['runMax', runMax],
    ['patronDayMax', patronDayMax],
  ]
  return html`<section class="panel stack-tight" aria-labelledby="when"><h2 id="when">${say('notices.when')}</h2>
    <dl class="facts">${all.map(([name, value]) => html`<dt>${say(`notices.field.${name}`)}</dt><dd>${value}</dd>`)}</dl>
    <p class="soft">${say('notices.operator-can-change')}</p></section>`
}

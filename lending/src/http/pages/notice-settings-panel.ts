import { type NoticeSettings, noticeBounds } from '../../notices/notice-settings.ts'
import { may } from '../../staff/permission.ts'
import { identity } from './asked.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import type { NoticesShown } from './notices-view.ts'
import type { Visit } from './visit.ts'

/** When patrons are told, and how much at most: to be changed by operators, to be read by all who come here. */
export function noticeSettingsPanel(visit: Visit, { status, typed, refusal }: NoticesShown): Html {
  const { settings } = status
  if (!may(visit.who, 'settings')) return settingsFacts(settings)
  const problems = (refusal?.problems ?? {}) as Readonly<Record<string, string>>
  const field = (name: string, label: string, value: string | number, more: object = {}) =>
    textField({
      name,
      label,
      value: typed.text(name, { max: 200, label }) || value,
      problem: problems[name],
      ...more,
    })
  const number = (name: keyof typeof noticeBounds, hint: string) =>
    field(name, noticeBounds[name].label, settings[name], {
      type: 'number',
      min: noticeBounds[name].min,
      step: '1',
      max: 10,
      required: true,
      hint,
    })
  return html`<section class="panel" aria-labelledby="when"><h2 id="when">When, and how much</h2>
    <form class="form two" method="post" action="/notices/settings">
      ${hidden(visit)}${carried('version', typed.whole('version', identity) ?? settings.version)}
      ${number('dueSoonDays', 'Loans are announced so long before; 0 for never.')}
      ${field('overdueDays', 'Days after the due date', settings.overdueDays.join(', '), { hint: 'Each is a step, as 1, 8, 29; empty for never.' })}
      ${number('cardExpiringDays', 'Cards are announced so long before; 0 for never.')}
      ${number('runMax', 'What is over is not caused but told: a guard against a flood.')}
      ${number('patronDayMax', 'What is over waits and goes along with the next.')}
      ${number('lettersPerSecondMax', 'After an outage it begins with one and doubles up to this.')}
      ${field('language', 'Language of days and amounts', settings.language, { max: 40, required: true, hint: 'As en or de-AT.' })}
      <div class="whole"><button class="button">Save</button></div>
    </form></section>`
}

function settingsFacts(settings: NoticeSettings): Html {
  const { dueSoonDays, overdueDays, cardExpiringDays, runMax, patronDayMax } = settings
  const all: readonly (readonly [string, string | number])[] = [
    [noticeBounds.dueSoonDays.label, dueSoonDays || 'never'],
    ['Days after the due date', overdueDays.join(', ') || 'never'],
    [noticeBounds.cardExpiringDays.label, cardExpiringDays || 'never'],
    [noticeBounds.runMax.label, runMax],
    [noticeBounds.patronDayMax.label, patronDayMax],
  ]
  return html`<section class="panel stack-tight" aria-labelledby="when"><h2 id="when">When, and how much</h2>
    <dl class="facts">${all.map(([words, value]) => html`<dt>${words}</dt><dd>${value}</dd>`)}</dl>
    <p class="soft">An operator can change this.</p></section>`
}

import type { Component } from '../summary.ts'
import { safeId } from './address.ts'
import { dayBars, daysInWords } from './day-bars.ts'
import { inOneLine, type Markup, markup } from './markup.ts'
import { moment } from './moments.ts'
import { responsePlot } from './response-plot.ts'
import { percentText, tellings } from './words.ts'

/** A component: how it is now, how it was for 90 days, how fast it answered for a day. */
export function componentRow(component: Component): Markup {
  const { tone, word, sign } = tellings[component.verdict]
  return markup`<li class="component" id="${safeId(component.id)}">
<div class="top"><h3 dir="auto">${inOneLine(component.name) || component.id}</h3><p class="verdict ${tone}" data-verdict><span class="sign" aria-hidden="true">${sign}</span><span class="word">${word}</span></p></div>
${component.description !== '' && markup`<p class="about" dir="auto">${component.description}</p>`}
${because(component)}
<div class="measured"><div class="past">${dayBars(component)}<p class="axis"><span>${component.days.length} days ago</span><span class="uptime">${uptime(component)}</span><span>today</span></p>${daysInWords(component)}</div>
${responsePlot(component.responses)}</div>
</li>`
}

function because({ because: reason, since, verdict }: Component): Markup | null {
  const isWell = verdict === 'operational'
  if (since === null) return markup`<p class="because">Never measured.</p>`
  if (isWell && reason === '') return null
  if (reason === '') return markup`<p class="because">${tellings[verdict].word} since ${moment(since)}.</p>`
  return markup`<p class="because">Since ${moment(since)}: <bdi>${reason}</bdi></p>`
}

function uptime({ uptimePercent }: Component): Markup {
  return uptimePercent === null ? markup`not measured` : markup`<b>${percentText(uptimePercent)}</b> up`
}

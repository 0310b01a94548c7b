import { pictureIn } from '../plot/picture.ts'
import { type Series, timePlot } from '../plot/time-plot.ts'
import type { Beat } from '../pulse.ts'
import { type Html, html } from './html.ts'
import { msText, perSecondText } from './measures.ts'
import type { NowFacts } from './operations-now-facts.ts'
import type { Visit } from './visit.ts'
import { clockTime, numberText } from './wording.ts'

const minutes = 15

type Shown = {
  readonly part: 'writes' | 'times' | 'lag'
  readonly of: readonly ((beat: Beat) => number | undefined)[]
  readonly valueText: (value: number) => string
  readonly least: number
}

/** What happened in the last quarter of an hour, drawn. */
export function nowPlots(visit: Visit, facts: NowFacts): Html {
  const ms = (value: number) => msText(visit, value)
  const all: readonly Shown[] = [
    {
      part: 'writes',
      of: [({ writes, seconds }) => writes / Math.max(0.001, seconds)],
      valueText: (value) => perSecondText(visit, value),
      least: 1,
    },
    {
      part: 'times',
      of: [(beat) => beat.checkout?.p95Ms, (beat) => beat.search?.p95Ms],
      valueText: ms,
      least: 20,
    },
    { part: 'lag', of: [({ lagMs }) => lagMs], valueText: ms, least: 20 },
  ]
  return html`<section class="plots" data-part="plots" aria-labelledby="plots"><h2 class="unseen" id="plots">${visit.say('now.plots')}</h2>${all.map((shown) => figure(visit, facts, shown))}</section>`
}

function figure(visit: Visit, { beats, at: now }: NowFacts, { part, of, valueText, least }: Shown): Html {
  const { say } = visit
  const looks = ['first', 'second'] as const
  const series: Series[] = of.map((value, which) => ({
    look: looks[which] ?? 'first',
    points: beats.map((beat) => ({ at: beat.at, value: value(beat) })),
  }))
  const title = say(`now.plot.${part}`)
  const summary = summaryOf(visit, series, valueText)
  const agoText = (ago: number) =>
    ago === 0 ? say('now.plot.now') : say('now.plot.ago', { minutes: numberText(visit, ago) })
  const label = say('now.plot.label', { title, summary: summary.text })
  const picture = timePlot({
    label,
    series,
    now,
    minutes,
    valueText: (value) => numberText(visit, value),
    agoText,
    least,
  })
  return html`<figure class="panel"><h3>${title}</h3>
    ${pictureIn(picture)}
    <figcaption class="soft small">${
      part === 'times' &&
      html`<span class="plot-key first">${say('now.plot.times.checkout')}</span> <span class="plot-key second">${say('now.plot.times.search')}</span> `
    }${summary.shown}</figcaption></figure>`
}

/** The last value and the most, in words: what the eye takes from the picture. */
function summaryOf(
  visit: Visit,
  series: readonly Series[],
  valueText: (value: number) => string,
): { readonly text: string; readonly shown: Html } {
  const { say } = visit
  const points = series.flatMap(({ points: all }) => all.filter(({ value }) => value !== undefined))
  const most = points.reduce<(typeof points)[number] | undefined>(
    (best, each) => ((each.value ?? 0) > (best?.value ?? 0) ? each : best),
    undefined,
  )
  if (!most?.value) {
    const text = say('now.plot.still')
    return { text, shown: html`${text}` }
  }
  const value = valueText(most.value)
  const clock = clockTime(visit, most.at)
  return {
    text: say('now.plot.most-value', { value }),
    shown: say('now.plot.most', { value: html`<bdi>${value}</bdi>`, at: clock }),
  }
}

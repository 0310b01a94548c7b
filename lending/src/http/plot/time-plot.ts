import { scaleLinear } from 'd3-scale'
import { area, line } from 'd3-shape'
import { html } from '../pages/html.ts'
import type { Picture } from './picture.ts'

/** A quantity over time; where it is undefined there was nothing to measure, and nothing is drawn. */
export type Series = {
  /** How it is drawn: the second is dashed. One that is alone is filled below. */
  readonly look: 'first' | 'second'
  readonly points: readonly { readonly at: Date; readonly value: number | undefined }[]
}

/** What is drawn over the last minutes. */
export type TimePlot = {
  readonly label: string
  readonly series: readonly Series[]
  readonly now: Date
  readonly minutes: number
  /** A value of the upright axis; its unit stands in the heading. */
  readonly valueText: (value: number) => string
  /** A moment of the axis of time: `−5 min`, `now`. */
  readonly agoText: (minutes: number) => string
  /** The axis reaches at least so far: a still library is a flat line, not noise. */
  readonly least: number
}

const [width, height] = [360, 168]
const inner = { left: 40, right: 350, top: 12, bottom: 144 }
const minuteMs = 60_000
const ticksEach = 5

/** Draws quantities over the last minutes, with few ticks. */
export function timePlot({ label, series, now, minutes, valueText, agoText, least }: TimePlot): Picture {
  const most = Math.max(least, ...series.flatMap(({ points }) => points.map(({ value }) => value ?? 0)))
  const x = scaleLinear([now.getTime() - minutes * minuteMs, now.getTime()], [inner.left, inner.right])
  const y = scaleLinear([0, most], [inner.bottom, inner.top]).nice(3)
  const agos = Array.from({ length: minutes / ticksEach + 1 }, (_, step) => minutes - step * ticksEach)
  return {
    width,
    height,
    label,
    inside: html`${y.ticks(3).map(
      (
        value,
      ) => html`<line class="${value === 0 ? 'base' : 'grid'}" x1="${inner.left}" x2="${inner.right}" y1="${round(y(value))}" y2="${round(y(value))}"/>
      <text x="${inner.left - 6}" y="${round(y(value) + 4)}" text-anchor="end">${valueText(value)}</text>`,
    )}${agos.map((ago) => {
      const at = round(x(now.getTime() - ago * minuteMs))
      const anchor = ago === minutes ? 'start' : ago === 0 ? 'end' : 'middle'
      return html`<line class="base" x1="${at}" x2="${at}" y1="${inner.bottom}" y2="${inner.bottom + 4}"/>
      <text x="${at}" y="${inner.bottom + 18}" text-anchor="${anchor}">${agoText(ago)}</text>`
    })}${series.map(({ look, points }) => {
      const seen = points.filter(({ at }) => at.getTime() >= now.getTime() - minutes * minuteMs)
      const shape = line<Point>(
        ({ at }) => x(at.getTime()),
        ({ value }) => y(value ?? 0),
      )
      const below = area<Point>(
        ({ at }) => x(at.getTime()),
        inner.bottom,
        ({ value }) => y(value ?? 0),
      )
      const isThere = ({ value }: Point) => value !== undefined
      const [path, filled] = [shape, below].map((each) => each.digits(1).defined(isThere)(seen) ?? '')
      return html`${series.length === 1 && html`<path class="fill" d="${filled}"/>`}<path class="line ${look}" d="${path}"/>`
    })}`,
  }
}

type Point = Series['points'][number]

function round(place: number): number {
  return Math.round(place * 10) / 10
}

import { scaleBand, scaleLinear } from 'd3-scale'
import { html } from '../pages/html.ts'
import type { Picture } from './picture.ts'

/** One bar. */
export type Bar = {
  readonly name: string
  readonly value: number
}

type Bars = {
  readonly label: string
  readonly bars: readonly Bar[]
  readonly valueText: (value: number) => string
  /** As wide as a phone; letters stay as large as on a wide page. */
  readonly isNarrow?: boolean
}

const [wide, narrow] = [720, 320]
/** `namesMax`: so many names have room below the bars. */
const upright = { width: wide, height: 240, left: 56, right: 712, top: 12, bottom: 208, namesMax: 8 } as const
const uprightNarrow = { ...upright, width: narrow, left: 40, right: 316, namesMax: 4 } as const

/** Bars beside one another, for what goes on from left to right, as days. Only some of them are named. */
export function uprightBars({ label, bars, valueText, isNarrow = false }: Bars): Picture {
  const { width, height, left, right, top, bottom, namesMax } = isNarrow ? uprightNarrow : upright
  const y = scaleLinear([0, Math.max(1, ...bars.map(({ value }) => value))], [bottom, top]).nice(4)
  const x = scaleBand(
    bars.map((_, at) => at),
    [left, right],
  ).padding(bars.length > 100 ? 0.1 : 0.25)
  const each = Math.max(1, Math.ceil(bars.length / namesMax))
  return {
    width,
    height,
    label,
    inside: html`${wholeTicks(y.ticks(4)).map(
      (
        value,
      ) => html`<line class="${value === 0 ? 'base' : 'grid'}" x1="${left}" x2="${right}" y1="${round(y(value))}" y2="${round(y(value))}"/>
      <text x="${left - 8}" y="${round(y(value) + 4)}" text-anchor="end">${valueText(value)}</text>`,
    )}${bars.map(({ name, value }, at) => {
      const from = x(at) ?? left
      return html`<rect class="bar" x="${round(from)}" y="${round(y(value))}" width="${round(Math.max(0.5, x.bandwidth()))}" height="${round(bottom - y(value))}"><title>${name}: ${valueText(value)}</title></rect>
      ${at % each === 0 && html`<text x="${round(from + x.bandwidth() / 2)}" y="${bottom + 20}" text-anchor="middle">${name}</text>`}`
    })}`,
  }
}

/** Names stand before their bars, as many letters of each as there is room for. */
const lying = {
  width: wide,
  rowHeight: 26,
  nameAt: 232,
  left: 244,
  right: 650,
  barTop: 4,
  lettersMax: 34,
} as const
/** There names stand above their bars. */
const lyingNarrow = {
  width: narrow,
  rowHeight: 46,
  nameAt: 0,
  left: 1,
  right: 250,
  barTop: 22,
  lettersMax: 44,
} as const
const lyingTop = 4
const barHeight = 18

/** Bars below one another, for what is compared, as branches: each with its name and its value. */
export function lyingBars({ label, bars, valueText, isNarrow = false }: Bars): Picture {
  const { width, rowHeight, nameAt, left, right, barTop, lettersMax } = isNarrow ? lyingNarrow : lying
  const x = scaleLinear([0, Math.max(1, ...bars.map(({ value }) => value))], [left, right])
  const height = lyingTop * 2 + Math.max(1, bars.length) * rowHeight
  return {
    width,
    height,
    label,
    inside: html`${bars.map(({ name, value }, at) => {
      const from = lyingTop + at * rowHeight
      return html`<text class="name" x="${nameAt}" y="${from + 17}" text-anchor="${isNarrow ? 'start' : 'end'}">${shortened(name, lettersMax)}<title>${name}</title></text>
      <rect class="bar" x="${left}" y="${from + barTop}" width="${round(x(value) - left)}" height="${barHeight}"/>
      <text class="value" x="${round(x(value) + 8)}" y="${from + barTop + 13}">${valueText(value)}</text>`
    })}${!isNarrow && html`<line class="base" x1="${left}" x2="${left}" y1="0" y2="${height}"/>`}`,
  }
}

function shortened(name: string, lettersMax: number): string {
  const letters = [...name]
  return letters.length > lettersMax ? `${letters.slice(0, lettersMax - 1).join('')}…` : name
}

/** Things are counted whole. */
function wholeTicks(ticks: readonly number[]): readonly number[] {
  return ticks.filter((tick) => Number.isInteger(tick))
}

function round(place: number): number {
  return Math.round(place * 10) / 10
}

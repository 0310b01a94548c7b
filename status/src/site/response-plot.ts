import type { Response } from '../summary.ts'
import { type Markup, markup } from './markup.ts'

const width = 288
const height = 60
const hoursShown = 24

/**
 * How long answers took over the latest 24 hours: the 95th percentile as an area, the median as a line above it.
 * Gaps are left where nothing was measured. The drawing stretches with the page; its letters do not.
 */
export function responsePlot(responses: readonly Response[]): Markup {
  const measured = responses.filter(({ p50Ms, p95Ms }) => p50Ms !== null && p95Ms !== null)
  const latest = measured.at(-1)
  if (!latest) {
    return markup`<figure class="plot"><figcaption>Response time</figcaption><p class="nothing">Not measured in the last ${hoursShown} hours</p></figure>`
  }
  const top = roundTop(Math.max(...measured.flatMap(({ p50Ms, p95Ms }) => [p50Ms ?? 0, p95Ms ?? 0])))
  const median = lines(
    responses.map(({ p50Ms }) => p50Ms),
    top,
  )
  const area = areas(
    responses.map(({ p95Ms }) => p95Ms),
    top,
  )
  return markup`<figure class="plot"><figcaption>Response time <span class="key p50">p50 <b>${timeText(latest.p50Ms ?? 0)}</b></span> <span class="key p95">p95 <b>${timeText(latest.p95Ms ?? 0)}</b></span></figcaption>
<div class="drawing"><span class="y">${timeText(top)}</span><span class="y">${timeText(top / 2)}</span><span class="y">0</span><svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${inWords(measured)}"><path class="grid" d="M0 .5h288M0 30h288M0 59.5h288M72 0v60M144 0v60M216 0v60"/><path class="p95" d="${area}"/><path class="p50" d="${median}"/></svg></div>
<div class="x" aria-hidden="true"><span>24 h ago</span><span>12 h</span><span>now</span></div></figure>`
}

function inWords(measured: readonly Response[]): string {
  const medians = measured.map(({ p50Ms }) => p50Ms ?? 0)
  const slow = Math.max(...measured.map(({ p95Ms }) => p95Ms ?? 0))
  return `The latest ${hoursShown} hours: the median was ${timeText(Math.min(...medians))} to ${timeText(Math.max(...medians))}, the 95th percentile at most ${timeText(slow)}`
}

/** `84 ms`, `1.2 s`. */
export function timeText(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toPrecision(2))} s`
  return `${ms >= 10 ? Math.round(ms) : Number(ms.toPrecision(1))} ms`
}

/** The next of 1, 2, 4, 6, 8 and 10 times a power of ten: halves of them are round as well. */
export function roundTop(ms: number): number {
  // Below a thousandth of a millisecond there is nothing to draw, and at last no power of ten.
  if (!(ms >= 0.001) || !Number.isFinite(ms)) return 1
  const power = 10 ** Math.floor(Math.log10(ms))
  const step = [1, 2, 4, 6, 8, 10].find((each) => each * power >= ms) ?? 10
  return step * power
}

type Point = { readonly x: number; readonly y: number }

/** What was measured without a gap in between, as points of the drawing. */
function runs(values: readonly (number | null)[], top: number): readonly (readonly Point[])[] {
  const step = width / Math.max(values.length - 1, 1)
  const all: Point[][] = []
  values.forEach((value, index) => {
    if (value === null) return
    const point = {
      x: Math.round(index * step),
      y: Math.round(height - (Math.min(value, top) / top) * (height - 1)),
    }
    const isNext = index > 0 && values[index - 1] !== null
    if (isNext) all.at(-1)?.push(point)
    else all.push([point])
  })
  return all
}

function lines(values: readonly (number | null)[], top: number): string {
  // A run of one is a dot: a line of no length with a round end.
  return runs(values, top)
    .map((run) => start(run) + (run.length === 1 ? 'h0' : steps(run)))
    .join('')
}

function areas(values: readonly (number | null)[], top: number): string {
  return runs(values, top)
    .map((run) => {
      const [first, last] = [run[0] as Point, run.at(-1) as Point]
      const end = run.length === 1 ? 'h1' : steps(run)
      return `M${first.x} ${height}V${first.y}${end}V${height}${last.x === first.x ? 'h-1' : ''}z`
    })
    .join('')
}

function start([first]: readonly Point[]): string {
  return `M${first?.x} ${first?.y}`
}

/** From point to point, in steps: short, because they are small. What lies on a straight line is one step. */
function steps(run: readonly Point[]): string {
  let text = ''
  let from = run[0] as Point
  run.slice(1).forEach((to, index) => {
    const next = run[index + 2]
    const isStraight =
      next !== undefined && (to.y - from.y) * (next.x - to.x) === (next.y - to.y) * (to.x - from.x)
    if (isStraight) return
    const [x, y] = [to.x - from.x, to.y - from.y]
    text += `${text === '' ? 'l' : ' '}${x}${y < 0 ? y : ` ${y}`}`
    from = to
  })
  return text
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lyingBars, uprightBars } from './bar-plot.ts'
import { type Picture, pictureFile, pictureIn } from './picture.ts'
import { timePlot } from './time-plot.ts'

const valueText = (value: number) => String(value)
const bars = fc.array(fc.record({ name: fc.string(), value: fc.nat({ max: 1_000_000 }) }), {
  minLength: 1,
  maxLength: 60,
})

/** The numbers of an attribute of each element of this class, in the order in which they are drawn. */
function drawn({ inside }: Picture, element: string, attribute: string): number[] {
  const tags = inside.html.match(/<[a-z]+ [^>]*>/g) ?? []
  return tags
    .filter((tag) => tag.startsWith(`<${element} class="bar"`))
    .map((tag) => Number(tag.split(` ${attribute}="`)[1]?.split('"')[0]))
}

test('bars are as long as their values, and stay within the picture', () => {
  fc.assert(
    fc.property(bars, (all) => {
      const most = Math.max(1, ...all.map(({ value }) => value))
      for (const [picture, length, place] of [
        [lyingBars({ label: 'x', bars: all, valueText }), 'width', 'x'],
        [uprightBars({ label: 'x', bars: all, valueText }), 'height', 'y'],
      ] as const) {
        const lengths = drawn(picture, 'rect', length)
        assert.equal(lengths.length, all.length)
        const longest = Math.max(...lengths)
        for (const [at, { value }] of all.entries()) {
          assert.ok(Math.abs((lengths[at] ?? 0) - (value / most) * longest) <= 0.2, `${value} of ${most}`)
          const begins = drawn(picture, 'rect', place)[at] ?? -1
          const room = length === 'width' ? picture.width : picture.height
          assert.ok(begins >= 0 && begins + (lengths[at] ?? 0) <= room)
        }
      }
    }),
    { numRuns: 50 },
  )
})

const now = new Date('2026-03-02T12:00:00Z')
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
const plotOf = (points: readonly { at: Date; value: number | undefined }[]) =>
  timePlot({
    label: 'Writes',
    series: [{ look: 'first', points }],
    now,
    minutes: 15,
    valueText,
    agoText: (minutes) => `${minutes} min`,
    least: 1,
  })
const lineOf = ({ inside }: Picture) => inside.html.match(/<path class="line first" d="([^"]*)"/)?.[1] ?? ''

test('where nothing was measured the line is broken, and what is older than the axis is left out', () => {
  const value = (minutes: number, measured: number | undefined) => ({ at: ago(minutes), value: measured })
  const line = lineOf(
    plotOf([value(30, 9), value(10, 1), value(9, 2), value(8, undefined), value(5, 3), value(0, 4)]),
  )
  const parts = line.split('M').filter(Boolean)
  assert.deepEqual(
    parts.map((part) => part.split('L').length),
    [2, 2],
  )
  assert.equal(lineOf(plotOf([])), '')
})

test('a line ends at now, and its highest point is the most', () => {
  const line = lineOf(
    plotOf([
      { at: ago(15), value: 0 },
      { at: ago(5), value: 8 },
      { at: now, value: 4 },
    ]),
  )
  const points = line
    .slice(1)
    .split('L')
    .map((point) => point.split(',').map(Number))
  const [xs, ys] = [points.map(([x = 0]) => x), points.map(([, y = 0]) => y)]
  assert.deepEqual(
    xs.toSorted((a, b) => a - b),
    xs,
  )
  assert.equal(Math.min(...ys), ys[1])
  assert.ok(Math.abs((ys[2] ?? 0) - ((ys[0] ?? 0) + (ys[1] ?? 0)) / 2) <= 0.2)
})

test('what a picture names stays text, in a page and in a file', () => {
  const picture = lyingBars({ label: '"><script>', bars: [{ name: '<b>&', value: 1 }], valueText })
  for (const text of [pictureIn(picture).html, pictureFile(picture, '</style><script>')]) {
    assert.doesNotMatch(text, /<script|<b>/)
    assert.match(text, /&lt;b&gt;&amp;/)
  }
})

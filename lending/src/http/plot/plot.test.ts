import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lyingBars, uprightBars } from './bar-plot.ts'
import { type Picture, pictureFile, pictureIn } from './picture.ts'
import { timePlot } from './time-plot.ts'

const valueText = String
const numbersOf = ({ inside }: Picture, pattern: RegExp) =>
  [...inside.html.matchAll(pattern)].map(([, number]) => Number(number))
const heights = (picture: Picture) => numbersOf(picture, /<rect class="bar"[^>]* height="([\d.]+)"/g)
const widths = (picture: Picture) => numbersOf(picture, /<rect class="bar"[^>]* width="([\d.]+)"/g)

test('a bar is as long as its value says, and nothing is a bar of no length', () => {
  const bars = [40, 20, 0].map((value, nth) => ({ name: `Day ${nth}`, value }))
  for (const isNarrow of [false, true]) {
    const [forty = 0, twenty = 0, none] = heights(uprightBars({ label: 'Loans', bars, valueText, isNarrow }))
    assert.ok(Math.abs(forty - 2 * twenty) < 0.3, `${forty} and ${twenty}`)
    assert.equal(none, 0)
    const [first = 0, second = 0, third] = widths(lyingBars({ label: 'Loans', bars, valueText, isNarrow }))
    assert.ok(Math.abs(first - 2 * second) < 0.3, `${first} and ${second}`)
    assert.equal(third, 0)
  }
})

test('what is counted whole has no tick between two whole numbers', () => {
  const { inside } = uprightBars({ label: 'Loans', bars: [{ name: 'Today', value: 1 }], valueText })
  const ticks = [...inside.html.matchAll(/text-anchor="end">([^<]+)</g)].map(([, tick]) => tick)
  assert.deepEqual(ticks, ['0', '1'])
})

test('no bars, and many, are a picture too; a name from the catalogue stays text in it', () => {
  const many = Array.from({ length: 400 }, (_, nth) => ({ name: `<b>${nth}</b>`, value: nth }))
  for (const bars of [[], many]) {
    for (const draw of [uprightBars, lyingBars]) {
      const file = pictureFile(draw({ label: 'Loans', bars, valueText }), '<script>')
      assert.doesNotMatch(file, /NaN|undefined|Infinity|<b>|<script/)
      assert.match(file, /^<svg xmlns/)
    }
  }
})

test('a file holds no character that XML forbids, whatever the catalogue holds', () => {
  const bars = [{ name: 'Em\uFFFE\u001Ema \uD800😀', value: 1 }]
  const file = pictureFile(lyingBars({ label: 'Loans\u0000', bars, valueText }), 'Loans')
  assert.match(file, />Emma 😀</)
  assert.match(file, /<title>Loans</)
})

test('where nothing was measured the line has a gap, and what is older than the picture is left out', () => {
  const now = new Date('2026-03-02T11:00:00Z')
  const minutesAgo = (minutes: number, value: number | undefined) => ({
    at: new Date(now.getTime() - minutes * 60_000),
    value,
  })
  const points = [
    minutesAgo(40, 900),
    minutesAgo(6, 1),
    minutesAgo(5, 2),
    minutesAgo(4, undefined),
    minutesAgo(3, 2),
    minutesAgo(2, 1),
  ]
  const plot = timePlot({
    label: 'Writes a second',
    series: [{ look: 'first', points }],
    now,
    minutes: 15,
    valueText,
    agoText: String,
    least: 1,
  })
  const [, path = ''] = /class="line first" d="([^"]*)"/.exec(plot.inside.html) ?? []
  assert.equal(path.match(/M/g)?.length, 2, path)
  assert.equal(path.match(/[ML]/g)?.length, 4, path)
  assert.match(pictureIn(plot).html, /role="img" aria-label="Writes a second"/)
})

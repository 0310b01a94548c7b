import { styleText } from 'node:util'
import type { Playable } from './drill.ts'
import type { Act, Report, Watching } from './perform.ts'
import type { Screen } from './screen.ts'
import { verdictWords } from './verdict.ts'

const actTitles = { unguarded: 'ACT ONE  without the safeguard', guarded: 'ACT TWO  with it' } as const

/** Tells a drill line by line while it is played. Colours only on a terminal that shows them. */
export function tellOn(screen: Screen): Watching & {
  readonly opens: (drill: Playable, seed: number) => void
  readonly closes: (report: Report, page: string) => void
} {
  const line = (text = '') => screen.write(`${text}\n`)
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    screen.isTTY ? styleText(style, text) : text
  return {
    opens: ({ name, outage, safeguard }, seed) => {
      line()
      line(`${paint('bold', name)}  ${outage}`)
      line(paint('dim', `safeguard: ${safeguard} · seed ${seed}`))
    },
    began: (act) => {
      line()
      line(`  ${paint('bold', actTitles[act])}`)
    },
    marked: (at, what) => line(`  ${paint('dim', seconds(at))}  ${what}`),
    ended: (act) => {
      for (const [name, points] of Object.entries(act.series)) {
        line(`  ${paint('dim', '        ')}  ${sparkline(points, act.ms)}  ${paint('dim', name)}`)
      }
      for (const { what, told, isThere } of act.findings) {
        const sign = isThere ? paint('red', '✗ harm   ') : paint('green', '✓ no harm')
        line(`  ${sign} ${what}: ${paint('bold', told)}`)
      }
      if (act.broke !== undefined) line(`  ${paint('red', '! broken')}  ${act.broke}`)
    },
    closes: ({ verdict }, page) => {
      line()
      const style = verdict === 'held' ? (['green', 'bold'] as const) : (['red', 'bold'] as const)
      line(`  ${paint([...style], verdict.toUpperCase().replace('-', ' '))}  ${verdictWords[verdict]}`)
      line(paint('dim', `  drawn in ${page}`))
    },
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`.padStart(8)
}

const bars = ' ▁▂▃▄▅▆▇█'
const sparklineColumns = 48

/** The highest value in each stretch of an act, as bars, from the lowest of all to the highest. */
export function sparkline(points: Act['series'][string], ms: number): string {
  const highest = Array.from({ length: sparklineColumns }, () => Number.NaN)
  for (const [at, value] of points) {
    const column = Math.min(sparklineColumns - 1, Math.max(0, Math.floor((at / ms) * sparklineColumns)))
    const before = highest[column] as number
    highest[column] = Number.isNaN(before) ? value : Math.max(before, value)
  }
  const top = Math.max(...points.map(([, value]) => value), 1e-9)
  return highest
    .map((value) => (Number.isNaN(value) ? ' ' : bars[Math.max(1, Math.round((value / top) * 8))]))
    .join('')
}

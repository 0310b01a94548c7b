import { LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, LegendComponent, MarkLineComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { Plot } from './drill.ts'
import type { Act } from './perform.ts'

use([LineChart, ScatterChart, GridComponent, LegendComponent, MarkLineComponent, SVGRenderer])

/** Both acts of a drill are drawn to the same scales, or the eye would compare what cannot be compared. */
export type Scales = { readonly ms: number; readonly least: number; readonly most: number }

/** The scales that hold everything measured in these acts. */
export function scalesOf(acts: readonly Act[], { scale, series: drawn }: Plot): Scales {
  const values = acts.flatMap(({ series }) =>
    Object.keys(drawn).flatMap((name) => (series[name] ?? []).map(([, value]) => value)),
  )
  const most = values.reduce((a, b) => Math.max(a, b), 1)
  return {
    ms: Math.max(...acts.map(({ ms }) => ms), 1),
    least:
      scale === 'log'
        ? 10 **
          Math.floor(
            Math.log10(
              Math.max(
                values.reduce((a, b) => Math.min(a, b), most),
                0.1,
              ),
            ),
          )
        : 0,
    most: scale === 'log' ? 10 ** Math.ceil(Math.log10(most)) : most * 1.05,
  }
}

/** Drawn in the page’s own colours, so that it follows light and dark. */
const colours = ['var(--accent)', 'var(--warn)', 'var(--bad)', 'var(--good)']
const size = { width: 960, height: 320 }

/** An act over time as an SVG picture; its marks are numbered as in the list beside it. */
export function drawAct(act: Act, plot: Plot, { ms, least, most }: Scales): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size })
  const ink = { color: 'var(--ink-soft)', fontSize: 13, fontFamily: 'system-ui, sans-serif' }
  const line = { lineStyle: { color: 'var(--line)' } }
  chart.setOption({
    animation: false,
    color: colours,
    grid: { left: 64, right: 20, top: 48, bottom: 44 },
    legend: { show: Object.keys(plot.series).length > 1, top: 0, right: 0, icon: 'circle', textStyle: ink },
    xAxis: {
      type: 'value',
      min: 0,
      max: Math.ceil(ms / 100) / 10,
      name: 'seconds',
      nameLocation: 'middle',
      nameGap: 28,
      nameTextStyle: ink,
      axisLabel: { ...ink, showMaxLabel: false },
      axisLine: line,
      splitLine: { show: false },
    },
    yAxis: {
      type: plot.scale === 'log' ? 'log' : 'value',
      min: least,
      max: most,
      name: plot.axis,
      nameTextStyle: { ...ink, align: 'left' },
      nameGap: 18,
      axisLabel: { ...ink, showMaxLabel: plot.scale === 'log' },
      splitLine: line,
    },
    series: Object.entries(plot.series).map(([name, kind], index) => ({
      name,
      data: (act.series[name] ?? []).map(([at, value]) => [at / 1_000, Math.max(value, least)]),
      ...(kind === 'points'
        ? { type: 'scatter', symbolSize: 5, itemStyle: { opacity: 0.75 } }
        : { type: 'line', step: 'end', symbol: 'none', lineStyle: { width: 2.5 } }),
      ...(index === 0 ? { markLine: marksOf(act, ms) } : {}),
    })),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

/** Marks closer than this, as a share of the picture’s width, share one line. */
const marksApart = 0.02

function marksOf({ marks }: Act, ms: number): object {
  const lines: { at: number; numbers: number[] }[] = []
  for (const [index, { at }] of marks.entries()) {
    const last = lines.at(-1)
    if (last && at - last.at < ms * marksApart) last.numbers.push(index + 1)
    else lines.push({ at, numbers: [index + 1] })
  }
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: 'var(--line-strong)', type: 'dashed', width: 1 },
    label: { color: 'var(--ink)', fontSize: 12, fontWeight: 600, position: 'end', distance: 2 },
    data: lines.map(({ at, numbers }) => ({ xAxis: at / 1_000, label: { formatter: numbers.join(' ') } })),
  }
}

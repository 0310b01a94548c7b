import { pageStyle } from './page-style.ts'
import type { Act, Report } from './perform.ts'
import { drawAct, type Scales, scalesOf } from './plot.ts'
import { verdictWords } from './verdict.ts'

/** A drill as a page that stands alone: nothing is fetched, nothing runs. */
export function pageOf(report: Report): string {
  const { drill, acts, seed, startedAt } = report
  const scales = scalesOf(acts, drill.plot)
  return page(`${drill.name}: ${words(report)}`, [
    `<header><p class="eyebrow">Drill <a href="index.html">${escaped(drill.name)}</a></p>`,
    `<h1>${escaped(drill.outage)}</h1>`,
    `<p class="verdict ${report.verdict}"><strong>${words(report)}</strong> ${verdictWords[report.verdict]}</p>`,
    `<dl><dt>Safeguard</dt><dd>${escaped(drill.safeguard)}</dd>`,
    `<dt>Played</dt><dd><time datetime="${startedAt.toISOString()}">${startedAt.toISOString().slice(0, 19).replace('T', ' ')} UTC</time>, seed ${seed}</dd>`,
    `<dt>What happened then</dt><dd>${escaped(drill.story)}</dd></dl></header>`,
    ...acts.map((act) => actOf(act, report, scales)),
  ])
}

/** All drills of a run, each with its verdict. */
export function indexOf(reports: readonly Report[]): string {
  return page('Drills', [
    '<header><h1>Drills</h1><p class="lead">Famous outages, replayed in two acts: without the safeguard the harm must happen, with it it must not.</p></header>',
    '<ul class="drills">',
    ...reports.map(
      (report) =>
        `<li><a href="${report.drill.name}.html"><span>${escaped(report.drill.outage)}</span><strong class="verdict ${report.verdict}">${words(report)}</strong></a></li>`,
    ),
    '</ul>',
  ])
}

const titles = {
  unguarded: ['Act one', 'without the safeguard'],
  guarded: ['Act two', 'with the safeguard'],
} as const

function actOf(act: Act, { drill }: Report, scales: Scales): string {
  const [title, how] = titles[act.name]
  const harms = act.findings.map(
    ({ what, told, isThere }) =>
      `<tr class="${isThere ? 'harm' : 'well'}"><td>${isThere ? '✗ harm' : '✓ none'}</td><th scope="row">${escaped(what)}</th><td>${escaped(told)}</td></tr>`,
  )
  const marks = act.marks.map(
    ({ at, what }) => `<li><span>${escaped(what)}</span> <time>${(at / 1_000).toFixed(2)} s</time></li>`,
  )
  return [
    `<section><h2>${title} <small>${how}</small></h2>`,
    act.broke === undefined
      ? ''
      : `<p class="verdict broken"><strong>Broken</strong> ${escaped(act.broke)}</p>`,
    `<div class="scroll"><table><tbody>${harms.join('')}</tbody></table></div>`,
    `<figure class="scroll" role="img" aria-label="${escaped(`${drill.plot.axis} over ${(act.ms / 1_000).toFixed(1)} seconds`)}">${drawAct(act, drill.plot, scales)}</figure>`,
    `<ol class="marks">${marks.join('')}</ol></section>`,
  ].join('\n')
}

function words({ verdict }: Report): string {
  const text = verdict.replace('-', ' ')
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

function page(title: string, body: readonly string[]): string {
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escaped(title)}</title><style>${pageStyle}</style></head><body><main>`,
    ...body,
    '</main></body></html>\n',
  ].join('\n')
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (sign) => entities[sign] ?? sign)
}

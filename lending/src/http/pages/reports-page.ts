import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Branch, branches } from '../../circulation/places.ts'
import { type Flaws, flawInEnglish, flawsInEnglish } from '../../language/flaw.ts'
import { stillAsked } from '../../postgres/asker.ts'
import { reportFile } from '../../reports/csv.ts'
import { daysFlaws } from '../../reports/fitting-days.ts'
import { type Grouping, type Report, type ReportAsk, type Table, yearsBounds } from '../../reports/report.ts'
import { reports } from '../../reports/reports.ts'
import { may } from '../../staff/permission.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { pictureFile } from '../plot/picture.ts'
import { asked, identity } from './asked.ts'
import { html } from './html.ts'
import { reportPicture, reportView } from './reports-view.ts'
import { type Served, show, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'
import { zoneOf } from './visit.ts'
import { dayText, todayIn } from './wording.ts'

/** So many rows stand on a page; the file has more. */
const shownMax = 100
const daysByDefault = 30
const dayMs = 86_400_000

/** What is counted and listed for managers and desks: each as a table, a picture and a file. */
export function reportPages(served: Served): void {
  const { app } = served
  app.get('/reports', { config: { access: { needs: 'reports' } } }, async (request, reply) => {
    const visit = await visitOf(served, request, reply)
    const { say } = visit
    const open = reports.filter(({ needs }) => may(visit.who, needs))
    const frame = { title: say('reports.title'), door: '/reports', lead: say('reports.lead') }
    const list = html`<ul class="rows">${open.map(
      ({ name }) => html`<li><div><p class="work"><a href="/reports/${name}">${say(`report.${name}`)}</a></p>
        <p class="under">${say(`report.${name}.about`)}</p></div></li>`,
    )}</ul>`
    return show(reply, visit, frame, list)
  })
  for (const report of reports) oneReport(served, report)
}

function oneReport(served: Served, report: Report): void {
  const { app, library, limits } = served
  const { name } = report
  const config = { access: { needs: report.needs } } as const
  app.get(`/reports/${name}`, { config }, (request, reply) => showReport(served, request, reply, report))

  // HEAD would read all of it for an answer without a body.
  const file = { config, exposeHeadRoute: false }
  app.get(
    `/reports/${name}.csv`,
    { ...file, handlerTimeout: limits.longHandlerMs },
    async (request, reply) => {
      const visit = await visitOf(served, request, reply)
      const ask = fitting(visit, request, report)
      const names = report.columns(ask).map((column) => visit.say(`report-column.${column.name}`))
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${fileName(report, ask)}.csv"`)
        .header('cache-control', 'no-store')
        .send(Readable.from(stillAsked(reportFile(library.db, { report, ask, names }))))
    },
  )

  app.get(`/reports/${name}.svg`, file, async (request, reply) => {
    const visit = await visitOf(served, request, reply)
    const ask = fitting(visit, request, report)
    const table = await report.table(library.db, ask, shownMax)
    return reply
      .type('image/svg+xml; charset=utf-8')
      .header('content-disposition', `attachment; filename="${fileName(report, ask)}.svg"`)
      .header('cache-control', 'no-store')
      .send(pictureFile(reportPicture(visit, { report, ask, table }), headingOf(visit, report, ask)))
  })
}

async function showReport(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  report: Report,
): Promise<FastifyReply> {
  const { db } = served.library
  const [visit, places] = await Promise.all([visitOf(served, request, reply), branches(db)])
  const { ask, problems } = readAsk(visit, request, { report, places })
  const isAsked = Object.keys(problems).length === 0
  const table: Table | undefined = isAsked ? await report.table(db, ask, shownMax) : undefined
  const frame = {
    title: visit.say(`report.${report.name}`),
    door: '/reports',
    lead: visit.say(`report.${report.name}.about`),
    status: isAsked ? 200 : 422,
  }
  return show(reply, visit, frame, reportView(visit, { report, ask, table, places, problems }))
}

/** What is asked for a file; what does not fit was told on the page. */
function fitting(visit: Visit, request: FastifyRequest, report: Report): ReportAsk {
  const { ask, problems } = readAsk(visit, request, { report, places: undefined })
  const [problem] = Object.values(problems)
  if (problem !== undefined)
    throw new RefusedAtTheDoorError(
      'fields-invalid',
      { problems: flawsInEnglish(problems) },
      flawInEnglish(problem),
    )
  return ask
}

function readAsk(
  visit: Visit,
  { query }: FastifyRequest,
  { report, places }: { readonly report: Report; readonly places: readonly Branch[] | undefined },
): { readonly ask: ReportAsk; readonly problems: Flaws } {
  const { now } = visit
  const form = asked(query)
  const today = todayIn(zoneOf(visit), now)
  const to = form.day('to', 'last-day') ?? today
  const from = form.day('from', 'first-day') ?? daysBefore(to, daysByDefault - 1)
  const named = form.text('by', { max: 20, label: 'grouping' })
  const by = report.groupings.find((each) => each === named) ?? report.groupings[0] ?? ('branch' as Grouping)
  const branch = form.whole('branch', { ...identity, label: 'the-branch' })
  const isThere = places === undefined || places.some(({ branchId }) => branchId === branch)
  const years = form.whole('years', { ...yearsBounds, label: 'years' }) ?? yearsBounds.byDefault
  const problems = { ...form.problems, ...daysFlaws(report, { from, to }) }
  return { ask: { from, to, by, branchId: isThere ? branch : undefined, years, now }, problems }
}

function daysBefore(day: string, days: number): string {
  return new Date(Date.parse(day) - days * dayMs).toISOString().slice(0, 10)
}

function fileName({ name, asks }: Report, { from, to, now }: ReportAsk): string {
  return asks.includes('days') ? `${name}-${from}-${to}` : `${name}-${now.toISOString().slice(0, 10)}`
}

function headingOf(visit: Visit, { name, asks }: Report, { from, to, now }: ReportAsk): string {
  const title = visit.say(`report.${name}`)
  return asks.includes('days')
    ? visit.say('reports.file-heading', { title, from: dayText(visit, from), to: dayText(visit, to) })
    : visit.say('reports.file-heading-now', { title, day: dayText(visit, now) })
}

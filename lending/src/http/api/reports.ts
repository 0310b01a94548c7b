import { Readable } from 'node:stream'
import { Type } from '@fastify/type-provider-typebox'
import { flawInEnglish, flawsInEnglish } from '../../language/flaw.ts'
import { stillAsked } from '../../postgres/asker.ts'
import { reportFile } from '../../reports/csv.ts'
import { daysFlaws } from '../../reports/fitting-days.ts'
import { type Report, type ReportAsk, yearsBounds } from '../../reports/report.ts'
import { reports } from '../../reports/reports.ts'
import type { App } from '../app.ts'
import { branchIdOf } from '../branch-codes.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { answer, code, day, strict } from '../fields.ts'
import type { ApiServed } from './api.ts'

const tags = ['reports']
const rowsMax = 1_000

/** Reports: JSON with the first rows, or all of it as CSV. */
export async function reportRoutes(app: App, served: ApiServed): Promise<void> {
  for (const report of reports) oneReport(app, served, report)
}

function oneReport(app: App, { library, limits }: ApiServed, report: Report): void {
  const { name, asks, groupings } = report
  const days = asks.includes('days') ? { from: day, to: day } : {}
  const years = asks.includes('years')
    ? { years: Type.Optional(Type.Integer({ minimum: yearsBounds.min, maximum: yearsBounds.max })) }
    : {}
  const by =
    groupings.length > 1 ? { by: Type.Optional(Type.Union(groupings.map((each) => Type.Literal(each)))) } : {}
  app.get<{ Querystring: Asked }>(
    `/api/v1/reports/${name}`,
    {
      handlerTimeout: limits.longHandlerMs,
      // HEAD would read all of it for an answer without a body.
      exposeHeadRoute: false,
      schema: {
        summary: summaries[name],
        tags,
        querystring: strict({
          ...days,
          ...years,
          ...by,
          branch: Type.Optional(code),
          format: Type.Optional(Type.Union([Type.Literal('json'), Type.Literal('csv')])),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: rowsMax })),
        }),
        response: {
          200: answer({
            columns: Type.Array(Type.String()),
            rows: Type.Array(Type.Array(Type.Union([Type.String(), Type.Number(), Type.Null()]))),
            count: Type.Integer(),
          }),
        },
      },
    },
    async (request, reply) => {
      const { branch, format, limit = 100, ...rest } = request.query
      const branchId = branch === undefined ? undefined : await branchIdOf(library, branch)
      const ask = fitting(report, { ...rest, branchId, now: library.clock() })
      if (format === 'csv') {
        const names = report.columns(ask).map((column) => column.name)
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', `attachment; filename="${name}.csv"`)
          .send(Readable.from(stillAsked(reportFile(library.db, { report, ask, names }))))
      }
      const { rows, count, sum } = await report.table(library.db, ask, limit)
      const columns = report.columns(ask).map((column) => column.name)
      return { columns, rows, count, ...(sum === undefined ? {} : { sum }) }
    },
  )
}

type Asked = {
  readonly from?: string
  readonly to?: string
  readonly by?: ReportAsk['by']
  readonly years?: number
  readonly branch?: string
  readonly format?: 'json' | 'csv'
  readonly limit?: number
}

const summaries: Readonly<Record<Report['name'], string>> = {
  loans: 'How much was lent, by day, week, month, branch, category or item type',
  'top-titles': 'The titles that were lent most',
  overdue: 'Every loan that should be back, the longest overdue first',
  holds: 'Titles that readers wait for, with the copies that could come',
  inventory: 'Every copy, by where it belongs and what has become of it',
  'dead-stock': 'Copies that nobody has borrowed for years',
}

function fitting(
  report: Report,
  {
    from = '',
    to = '',
    by,
    years = yearsBounds.byDefault,
    branchId,
    now,
  }: Partial<ReportAsk> & { now: Date },
): ReportAsk {
  const problems = daysFlaws(report, { from, to })
  const [problem] = Object.values(problems)
  if (problem) {
    const facts = { problems: flawsInEnglish(problems) }
    throw new RefusedAtTheDoorError('fields-invalid', facts, flawInEnglish(problem))
  }
  return { from, to, by: by ?? report.groupings[0] ?? 'branch', years, branchId, now }
}

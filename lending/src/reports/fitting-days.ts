import type { Flaws } from '../language/flaw.ts'
import { daysMax, type Report, type ReportAsk } from './report.ts'

const dayMs = 86_400_000

/** What is wrong with the days of a report: their order, or that there are too many. */
export function daysFlaws({ asks }: Report, { from, to }: Pick<ReportAsk, 'from' | 'to'>): Flaws {
  if (!asks.includes('days')) return {}
  if (from > to) return { from: { flaw: 'days-order' } }
  const days = (Date.parse(to) - Date.parse(from)) / dayMs + 1
  return days > daysMax ? { from: { flaw: 'days-too-many', values: { max: daysMax } } } : {}
}

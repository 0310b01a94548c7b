import type { Api } from './api.ts'

type Branch = { readonly code: string; readonly timeZone: string }

/**
 * How the day of a due date is told: as on the wall calendar of the branch that lends, for there it ends. Without a
 * branch it is any branch’s where all share one time zone; where they do not, the instant itself is told.
 */
export async function dueDays(api: Api): Promise<(instant: string, branch?: string) => string> {
  const { branches } = await api.call<{ branches: Branch[] }>('GET', '/api/v1/branches')
  const zones = new Set(branches.map(({ timeZone }) => timeZone))
  const [only] = zones.size === 1 ? zones : []
  return (instant, branch) => {
    const timeZone = branches.find(({ code }) => code === branch)?.timeZone ?? only
    return timeZone === undefined ? instant : dayIn(timeZone, instant)
  }
}

function dayIn(timeZone: string, instant: string): string {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts(new Date(instant))
  const part = (type: 'year' | 'month' | 'day') => parts.find((each) => each.type === type)?.value ?? ''
  return `${part('year')}-${part('month')}-${part('day')}`
}

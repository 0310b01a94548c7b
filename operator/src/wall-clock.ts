import type { Api } from './api.ts'

type Branch = { readonly code: string; readonly timeZone: string }

/**
 * How a moment is told: by the clock on the wall of the branch where who asks works, or of the library’s first branch,
 * as on the pages. Where branches differ in their time zones it is named beside.
 */
export async function wallClock(api: Api): Promise<(instant: string) => string> {
  const [{ branches }, me] = await Promise.all([
    api.call<{ branches: Branch[] }>('GET', '/api/v1/branches'),
    api.call<{ branchCode?: string }>('GET', '/api/v1/me'),
  ])
  const timeZone = (branches.find(({ code }) => code === me.branchCode) ?? branches[0])?.timeZone ?? 'UTC'
  const zones = new Set([timeZone, ...branches.map((branch) => branch.timeZone)])
  // The Swedes write dates as ISO 8601 does.
  const format = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  return (instant) => `${format.format(new Date(instant))}${zones.size > 1 ? ` ${timeZone}` : ''}`
}

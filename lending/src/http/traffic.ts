import type { PoolName } from '../postgres/asker.ts'
import { searchSessions } from '../postgres/pools.ts'
import type { Bounds } from './admission.ts'

/**
 * What a request is to the library, the most needed first. `visitors` are searches of whoever is not signed in: people,
 * and bots. `free` is never refused and waits for nobody: health, figures, files from memory, pictures of covers (which have bounds
 * of their own), and halting.
 */
export type Traffic = 'free' | 'check-in' | 'checkout' | 'people' | 'search' | 'visitors' | 'reports'

/** The classes that have bounds. */
export type BoundedTraffic = Exclude<Traffic, 'free'>

/**
 * What each class may take. The longer a class may wait, the later it is refused when the process falls behind. A report
 * does not wait: while others run it is told to come back. `deadlineMs` is from its arrival to its answer.
 */
export const trafficBounds: Readonly<Record<BoundedTraffic, Bounds & { readonly deadlineMs: number }>> = {
  'check-in': { runningMax: 64, waitingMax: 2_000, startsATurn: 64, waitMs: 10_000, deadlineMs: 30_000 },
  checkout: { runningMax: 64, waitingMax: 2_000, startsATurn: 64, waitMs: 8_000, deadlineMs: 30_000 },
  people: { runningMax: 24, waitingMax: 500, startsATurn: 8, waitMs: 3_000, deadlineMs: 30_000 },
  search: {
    runningMax: searchSessions + 2,
    waitingMax: 100,
    startsATurn: 1,
    waitMs: 1_000,
    standingWaitMs: 100,
    deadlineMs: 15_000,
  },
  visitors: {
    runningMax: 4,
    waitingMax: 100,
    startsATurn: 1,
    waitMs: 500,
    standingWaitMs: 50,
    deadlineMs: 10_000,
  },
  reports: {
    runningMax: 4,
    waitingMax: 8,
    startsATurn: 1,
    waitMs: 250,
    standingWaitMs: 25,
    deadlineMs: 30_000,
  },
}

/** The connections that a class may take, and no others. Searches themselves have a pool of their own beside these. */
export const poolOf: Readonly<Record<Traffic, PoolName>> = {
  free: 'watch',
  'check-in': 'desk',
  checkout: 'desk',
  people: 'people',
  search: 'catalogue',
  visitors: 'catalogue',
  reports: 'reports',
}

/**
 * The one table of what is of which class: by method and address, by address, or by the addresses above it. A route
 * that finds no class here cannot be registered.
 */
const traffic: Readonly<Record<string, Traffic>> = {
  '/actuator': 'free',
  '/metrics': 'free',
  '/assets': 'free',
  '/desk-worker.js': 'free',
  '/language': 'free',
  '/operations/now': 'free',
  '/covers': 'free',
  '/halt': 'free',
  '/resume': 'free',
  '/api/v1/halt': 'free',
  '/api/v1/resume': 'free',

  '/check-in': 'check-in',
  '/api/v1/returns': 'check-in',

  '/desk': 'checkout',
  '/api/v1/loans': 'checkout',
  '/api/v1/renewals': 'checkout',
  '/api/v1/copies': 'checkout',
  'POST /api/v1/books/:id/checkout': 'checkout',

  '/': 'search',
  '/search': 'search',
  '/suggestions': 'search',
  '/titles': 'search',
  '/isbn': 'search',
  'POST /api/v1/books/search': 'search',
  '/api/v1/suggestions': 'search',
  'GET /api/v1/books/:id': 'search',
  'POST /titles/:id/cover': 'people',

  '/overdue': 'reports',
  '/reports': 'reports',
  '/api/v1/loans/overdue': 'reports',
  '/api/v1/reports': 'reports',
  '/journal': 'reports',
  '/api/v1/journal': 'reports',
  '/api/v1/notices/list': 'reports',
  '/api/v1/notices/preview': 'reports',
  'GET /notices': 'reports',
  'GET /notices/dead': 'reports',
  '/notices/mail': 'reports',
  'GET /notices/preview': 'reports',
  '/imports': 'reports',
  '/api/v1/imports': 'reports',
  '/stock-takes/:id/not-seen.csv': 'reports',
  '/patrons/import': 'reports',
  '/api/v1/patrons/import': 'reports',
  '/api/v1/audit': 'reports',
  '/api/v1/export': 'reports',
  '/api/docs': 'reports',
  '/api/openapi.json': 'reports',

  '/account': 'people',
  '/admin': 'people',
  '/branches': 'people',
  '/catalogue': 'people',
  '/copies': 'people',
  '/me': 'people',
  '/notices': 'people',
  '/operations': 'people',
  '/patrons': 'people',
  '/rules': 'people',
  '/settings': 'people',
  '/shelf': 'people',
  '/sign-in': 'people',
  '/sign-out': 'people',
  '/staff': 'people',
  '/stock-takes': 'people',
  '/api/v1/barcode-formats': 'people',
  '/api/v1/books': 'people',
  '/api/v1/branches': 'people',
  '/api/v1/card-formats': 'people',
  '/api/v1/holds': 'people',
  '/api/v1/item-types': 'people',
  '/api/v1/library': 'people',
  '/api/v1/me': 'people',
  '/api/v1/notices': 'people',
  '/api/v1/operations': 'people',
  '/api/v1/patron-categories': 'people',
  '/api/v1/patrons': 'people',
  '/api/v1/rules': 'people',
  '/api/v1/sessions': 'people',
  '/api/v1/staff': 'people',
}

/** The class of a route; undefined where the table names neither it nor an address above it. */
export function trafficOf(method: string, url: string): Traffic | undefined {
  const exact = traffic[`${method === 'HEAD' ? 'GET' : method} ${url}`] ?? traffic[url]
  if (exact) return exact
  // The home page is above all: it speaks for itself only.
  for (let above = url; above !== ''; above = above.slice(0, Math.max(0, above.lastIndexOf('/')))) {
    const found = above === '/' ? undefined : traffic[above]
    if (found) return found
  }
  return undefined
}

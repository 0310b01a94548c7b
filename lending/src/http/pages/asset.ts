import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '../app.ts'

/** Every file that a page may ask for. Each is read once, at start, and held in memory: together under 60 kB. */
const files = {
  'bibby.css': 'text/css; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
  'desk.js': 'text/javascript; charset=utf-8',
  'search.js': 'text/javascript; charset=utf-8',
  'progress.js': 'text/javascript; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
} as const

/** The name of a file that a page may ask for. */
export type AssetName = keyof typeof files

const folder = join(import.meta.dirname, '..', 'assets')
const yearSeconds = 365 * 24 * 60 * 60

const assets = new Map(
  Object.entries(files).map(([name, type]) => {
    const bytes = readFileSync(join(folder, name))
    const mark = createHash('sha256').update(bytes).digest('base64url').slice(0, 10)
    return [name, { bytes, type, mark }]
  }),
)

/** Where a page finds the file. The address changes with the content, so browsers may keep it for a year. */
export function asset(name: AssetName): string {
  return `/assets/${name}?v=${assets.get(name)?.mark ?? ''}`
}

/** Serves the files. */
export function assetRoutes(app: App): void {
  app.get<{ Params: { name: string }; Querystring: { v?: string } }>(
    '/assets/:name',
    // A page that says that too much was asked needs its looks.
    { config: { access: 'anyone', rateLimit: false } },
    (request, reply) => {
      const found = assets.get(request.params.name)
      if (!found) return reply.callNotFound()
      const isCurrent = request.query.v === found.mark
      return reply
        .type(found.type)
        .header('cache-control', isCurrent ? `public, max-age=${yearSeconds}, immutable` : 'no-cache')
        .send(found.bytes)
    },
  )
}

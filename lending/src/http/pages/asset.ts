import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { App } from '../app.ts'
import { takesGzip } from '../compress.ts'

/** Every file that a page may ask for. Each is read once, at start, and held in memory: together under 200 kB. */
const files = {
  'bibby.css': 'text/css; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
  'desk.js': 'text/javascript; charset=utf-8',
  'desk-anew.js': 'text/javascript; charset=utf-8',
  'desk-apart.js': 'text/javascript; charset=utf-8',
  'desk-came.js': 'text/javascript; charset=utf-8',
  'desk-jotted.js': 'text/javascript; charset=utf-8',
  'desk-leaving.js': 'text/javascript; charset=utf-8',
  'desk-left.js': 'text/javascript; charset=utf-8',
  'desk-notice.js': 'text/javascript; charset=utf-8',
  'desk-refused.js': 'text/javascript; charset=utf-8',
  'desk-shows.js': 'text/javascript; charset=utf-8',
  'desk-state.js': 'text/javascript; charset=utf-8',
  'jotted.js': 'text/javascript; charset=utf-8',
  'notes.js': 'text/javascript; charset=utf-8',
  'hand-in.js': 'text/javascript; charset=utf-8',
  'idiomorph.js': 'text/javascript; charset=utf-8',
  'kept-disk.js': 'text/javascript; charset=utf-8',
  'kept-scans.js': 'text/javascript; charset=utf-8',
  'page-name.js': 'text/javascript; charset=utf-8',
  'scan-beside.js': 'text/javascript; charset=utf-8',
  'scan-field.js': 'text/javascript; charset=utf-8',
  'tones.js': 'text/javascript; charset=utf-8',
  'print.js': 'text/javascript; charset=utf-8',
  'search.js': 'text/javascript; charset=utf-8',
  'progress.js': 'text/javascript; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
} as const

/** The name of a file that a page may ask for. */
export type AssetName = keyof typeof files

/** Serves the desk when the library cannot be reached; it lies above the pages that it stands for. */
const workerName = 'desk-worker.js'

const folder = join(import.meta.dirname, '..', 'assets')
/** Those that others wrote: as short as they are shipped, and as a module. */
const ofOthers: Readonly<Partial<Record<string, Buffer>>> = {
  'idiomorph.js': Buffer.concat([
    readFileSync(fileURLToPath(import.meta.resolve('idiomorph/dist/idiomorph.min.js'))),
    Buffer.from('\nexport { Idiomorph }\n'),
  ]),
}
const yearSeconds = 365 * 24 * 60 * 60

const assets = new Map(
  Object.entries(files).map(([name, type]) => {
    const bytes = ofOthers[name] ?? readFileSync(join(folder, name))
    // A millisecond for all of them; brotli would take a fifth of a second of each start, and save a few hundred bytes.
    return [name, { bytes, zipped: gzipSync(bytes), type }]
  }),
)

/** How a script of ours names what it imports. */
const importIn = /^(?:import .*|\}) from '\.\/([a-z-]+\.js)'$/gm

/** What a script imports, and what that imports. A browser that is told so asks for all of it at once. */
export function importedBy(name: AssetName): readonly AssetName[] {
  const found = new Set<AssetName>()
  const follow = (each: AssetName) => {
    const text = assets.get(each)?.bytes.toString() ?? ''
    for (const [, file] of text.matchAll(importIn)) {
      if (isAsset(file) && !found.has(file)) {
        found.add(file)
        follow(file)
      }
    }
  }
  follow(name)
  return [...found]
}

function isAsset(name: string | undefined): name is AssetName {
  return name !== undefined && Object.hasOwn(files, name)
}

/** Changes with the content of any of them, so that a script and what it imports are always of one version. */
const mark = [...assets.values()]
  .reduce((hash, { bytes }) => hash.update(bytes), createHash('sha256'))
  .digest('base64url')
  .slice(0, 10)

/** Where a desk finds its service worker: another one where any of the files is another. */
export const deskWorker = `/${workerName}?${mark}`

/** Where a page finds the file. Browsers may keep it for a year: the address changes with the content. */
export function asset(name: AssetName): string {
  return `/assets/${mark}/${name}`
}

/** Serves the files. A page of another version asks by another mark, and gets what there is, to be asked for again. */
export function assetRoutes(app: App): void {
  app.get<{ Params: { mark: string; name: string } }>(
    '/assets/:mark/:name',
    // A page that says that too much was asked needs its looks.
    { config: { access: 'anyone', rateLimit: false } },
    (request, reply) => {
      const found = assets.get(request.params.name)
      if (!found) return reply.callNotFound()
      const isCurrent = request.params.mark === mark
      reply
        .type(found.type)
        .header('cache-control', isCurrent ? `public, max-age=${yearSeconds}, immutable` : 'no-cache')
        .header('vary', 'accept-encoding')
      if (!takesGzip(request)) return reply.send(found.bytes)
      return reply.header('content-encoding', 'gzip').send(found.zipped)
    },
  )
  const worker = readFileSync(join(folder, workerName))
  app.get(`/${workerName}`, { config: { access: 'anyone', rateLimit: false } }, (_, reply) =>
    reply.type('text/javascript; charset=utf-8').header('cache-control', 'no-cache').send(worker),
  )
}

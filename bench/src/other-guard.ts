// Loaded before Bibby as `other-guard.ts?guard=…`, it takes admission away and puts that guard in its place. Classes,
// deadlines, pools and all else of Bibby are as they are.
import { registerHooks } from 'node:module'

const guard = new URL(import.meta.url).searchParams.get('guard')
const letEverybodyIn = ["if (traffic === 'free') return done()", 'return done()'] as const
const openDoor = ['const estimateMs = ways[traffic].refusal()', 'const estimateMs = undefined'] as const
const changes: readonly (readonly [from: string, to: string])[] =
  guard === 'under-pressure'
    ? [
        letEverybodyIn,
        openDoor,
        ['import { networkOf }', "import underPressure from '@fastify/under-pressure'\nimport { networkOf }"],
        [
          'export function addOverload(app: App, bounds: TrafficBounds = {}): void {',
          // As its README has it.
          `export function addOverload(app: App, bounds: TrafficBounds = {}): void {
  void app.register(underPressure, {
    maxEventLoopDelay: 1_000,
    maxHeapUsedBytes: 1_000_000_000,
    maxRssBytes: 1_000_000_000,
    maxEventLoopUtilization: 0.98,
  })`,
        ],
      ]
    : [letEverybodyIn, openDoor]

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context)
    if (!url.endsWith('/http/overload.ts')) return loaded
    let source = String(loaded.source)
    for (const [from, to] of changes) {
      if (!source.includes(from))
        throw new Error(`http/overload.ts does not say “${from}” any more: mend the bench.`)
      source = source.replace(from, to)
    }
    return { ...loaded, source }
  },
})

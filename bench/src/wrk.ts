import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { on } from './apart.ts'
import { barcodeOf, cardOf, desk } from './filled-library.ts'
import type { Load } from './load.ts'

const run = promisify(execFile)
const program = '/usr/bin/wrk'

/** Where wrk is not installed, the line that says how to get it. */
export function wrkMissing(): string | undefined {
  return existsSync(program)
    ? undefined
    : 'wrk is not installed (Debian: apt-get install wrk): autocannon sends the load, and takes more of the cores.'
}

/**
 * Nothing but checkouts of copies from `from` on, each copy once, sent by wrk, which leaves the cores to those who
 * are measured; `perSecond` of them at times that know nothing of each other, or as many as are answered. Any other
 * answer than 2xx ends the bench.
 */
export async function checkoutsByWrk(
  address: string,
  token: string,
  {
    from,
    patrons,
    connections,
    seconds,
    perSecond,
  }: {
    readonly from: number
    readonly patrons: number
    readonly connections: number
    readonly seconds: number
    readonly perSecond?: number
  },
): Promise<Load> {
  const pace = perSecond === undefined ? '' : pauses((connections / perSecond) * 1000)
  const told = await byWrk<Load & { failed: number }>(`${address}/api/v1/loans`, {
    script: checkoutScript({ token, from, patrons }) + pace,
    connections,
    seconds,
  })
  const { failed, ...load } = told
  if (failed > 0) throw new Error(`${failed} checkouts were refused or not answered.`)
  return load
}

/** How many searches were answered and how many were refused or not answered, in all. */
export type Searched = { readonly answered: number; readonly refused: number; readonly lost: number }

/** Searches for these texts, one after the other, over and over, as many as are answered. */
export async function searchesByWrk(
  address: string,
  token: string,
  {
    queries,
    connections,
    seconds,
    processors,
  }: {
    readonly queries: readonly string[]
    readonly connections: number
    readonly seconds: number
    /** Those that wrk may use. */
    readonly processors?: string | undefined
  },
): Promise<Searched> {
  return byWrk<Searched>(`${address}/api/v1/books/search`, {
    script: searchScript({ token, queries }),
    connections,
    seconds,
    processors,
  })
}

/** Runs wrk with this script, which writes what it has to tell as JSON after `told`. */
async function byWrk<Told>(
  url: string,
  {
    script,
    connections,
    seconds,
    processors,
  }: {
    readonly script: string
    readonly connections: number
    readonly seconds: number
    readonly processors?: string | undefined
  },
): Promise<Told> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-wrk-'))
  try {
    const file = join(folder, 'load.lua')
    await writeFile(file, script)
    const options = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', file, url]
    const [first, ...rest] = on(processors, [program, ...options])
    const { stdout } = await run(first, rest)
    const told = /^told (\{.{1,300}\})$/m.exec(stdout)?.[1]
    if (!told) throw new Error(`wrk said nothing of what it did:\n${stdout}`)
    return JSON.parse(told) as Told
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function checkoutScript({ token, from, patrons }: { token: string; from: number; patrons: number }): string {
  return `
local n = ${from}
wrk.method = "POST"
wrk.headers["authorization"] = "Bearer ${token}"
wrk.headers["content-type"] = "application/json"
request = function()
  n = n + 1
  return wrk.format(nil, nil, nil, string.format(
    '{"card":"%.0f","barcode":"%.0f","branch":"${desk.branch}"}', ${cardOf(0)} + n % ${patrons}, ${barcodeOf(0)} + n
  ))
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'told {"failed":%d,"perSecond":%f,"p50":%f,"p95":%f,"p99":%f}\\n',
    errors.connect + errors.read + errors.write + errors.timeout + errors.status,
    summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3
  ))
end
`
}

function searchScript({ token, queries }: { token: string; queries: readonly string[] }): string {
  // A text of JSON is one of Lua too, in long brackets.
  const bodies = queries.map((query) => `[==[${JSON.stringify({ query })}]==]`).join(',')
  return `
local bodies = {${bodies}}
local n = 0
wrk.method = "POST"
wrk.headers["authorization"] = "Bearer ${token}"
wrk.headers["content-type"] = "application/json"
request = function()
  n = n % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[n])
end
done = function(summary)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    'told {"answered":%d,"refused":%d,"lost":%d}\\n', summary.requests - errors.status, errors.status, lost
  ))
end
`
}

/** Each connection pauses for so long on average before each request: together they come as people do, at any time. */
function pauses(meanMs: number): string {
  return `
math.randomseed(1)
function delay()
  return math.floor(-math.log(1 - math.random()) * ${meanMs})
end
`
}

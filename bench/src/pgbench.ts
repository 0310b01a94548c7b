import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Recorded } from './recorded-statements.ts'

const run = promisify(execFile)
const program = '/usr/bin/pgbench'

/** Where pgbench is not installed, the line that says how to get it. */
export function pgbenchMissing(): string | undefined {
  return existsSync(program)
    ? undefined
    : 'pgbench is not installed (Debian: apt-get install postgresql-contrib): no ratio.'
}

/** How a recorded value becomes a pgbench variable: one that varies by transaction, or a constant. */
export type Varying = (value: unknown) => string | undefined

/**
 * A pgbench script of these statements. Values that `varying` knows are its variables, set by `preamble` for each
 * transaction; all others are constants, given as `-D`. An id that must be new each time is made by the server.
 */
export function scriptOf(
  statements: readonly Recorded[],
  { preamble, varying }: { readonly preamble: readonly string[]; readonly varying: Varying },
): { readonly script: string; readonly constants: readonly string[] } {
  const constants: string[] = []
  const bodies = statements.map(({ text, values }, at) =>
    text
      .replaceAll(/--[^\n]{0,300}\n/g, '\n')
      .replaceAll(/\$(\d{1,3})/g, (_, n: string) => {
        const value = values[Number(n) - 1]
        if (isUuid(value)) return 'gen_random_uuid()'
        if (value === null) return 'null'
        const variable = varying(value)
        if (variable) return `:${variable}`
        const name = `c${at}_${n}`
        constants.push(`${name}=${constant(value)}`)
        return `:${name}`
      })
      .replaceAll(/\s+/g, ' ')
      .trim(),
  )
  return { script: [...preamble, ...bodies.map((body) => `${body};`)].join('\n'), constants }
}

/** Runs a script and gives transactions a second. */
export async function pgbench({
  connection,
  script,
  constants,
  clients,
  seconds,
}: {
  readonly connection: { host: string; port: number; user: string; database: string }
  readonly script: string
  readonly constants: readonly string[]
  readonly clients: number
  readonly seconds: number
}): Promise<{ readonly perSecond: number; readonly version: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-pgbench-'))
  try {
    const file = join(folder, 'checkout.sql')
    await writeFile(file, script)
    const { stdout } = await run(program, [
      ...['-h', connection.host, '-p', String(connection.port), '-U', connection.user],
      ...['-n', '-M', 'prepared', '-c', String(clients), '-j', '1', '-T', String(seconds), '-f', file],
      ...constants.flatMap((definition) => ['-D', definition]),
      connection.database,
    ])
    const perSecond = Number(/tps = ([\d.]{1,20})/.exec(stdout)?.[1])
    const version = /pgbench \(([^)]{1,80})\)/.exec(stdout)?.[1] ?? 'pgbench'
    if (!(perSecond > 0)) throw new Error(`pgbench said nothing of transactions a second:\n${stdout}`)
    return { perSecond, version }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function isUuid(value: unknown): boolean {
  return typeof value === 'string' && /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/.test(value)
}

function constant(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  return String(value)
}

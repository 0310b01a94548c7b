import { type Config, readConfig } from '@bibby/lending/config.ts'
import type { Print } from '@bibby/lending/main.ts'
import { StartError } from '@bibby/lending/start-error.ts'
import type { Command } from 'commander'

/** start: runs Bibby until it is told to stop. */
export function startVerb(program: Command): void {
  program
    .command('start')
    .description('start the library and keep it running; settings come from BIBBY_* variables')
    .action(async () => {
      const config = readConfig()
      process.exitCode = 'problems' in config ? misuse(config.problems) : await run(config)
    })
}

/** npm hands a Ctrl-C on after the terminal has: two within this time are one. */
const sameSignalMs = 500

async function run(config: Config): Promise<number> {
  const stop = new AbortController()
  const hurry = new AbortController()
  const print = printer()
  let stoppedAt = 0
  const told = () => {
    if (stop.signal.aborted && performance.now() - stoppedAt > sameSignalMs) hurry.abort()
    if (!stop.signal.aborted) stoppedAt = performance.now()
    stop.abort()
  }
  // A closed terminal is told like a Ctrl-C; nobody reads what we print then.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, told)
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  let broken: unknown
  process.on('uncaughtException', (error) => {
    // A bug: stopping in order beats going on in doubt.
    broken ??= error
    print.warn(sentence(error, config))
    stop.abort()
  })
  try {
    const { start } = await import('@bibby/lending/main.ts')
    const bibby = await start(config, { signal: stop.signal, hurry: hurry.signal, print })
    await bibby.ended
    return broken === undefined ? 0 : 1
  } catch (error) {
    if (stop.signal.aborted && !(error instanceof StartError)) {
      print.line('Stopped before it was ready.')
      return broken === undefined ? 0 : 1
    }
    print.warn(sentence(error, config))
    return error instanceof StartError ? error.exitCode : 1
  }
}

function misuse(problems: readonly string[]): number {
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  process.stderr.write('Nothing was started. docs/reference/settings.md has all settings.\n')
  return 2
}

/** What went wrong, in a sentence; whoever debugs asks for more. */
function sentence(error: unknown, { logLevel }: Config): string {
  if (!(error instanceof Error)) return 'Bibby failed, and nothing said why.'
  if (logLevel === 'debug') return error.stack ?? error.message
  return 'code' in error && typeof error.code === 'string'
    ? `${error.message} (${error.code})`
    : error.message
}

/** On a terminal a step is replaced by what comes next; elsewhere every step is a line. */
function printer(): Print {
  const { stdout, stderr } = process
  let showing = false
  const clear = () => {
    if (showing) stdout.write('\r\u001b[2K')
    showing = false
  }
  return {
    line: (text) => {
      clear()
      stdout.write(`${text}\n`)
    },
    step: (text) => {
      clear()
      showing = stdout.isTTY
      stdout.write(showing ? `${text} …` : `${text}.\n`)
    },
    warn: (text) => {
      clear()
      stderr.write(`${text}\n`)
    },
  }
}

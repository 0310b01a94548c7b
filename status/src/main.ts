#!/usr/bin/env node
import { runCommand } from './commands/command.ts'

for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())

process.exitCode = await runCommand(process.argv.slice(2), {
  say: (line) => void process.stdout.write(`${line}\n`),
  warn: (line) => void process.stderr.write(`${line}\n`),
  signal: stop.signal,
})
// A connection that nobody needs any more would keep the process.
process.exit()

import { runDaemon } from '../watch/daemon.ts'
import type { Command } from './given.ts'

/** Asks, judges, publishes and serves until it is stopped. */
export const run: Command = async (given, _, config) => {
  await runDaemon(config(), given, given.signal)
  return 0
}

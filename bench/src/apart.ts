import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const program = '/usr/bin/taskset'

/** Which processors a server has, and which those have who ask it: as if they sat at other machines. */
export type Apart = { readonly server: string; readonly clients: string }

/** The last processor for those who ask, the others for the server; nothing where they have to share. */
export function apart(): Apart | undefined {
  const count = availableParallelism()
  if (process.platform !== 'linux' || count < 2 || !existsSync(program)) return undefined
  return { server: count === 2 ? '0' : `0-${count - 2}`, clients: String(count - 1) }
}

/** The command that runs this one on these processors, or anywhere. */
export function on(
  processors: string | undefined,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  return processors ? [program, '--cpu-list', processors, ...command] : command
}

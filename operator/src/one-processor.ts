import { accessSync, constants } from 'node:fs'
import { availableParallelism } from 'node:os'

/**
 * Where there is one processor, V8's helpers collect garbage in the main thread's place instead of beside it: four of
 * them in a row held it for 8 to 25 ms, several times a second (docs/decisions/0014). The heap may grow by half before
 * it is marked, not by a quarter: all of the marking is the main thread's own then.
 */
const flags = ['--single-threaded-gc', '--heap-growing-percent=50']

/** Begins this process anew, as the same one, with what suits one processor; where there are more it does nothing. */
export function suitOneProcessor(): void {
  const { execArgv, execPath, argv, env } = process
  if (availableParallelism() > 1 || execArgv.includes('--single-threaded-gc')) return
  // Not on Windows, nor where Node may start no processes. Node aborts where the program cannot be started, which is
  // looked at first: a program that was replaced under way leaves the process as it is, a little slower.
  try {
    accessSync(execPath, constants.X_OK)
    process.execve?.(execPath, [execPath, ...execArgv, ...flags, ...argv.slice(1)], env)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!['ENOENT', 'EACCES', 'ERR_ACCESS_DENIED'].includes(code)) throw error
  }
}

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { realpath, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isErrorOf } from './kept-secret.ts'
import { ServiceError } from './service-error.ts'

/**
 * Makes this process the only notice service of a folder, for two would not know what the other has sent. The lock is
 * a socket that listens: the system lets go of it when the process ends, in whatever way.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const path = socketOf(await realpath(folder))
  let server = await listen(path)
  if (!server && !(await answers(path))) {
    // Left by a process that was killed; on Linux the name is not a file and nothing is ever left.
    await rm(path, { force: true })
    server = await listen(path)
  }
  if (!server) {
    throw new ServiceError(
      'BIBBY_NOTICE_FOLDER_TAKEN',
      `Another notice service works in ${folder}, or is finishing there. Stop it first.`,
    )
  }
  const held = server
  held.unref()
  return {
    [Symbol.asyncDispose]: async () => {
      held.close()
      await once(held, 'close')
    },
  }
}

function socketOf(folder: string): string {
  const name = `bibby-notices-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
  return process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.sock`)
}

async function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy())
  try {
    server.listen(path)
    await once(server, 'listening')
    return server
  } catch (error) {
    if (isErrorOf('EADDRINUSE', error)) return undefined
    throw error
  }
}

async function answers(path: string): Promise<boolean> {
  if (path.startsWith('\0')) return true
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

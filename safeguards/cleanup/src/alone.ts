import { once } from 'node:events'
import { createServer } from 'node:net'
import { statOf } from './held-folder.ts'
import { CleanupRefusedError, systemCodeOf } from './refusal.ts'
import type { Root } from './root.ts'

/**
 * One at a time may work on a root. The lock is a socket without a file, named for the folder's inode: the system takes it
 * back the moment its process ends, however it ends. Source: unix(7), abstract sockets.
 */
export async function alone(root: Root): Promise<AsyncDisposable> {
  const { dev, ino } = statOf(root.folder)
  const server = createServer((socket) => void socket.destroy())
  server.listen(`\0cleanup-${dev}-${ino}`)
  try {
    await once(server, 'listening')
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EADDRINUSE') throw cause
    throw new CleanupRefusedError(
      'at-work',
      `Another process is at work on the root ${root.setting.name}. Wait for its end; nothing was touched.`,
      { cause },
    )
  }
  server.unref()
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}

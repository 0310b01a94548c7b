import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** The wire between a device and the library, to be pulled out and put back: `await using wire = await aCable(to)`. */
export type Cable = AsyncDisposable & {
  /** Where the device finds the library. */
  readonly address: string
  /** Nothing goes through any more: open connections break, new ones are refused. */
  readonly pull: () => Promise<void>
  /** It goes on, at the same address. */
  readonly plugIn: () => Promise<void>
}

/** A cable to the library at this address. */
export async function aCable(to: string): Promise<Cable> {
  const port = Number(new URL(to).port)
  const open = new Set<Socket>()
  const serve = (at: number) =>
    new Promise<Server>((resolve, reject) => {
      const server = createServer((device) => {
        const library = connect(port, '127.0.0.1')
        for (const end of [device, library]) {
          open.add(end)
          end.on('close', () => open.delete(end)).on('error', () => end.destroy())
        }
        device.pipe(library)
        library.pipe(device)
      })
      server.once('error', reject).listen(at, '127.0.0.1', () => resolve(server))
    })
  let server = await serve(0)
  const { port: at } = server.address() as AddressInfo
  const pull = async (): Promise<void> => {
    const closed = Promise.withResolvers<void>()
    server.close(() => closed.resolve())
    for (const socket of open) socket.destroy()
    await closed.promise
  }
  return {
    address: `http://127.0.0.1:${at}`,
    pull,
    plugIn: async () => {
      server = await serve(at)
    },
    [Symbol.asyncDispose]: pull,
  }
}

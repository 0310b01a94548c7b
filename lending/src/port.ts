import { createServer } from 'node:net'
import { StartError, systemCode } from './start-error.ts'

/** Where Bibby is to answer. Port 0 lets the system choose. */
export type Place = { readonly host: string; readonly port: number }

/** The settings that a place comes from, for the sentence that says what to do. */
type Names = { readonly host: string; readonly port: string }
const ourNames: Names = { host: 'BIBBY_HOST', port: 'BIBBY_PORT' }

/** Finds out early whether the port can be had, before a long first start. Throws StartError with the reason. */
export async function tryPort(place: Place, names: Names = ourNames): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ ...place, exclusive: true }, resolve)
    })
  } catch (error) {
    throw cannotListen(error, place, names)
  }
  await new Promise((resolve) => server.close(resolve))
}

/** One sentence for a port that could not be had. */
export function cannotListen(error: unknown, { host, port }: Place, names: Names = ourNames): unknown {
  const code = systemCode(error)
  if (code === 'EADDRINUSE') {
    return new StartError(
      'BIBBY_PORT_TAKEN',
      `Port ${port} on ${host} is taken by another program. Stop it, or set ${names.port} to another port (0 lets the system choose).`,
      { cause: error },
    )
  }
  if (code === 'EACCES') {
    return new StartError(
      'BIBBY_ADDRESS_UNUSABLE',
      `Port ${port} is not for you to use. Set ${names.port} to 1024 or more.`,
      {
        cause: error,
      },
    )
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAFNOSUPPORT') {
    return new StartError(
      'BIBBY_ADDRESS_UNUSABLE',
      `${host} is not an address of this machine. Set ${names.host} to one that is, such as 127.0.0.1 or 0.0.0.0.`,
      { cause: error },
    )
  }
  return error
}

/** The address to open in a browser; a wildcard is shown as this machine. */
export function browserAddress({ host, port }: Place): string {
  const shown =
    host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host
  return `http://${shown}:${port}/`
}
